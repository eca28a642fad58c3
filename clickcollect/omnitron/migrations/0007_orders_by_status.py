"""Lists by status go along a table of their own, so that a move writes no index of the orders. Nothing is locked long."""

import django.db.models.deletion
from django.contrib.postgres.operations import RemoveIndexConcurrently
from django.db import migrations, models
from django.db.models import Q

from clickcollect.long_tables import AddIndex, AddTable, RunInBatches

# Whoever writes an order; as the owner, because programs that run meanwhile have no right on a table that is new.
FOLLOW = """
CREATE OR REPLACE FUNCTION order_in_status_follows() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO omnitron_orderinstatus (status, order_id) SELECT status, id FROM fresh;
        RETURN NULL;
    ELSIF TG_OP = 'DELETE' THEN
        DELETE FROM omnitron_orderinstatus WHERE status = OLD.status AND order_id = OLD.id;
        RETURN NULL;
    END IF;
    UPDATE omnitron_orderinstatus SET status = NEW.status WHERE status = OLD.status AND order_id = NEW.id;
    IF NOT FOUND THEN  -- while the table is being filled
        INSERT INTO omnitron_orderinstatus (status, order_id) VALUES (NEW.status, NEW.id);
    END IF;
    RETURN NULL;
END
$$;
CREATE OR REPLACE TRIGGER order_in_status_is_new AFTER INSERT ON omnitron_order
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION order_in_status_follows();
CREATE OR REPLACE TRIGGER order_in_status_changes AFTER UPDATE OF status ON omnitron_order
    FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION order_in_status_follows();
CREATE OR REPLACE TRIGGER order_in_status_goes AFTER DELETE ON omnitron_order
    FOR EACH ROW EXECUTE FUNCTION order_in_status_follows();
"""
LEAVE_IT = """
DROP TRIGGER order_in_status_is_new ON omnitron_order;
DROP TRIGGER order_in_status_changes ON omnitron_order;
DROP TRIGGER order_in_status_goes ON omnitron_order;
DROP FUNCTION order_in_status_follows;
"""
# Held, so that no status changes between being read here and being seen by the trigger.
FILL = """
WITH held AS (
    SELECT status, id FROM omnitron_order WHERE id > %s AND id <= %s ORDER BY id FOR NO KEY UPDATE
)
INSERT INTO omnitron_orderinstatus (status, order_id) SELECT status, id FROM held ON CONFLICT DO NOTHING
"""
# Room on a page for the next versions of its orders; without it they go to another page, and so do their entries.
ROOM = "ALTER TABLE omnitron_order SET (fillfactor = 80)"
NO_ROOM = "ALTER TABLE omnitron_order RESET (fillfactor)"


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("omnitron", "0006_words_of_the_status")]
    operations = [
        AddTable(
            name="OrderInStatus",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "status", "order", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("status", models.PositiveSmallIntegerField()),
                (
                    "order",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="omnitron.order",
                    ),
                ),
            ],
        ),
        migrations.RunSQL(FOLLOW, LEAVE_IT),
        RunInBatches("omnitron_order", FILL),
        AddIndex(
            "order",
            models.Index(name="order_not_erased", fields=["created_date"], condition=Q(erased_at__isnull=True)),
        ),
        RemoveIndexConcurrently("order", "order_status_newest"),
        RemoveIndexConcurrently("order", "order_to_erase"),
        migrations.RunSQL(ROOM, NO_ROOM),
    ]
