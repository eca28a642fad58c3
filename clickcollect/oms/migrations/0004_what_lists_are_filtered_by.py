"""What long lists are filtered by stands on their rows, and has its index."""

from django.contrib.postgres.operations import RemoveIndexConcurrently
from django.db import migrations, models

from clickcollect.long_tables import AddColumn, AddIndex, UpdateInBatches

# Whoever writes a package, these two are its order's.
TAKE_FROM_ORDER = """
CREATE OR REPLACE FUNCTION package_takes_from_order() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT number, delivery_type INTO NEW.order_number, NEW.delivery_type
    FROM omnitron_order WHERE id = NEW.order_id;
    RETURN NEW;
END
$$;
CREATE OR REPLACE TRIGGER package_takes_from_order BEFORE INSERT OR UPDATE OF order_id, order_number, delivery_type
    ON oms_package FOR EACH ROW EXECUTE FUNCTION package_takes_from_order();
"""
LEAVE_IT = """
DROP TRIGGER package_takes_from_order ON oms_package;
DROP FUNCTION package_takes_from_order;
"""


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("omnitron", "0001_initial"), ("oms", "0003_what_ended_last")]
    operations = [
        AddColumn(
            model_name="package",
            name="order_number",
            field=models.CharField(db_collation="C", db_default="", editable=False, max_length=64),
        ),
        AddColumn(
            model_name="package",
            name="delivery_type",
            field=models.CharField(db_default="", editable=False, max_length=16),
        ),
        migrations.RunSQL(TAKE_FROM_ORDER, LEAVE_IT),
        UpdateInBatches("oms_package", sets="order_id = order_id", where="order_number = ''", back=None),
        AddIndex(
            model_name="package",
            index=models.Index(fields=["stock_location", "state", "-id"], name="package_store_state_newest"),
        ),
        AddIndex(
            model_name="package",
            index=models.Index(fields=["delivery_type", "-id"], name="package_delivery_newest"),
        ),
        AddIndex(
            model_name="package",
            index=models.Index(fields=["stock_location", "delivery_type", "-id"], name="package_store_delivery"),
        ),
        AddIndex(
            model_name="package",
            index=models.Index(fields=["order_number", "id"], name="package_order_number"),
        ),
        RemoveIndexConcurrently(model_name="commandlog", name="log_store_kind"),
        AddIndex(
            model_name="commandlog",
            index=models.Index(fields=["store_id", "kind", "-at", "-id"], name="log_store_kind"),
        ),
        AddIndex(
            model_name="commandlog",
            index=models.Index(fields=["store_id", "kind", "old_state", "-at", "-id"], name="log_store_old_state"),
        ),
        AddIndex(
            model_name="commandlog",
            index=models.Index(fields=["store_id", "kind", "new_state", "-at", "-id"], name="log_store_new_state"),
        ),
    ]
