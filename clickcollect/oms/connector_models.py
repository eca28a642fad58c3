"""What connectors remember of a shop's orders, and how much came of what they were sent. Nothing personal."""

from typing import TYPE_CHECKING, Any, Final

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

LONGEST_CHANNEL: Final = 64


class ShopOrder(models.Model):
    """What a shop has told of one of its orders so far, whatever came first.

    ``remote_id``: how the shop itself calls it. ``placed_as``: the channel of our order where that is another, as of
    orders from before channels were named after shops. ``changed_at``, ``rank``: which version is the newest.
    ``lines``: the goods of that version. ``news``: what was told apart from any version, refunds, edits, fulfilments,
    each by its own id. ``end``: why nothing is handed over. ``erase_asked_at``: since when nothing personal is kept.
    """

    channel = models.CharField(max_length=LONGEST_CHANNEL)
    remote_id = models.CharField(max_length=32)
    number = models.CharField(max_length=64, blank=True)
    placed_as = models.CharField(max_length=LONGEST_CHANNEL, blank=True)
    changed_at = models.DateTimeField(null=True)
    rank = models.PositiveSmallIntegerField(default=0)
    lines = models.JSONField(default=list)
    news = models.JSONField(default=dict)
    end = models.CharField(max_length=16, blank=True)
    is_cancelled = models.BooleanField(default=False)
    erase_asked_at = models.DateTimeField(null=True)
    is_erased = models.BooleanField(default=False)
    version = models.PositiveIntegerField(default=0)
    last_told_at = models.DateTimeField(db_default=Now())

    if TYPE_CHECKING:
        lines: list[dict[str, Any]]  # type: ignore[no-redef]
        news: dict[str, dict[str, Any]]  # type: ignore[no-redef]

    class Meta:
        constraints = (models.UniqueConstraint(name="shop_order_once", fields=["channel", "remote_id"]),)
        indexes = (
            # Whose personal data is to be erased as soon as the order has ended.
            models.Index(
                name="shop_order_to_erase", fields=["id"], condition=Q(erase_asked_at__isnull=False, is_erased=False)
            ),
            # The job that forgets what was not heard of for long.
            models.Index(name="shop_order_last_told", fields=["last_told_at"]),
        )

    def __str__(self) -> str:
        return f"{self.channel} {self.number or self.remote_id}"


class ConnectorCount(models.Model):
    """How often something came of what a connector was sent."""

    connector = models.CharField(max_length=40)
    outcome = models.CharField(max_length=40)
    number = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = (models.UniqueConstraint(name="connector_outcome_once", fields=["connector", "outcome"]),)

    def __str__(self) -> str:
        return f"{self.connector} {self.outcome}: {self.number}"
