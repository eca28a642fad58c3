"""Hook events are looked for by when they were issued, and by what the receiver answered."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("whisperer", "0005_no_index_for_beginnings")]
    operations = [
        AddIndexConcurrently("event", models.Index(name="event_issued", fields=["issued_at"])),
        AddIndexConcurrently(
            "delivery",
            models.Index(
                name="delivery_answered",
                fields=["status_code", "-id"],
                condition=models.Q(status_code__isnull=False),
            ),
        ),
    ]
