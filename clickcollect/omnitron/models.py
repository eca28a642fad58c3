"""Orders and retail stores. What becomes of an order in a store is not known here."""

from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import RegexValidator
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Func, Q
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import RelatedManager

ERP_CODE = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"


class DeliveryType(models.TextChoices):
    """How the goods reach the customer. The API says the value, screens say the label."""

    IN_STORE = "in_store", "In_store"
    HOME_DELIVERY = "home_delivery", "Home_delivery"


class OrderStatus(models.IntegerChoices):
    """Omnitron's status codes (contract section 1)."""

    CANCELLATION_WAITING = 50, _("Cancellation waiting")
    CANCELED = 100, _("Cancelled")
    WAITING = 200, _("Waiting")
    PAYMENT_WAITING = 300, _("Payment waiting")
    CONFIRMATION_WAITING = 350, _("Confirmation waiting")
    APPROVED = 400, _("Approved")
    PREPARING = 450, _("Preparing")
    SHIPPED = 500, _("Shipped")
    SHIPPED_AND_INFORMED = 510, _("Shipped and informed")
    READY_FOR_PICKUP = 520, _("Ready for Customer Pickup")
    ATTEMPTED_DELIVERY = 540, _("Attempted delivery")
    DELIVERED = 550, _("Delivered")
    REFUNDED = 600, _("Refunded")


CANCELLED: Final = (OrderStatus.CANCELLATION_WAITING, OrderStatus.CANCELED)


class RetailStore(models.Model):
    """A store where orders are packed and collected; the OMS calls it a stock location.

    ``store_hours`` maps ``mon`` … ``sun`` to lists of ``["10:00", "20:00"]`` in the store's own time;
    a day left out is closed, and so is every date in ``closed_dates``. ``["18:00", "02:00"]`` ends the next day.
    """

    erp_code = models.CharField(_("Store code"), max_length=64, unique=True, validators=[RegexValidator(ERP_CODE)])
    name = models.CharField(_("name"), max_length=120)
    email = models.EmailField(_("e-mail"), blank=True)
    phone_number = models.CharField(_("phone"), max_length=20, blank=True)
    address_line = models.CharField(_("street and number"), max_length=255, blank=True)
    postcode = models.CharField(_("postcode"), max_length=16, blank=True)
    city = models.CharField(_("city"), max_length=120, blank=True)
    country = models.CharField(_("country"), max_length=2, default="TR", help_text=_("Two letters, ISO 3166-1."))
    currency = models.CharField(_("currency"), max_length=3, default="TRY", help_text=_("Three letters, ISO 4217."))
    language_code = models.CharField(_("language"), max_length=16, default="en")
    time_zone = models.CharField(_("time zone"), max_length=64, default="UTC", help_text=_("Such as Europe/Istanbul."))
    store_hours = models.JSONField(_("opening hours"), default=dict, blank=True)
    closed_dates = ArrayField(models.DateField(), verbose_name=_("closed on"), default=list, blank=True)
    click_and_collect = models.BooleanField(_("Click & Collect"), default=True)
    is_active = models.BooleanField(_("active"), default=True)
    created_date = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("store")
        verbose_name_plural = _("stores")
        ordering = ("erp_code",)
        constraints = (
            # "C": in a Turkish database ist-01 and IST-01 would be two stores.
            models.UniqueConstraint(
                Func("erp_code", template='upper(%(expressions)s COLLATE "C")'), name="store_code_once_in_any_case"
            ),
        )

    def __str__(self) -> str:
        return f"{self.name} ({self.erp_code})"


class MoneyField(models.DecimalField):  # type: ignore[type-arg]  # Django knows no arguments at run time
    """An amount with as many places as its currency has: it comes back with those that it was stored with."""

    def db_type(self, connection: BaseDatabaseWrapper) -> str:  # noqa: ARG002
        """PostgreSQL's number without a fixed scale."""
        return "numeric"


