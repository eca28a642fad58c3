"""After a restore a package waits until somebody has seen it on its shelf (oms/after_restore.py)."""

from django.db import migrations, models

from clickcollect.oms.workflow.seed import seed_reference_data


def seed(apps, schema_editor):
    """Seed the row “confirm-on-shelf”."""
    seed_reference_data(using=schema_editor.connection.alias, apps=apps, slugs=["confirm-on-shelf"])


class Migration(migrations.Migration):

    dependencies = [
        ('oms', '0011_orders_to_repair'),
    ]

    operations = [
        migrations.AddField(
            model_name='package',
            name='shelf_unconfirmed_since',
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AlterField(
            model_name='commandlog',
            name='note_kind',
            field=models.CharField(blank=True, choices=[('created', 'Order received'), ('shelved', 'Put on shelf'), ('locked_out', 'Locked after too many wrong codes'), ('pickup_expired', 'Pickup time passed'), ('delivered_after_phone_change', 'Delivered after the phone number was changed'), ('order_cancel_requested', 'Order cancellation requested'), ('not_for_a_store', 'Connector sent an order that is not for a store'), ('to_repair', 'Order received that needs repair'), ('repair_repeated', 'Order to repair received again'), ('repaired', 'Order repaired and resubmitted'), ('repair_arrived', 'Order to repair received again, now correct'), ('repair_discarded', 'Order to repair discarded'), ('location_learned', 'Location learned'), ('location_forgotten', 'Learned location removed'), ('staff_changed', 'Staff member changed'), ('access_ended', 'Sessions, sign-ins and PIN of a staff member ended'), ('store_changed', 'Store changed'), ('token_created', 'API token created'), ('token_keeps_override', 'API token older than the scope packages:override keeps that permission'), ('token_revoked', 'API token revoked'), ('process_changed', 'Process changed'), ('process_imported', 'Process replaced from a file'), ('personal_data_erased', 'Personal data erased'), ('backed_up', 'Backup created'), ('restored', 'Shop restored from a backup'), ('sending_resumed', 'Sending resumed'), ('drill_passed', 'Restore drill passed'), ('drill_failed', 'Restore drill failed')], db_default='', max_length=40, verbose_name='note'),
        ),
        migrations.RunPython(seed, migrations.RunPython.noop),
    ]
