"""What makes an order valid (contract section 2, "Order"): its shape, and the rules beyond the shape.

`read_order` is the only reader. A bad order changes nothing, and every bad field is named at once.
"""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from enum import Enum, auto
from typing import Annotated, Any, Final, Literal

from django.utils.translation import gettext as _
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PrivateAttr, ValidationError
from pydantic_core import PydanticCustomError

from clickcollect.errors import Fault, ValidationFailed
from clickcollect.omnitron import field_types, money
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
    cut_to,
    read_amount,
    sized,
    whole_number,
)
from clickcollect.omnitron.models import RetailStore
from clickcollect.omnitron.phone import phone_fault, read_phone
from clickcollect.omnitron.plain_text import plain_line

MOST_ITEMS: Final = 500
MOST_PACKAGES: Final = 20
RETAIL_STORE: Final = "retail_store"
STORE_LOC: Final = ("shipping_address", RETAIL_STORE)
ADDRESS_TYPE_LOC: Final = ("shipping_address", "address_type")
PHONE_LOC: Final = ("customer", "phone_number")
# Every order in asks; the ORM takes longer to write this than the database to answer it.
STORES: Final = "SELECT * FROM omnitron_retailstore WHERE erp_code IN ({})"
BESIDE_PHONE: Final = (("customer", "phone_country"), ("shipping_address", "country"))  # the nearer first


class Source(Enum):
    """Who wrote an order: that decides how a doubtful amount is read, and whether a long title is cut."""

    PROGRAM = auto()  # the API and JSON Lines: a decimal point is one, and what is too long is named
    PERSON = auto()  # the form and spreadsheets: 1.234 may be more than a thousand
    CONNECTOR = auto()  # a shop's program, whose author never hears of a limit
    REPAIR = auto()  # an operator, who corrects what a program sent


def none_is_nothing(value: Any) -> Any:
    """An object that may be left out may also be null."""
    return {} if value is None else value


def plain_text_of(value: Any) -> Any:
    """Text in its plain form; anything else as it is."""
    return plain_line(value) if isinstance(value, str) else value


class Part(BaseModel):
    """Keys that are not known are ignored: shops send more than anybody asked for."""

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)


class CustomerIn(Part):
    """Who collects. The phone is the one that gets the code; its country helps to read it, and is not kept.

    Any one name is enough; without any the order's number stands for it.
    """

    first_name: Annotated[LooseLine, sized(150, shortest=0), cut_to(150)] = ""
    last_name: Annotated[LooseLine, sized(150, shortest=0), cut_to(150)] = ""
    email: Email = None
    phone_number: Annotated[Line, sized(40)]
    phone_country: Annotated[LooseLine, sized(64, shortest=0)] = ""


class AddressIn(Part):
    """Where the goods go: to a store, or, for a home delivery, to an address in the customer's own words."""

    address_type: Annotated[LooseLine, sized(40, shortest=0)] = ""
    retail_store: StoreCode = None
    address_line: Annotated[LooseLine, sized(255, shortest=0), cut_to(255)] = ""
    postcode: Annotated[LooseLine, sized(16, shortest=0)] = ""
    city: Annotated[LooseLine, sized(120, shortest=0), cut_to(120)] = ""
    country: Annotated[LooseLine, sized(64, shortest=0)] = ""


class ItemIn(Part):
    """One line. ``retail_store`` and ``parcel`` split an order over stores, and over packages within one."""

    sku: Annotated[Line, sized(64)]
    name: Annotated[Line, sized(255), cut_to(255)]
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
    delivery_type: Annotated[Literal["in_store", "home_delivery"], BeforeValidator(plain_text_of)]
    customer: CustomerIn
    shipping_address: Annotated[AddressIn, BeforeValidator(none_is_nothing)] = AddressIn()
    order_item: Annotated[list[ItemIn], Field(min_length=1, max_length=MOST_ITEMS)]
    _sum_of_lines: Decimal = PrivateAttr(default=Decimal(0))
    _line_positions: Sequence[int] = PrivateAttr(default=())

    def store_of(self, item: ItemIn) -> str | None:
        """The ERP code of the store that packs this line; None for a home delivery that names no store."""
        return item.retail_store or self.shipping_address.retail_store

    @property
    def total(self) -> Decimal:
        """The amount that was sent, or else the sum of the lines, from their prices before these were rounded."""
        return self._sum_of_lines if self.amount is None else self.amount

    @property
    def has_no_name(self) -> bool:
        """Whether the order's number stands for the name that was not sent."""
        return self.customer.first_name == self.number and not self.customer.last_name

    def path_as_sent(self, loc: str) -> str:
        """A path into this order as its sender counts the lines, those of quantity zero among them."""
        return path_as_sent(loc, self._line_positions)

    @property
    def parcels(self) -> set[tuple[str, int]]:
        """One package for each store and parcel."""
        return {(store, item.parcel or 1) for item in self.order_item if (store := self.store_of(item))}


