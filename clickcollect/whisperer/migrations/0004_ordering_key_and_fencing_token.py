from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    """The queue's columns by the terms of the field. PostgreSQL renames in place; index and constraint follow."""

    dependencies = [("whisperer", "0003_why_no_secure_connection")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    "ALTER TABLE whisperer_delivery RENAME COLUMN lane TO ordering_key",
                    "ALTER TABLE whisperer_delivery RENAME COLUMN ordering_key TO lane",
                ),
                migrations.RunSQL(
                    "ALTER INDEX delivery_lane RENAME TO delivery_ordering",
                    "ALTER INDEX delivery_ordering RENAME TO delivery_lane",
                ),
            ],
            state_operations=[
                migrations.RemoveConstraint("delivery", "delivery_one_at_a_time"),
                migrations.RemoveIndex("delivery", "delivery_lane"),
                migrations.RenameField("delivery", "lane", "ordering_key"),
                migrations.AddConstraint(
                    "delivery",
                    models.UniqueConstraint(
                        name="delivery_one_at_a_time", fields=["ordering_key"], condition=Q(state="delivering")
                    ),
                ),
                migrations.AddIndex(
                    "delivery",
                    models.Index(
                        name="delivery_ordering",
                        fields=["ordering_key", "id"],
                        condition=Q(state__in=("queued", "retrying")),
                    ),
                ),
            ],
        ),
        migrations.RenameField("delivery", "fence", "fencing_token"),
    ]