class Order(models.Model):
    """What a customer bought, as the sales channel sent it. One number is one order in its channel."""

    number = models.CharField(_("number"), max_length=64)
    channel = models.CharField(_("channel"), max_length=64)
    status = models.PositiveSmallIntegerField(
        _("status"),
        choices=OrderStatus.choices,
        default=OrderStatus.APPROVED,
    )
    delivery_type = models.CharField(_("delivery type"), max_length=16, choices=DeliveryType.choices)
    retail_store = models.ForeignKey(
        RetailStore,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="orders",
        verbose_name=_("store"),
    )
    date_placed = models.DateTimeField(_("placed"))
    language_code = models.CharField(_("language"), max_length=16, default="en")
    currency = models.CharField(_("currency"), max_length=3)
    amount = MoneyField(_("amount"), max_digits=16, decimal_places=4)
    first_name = models.CharField(_("first name"), max_length=150, blank=True)
    last_name = models.CharField(_("last name"), max_length=150, blank=True)
    email = models.EmailField(_("e-mail"), blank=True)
    phone_number = models.CharField(_("phone"), max_length=20)
    # Since when a code that was issued for this order may have been known at another number.
    phone_changed_at = models.DateTimeField(_("phone changed"), null=True, blank=True)
    # When the shop changed it last, and keyed digests of what it has sent, the newest last (oms/orders/versions.py).
    shop_updated_at = models.DateTimeField(null=True, blank=True, editable=False)
    seen_contents = models.TextField(default="", db_default="", blank=True, editable=False)
    shipping_address = models.JSONField(_("shipping address"), default=dict)
    cancel_requested_at = models.DateTimeField(_("cancellation requested"), null=True, blank=True)
    erased_at = models.DateTimeField(_("personal data erased"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    created_date = models.DateTimeField(_("received"), auto_now_add=True)
    modified_date = models.DateTimeField(_("changed"), auto_now=True)

    if TYPE_CHECKING:
        items: "RelatedManager[OrderItem]"
        retail_store_id: int | None

    class Meta:
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(name="order_number_once_per_channel", fields=["channel", "number"]),
            models.CheckConstraint(name="order_status_known", condition=Q(status__in=OrderStatus.values)),
            models.CheckConstraint(
                name="order_delivery_type_known", condition=Q(delivery_type__in=DeliveryType.values)
            ),
            models.CheckConstraint(
                name="order_in_store_has_store",
                condition=~Q(delivery_type="in_store") | Q(retail_store__isnull=False),
            ),
            models.CheckConstraint(name="order_amount_not_negative", condition=Q(amount__gte=0)),
        )
        indexes = (
            # API `number`; OMS WEB by the beginning of a number.
            models.Index(name="order_number_prefix", fields=["number"], opclasses=["text_pattern_ops"]),
            # Whose orders: erasing and telling what is kept of a customer.
            models.Index(name="order_phone", fields=["phone_number"]),
            models.Index(name="order_email", fields=["email"]),
            # The daily job that erases personal data of old orders: one that ended long ago was made before that.
            # No index has a column that a move writes, so that PostgreSQL writes none of them again (*heap-only*).
            models.Index(name="order_not_erased", fields=["created_date"], condition=Q(erased_at__isnull=True)),
        )

    def __str__(self) -> str:
        return self.number

    @property
    def customer_name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def is_click_and_collect(self) -> bool:
        return self.delivery_type == DeliveryType.IN_STORE

    @property
    def is_dated(self) -> bool:
        """Whether its sender said when it was placed; else it counts as placed when it came in."""
        return self.date_placed != self.created_date

    @property
    def is_being_cancelled(self) -> bool:
        """Whether its packages are held back: from the moment its end was asked for (contract section 1)."""
        return self.status in CANCELLED


class OrderInStatus(models.Model):
    """Which order has which status: what lists of one status go along. Triggers write it (migration 0007).

    A status changes with each move of a package. An index of the orders that has it would have all the others written
    anew as well.
    """

    pk = models.CompositePrimaryKey("status", "order")
    status = models.PositiveSmallIntegerField()
    order = models.ForeignKey(
        Order,
        on_delete=models.DO_NOTHING,  # a trigger does
        related_name="+",
        db_index=False,
        db_constraint=False,
    )

    def __str__(self) -> str:
        return f"{self.order_id} {self.status}"

    if TYPE_CHECKING:
        order_id: int


class OrderItem(models.Model):
    """One line of an order. ``retail_store`` and ``parcel`` say in which package it goes when there are several."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="items")
    sku = models.CharField(_("SKU"), max_length=64)
    name = models.CharField(_("name"), max_length=255)
    quantity = models.PositiveIntegerField(_("quantity"))
    price = MoneyField(_("price"), max_digits=14, decimal_places=4, null=True, blank=True)
    image_url = models.URLField(_("picture"), max_length=500, blank=True)
    retail_store = models.ForeignKey(RetailStore, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    parcel = models.PositiveSmallIntegerField(default=1)

    class Meta:
        ordering = ("id",)
        constraints = (
            models.CheckConstraint(name="order_item_quantity_positive", condition=Q(quantity__gte=1)),
            models.CheckConstraint(
                name="order_item_price_not_negative",
                condition=Q(price__isnull=True) | Q(price__gte=0),
            ),
        )

    def __str__(self) -> str:
        return f"{self.quantity} × {self.sku}"


class StoreMembership(models.Model):
    """A person works in a store; an employee sees the packages of these stores and no others."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    store = models.ForeignKey(RetailStore, on_delete=models.CASCADE, related_name="memberships")

    class Meta:
        verbose_name = _("store of a staff member")
        verbose_name_plural = _("stores of a staff member")
        constraints = (models.UniqueConstraint(name="member_once_per_store", fields=["user", "store"]),)

    def __str__(self) -> str:
        return str(self.store)
