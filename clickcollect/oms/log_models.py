"""The log: append-only rows without foreign keys and without personal data, and the chain that seals them.

The application's database role may insert and read them, and no more (docs/decisions/0009).
Free text and names live in `LogNote`, which can be erased without touching the log.
"""

from typing import Final

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from clickcollect.oms import states


class LogKind(models.TextChoices):
    MOVE = "move", _("Completed")
    REFUSED = "refused", _("Refused")
    SETTING = "setting", _("Setting changed")
    NOTE = "note", _("Note")


class NoteKind(models.TextChoices):
    """What is noted beside the commands. Every kind has its words here; a row's kind is never renamed."""

    CREATED = "created", _("Order received")
    SHELVED = "shelved", _("Put on shelf")
    LOCKED_OUT = "locked_out", _("Locked after too many wrong codes")
    PICKUP_EXPIRED = "pickup_expired", _("Pickup time passed")
    AFTER_PHONE_CHANGE = "delivered_after_phone_change", _("Delivered after the phone number was changed")
    ORDER_CANCEL_REQUESTED = "order_cancel_requested", _("Order cancellation requested")
    ORDER_AMENDED = "order_amended", _("Order changed by the shop")
    LINES_TAKEN_OFF = "lines_taken_off", _("Items removed from the order")
    NOT_FOR_A_STORE = "not_for_a_store", _("Connector sent an order that is not for a store")
    TO_REPAIR = "to_repair", _("Order received that needs repair")
    REPAIR_REPEATED = "repair_repeated", _("Order to repair received again")
    REPAIRED = "repaired", _("Order repaired and resubmitted")
    REPAIR_ARRIVED = "repair_arrived", _("Order to repair received again, now correct")
    REPAIR_DISCARDED = "repair_discarded", _("Order to repair discarded")
    LOCATION_LEARNED = "location_learned", _("Location learned")
    LOCATION_FORGOTTEN = "location_forgotten", _("Learned location removed")
    STAFF_CHANGED = "staff_changed", _("Staff member changed")
    ACCESS_ENDED = "access_ended", _("Sessions, sign-ins and PIN of a staff member ended")
    STORE_CHANGED = "store_changed", _("Store changed")
    TOKEN_CREATED = "token_created", _("API token created")
    TOKEN_KEEPS_OVERRIDE = (
        "token_keeps_override",
        _("API token older than the scope packages:override keeps that permission"),
    )
    TOKEN_REVOKED = "token_revoked", _("API token revoked")
    PROCESS_CHANGED = "process_changed", _("Process changed")
    PROCESS_IMPORTED = "process_imported", _("Process replaced from a file")
    PERSONAL_DATA_ERASED = "personal_data_erased", _("Personal data erased")
    BACKED_UP = "backed_up", _("Backup created")
    RESTORED = "restored", _("Shop restored from a backup")
    SENDING_RESUMED = "sending_resumed", _("Sending resumed")
    DRILL_PASSED = "drill_passed", _("Restore drill passed")
    DRILL_FAILED = "drill_failed", _("Restore drill failed")
    DATA_REQUESTED = "data_requested", _("Shop forwarded a customer's request for their data")
    ERASURE_ASKED = "erasure_asked", _("Shop requested that personal data be erased")
    SHOP_LEFT = "shop_left", _("Shop removed the app and no longer sends orders")


class Evidence(models.TextChoices):
    """What a customer showed in place of the code."""

    ID_DOCUMENT = "id_document", _("Identity document")
    PAYMENT_CARD = "payment_card", _("Payment card used for the order")
    ORDER_CONFIRMATION = "order_confirmation", _("Order confirmation")
    CALLED_BACK = "called_back", _("Called back on the order's phone number")


OVERRIDE: Final = "DELIVER_WITHOUT_CODE"
# What a manager looks at afterwards; as the condition of an index it is one text with that of the question.
WANTS_REVIEW: Final = (
    Q(kind=LogKind.MOVE, command_code=OVERRIDE)
    | Q(note_kind=NoteKind.LOCKED_OUT)
    | Q(note_kind=NoteKind.AFTER_PHONE_CHANGE)
    | Q(note_kind=NoteKind.TOKEN_KEEPS_OVERRIDE)
)


# What each package does once in its life, in the process as it is installed: one row in four or more.
SEED_COMMANDS: Final = (
    "",
    "COMPLETE_PACKAGING_WITHOUT_SHIPMENT",
    "READY_FOR_PICKUP",
    "SELF_SERVICE_PACKAGE_DELIVERY_COMMAND",
)
RARE_NEW_STATE: Final = Q(kind=LogKind.MOVE) & ~Q(new_state__in=("500", "600", "700"))
RARE_OLD_STATE: Final = Q(kind=LogKind.MOVE) & ~Q(old_state__in=("100", "500", "600"))


