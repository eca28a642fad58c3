"""Every index has its reason (models.py); the others go, so that a move writes fewer entries. Nothing is locked long."""

from django.contrib.postgres.indexes import BrinIndex
from django.contrib.postgres.operations import RemoveIndexConcurrently
from django.db import migrations, models
from django.db.models import Q

from clickcollect.long_tables import AddIndex

HOME_DELIVERY = Q(delivery_type="home_delivery")
SEED_COMMANDS = (
    "",
    "COMPLETE_PACKAGING_WITHOUT_SHIPMENT",
    "READY_FOR_PICKUP",
    "SELF_SERVICE_PACKAGE_DELIVERY_COMMAND",
)
RARE_NEW_STATE = Q(kind="move") & ~Q(new_state__in=("500", "600", "700"))
RARE_OLD_STATE = Q(kind="move") & ~Q(old_state__in=("100", "500", "600"))
ADDED = [
    ("package", models.Index(name="package_home_newest", fields=["-id"], condition=HOME_DELIVERY)),
    (
        "package",
        models.Index(name="package_store_home_newest", fields=["stock_location", "-id"], condition=HOME_DELIVERY),
    ),
    ("commandlog", BrinIndex(name="log_time_range", fields=["at"], autosummarize=True)),
    ("commandlog", models.Index(name="log_rare_kind", fields=["kind", "-id"], condition=~Q(kind="move"))),
    ("commandlog", models.Index(name="log_rare_new_state", fields=["new_state", "-id"], condition=RARE_NEW_STATE)),
    ("commandlog", models.Index(name="log_rare_old_state", fields=["old_state", "-id"], condition=RARE_OLD_STATE)),
    (
        "commandlog",
        models.Index(
            name="log_store_rare_new", fields=["store_id", "new_state", "-at", "-id"], condition=RARE_NEW_STATE
        ),
    ),
    (
        "commandlog",
        models.Index(
            name="log_store_rare_old", fields=["store_id", "old_state", "-at", "-id"], condition=RARE_OLD_STATE
        ),
    ),
    (
        "commandlog",
        models.Index(
            name="log_rare_command", fields=["command_code", "-id"], condition=~Q(command_code__in=SEED_COMMANDS)
        ),
    ),
]
REMOVED = [
    ("codeissue", "issue_open_by_key"),
    ("package", "package_delivery_newest"),
    ("package", "package_store_delivery"),
    ("package", "package_deadline"),
    ("package", "package_number_prefix"),
    ("commandlog", "log_kind_newest"),
    ("commandlog", "log_kind_new_state"),
    ("commandlog", "log_kind_old_state"),
    ("commandlog", "log_time"),
    ("commandlog", "log_command"),
    ("commandlog", "log_store_old_state"),
    ("commandlog", "log_store_new_state"),
]


# Django would drop and check each foreign key anew, under a lock; only its index goes.
FOREIGN = [
    ("package", "stock_location", "oms_package_stock_location_id_57d08569", "omnitron.retailstore"),
    ("package", "state", "oms_package_state_id_b7b604a2", "oms.packagestate"),
    ("codeissue", "package", "oms_codeissue_package_id_01da2c59", "oms.package"),
]
FIELDS = {
    "stock_location": {"on_delete": models.PROTECT, "related_name": "packages", "verbose_name": "stock location"},
    "state": {"on_delete": models.PROTECT, "related_name": "packages", "verbose_name": "state"},
    "package": {"on_delete": models.CASCADE, "related_name": "issues"},
}


def without_index(model, field, index, to):
    there = f"DROP INDEX CONCURRENTLY IF EXISTS {index}"
    back = f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {index} ON oms_{model} ({field}_id)"
    key = models.ForeignKey(db_index=False, to=to, **FIELDS[field])
    return migrations.SeparateDatabaseAndState(
        database_operations=[migrations.RunSQL(there, back)],
        state_operations=[migrations.AlterField(model_name=model, name=field, field=key)],
    )


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("omnitron", "0002_order_phone_changed_at"), ("oms", "0007_note_kinds")]
    operations = [
        *(AddIndex(model_name=model, index=index) for model, index in ADDED),
        *(RemoveIndexConcurrently(model_name=model, name=name) for model, name in REMOVED),
        *(without_index(*key) for key in FOREIGN),
    ]
