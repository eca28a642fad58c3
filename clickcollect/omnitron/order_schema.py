"""What makes an order valid (contract section 2, "Order"): its shape, and the rules beyond the shape.

`read_order` is the only reader. A bad order changes nothing, and every bad field is named at once.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Annotated, Any, Final, Literal

from django.utils.translation import gettext as _
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from clickcollect.errors import Fault, ValidationFailed
from clickcollect.omnitron import field_types
from clickcollect.omnitron.error_messages import sentence
from clickcollect.omnitron.field_types import (
    Amount,
    Currency,
    Email,
    Language,
    Line,
    LooseLine,
    Moment,
    Parcel,
    Picture,
    Price,
    Quantity,
    StoreCode,
    empty_is_none,
    sized,
)
from clickcollect.omnitron.models import RetailStore
from clickcollect.omnitron.phone import phone_fault, read_phone

MOST_ITEMS: Final = 200
MOST_PACKAGES: Final = 20
RETAIL_STORE: Final = "retail_store"
STORE_LOC: Final = ("shipping_address", RETAIL_STORE)
PHONE_LOC: Final = ("customer", "phone_number")
BESIDE_PHONE: Final = (("customer", "phone_country"), ("shipping_address", "country"))  # the nearer first


def none_is_nothing(value: Any) -> Any:
    """An object that may be left out may also be null."""
    return {} if value is None else value


class Part(BaseModel):
    """Keys that are not known are ignored: shops send more than anybody asked for."""

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)


class CustomerIn(Part):
    """Who collects. The phone is the one that gets the code; its country helps to read it, and is not kept."""

    first_name: Annotated[Line, sized(150)]
    last_name: Annotated[Line, sized(150, shortest=0)]
    email: Email = None
    phone_number: Annotated[Line, sized(40)]
    phone_country: Annotated[LooseLine, sized(64, shortest=0)] = ""


class AddressIn(Part):
    """Where the goods go: to a store, or, for a home delivery, to an address in the customer's own words."""

    address_type: Annotated[LooseLine, sized(40, shortest=0)] = ""
    retail_store: StoreCode = None
    address_line: Annotated[LooseLine, sized(255, shortest=0)] = ""
    postcode: Annotated[LooseLine, sized(16, shortest=0)] = ""
    city: Annotated[LooseLine, sized(120, shortest=0)] = ""
    country: Annotated[LooseLine, sized(64, shortest=0)] = ""


class ItemIn(Part):
    """One line. ``retail_store`` and ``parcel`` split an order over stores, and over packages within one."""

    sku: Annotated[Line, sized(64)]
    name: Annotated[Line, sized(255)]
    quantity: Quantity
    price: Price | None = None
    image_url: Picture = None
    retail_store: StoreCode = None
    parcel: Parcel | None = None


class OrderIn(Part):
    """An order as a sales channel sends it. What is None was left out, and `intake` fills it in.

    ``updated_at``: when the shop changed it last, which says of two versions which is the newer one.
    """

    number: Annotated[Line, sized(64)]
    channel: Annotated[Line, sized(64)]
    date_placed: Moment | None = None
    updated_at: Moment | None = None
    language_code: Language | None = None
    currency: Currency | None = None
    amount: Amount | None = None
    delivery_type: Literal["in_store", "home_delivery"]
    customer: CustomerIn
    shipping_address: Annotated[AddressIn, BeforeValidator(none_is_nothing)] = AddressIn()
    order_item: Annotated[list[ItemIn], Field(min_length=1, max_length=MOST_ITEMS)]

    def store_of(self, item: ItemIn) -> str | None:
        """The ERP code of the store that packs this line; None for a home delivery that names no store."""
        return item.retail_store or self.shipping_address.retail_store

    @property
    def total(self) -> Decimal:
        """The amount that was sent, or else the sum of the lines."""
        if self.amount is not None:
            return self.amount
        return sum((item.quantity * (item.price or Decimal(0)) for item in self.order_item), Decimal("0.00"))

    @property
    def parcels(self) -> set[tuple[str, int]]:
        """One package for each store and parcel."""
        return {(store, item.parcel or 1) for item in self.order_item if (store := self.store_of(item))}


def read_order(data: Any) -> OrderIn:
    """Read an order in any shape it may arrive in; the phone comes out as E.164.

    Raises ValidationFailed with every fault, in the active language; never anything else.
    """
    order: OrderIn | None = None
    faults: list[Fault] = []
    try:
        order = OrderIn.model_validate(data)
    except ValidationError as error:
        faults = shape_faults(error)
    stores = named_stores(data)
    known_bad = {found["loc"] for found in faults}
    faults += [found for found in rule_faults(data, stores, order) if not known_bad & path_prefixes(found["loc"])]
    if order is None or faults:
        raise ValidationFailed(faults)
    country, beside = countries_of(data, stores)
    phone = read_phone(order.customer.phone_number, country=country, beside=beside)
    return order.model_copy(update={"customer": order.customer.model_copy(update={"phone_number": phone})})


