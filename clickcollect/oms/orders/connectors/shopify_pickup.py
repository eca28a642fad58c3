"""Whether a Shopify order is collected in a store, and in which. Pure.

Shopify itself names a local pickup by its shipping line: its carrier is that of local pickup, its title the location.
Pickup apps write cart attributes instead, and often the store's address over the customer's.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from clickcollect.oms.orders.connectors.json_access import child_object, child_objects, first_given
from clickcollect.oms.orders.location_rules import folded_location

Locate = Callable[[str], str | None]

LOCAL_PICKUP_CARRIER: Final = "650f1a14fa979ec5c74d063e968411d4"  # of every local pickup, in every shop
CUSTOM: Final = "custom"  # the shipping line that somebody typed into a draft order
METHODS: Final = frozenset(
    {
        "checkoutmethod",
        "deliverymethod",
        "deliverytype",
        "fulfillmentmethod",
        "fulfilmentmethod",
        "ordermethod",
        "ordertype",
        "shippingmethod",
    }
)
PLACES: Final = ("location", "store", "branch", "shop", "point", "outlet")
NO_PLACES: Final = ("address", "city", "country", "date", "day", "email", "instruction", "note", "phone")
NO_PLACES_EITHER: Final = ("postal", "province", "region", "slot", "state", "time", "zip")
# How shops call collecting: in a word or a part of one, or in several.
PARTS: Final = ("pickup", "abholung", "selbstabhol")
PHRASES: Final = tuple(
    f" {folded_location(phrase)} "
    for phrase in (
        "pick up",
        "click collect",
        "click and collect",
        "collect in store",
        "collect from store",
        "collection in store",
        "in store collection",
        "store collection",
        "mağazadan teslim",
        "mağazadan teslimat",
        "gel al",
        "retrait en magasin",
        "ritiro in negozio",
        "recogida en tienda",
        "recoger en tienda",
        "استلام من المتجر",
        "الاستلام من المتجر",
    )
)


@dataclass(frozen=True, kw_only=True)
class Pickup:
    """Where an order is collected: ``store``, an ERP code, or else the location's name as the shop has it.

    ``is_app``: a pickup app says so, which may have written the store's address over the customer's.
    """

    store: str | None
    is_app: bool = False


def find_pickup(data: Any, *, locate: Locate) -> Pickup | None:
    """The store where the customer collects; None for an order that is sent home.

    Arguments: ``locate``, the ERP code of the store that a location's name stands for, where that is known.
    """
    names, lines = list(line_names(data)), list(shipping_lines(data))
    app = attributes(data)
    places = list(app_places(app))
    by_app, by_carrier = is_app_pickup(app, places), any(is_local_pickup(line) for line in lines)
    address = child_object(data, "shipping_address")
    if by_app:
        names = [*places, *names, *texts(address.get("company"))]
    if code := next(filter(None, map(locate, names)), None):
        return Pickup(store=code, is_app=bool(by_app))
    if by_carrier:
        named = [*names, *texts(data.get("location_id"))]
        return Pickup(store=next(filter(None, map(locate, named)), None) or first_given(*named), is_app=bool(by_app))
    if by_app:
        return Pickup(store=first_given(*names), is_app=True)
    if by_app is None and (any(map(is_pickup_word, names)) or (names and not address)):
        return Pickup(store=names[0])
    return None


def shipping_lines(data: Any) -> Iterator[dict[str, Any]]:
    """The shipping lines that count still."""
    yield from (line for line in child_objects(data, "shipping_lines") if line.get("is_removed") is not True)


def line_names(data: Any) -> Iterator[str]:
    """What the shipping lines are called; the words of a draft order's own line are no place of its own."""
    for line in shipping_lines(data):
        names = [*texts(line.get("code")), *texts(line.get("title"))]
        yield from (
            (name for name in names if letters_and_digits(name) != CUSTOM)
            if letters_and_digits(names[0] if names else "") != CUSTOM
            else ()
        )


def is_local_pickup(line: Mapping[str, Any]) -> bool:
    """Whether Shopify itself says that a shipping line is a local pickup."""
    return line.get("carrier_identifier") == LOCAL_PICKUP_CARRIER or is_pickup_word(
        str(line.get("delivery_category") or "")
    )


def attributes(data: Any) -> dict[str, str]:
    """The cart attributes by folded name, as far as they are text."""
    rows = [(row.get("name"), row.get("value")) for row in child_objects(data, "note_attributes")]
    return {letters_and_digits(name): text for name, value in rows if isinstance(name, str) for text in texts(value)}


def is_app_pickup(app: Mapping[str, str], places: list[str]) -> bool | None:
    """Whether a pickup app says that the order is collected; False where it is not, None where no app says a word."""
    methods = [value for name, value in app.items() if name in METHODS]
    if methods:
        return any(map(is_pickup_word, methods))
    return True if places else None


def app_places(app: Mapping[str, str]) -> Iterator[str]:
    """What a pickup app calls the store: its names before its numbers."""
    found = [(name, value) for name, value in app.items() if is_place(name)]
    yield from (value for _name, value in sorted(found, key=lambda row: row[1].isdigit()))


def is_place(name: str) -> bool:
    """Whether a cart attribute says where: `Pickup-Location-Company`, but not `Pickup-Location-City`."""
    is_ours = "pickup" in name or name.removeprefix("selected") in (*PLACES, "storelocation", "storename")
    says_where = any(word in name for word in PLACES)
    return is_ours and says_where and not any(word in name for word in (*NO_PLACES, *NO_PLACES_EITHER))


def is_pickup_word(text: str) -> bool:
    """Whether something is called as shops call collecting in a store, in any case and spelling."""
    spaced = f" {folded_location(text)} "
    return any(part in spaced for part in PARTS) or any(phrase in spaced for phrase in PHRASES)


def letters_and_digits(text: str) -> str:
    """Letters and digits alone, in lower case: `Pickup-Location-Id` and `pickup_location_id` are one."""
    return "".join(letter for letter in text.casefold() if letter.isalnum())


def texts(value: Any) -> Iterator[str]:
    """A value that says something, as text; numbers are names too."""
    if isinstance(value, int) and not isinstance(value, bool):
        yield str(value)
    elif isinstance(value, str) and value.strip():
        yield value.strip()
