"""Nobody asks for the beginning of an event's uuid; Django makes such an index beside each unique text."""

from django.db import migrations


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("whisperer", "0004_ordering_key_and_fencing_token")]
    operations = [
        migrations.RunSQL(
            "DROP INDEX CONCURRENTLY IF EXISTS whisperer_event_uuid_b2d4cbe4_like", migrations.RunSQL.noop
        ),
    ]
