"""What is noted has a column of its own beside the reason of a refusal; no seal changes (docs/decisions/0013)."""

from django.contrib.postgres.operations import RemoveIndexConcurrently
from django.db import migrations, models

from clickcollect.long_tables import AddCheck, AddColumn, AddIndex, UpdateInBatches

KINDS = [
    ("created", "Order received"),
    ("shelved", "Put on shelf"),
    ("locked_out", "Locked after too many wrong codes"),
    ("pickup_expired", "Pickup time passed"),
    ("delivered_after_phone_change", "Delivered after the phone number was changed"),
    ("order_cancel_requested", "Order cancellation requested"),
    ("not_for_a_store", "Connector sent an order that is not for a store"),
    ("staff_changed", "Staff member changed"),
    ("access_ended", "Sessions, sign-ins and PIN of a staff member ended"),
    ("store_changed", "Store changed"),
    ("token_created", "API token created"),
    ("token_keeps_override", "API token older than the scope packages:override keeps that permission"),
    ("token_revoked", "API token revoked"),
    ("process_changed", "Process changed"),
    ("process_imported", "Process replaced from a file"),
    ("personal_data_erased", "Personal data erased"),
]
WANTS_REVIEW = models.Q(
    models.Q(("command_code", "DELIVER_WITHOUT_CODE"), ("kind", "move")),
    ("note_kind", "locked_out"),
    ("note_kind", "delivered_after_phone_change"),
    ("note_kind", "token_keeps_override"),
    _connector="OR",
)


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("oms", "0006_program_budget_and_override_scope")]
    operations = [
        RemoveIndexConcurrently(model_name="commandlog", name="log_code_newest"),
        RemoveIndexConcurrently(model_name="commandlog", name="log_wants_review"),
        AddColumn(
            model_name="commandlog",
            name="note_kind",
            field=models.CharField(blank=True, choices=KINDS, db_default="", max_length=40, verbose_name="note"),
        ),
        UpdateInBatches(
            "oms_commandlog",
            sets="note_kind = code, code = ''",
            where="kind = 'note' AND code <> ''",
            back=("code = note_kind, note_kind = ''", "note_kind <> ''"),
        ),
        AddCheck(
            model_name="commandlog",
            constraint=models.CheckConstraint(
                condition=models.Q(("code", ""), ("kind", "refused"), _connector="OR"), name="log_code_of_refusal"
            ),
        ),
        AddCheck(
            model_name="commandlog",
            constraint=models.CheckConstraint(
                condition=models.Q(("note_kind", ""), ("kind", "note"), _connector="OR"), name="log_note_kind_of_note"
            ),
        ),
        AddIndex(
            model_name="commandlog",
            index=models.Index(
                condition=models.Q(("note_kind", ""), _negated=True),
                fields=["note_kind", "-id"],
                name="log_note_kind_newest",
            ),
        ),
        AddIndex(
            model_name="commandlog",
            index=models.Index(condition=WANTS_REVIEW, fields=["at", "id"], name="log_wants_review"),
        ),
    ]
