"""The form of an order to repair: what its sender gave is filled in, with every fault at its field.

Everything that can be wrong has a field; what is rarely wrong has one only where it is. What was sent and has no field
stays as it was.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Final

from django import forms
from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clickcollect.errors import Fault
from clickcollect.omnitron.models import DeliveryType
from clickcollect.omnitron.order_schema import value_at
from clickcollect.oms.orders.location_rules import with_learned_stores
from clickcollect.oms.orders.locations import known_locations, with_store_codes
from clickcollect.oms.orders.repair_faults import open_faults
from clickcollect.oms.repair_models import OrderToRepair
from clickcollect.omsweb.forms import DomainField, Group, OmsForm
from clickcollect.omsweb.order_form import CUSTOMER, LINES, MOST_LINES, RARE_COLUMNS, STORE, LineForm, OrderForm
from clickcollect.wire_format import whole_number

REMEMBER: Final = "remember"
PLACES: Final[dict[str, Promise]] = {
    "order": gettext_lazy("Order"),
    "number": gettext_lazy("Order number"),
    "channel": gettext_lazy("Channel"),
    "date_placed": gettext_lazy("Placed"),
    "updated_at": gettext_lazy("Changed by the shop"),
    "language_code": gettext_lazy("Language of the messages"),
    "currency": gettext_lazy("Currency"),
    "amount": gettext_lazy("Amount"),
    "delivery_type": gettext_lazy("Delivery type"),
    "customer": gettext_lazy("Customer"),
    "customer.first_name": gettext_lazy("First name"),
    "customer.last_name": gettext_lazy("Last name"),
    "customer.email": gettext_lazy("E-mail"),
    "customer.phone_number": gettext_lazy("Phone number"),
    "customer.phone_country": gettext_lazy("Country of the phone number"),
    "shipping_address": gettext_lazy("Shipping address"),
    "shipping_address.address_type": gettext_lazy("Shipping address"),
    STORE: gettext_lazy("Store"),
    "shipping_address.address_line": gettext_lazy("Address"),
    "shipping_address.postcode": gettext_lazy("Postcode"),
    "shipping_address.city": gettext_lazy("City"),
    "shipping_address.country": gettext_lazy("Country"),
    LINES: gettext_lazy("Items"),
}
COLUMNS: Final[dict[str, Promise]] = {
    "sku": gettext_lazy("SKU"),
    "name": gettext_lazy("Name"),
    "quantity": gettext_lazy("Quantity"),
    "price": gettext_lazy("Price"),
    "image_url": gettext_lazy("Picture"),
    "retail_store": gettext_lazy("Store"),
    "parcel": gettext_lazy("Parcel"),
}
SHOWN: Final = (
    "number",
    "channel",
    STORE,
    *(f"customer.{name}" for name in CUSTOMER),
    "language_code",
    "amount",
    "currency",
)
RARE: Final = (
    "date_placed",
    "updated_at",
    "customer.phone_country",
    *(f"shipping_address.{name}" for name in ("address_line", "postcode", "city", "country")),
)
OF_ITEM: Final = re.compile(rf"{LINES}\.(\d{{1,4}})(?:\.(\w+))?")
LONGEST: Final = {"name": 255, "customer.first_name": 150, "customer.last_name": 150}  # connectors cut these


def place_in_words(loc: str) -> str:
    """Where a fault stands, as a person would say it: “Item 2, quantity”."""
    if match := OF_ITEM.fullmatch(loc):
        item = _("Item %(number)d") % {"number": int(match[1]) + 1}
        column = COLUMNS.get(match[2] or "")
        return f"{item}, {column}" if column else item
    return str(PLACES.get(loc, loc))


def faults_in_words(faults: list[Fault], *, location: str = "") -> list[dict[str, str]]:
    """Every fault with its place in words, in the reader's language where its sentence has no values in it.

    Arguments: ``location``, what the shop called the store, told where that is wrong.
    """
    called = called_by_shop(location) if location else ""
    return [
        {
            "place": place_in_words(fault["loc"]),
            "words": _(fault["msg"]) if fault["msg"] else "",
            "beside": called if fault["loc"] == STORE else "",
        }
        for fault in faults
    ]


def called_by_shop(location: str) -> str:
    return _("The shop calls it “%(location)s”.") % {"location": location}


def field_text(value: Any, name: str = "") -> str:
    """A value as a field shows it; what is no text and no number is nothing."""
    text = str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""
    return text[: LONGEST.get(name, len(text))]


def items_of(document: Mapping[str, Any]) -> list[Any]:
    """The lines that were sent, if they are lines."""
    lines = document.get(LINES)
    return lines[:MOST_LINES] if isinstance(lines, list) else []


def document_fields(document: Mapping[str, Any]) -> dict[str, str]:
    """A document as it would be typed into the form; a field that is rarely wrong only where it is."""
    wrong = {fault["loc"] for fault in open_faults(document)}
    names = [*SHOWN, *(name for name in RARE if name in wrong)]
    found = {name: field_text(value_at(document, *name.split(".")), name) for name in names}
    for at, item in enumerate(items_of(document)):
        rare = (column for column in RARE_COLUMNS if f"{LINES}.{at}.{column}" in wrong)
        columns = ("sku", "name", "quantity", "price", *rare)
        found |= {f"{LINES}.{at}.{column}": field_text(value_at(item, column), column) for column in columns}
        found[f"{LINES}.{at}.was"] = str(at)
    return found


class RepairForm(OrderForm):
    """One waiting order. ``location``: what its sender called the store, where no store is called so."""

    groups: ClassVar[tuple[Group, ...]] = (
        (gettext_lazy("Order"), ("number", "channel", STORE, REMEMBER)),
        (gettext_lazy("Customer"), (*(f"customer.{name}" for name in CUSTOMER), "language_code")),
        (gettext_lazy("Amount"), ("amount", "currency")),
        (gettext_lazy("More fields"), RARE),
    )

    def __init__(self, waiting: OrderToRepair, data: Mapping[str, Any] | None = None) -> None:
        self.sent: dict[str, Any] = with_store_codes(with_learned_stores(waiting.document), known_locations())
        super().__init__(document_fields(self.sent) if data is None else data)
        codes = {code for code, _name in self.fields[STORE].widget.choices}
        named = field_text(value_at(self.sent, *STORE.split(".")))
        self.location = named if named not in codes else ""
        self.add_fields(field_text(self.sent.get("language_code")))

    def add_fields(self, language: str) -> None:
        """The box that teaches, and a field for each rare value that is wrong."""
        self.fields["number"].widget.attrs.pop("autofocus", None)
        if self.location:
            self.fields[STORE].help_text = called_by_shop(self.location)
            label = _("Remember this: in this channel, “%(location)s” means this store from now on")
            self.fields[REMEMBER] = forms.BooleanField(label=label % {"location": self.location}, required=False)
        self.fields |= {name: DomainField(label=PLACES[name]) for name in RARE if name in self.data}
        if language and language not in dict(settings.LANGUAGES):
            choices = self.fields["language_code"].widget.choices
            self.fields["language_code"].widget.choices = [*choices, (language, language)]
        self.dress_fields()

    @property
    def field_groups(self) -> Iterator[tuple[str, list[forms.BoundField]]]:
        """Those that have fields."""
        return ((legend, fields) for legend, fields in super().field_groups if fields)

    def show_faults(self) -> None:
        """Put what is wrong with the order, as it was sent, at its fields."""
        if self.is_valid():
            self.add_faults(open_faults(self.document()))

    @property
    def learns(self) -> bool:
        return bool(self.cleaned_data.get(REMEMBER))

    def document(self) -> dict[str, Any]:
        """The order as it was sent, with everything that has a field as it was typed."""
        text = self.cleaned_data
        kept = {name: self.sent[name] for name in ("date_placed", "updated_at") if name in self.sent}
        document = kept | super().document()
        for part in ("customer", "shipping_address"):
            sent = self.sent.get(part)
            document[part] = (sent if isinstance(sent, dict) else {}) | document[part]
        if not text[STORE] and self.sent.get("delivery_type") == DeliveryType.HOME_DELIVERY:
            document["delivery_type"] = DeliveryType.HOME_DELIVERY.value
            document["shipping_address"]["address_type"] = ""
        for name in RARE:
            if name in self.fields:
                part, _dot, key = name.rpartition(".")
                (document[part] if part else document)[key] = text[name] or None
        return document | {LINES: [self.item(form) for form in self.lines]}

    def item(self, form: LineForm) -> dict[str, Any]:
        """A line as it was typed, with what its sender said of it beside: its picture, store and parcel."""
        at = whole_number(form.cleaned_data["was"], least=0, most=MOST_LINES)
        sent = next(iter(items_of(self.sent)[at : at + 1]), None) if at is not None else None
        beside = {name: value_at(sent, name) for name in RARE_COLUMNS if name not in form.fields}
        return {name: value for name, value in beside.items() if value is not None} | form.line()


class DiscardForm(OmsForm):
    """Why an order is not wanted."""

    reason = DomainField(label=gettext_lazy("Reason"), max_length=500)