def shape_faults(error: ValidationError) -> list[Fault]:
    """Pydantic's findings in our words, one for each field."""
    found: dict[str, Fault] = {}
    for row in error.errors(include_url=False, include_context=True, include_input=False):
        loc = ".".join(str(step) for step in row["loc"]) or "order"
        found.setdefault(loc, {"loc": loc, "msg": sentence(row)})
    return list(found.values())


def rule_faults(data: Any, stores: Mapping[str, RetailStore], order: OrderIn | None) -> Iterator[Fault]:
    """The rules that need a look at the shop or at several fields. ``order`` is None where the shape is wrong."""
    yield from store_faults(data, stores)
    phone = value_at(data, *PHONE_LOC)
    country, beside = countries_of(data, stores)
    if phone is not None and (words := phone_fault(phone, country=country, beside=beside)):
        yield {"loc": ".".join(PHONE_LOC), "msg": words}
    if order is None:
        return
    if order.currency is None and order.shipping_address.retail_store is None:
        yield {"loc": "currency", "msg": _("Give the currency; there is no store to take it from.")}
    if order.total > field_types.LARGEST_AMOUNT:
        yield {"loc": "amount", "msg": _("The sum of the lines is too large.")}
    if len(order.parcels) > MOST_PACKAGES:
        yield {
            "loc": "order_item",
            "msg": _("Split an order into at most %(most)d packages.") % {"most": MOST_PACKAGES},
        }


def store_faults(data: Any, stores: Mapping[str, RetailStore]) -> Iterator[Fault]:
    """Every store that is named must exist and be open for this kind of order; an in-store order names one."""
    in_store = value_at(data, "delivery_type") == "in_store"
    for loc, code in store_codes(data):
        words = store_fault(stores.get(code), in_store=in_store)
        if words:
            yield {"loc": loc, "msg": words}
    if in_store and isinstance(data, dict) and empty_is_none(value_at(data, *STORE_LOC)) is None:
        yield {"loc": ".".join(STORE_LOC), "msg": _("Name the store where the customer collects the order.")}
    if in_store and value_at(data, "shipping_address", "address_type") not in (None, "", RETAIL_STORE):
        yield {
            "loc": "shipping_address.address_type",
            "msg": _("Give one of: %(choices)s.") % {"choices": RETAIL_STORE},
        }


def store_fault(store: RetailStore | None, *, in_store: bool) -> str | None:
    """Why this store cannot take the order; None if it can."""
    if store is None:
        return _("There is no store with this code.")
    if not store.is_active:
        return _("This store is closed. Choose another one.")
    if in_store and not store.click_and_collect:
        return _("This store does not offer Click & Collect. Choose another one.")
    return None


def store_codes(data: Any) -> Iterator[tuple[str, str]]:
    """Every place in the raw order that names a store, with its code."""
    items = value_at(data, "order_item")
    places: list[tuple[str, Any]] = [(".".join(STORE_LOC), value_at(data, *STORE_LOC))]
    if isinstance(items, list):
        lines = items[:MOST_ITEMS]
        places += [(f"order_item.{at}.{RETAIL_STORE}", value_at(item, RETAIL_STORE)) for at, item in enumerate(lines)]
    for loc, code in places:
        if isinstance(code, str) and code.strip():
            yield loc, code.strip()


def named_stores(data: Any) -> dict[str, RetailStore]:
    """The stores that an order names and that exist, in one statement."""
    codes = {code for _loc, code in store_codes(data) if len(code) <= 64 and not field_types.CONTROL.search(code)}
    if not codes:
        return {}
    return {store.erp_code: store for store in RetailStore.objects.filter(erp_code__in=codes)}


def countries_of(data: Any, stores: Mapping[str, RetailStore]) -> tuple[str | None, str]:
    """The store's country, and the one that stands beside the phone number: a national number is read in these."""
    code = value_at(data, *STORE_LOC)
    store = stores.get(code.strip()) if isinstance(code, str) else None
    sent = (value_at(data, *place) for place in BESIDE_PHONE)
    beside = next((name for name in sent if isinstance(name, str) and name.strip()), "")
    return store.country if store else None, beside


def path_prefixes(loc: str) -> set[str]:
    """A place and everything it is part of: what is wrong as a whole is not picked on in its parts."""
    steps = loc.split(".")
    return {".".join(steps[:end]) for end in range(1, len(steps) + 1)}


def value_at(data: Any, *path: str) -> Any:
    """What stands at a path of raw JSON; None where there is nothing."""
    for step in path:
        data = data.get(step) if isinstance(data, dict) else None
    return data