class CommandLog(models.Model):
    """One thing that happened, or was refused. Only ids, codes and times."""

    at = models.DateTimeField(_("time"), db_default=Now())
    kind = models.CharField(_("kind"), max_length=8, choices=LogKind.choices)
    package_id = models.BigIntegerField(_("package"), null=True)
    order_id = models.BigIntegerField(_("order"), null=True)
    store_id = models.BigIntegerField(_("store"), null=True)
    old_state = models.CharField(_("from"), max_length=16, blank=True)
    new_state = models.CharField(_("to"), max_length=16, blank=True)
    actor_id = models.BigIntegerField(_("who"), null=True)
    channel = models.CharField(_("channel"), max_length=8, blank=True)
    command_code = models.CharField(_("command code"), max_length=80, blank=True)
    slug = models.CharField(_("slug"), max_length=120, blank=True)
    code = models.CharField(_("refused because"), max_length=40, blank=True)
    note_kind = models.CharField(_("note"), max_length=40, blank=True, choices=NoteKind.choices, db_default="")
    attributes = models.JSONField(_("details"), default=dict)

    class Meta:
        verbose_name = _("log entry")
        verbose_name_plural = _("log")
        ordering = ("-id",)
        constraints = (
            models.CheckConstraint(name="log_kind_known", condition=Q(kind__in=LogKind.values)),
            # `audit.link` hashes the two columns as one, so a row has at most the one of its kind.
            models.CheckConstraint(name="log_code_of_refusal", condition=Q(code="") | Q(kind=LogKind.REFUSED)),
            models.CheckConstraint(name="log_note_kind_of_note", condition=Q(note_kind="") | Q(kind=LogKind.NOTE)),
        )
        indexes = (
            # A package's timeline; `object_id` of the API; OMS WEB's log by package or order number.
            models.Index(name="log_of_package", fields=["package_id", "-id"]),
            # The log of a store: API, Instore's statistics (by kind and time). The states are there to be counted
            # without a look at the rows: `old_state` and `new_state` of the API where they are not rare.
            models.Index(
                name="log_of_store", fields=["store_id", "kind", "-at", "-id"], include=["old_state", "new_state"]
            ),
            # `created_date__gte` of the API, periods in OMS WEB, the last hour in /metrics. Rows come in by time.
            BrinIndex(name="log_time_range", fields=["at"], autosummarize=True),
            # What every package does is met soon enough from the newest row back; these find what is rare.
            # `kind` of API and OMS WEB.
            models.Index(name="log_rare_kind", fields=["kind", "-id"], condition=~Q(kind=LogKind.MOVE)),
            # `new_state` and `old_state` of the API, for the office and for a store.
            models.Index(name="log_rare_new_state", fields=["new_state", "-id"], condition=RARE_NEW_STATE),
            models.Index(name="log_rare_old_state", fields=["old_state", "-id"], condition=RARE_OLD_STATE),
            models.Index(
                name="log_store_rare_new", fields=["store_id", "new_state", "-at", "-id"], condition=RARE_NEW_STATE
            ),
            models.Index(
                name="log_store_rare_old", fields=["store_id", "old_state", "-at", "-id"], condition=RARE_OLD_STATE
            ),
            # Handovers of the last weeks, counted by store and by person: Handovers to review in OMS WEB.
            models.Index(
                name="log_handovers",
                fields=["at"],
                include=["store_id", "actor_id", "command_code"],
                condition=Q(kind=LogKind.MOVE, new_state=states.DELIVERED),
            ),
            # OMS WEB's log by command.
            models.Index(
                name="log_rare_command", fields=["command_code", "-id"], condition=~Q(command_code__in=SEED_COMMANDS)
            ),
            # OMS WEB's log by what was noted.
            models.Index(name="log_note_kind_newest", fields=["note_kind", "-id"], condition=~Q(note_kind="")),
            # What a manager looks at afterwards: Instore, OMS WEB.
            models.Index(name="log_wants_review", fields=["at", "id"], condition=WANTS_REVIEW),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.command_code}"


class LogNote(models.Model):
    """Free text that belongs to a log row: a reason, a collector's name. Erasable."""

    log_id = models.BigIntegerField(db_index=True)
    package_id = models.BigIntegerField(null=True, db_index=True)
    kind = models.CharField(max_length=20)
    text = models.CharField(max_length=500)

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return self.kind


class Seal(models.Model):
    """One link of the chain: the hash of a log row and of the link before it (insert-only)."""

    log_id = models.BigIntegerField(unique=True)
    hash = models.BinaryField(max_length=32)
    sealed_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return str(self.log_id)


class OverrideReview(models.Model):
    """Someone with authority has looked at a handover without a code, or at a lock-out."""

    log_id = models.BigIntegerField(unique=True)
    reviewed_by = models.BigIntegerField()
    reviewed_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return str(self.log_id)
