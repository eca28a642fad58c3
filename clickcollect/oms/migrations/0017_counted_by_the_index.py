"""Two indexes of stores hold what their lists are filtered by, so that counting does not read the rows."""

from django.contrib.postgres.operations import RemoveIndexConcurrently
from django.db import migrations, models

from clickcollect.long_tables import AddIndex


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("oms", "0016_order_files")]
    operations = [
        AddIndex(
            model_name="package",
            index=models.Index(name="package_of_store", fields=["stock_location", "-id"], include=["delivery_type"]),
        ),
        RemoveIndexConcurrently(model_name="package", name="package_store_newest"),
        AddIndex(
            model_name="commandlog",
            index=models.Index(
                name="log_of_store", fields=["store_id", "kind", "-at", "-id"], include=["old_state", "new_state"]
            ),
        ),
        RemoveIndexConcurrently(model_name="commandlog", name="log_store_kind"),
    ]
