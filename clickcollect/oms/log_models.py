"""The log: append-only rows without foreign keys and without personal data, and the chain that seals them.

The application's database role may insert and read them, and no more (docs/decisions/0009).
Free text and names live in `LogNote`, which can be erased without touching the log.
"""

from typing import Final

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class LogKind(models.TextChoices):
    MOVE = "move", _("Done")
    REFUSED = "refused", _("Refused")
    SETTING = "setting", _("Setting changed")
    NOTE = "note", _("Noted")


OVERRIDE: Final = "DELIVER_WITHOUT_CODE"
LOCKED_OUT: Final = "locked_out"
AFTER_PHONE_CHANGE: Final = "delivered_after_phone_change"
TOKEN_KEEPS_OVERRIDE: Final = "token_keeps_override"  # noqa: S105  (a kind of log row)
# What a manager looks at afterwards; as the condition of an index it is one text with that of the question.
WANTS_REVIEW: Final = (
    Q(kind=LogKind.MOVE, command_code=OVERRIDE)
    | Q(code=LOCKED_OUT)
    | Q(code=AFTER_PHONE_CHANGE)
    | Q(code=TOKEN_KEEPS_OVERRIDE)
)


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
    attributes = models.JSONField(_("details"), default=dict)

    class Meta:
        verbose_name = _("log entry")
        verbose_name_plural = _("log")
        ordering = ("-id",)
        constraints = (models.CheckConstraint(name="log_kind_known", condition=Q(kind__in=LogKind.values)),)
        indexes = (
            models.Index(name="log_of_package", fields=["package_id", "-id"]),
            models.Index(name="log_kind_newest", fields=["kind", "-id"]),
            models.Index(name="log_kind_new_state", fields=["kind", "new_state", "-id"]),
            models.Index(name="log_kind_old_state", fields=["kind", "old_state", "-id"]),
            models.Index(name="log_time", fields=["at", "id"]),
            models.Index(name="log_command", fields=["command_code", "-id"]),
            models.Index(name="log_code_newest", fields=["code", "-id"], condition=~Q(code="")),
            models.Index(name="log_wants_review", fields=["at", "id"], condition=WANTS_REVIEW),
            models.Index(name="log_store_kind", fields=["store_id", "kind", "-at", "-id"]),
            models.Index(name="log_store_old_state", fields=["store_id", "kind", "old_state", "-at", "-id"]),
            models.Index(name="log_store_new_state", fields=["store_id", "kind", "new_state", "-at", "-id"]),
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
    """Somebody with authority has looked at a handover without a code, or at a lock-out."""

    log_id = models.BigIntegerField(unique=True)
    reviewed_by = models.BigIntegerField()
    reviewed_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return str(self.log_id)
