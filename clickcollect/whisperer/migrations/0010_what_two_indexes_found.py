"""An event and a delivery write fewer index entries: one index finds what two did. Nothing is locked long."""

from django.contrib.postgres.operations import RemoveIndexConcurrently
from django.db import migrations, models
from django.db.models import Q
from django.db.models.lookups import IsNull

from clickcollect.long_tables import AddIndex


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("whisperer", "0009_fewer_entries_of_a_delivery")]
    operations = [
        AddIndex("event", models.Index("issued_at", IsNull(models.F("payload"), False), name="event_time")),
        RemoveIndexConcurrently("event", "event_with_payload"),
        RemoveIndexConcurrently("event", "event_issued"),
        RemoveIndexConcurrently("delivery", "delivery_of_hook"),
        AddIndex(
            "delivery",
            models.Index(
                name="delivery_next",
                fields=["endpoint", "next_attempt_at", "id"],
                condition=Q(state__in=("queued", "retrying")) & ~Q(state="queued", code_bearing=True),
            ),
        ),
        RemoveIndexConcurrently("delivery", "delivery_due"),
    ]
