"""Packages, their states, commands and codes.

What must never be false is a constraint of the database.
The log and its seals are append-only and stand in `log_models.py`.
"""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Cast, Concat, Now
from django.utils.translation import gettext_lazy as _

from clickcollect.accounts.models import Channel
from clickcollect.omnitron.models import DeliveryType, Order, OrderItem, RetailStore
from clickcollect.oms import states
from clickcollect.oms.budget_models import EmployeeBudget, ProgramBudget
from clickcollect.oms.connector_models import ConnectorCount, ShopOrder
from clickcollect.oms.log_models import CommandLog, LogNote, OverrideReview, Seal
from clickcollect.oms.repair_models import LocationRule, OrderToRepair
from clickcollect.oms.upload_models import FileShape, OrderUpload

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models.fields.related_descriptors import RelatedManager

__all__ = (
    "AppliedSetting", "CodeIssue", "CommandLog", "CommandTransition", "ConfigurationVersion", "ConnectorCount",
    "EmployeeBudget", "FileShape", "LocationRule", "LogNote", "MessageState", "OrderToRepair", "OrderUpload",
    "OverrideReview", "Package", "PackageItem", "PackageState", "ProgramBudget", "Seal", "ShopOrder",
)  # fmt: skip


class PackageState(models.Model):
    """Where a package can be. ``enum_value`` is the promise, the name may be edited (contract section 1)."""

    name = models.CharField(_("name"), max_length=80, unique=True)
    enum_class = models.CharField(_("class"), max_length=40, default="PackageStatus")
    enum_value = models.CharField(_("number"), max_length=16)
    config = models.JSONField(_("configuration"), default=dict, blank=True)

    class Meta:
        verbose_name = _("state")
        verbose_name_plural = _("states")
        ordering = ("enum_value",)
        constraints = (models.UniqueConstraint(name="state_number_once", fields=["enum_class", "enum_value"]),)

    def __str__(self) -> str:
        return self.name


class CommandTransition(models.Model):
    """A command as configuration: the row says where and for whom, the code names the behaviour."""

    name = models.CharField(_("name"), max_length=120)
    command_code = models.CharField(_("command code"), max_length=80)
    slug = models.SlugField(_("slug"), max_length=120, unique=True)
    source = models.ForeignKey(
        PackageState,
        on_delete=models.PROTECT,
        related_name="ways_out",
        verbose_name=_("source state"),
    )
    destination = models.ForeignKey(
        PackageState,
        on_delete=models.PROTECT,
        related_name="ways_in",
        verbose_name=_("destination state"),
    )
    visibility = ArrayField(
        models.CharField(max_length=8, choices=Channel.choices),
        verbose_name=_("visibility"),
        default=list,
        blank=True,
    )
    configuration = models.JSONField(_("configuration"), default=dict, blank=True)
    is_active = models.BooleanField(_("active"), default=True)
    is_primary = models.BooleanField(_("main button"), default=False)
    position = models.PositiveSmallIntegerField(_("order in the list"), default=100)

    if TYPE_CHECKING:
        source_id: int
        destination_id: int

    class Meta:
        verbose_name = _("command transition")
        verbose_name_plural = _("command transitions")
        ordering = ("position", "id")
        constraints = (
            models.UniqueConstraint(
                name="one_main_button_per_state",
                fields=["source"],
                condition=Q(is_primary=True, is_active=True),
            ),
            models.CheckConstraint(
                name="visibility_known",
                condition=Q(visibility__contained_by=Channel.values),
            ),
        )

    def __str__(self) -> str:
        return self.name


class MessageState(models.TextChoices):
    """What is known of the customer's newest message."""

    NONE = "none", _("Not sent yet")
    QUEUED = "queued", _("Queued")
    ACCEPTED = "accepted", _("Accepted")
    DELIVERED = "delivered", _("Delivered")
    FAILED = "failed", _("Failed")


NUMBER_PREFIX: Final = "PK-"
NUMBERS_BEGIN_AFTER: Final = 10000
NUMBER: Final = re.compile(re.escape(NUMBER_PREFIX) + r"([1-9][0-9]{4,17})")
MESSAGE_FAILED: Final = Q(message_state=MessageState.FAILED)  # and of another one
HOME_DELIVERY: Final = Q(delivery_type=DeliveryType.HOME_DELIVERY)  # the condition of an index


def ids_of_numbers(numbers: Iterable[str]) -> list[int]:
    """The ids that packages of these numbers have, whether there are any; a number is its package's id, written out."""
    found = filter(None, map(NUMBER.fullmatch, numbers))
    return [int(match[1]) - NUMBERS_BEGIN_AFTER for match in found if int(match[1]) > NUMBERS_BEGIN_AFTER]