def read_order(data: Any, *, source: Source = Source.PROGRAM) -> OrderIn:
    """Read an order in any shape it may arrive in: one normalisation for every door.

    Text comes out in NFC without invisible marks, the phone as E.164, amounts with the places of their currency
    (ISO 4217); a unit price is rounded to these, lines of quantity zero are not there, an unknown locale was left out.
    Raises ValidationFailed with every fault, in the active language; never anything else.
    """
    counted, positions = without_empty_lines(data)
    order: OrderIn | None = None
    faults: list[Fault] = []
    try:
        context = {
            field_types.CUTS_TITLES: source in (Source.CONNECTOR, Source.REPAIR),
            field_types.IS_TYPED: source in (Source.PERSON, Source.REPAIR),
        }
        order = OrderIn.model_validate(counted, context=context)
    except ValidationError as error:
        faults = shape_faults(error)
    stores = named_stores(counted)
    known_bad = {found["loc"] for found in faults}
    broken = [*rule_faults(counted, stores, order), *money_faults(counted, stores, source=source)]
    faults += [found for found in broken if not known_bad & path_prefixes(found["loc"])]
    if order is None or faults:
        raise ValidationFailed([{**found, "loc": path_as_sent(found["loc"], positions)} for found in faults])
    country, beside = countries_of(counted, stores)
    phone = read_phone(order.customer.phone_number, country=country, beside=beside)
    return normalised(order, phone=phone, currency=currency_of(counted, stores), positions=positions)


def without_empty_lines(data: Any) -> tuple[Any, Sequence[int]]:
    """The order without its lines of quantity zero, and where each line that stays was sent.

    One with nothing but such lines stays as it is: each of them is a fault then.
    """
    lines = value_at(data, "order_item")
    if not isinstance(lines, list):
        return data, ()
    kept = [at for at, line in enumerate(lines) if whole_number(value_at(line, "quantity")) != 0]
    if not kept or len(kept) == len(lines):
        return data, range(len(lines))
    return {**data, "order_item": [lines[at] for at in kept]}, kept


def path_as_sent(loc: str, positions: Sequence[int]) -> str:
    """The path of a field as its sender counts the lines."""
    steps = loc.split(".")
    if len(steps) > 1 and steps[0] == "order_item" and steps[1].isdecimal() and int(steps[1]) < len(positions):
        steps[1] = str(positions[int(steps[1])])
    return ".".join(steps)


def normalised(order: OrderIn, *, phone: str, currency: str, positions: Sequence[int]) -> OrderIn:
    """The order with what only the whole of it tells: phone, amounts in its currency, a name."""
    places = money.places_of(currency)
    person: dict[str, str] = {"phone_number": phone}
    if not (order.customer.first_name or order.customer.last_name):
        person["first_name"] = order.number
    found = order.model_copy(
        update={
            "amount": None if order.amount is None else money.rounded(order.amount, places),
            "customer": order.customer.model_copy(update=person),
            "order_item": [
                item if item.price is None else item.model_copy(update={"price": money.rounded(item.price, places)})
                for item in order.order_item
            ],
        }
    )
    found._sum_of_lines = money.rounded(sum_of_lines(order), places)  # noqa: SLF001
    found._line_positions = positions  # noqa: SLF001
    return found


def sum_of_lines(order: OrderIn) -> Decimal:
    return sum((item.quantity * (item.price or Decimal(0)) for item in order.order_item), Decimal(0))


def shape_faults(error: ValidationError) -> list[Fault]:
    """Pydantic's findings in our words, one for each field."""
    found: dict[str, Fault] = {}
    for row in error.errors(include_url=False, include_context=True, include_input=False):
        loc = ".".join(str(step) for step in row["loc"]) or "order"
        found.setdefault(loc, {"loc": loc, "msg": sentence(row)})
    return list(found.values())


