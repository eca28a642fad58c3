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
            field=models.CharField(blank=True, choices=[('created', 'The order arrived'), ('shelved', 'Put on its shelf'), ('locked_out', 'Locked after too many wrong codes'), ('pickup_expired', 'The pickup time passed'), ('delivered_after_phone_change', 'Delivered after the phone number was changed'), ('order_cancel_requested', 'Cancellation of the order was asked for'), ('order_amended', 'The shop changed the order'), ('lines_taken_off', 'Lines were taken off the order'), ('not_for_a_store', 'A connector sent an order that is not for a store'), ('to_repair', 'An order arrived that must be repaired'), ('repair_repeated', 'An order to repair was sent again'), ('repaired', 'An order was repaired and sent on'), ('repair_arrived', 'An order to repair arrived right later'), ('repair_discarded', 'An order to repair was discarded'), ('location_learned', 'A location was learned'), ('location_forgotten', 'A learned location was removed'), ('staff_changed', 'A staff member was changed'), ('access_ended', 'Sessions, sign-ins and PIN of a staff member were ended'), ('store_changed', 'A store was changed'), ('token_created', 'An API token was made'), ('token_keeps_override', 'An API token from before the scope packages:override keeps that right'), ('token_revoked', 'An API token was revoked'), ('process_changed', 'The process was changed'), ('process_imported', 'The process was replaced from a file'), ('personal_data_erased', 'Personal data was erased'), ('backed_up', 'A backup was made'), ('restored', 'The shop was restored from a backup'), ('sending_resumed', 'Messages were let go out again'), ('drill_passed', 'A backup was restored on trial, and all was in order'), ('drill_failed', 'A backup was restored on trial, and something was not in order'), ('data_requested', "A shop's customer asks what is kept of them"), ('erasure_asked', 'A shop asks for personal data to be erased'), ('shop_left', 'A shop removed the app and sends nothing any more')], db_default='', max_length=40, verbose_name='noted'),
        ),
        migrations.RunPython(seed, migrations.RunPython.noop),
    ]
