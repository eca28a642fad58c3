"""Orders that could not be placed as they came, and what operators have taught about their locations."""

from typing import Final

from django.contrib.postgres.indexes import BrinIndex, GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from clickcollect.omnitron.models import Order, RetailStore


class RepairState(models.TextChoices):
    """Where an order to repair stands: only a waiting one needs a person."""

    WAITING = "waiting", _("Waiting")
    PLACED = "placed", _("Resubmitted")
    ARRIVED = "arrived", _("Arrived later")
    DISCARDED = "discarded", _("Discarded")


WAITING: Final = Q(state=RepairState.WAITING)
WITHOUT_NUMBER: Final = "content:"


class OrderToRepair(models.Model):
    """One order of one sender, kept as it came (``payload``) and as we read it (``document``), with its faults.

    ``reference`` is the order's number; it stands for the content where the sender gave none, and for sender and number
    where the sender is bound to stores: a sender's order waits once. ``changed_at``: when the shop changed it last,
    where it says so. All that is personal is blanked with ``erased_at``.
    """

    channel = models.CharField(_("channel"), max_length=64)
    reference = models.CharField(_("order"), max_length=64, blank=True)
    state = models.CharField(_("state"), max_length=9, choices=RepairState.choices, default=RepairState.WAITING)
    payload = models.JSONField(_("as received"), default=dict)
    document = models.JSONField(_("as read"), default=dict)
    faults = models.JSONField(_("faults"), default=list)
    changed_at = models.DateTimeField(null=True)
    times = models.PositiveIntegerField(_("times sent"), default=1)
    received_at = models.DateTimeField(_("received"), db_default=Now())
    last_received_at = models.DateTimeField(_("last received"), db_default=Now())
    ended_at = models.DateTimeField(_("ended"), null=True)
    ended_by = models.BigIntegerField(_("who"), null=True)
    order = models.ForeignKey(Order, on_delete=models.PROTECT, null=True, related_name="repaired_from")
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    search = SearchVectorField(null=True, editable=False)
    erased_at = models.DateTimeField(_("personal data erased"), null=True)

    class Meta:
        verbose_name = _("order to repair")
        verbose_name_plural = _("orders to repair")
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(name="order_waits_once", fields=["channel", "reference"], condition=WAITING),
            models.CheckConstraint(name="repair_state_known", condition=Q(state__in=RepairState.values)),
            models.CheckConstraint(
                name="repair_ended_or_waiting",
                condition=Q(state="waiting", ended_at__isnull=True, erased_at__isnull=True)
                | (~WAITING & Q(ended_at__isnull=False)),
            ),
        )
        indexes = (
            # OMS WEB's list of a state, its count, the dashboard, metrics and the alarm.
            models.Index(name="repair_state_newest", fields=["state", "-id"]),
            # OMS WEB's list of a channel; a repeat of a sender's order, its newest row.
            models.Index(name="repair_of_sender", fields=["channel", "reference", "-id"]),
            # Whose orders: erasing on request by a number.
            models.Index(name="repair_reference", fields=["reference"]),
            # The alarm and the metric: what waits longest.
            models.Index(name="repair_oldest", fields=["received_at"], condition=WAITING),
            # OMS WEB's days. Rows come in by time.
            BrinIndex(name="repair_time_range", fields=["received_at"], autosummarize=True),
            # The daily job that erases personal data of what ended long ago.
            models.Index(name="repair_to_erase", fields=["ended_at"], condition=Q(erased_at__isnull=True)),
            # The search field of OMS WEB; whose orders: erasing on request.
            GinIndex(name="repair_search", fields=["search"]),
        )

    def __str__(self) -> str:
        return self.number or "–"

    @property
    def number(self) -> str:
        """The order's number; empty where its sender gave none."""
        if self.reference and not self.reference.startswith(WITHOUT_NUMBER):
            return self.reference
        number = self.document.get("number")
        return number[:64] if isinstance(number, str) and number else ""


class LocationRule(models.Model):
    """What an operator has taught: in this channel, a location of this name is that store."""

    channel = models.CharField(_("channel"), max_length=64)
    name = models.CharField(_("location"), max_length=255)
    folded = models.CharField(max_length=255)
    store = models.ForeignKey(RetailStore, on_delete=models.CASCADE, related_name="+", verbose_name=_("store"))
    made_by = models.BigIntegerField(_("who"), null=True)
    made_at = models.DateTimeField(_("learned"), db_default=Now())

    class Meta:
        verbose_name = _("location rule")
        verbose_name_plural = _("location rules")
        ordering = ("-id",)
        constraints = (models.UniqueConstraint(name="location_once_per_channel", fields=["channel", "folded"]),)

    def __str__(self) -> str:
        return self.name
