"""What the shop took off a packed package waits until somebody has taken it out; a row for saying so."""

import django.contrib.postgres.fields
from django.db import migrations, models

from clickcollect.oms.workflow.seed import seed_reference_data


def seed(apps, schema_editor):
    """Seed the row “confirm-taken-out”."""
    seed_reference_data(using=schema_editor.connection.alias, apps=apps, slugs=["confirm-taken-out"])


class Migration(migrations.Migration):

    dependencies = [
        ('oms', '0017_counted_by_the_index'),
    ]

    operations = [
        migrations.AddField(
            model_name='package',
            name='take_out',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), blank=True, db_default=[], default=list, editable=False, size=None),
        ),
        migrations.AlterField(
            model_name='commandlog',
            name='note_kind',
            field=models.CharField(blank=True, choices=[('created', 'Order received'), ('shelved', 'Put on shelf'), ('locked_out', 'Locked after too many wrong codes'), ('pickup_expired', 'Pickup time passed'), ('delivered_after_phone_change', 'Delivered after the phone number was changed'), ('order_cancel_requested', 'Order cancellation requested'), ('order_amended', 'Order changed by the shop'), ('lines_taken_off', 'Items removed from the order'), ('not_for_a_store', 'Connector sent an order that is not for a store'), ('to_repair', 'Order received that needs repair'), ('repair_repeated', 'Order to repair received again'), ('repaired', 'Order repaired and resubmitted'), ('repair_arrived', 'Order to repair received again, now correct'), ('repair_discarded', 'Order to repair discarded'), ('location_learned', 'Location learned'), ('location_forgotten', 'Learned location removed'), ('staff_changed', 'Staff member changed'), ('access_ended', 'Sessions, sign-ins and PIN of a staff member ended'), ('store_changed', 'Store changed'), ('token_created', 'API token created'), ('token_keeps_override', 'API token older than the scope packages:override keeps that permission'), ('token_revoked', 'API token revoked'), ('process_changed', 'Process changed'), ('process_imported', 'Process replaced from a file'), ('personal_data_erased', 'Personal data erased'), ('backed_up', 'Backup created'), ('restored', 'Shop restored from a backup'), ('sending_resumed', 'Sending resumed'), ('drill_passed', 'Restore drill passed'), ('drill_failed', 'Restore drill failed'), ('data_requested', "Shop forwarded a customer's request for their data"), ('erasure_asked', 'Shop requested that personal data be erased'), ('shop_left', 'Shop removed the app and no longer sends orders')], db_default='', max_length=40, verbose_name='note'),
        ),
        migrations.RunPython(seed, migrations.RunPython.noop),
    ]