class Package(models.Model):
    """Goods of one order in one store, and everything that decides who may walk out with them.

    ``version`` rises with every state change, issue, resend, extension and unlock, not with a counted attempt.
    The attempts stand on this row so that one statement can count them both (docs/safety.md, statement 4).
    ``due_at`` is what the package is due by in its present state; ``pickup_deadline`` ends its code too.
    """

    number = models.GeneratedField(
        expression=Concat(Value(NUMBER_PREFIX), Cast(F("id") + NUMBERS_BEGIN_AFTER, models.CharField())),
        output_field=models.CharField(_("number"), max_length=32),
        db_persist=True,
    )
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="packages", verbose_name=_("order"))
    # As they stand on the order, and never change: a list of many packages is filtered by them. The database fills
    # them in, so that they are always the order's.
    order_number = models.CharField(max_length=64, db_default="", editable=False, db_collation="C")
    delivery_type = models.CharField(max_length=16, db_default="", editable=False)
    stock_location = models.ForeignKey(
        RetailStore,
        on_delete=models.PROTECT,
        related_name="packages",
        verbose_name=_("stock location"),
        db_index=False,  # other indexes begin with it
    )
    state = models.ForeignKey(
        PackageState,
        on_delete=models.PROTECT,
        related_name="packages",
        verbose_name=_("state"),
        db_index=False,  # other indexes begin with it
    )
    version = models.PositiveIntegerField(default=1)
    state_changed_at = models.DateTimeField(_("in this state since"), db_default=Now())
    due_at = models.DateTimeField(_("due"), null=True, blank=True)
    ready_at = models.DateTimeField(_("ready since"), null=True, blank=True)
    pickup_deadline = models.DateTimeField(_("collect by"), null=True, blank=True)
    reminded_for = models.DateTimeField(null=True, blank=True)  # the deadline the customer was reminded of
    expired_for = models.DateTimeField(null=True, blank=True)  # the deadline whose passing was announced

    issue_number = models.PositiveSmallIntegerField(default=0)
    issue_attempts = models.PositiveSmallIntegerField(default=0)
    total_attempts = models.PositiveSmallIntegerField(default=0)
    unlocks = models.PositiveSmallIntegerField(default=0)
    new_codes = models.PositiveSmallIntegerField(default=0)
    code_sent_at = ArrayField(models.DateTimeField(), default=list, blank=True)

    message_state = models.CharField(
        _("message"),
        max_length=9,
        choices=MessageState.choices,
        default=MessageState.NONE,
    )
    message_at = models.DateTimeField(null=True, blank=True)
    message_reason = models.CharField(max_length=200, blank=True)
    message_uuid = models.CharField(max_length=32, blank=True)

    shelf = models.CharField(_("shelf"), max_length=20, blank=True)
    bags = models.PositiveSmallIntegerField(_("bags"), null=True, blank=True)
    # The shop was restored from a backup while it was ready: it may have been collected since (oms/after_restore.py).
    shelf_unconfirmed_since = models.DateTimeField(null=True, editable=False)
    item_count = models.PositiveIntegerField(_("items"), default=0)
    # What the shop took off after it was packed, such as "1 × Ceramic mug", until somebody has taken it out.
    take_out = ArrayField(models.TextField(), default=list, db_default=[], blank=True, editable=False)
    search = SearchVectorField(null=True, editable=False)
    created_date = models.DateTimeField(_("created"), db_default=Now())
    modified_date = models.DateTimeField(_("changed"), auto_now=True)

    if TYPE_CHECKING:
        items: "RelatedManager[PackageItem]"
        issues: "RelatedManager[CodeIssue]"
        order_id: int
        state_id: int
        stock_location_id: int
        clock: datetime  # the database's time, where `access.packages_of` read the row

    class Meta:
        verbose_name = _("package")
        verbose_name_plural = _("packages")
        ordering = ("-id",)
        constraints = (
            models.CheckConstraint(name="package_bags_positive", condition=Q(bags__isnull=True) | Q(bags__gte=1)),
            models.CheckConstraint(
                name="package_message_known",
                condition=Q(message_state__in=MessageState.values),
            ),
        )
        indexes = (
            # Instore's tabs of open packages and their counts; API `stock_location`, `state`, `sort=due_at`.
            models.Index(name="package_list", fields=["stock_location", "state", "due_at", "id"]),
            # Instore's *All*; API `stock_location`, or a store's own list.
            # API `delivery_type` for a store: the index alone tells how many of the newest 10,001 are of it.
            # API `state` in a store, newest first: met on the way, or few enough to sort what `package_list` finds.
            models.Index(
                name="package_of_store_in_state",
                fields=["stock_location", "-id", "state"],
                include=["delivery_type"],
            ),
            # Instore's tabs of packages that have ended, the last one first.
            models.Index(name="package_store_ended", fields=["stock_location", "state", "-state_changed_at", "-id"]),
            # OMS WEB's tabs and dashboard; API `state`, `sort=due_at`; reminders and deadlines of ready packages.
            # API `state`, newest first, for the office: what is common is met along the key.
            models.Index(name="package_state_due", fields=["state", "due_at", "id"]),
            # API `delivery_type`; packages for a store are nearly all, and are met soon enough in the lists above.
            models.Index(name="package_home_newest", fields=["-id"], condition=HOME_DELIVERY),
            models.Index(name="package_store_home_newest", fields=["stock_location", "-id"], condition=HOME_DELIVERY),
            # API and OMS WEB by the beginning of an order's number.
            models.Index(name="package_order_number", fields=["order_number", "id"]),
            # API `created_date__gte`, `created_date__lte`, `sort=created_date`.
            models.Index(name="package_created", fields=["created_date", "id"]),
            # Ready packages whose customer was not reached: the dashboard's figure and its list.
            models.Index(name="package_message_failed", fields=["state", "-id"], condition=MESSAGE_FAILED),
            # The search fields of Instore, OMS WEB and the API.
            GinIndex(name="package_search", fields=["search"]),
        )

    def __str__(self) -> str:
        return str(self.number)

    @property
    def is_ready(self) -> bool:
        return self.state.enum_value == states.READY

    @property
    def has_ended(self) -> bool:
        return self.state.enum_value in states.ENDED

    @property
    def is_unwanted(self) -> bool:
        """Whether its end was asked for: its order is being cancelled, or everything was taken off it."""
        return self.order.is_being_cancelled or self.item_count == 0

    @property
    def is_held_back(self) -> bool:
        """Whether it only waits for its end: still in the store's hands, and nobody wants it any more."""
        return self.is_unwanted and self.state.enum_value not in states.ENDED

    @property
    def awaits_confirmation(self) -> bool:
        """Whether somebody must see it on its shelf before it is handed over: the shop was restored from a backup."""
        return self.is_ready and self.shelf_unconfirmed_since is not None

    @property
    def goods_to_take_out(self) -> list[str]:
        """What the shop took off after it was packed; it goes no further before somebody has taken that out."""
        return [] if self.has_ended else self.take_out


