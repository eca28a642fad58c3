"""Hook events are looked for by when they were issued, and by what the receiver answered."""

from django.db import migrations, models

from clickcollect.long_tables import AddIndex


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("whisperer", "0005_no_index_for_beginnings")]
    operations = [
        AddIndex("event", models.Index(name="event_issued", fields=["issued_at"])),
        AddIndex(
            "delivery",
            models.Index(
                name="delivery_answered",
                fields=["status_code", "-id"],
                condition=models.Q(status_code__isnull=False),
            ),
        ),
    ]