def rule_faults(data: Any, stores: Mapping[str, RetailStore], order: OrderIn | None) -> Iterator[Fault]:
    """The rules that need a look at the shop or at several fields. ``order`` is None where the shape is wrong."""
    of_stores = list(store_faults(data, stores))
    yield from of_stores
    phone = value_at(data, *PHONE_LOC)
    country, beside = countries_of(data, stores)
    words = phone_fault(phone, country=country, beside=beside) if phone is not None else None
    is_open = country is None and ".".join(STORE_LOC) in {found["loc"] for found in of_stores}
    if words and not (is_open and is_somewhere_a_phone(phone, beside)):
        yield {"loc": ".".join(PHONE_LOC), "msg": words}
    if order is None:
        return
    if order.currency is None and order.shipping_address.retail_store is None and not of_stores:
        yield {"loc": "currency", "msg": _("Enter the currency; there is no store to take it from.")}
    if order.amount is None and sum_of_lines(order) > field_types.LARGEST_AMOUNT:
        yield {"loc": "amount", "msg": _("The item total is too large.")}
    if len(order.parcels) > MOST_PACKAGES:
        yield {
            "loc": "order_item",
            "msg": _("Split an order into at most %(most)d packages.") % {"most": MOST_PACKAGES},
        }


def is_somewhere_a_phone(phone: Any, beside: str) -> bool:
    """Whether it can be a number at one of our stores: while nobody knows which store is meant, it may be right."""
    countries = RetailStore.objects.order_by().values_list("country", flat=True).distinct()
    return any(phone_fault(phone, country=country, beside=beside) is None for country in countries)


def money_faults(data: Any, stores: Mapping[str, RetailStore], *, source: Source) -> Iterator[Fault]:
    """An amount has no more places than its currency; thousands are not taken for decimals, nor the other way round."""
    currency = currency_of(data, stores)
    places = money.places_of(currency)
    lines = value_at(data, "order_item")
    prices = enumerate(lines[:MOST_ITEMS] if isinstance(lines, list) else ())
    given = [("amount", value_at(data, "amount"))]
    for loc, value in [*given, *((f"order_item.{at}.price", value_at(line, "price")) for at, line in prices)]:
        try:
            amount = read_amount(value)
        except PydanticCustomError:  # a fault of shape, or nothing
            continue
        if (
            isinstance(value, str)
            and places != 3
            and money.is_unclear(value, typed=source in (Source.PERSON, Source.REPAIR))
        ):
            yield {"loc": loc, "msg": sentence({"type": "amount_unclear"})}
        elif loc == "amount" and amount != money.rounded(amount, places):
            kind = "amount_places" if places else "amount_no_places"
            yield {"loc": loc, "msg": sentence({"type": kind, "ctx": {"places": places, "currency": currency}})}


def currency_of(data: Any, stores: Mapping[str, RetailStore]) -> str:
    """The currency that the order names, else its store's; empty where there is none."""
    sent = text_at(data, "currency").upper()
    store = stores.get(text_at(data, *STORE_LOC))
    return sent or (store.currency if store else "")


def store_faults(data: Any, stores: Mapping[str, RetailStore]) -> Iterator[Fault]:
    """Every store that is named must exist and be open for this kind of order; an in-store order names one."""
    in_store = text_at(data, "delivery_type") == "in_store"
    for loc, code in store_codes(data):
        words = store_fault(stores.get(code), in_store=in_store)
        if words:
            yield {"loc": loc, "msg": words}
    if in_store and isinstance(data, dict) and plain_text_of(value_at(data, *STORE_LOC)) in (None, ""):
        yield {"loc": ".".join(STORE_LOC), "msg": _("Choose the store where the customer collects the order.")}
    if in_store and plain_text_of(value_at(data, *ADDRESS_TYPE_LOC)) not in (None, "", RETAIL_STORE):
        yield {
            "loc": ".".join(ADDRESS_TYPE_LOC),
            "msg": _("Choose one of: %(choices)s.") % {"choices": RETAIL_STORE},
        }


def store_fault(store: RetailStore | None, *, in_store: bool) -> str | None:
    """Why this store cannot take the order; None if it can."""
    if store is None:
        return _("No store has this code.")
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
        if isinstance(code, str) and (name := plain_line(code)):
            yield loc, name


def named_stores(data: Any) -> dict[str, RetailStore]:
    """The stores that an order names and that exist, in one statement."""
    codes = {code for _loc, code in store_codes(data) if len(code) <= 64 and not field_types.CONTROL.search(code)}
    if not codes:
        return {}
    statement = STORES.format(", ".join(["%s"] * len(codes)))
    return {store.erp_code: store for store in RetailStore.objects.raw(statement, sorted(codes))}


def countries_of(data: Any, stores: Mapping[str, RetailStore]) -> tuple[str | None, str]:
    """The store's country, and the one that stands beside the phone number: a national number is read in these."""
    store = stores.get(text_at(data, *STORE_LOC))
    beside = next(filter(None, (text_at(data, *place) for place in BESIDE_PHONE)), "")
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


def text_at(data: Any, *path: str) -> str:
    """The text at a path of raw JSON, as it will be kept; empty where there is none."""
    text = plain_text_of(value_at(data, *path))
    return text if isinstance(text, str) else ""