class PackageItem(models.Model):
    """What is in the package. ``picked`` counts what was ticked off; packing does not wait for it."""

    package = models.ForeignKey(Package, on_delete=models.CASCADE, related_name="items")
    order_item = models.ForeignKey(OrderItem, on_delete=models.PROTECT, related_name="+", null=True)
    sku = models.CharField(_("SKU"), max_length=64)
    name = models.CharField(_("name"), max_length=255)
    quantity = models.PositiveIntegerField(_("quantity"))
    picked = models.PositiveIntegerField(_("picked"), default=0)
    image_url = models.URLField(max_length=500, blank=True)

    class Meta:
        ordering = ("id",)
        constraints = (
            models.CheckConstraint(name="package_item_quantity_positive", condition=Q(quantity__gte=1)),
            models.CheckConstraint(name="package_item_not_overpicked", condition=Q(picked__lte=F("quantity"))),
        )

    def __str__(self) -> str:
        return f"{self.quantity} × {self.sku}"

    @property
    def is_picked(self) -> bool:
        return self.picked == self.quantity

    @property
    def is_partly_picked(self) -> bool:
        return 0 < self.picked < self.quantity


class CodeIssue(models.Model):
    """One code given to one customer: what it takes to derive it, never the code (contract section 5).

    An open issue has its nonce; a closed one has lost it and can never be derived again.
    """

    pk = models.CompositePrimaryKey("package", "number")
    package = models.ForeignKey(
        Package,
        on_delete=models.CASCADE,
        related_name="issues",
        db_index=False,  # the key begins with it
    )
    number = models.PositiveSmallIntegerField()
    nonce = models.BinaryField(max_length=16, null=True)
    key_id = models.CharField(max_length=32)
    digits = models.PositiveSmallIntegerField()
    issued_at = models.DateTimeField(db_default=Now())
    closed_at = models.DateTimeField(null=True)
    closed_reason = models.CharField(max_length=20, blank=True)

    class Meta:
        ordering = ("-number",)
        constraints = (
            models.UniqueConstraint(name="one_open_issue", fields=["package"], condition=Q(closed_at__isnull=True)),
            models.CheckConstraint(name="issue_digits_4_to_8", condition=Q(digits__range=(4, 8))),
            models.CheckConstraint(
                name="nonce_lives_while_open",
                condition=Q(closed_at__isnull=True, nonce__isnull=False)
                | Q(closed_at__isnull=False, nonce__isnull=True),
            ),
        )

    def __repr__(self) -> str:
        return f"<CodeIssue {self.number} of package {self.package_id}>"

    def __str__(self) -> str:
        return f"{self.number}"

    if TYPE_CHECKING:
        package_id: int


class AppliedSetting(models.Model):
    """A setting that somebody changed from its default, for everybody or for one store."""

    key = models.CharField(_("key"), max_length=64)
    store = models.ForeignKey(
        RetailStore,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="settings",
        verbose_name=_("store"),
    )
    json_value = models.JSONField(_("value"))
    modified_date = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("application setting")
        verbose_name_plural = _("application settings")
        constraints = (
            models.UniqueConstraint(
                name="setting_once_per_store",
                fields=["key", "store"],
                nulls_distinct=False,
            ),
        )

    def __str__(self) -> str:
        return self.key


class ConfigurationVersion(models.Model):
    """One row whose ``version`` is new after every change of states, transitions, settings and hooks.

    Triggers put it there (migration 0009); `oms/configuration.py` reads it.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    version = models.UUIDField()

    def __str__(self) -> str:
        return str(self.version)
