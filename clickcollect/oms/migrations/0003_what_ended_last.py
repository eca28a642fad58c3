"""An index for the lists of what has ended, in the order in which it ended."""

from django.db import migrations, models

from clickcollect.long_tables import AddIndex


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("oms", "0002_reference_rows")]
    operations = [
        AddIndex(
            model_name="package",
            index=models.Index(
                fields=["stock_location", "state", "-state_changed_at", "-id"],
                name="package_store_ended",
            ),
        ),
    ]
