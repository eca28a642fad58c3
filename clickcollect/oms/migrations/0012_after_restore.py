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
            field=models.CharField(blank=True, choices=[('created', 'The order arrived'), ('shelved', 'Put on its shelf'), ('locked_out', 'Locked after too many wrong codes'), ('pickup_expired', 'The pickup time passed'), ('delivered_after_phone_change', 'Delivered after the phone number was changed'), ('order_cancel_requested', 'Cancellation of the order was asked for'), ('not_for_a_store', 'A connector sent an order that is not for a store'), ('to_repair', 'An order arrived that must be repaired'), ('repair_repeated', 'An order to repair was sent again'), ('repaired', 'An order was repaired and sent on'), ('repair_arrived', 'An order to repair arrived right later'), ('repair_discarded', 'An order to repair was discarded'), ('location_learned', 'A location was learned'), ('location_forgotten', 'A learned location was removed'), ('staff_changed', 'A staff member was changed'), ('access_ended', 'Sessions, sign-ins and PIN of a staff member were ended'), ('store_changed', 'A store was changed'), ('token_created', 'An API token was made'), ('token_keeps_override', 'An API token from before the scope packages:override keeps that right'), ('token_revoked', 'An API token was revoked'), ('process_changed', 'The process was changed'), ('process_imported', 'The process was replaced from a file'), ('personal_data_erased', 'Personal data was erased'), ('backed_up', 'A backup was made'), ('restored', 'The shop was restored from a backup'), ('sending_resumed', 'Messages were let go out again'), ('drill_passed', 'A backup was restored on trial, and all was in order'), ('drill_failed', 'A backup was restored on trial, and something was not in order')], db_default='', max_length=40, verbose_name='noted'),
        ),
        migrations.RunPython(seed, migrations.RunPython.noop),
    ]
