"""What long lists are filtered by stands on their rows, and has its index."""

from django.db import migrations, models

# Whoever writes a package, these two are its order's.
TAKE_FROM_ORDER = """
CREATE FUNCTION package_takes_from_order() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT number, delivery_type INTO NEW.order_number, NEW.delivery_type
    FROM omnitron_order WHERE id = NEW.order_id;
    RETURN NEW;
END
$$;
CREATE TRIGGER package_takes_from_order BEFORE INSERT OR UPDATE OF order_id, order_number, delivery_type
    ON oms_package FOR EACH ROW EXECUTE FUNCTION package_takes_from_order();
UPDATE oms_package SET order_id = order_id;
"""
LEAVE_IT = """
DROP TRIGGER package_takes_from_order ON oms_package;
DROP FUNCTION package_takes_from_order;
"""
SETTLE = "SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED;"  # no index on a table with checks pending


class Migration(migrations.Migration):
    dependencies = [("omnitron", "0001_initial"), ("oms", "0003_what_ended_last")]
    operations = [
        migrations.AddField(
            model_name="package",
            name="order_number",
            field=models.CharField(db_collation="C", db_default="", editable=False, max_length=64),
        ),
        migrations.AddField(
            model_name="package",
            name="delivery_type",
            field=models.CharField(db_default="", editable=False, max_length=16),
        ),
        migrations.RunSQL(TAKE_FROM_ORDER, LEAVE_IT),
        migrations.RunSQL(SETTLE, migrations.RunSQL.noop),
        migrations.AddIndex(
            model_name="package",
            index=models.Index(fields=["stock_location", "state", "-id"], name="package_store_state_newest"),
        ),
        migrations.AddIndex(
            model_name="package",
            index=models.Index(fields=["delivery_type", "-id"], name="package_delivery_newest"),
        ),
        migrations.AddIndex(
            model_name="package",
            index=models.Index(fields=["stock_location", "delivery_type", "-id"], name="package_store_delivery"),
        ),
        migrations.AddIndex(
            model_name="package",
            index=models.Index(fields=["order_number", "id"], name="package_order_number"),
        ),
        migrations.RemoveIndex(model_name="commandlog", name="log_store_kind"),
        migrations.AddIndex(
            model_name="commandlog",
            index=models.Index(fields=["store_id", "kind", "-at", "-id"], name="log_store_kind"),
        ),
        migrations.AddIndex(
            model_name="commandlog",
            index=models.Index(fields=["store_id", "kind", "old_state", "-at", "-id"], name="log_store_old_state"),
        ),
        migrations.AddIndex(
            model_name="commandlog",
            index=models.Index(fields=["store_id", "kind", "new_state", "-at", "-id"], name="log_store_new_state"),
        ),
    ]
