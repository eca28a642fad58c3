"""Whether a Shopify order is collected in a store, and in which. Pure.

Shopify itself names a local pickup by its shipping line: its carrier is that of local pickup, its title the location.
Pickup apps write cart attributes instead, and often the store's address over the customer's. An order that somebody
entered in the shop (a draft order) may say nothing of all this; a sale at the till needs nothing.
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
AT_THE_TILL: Final = "pos"  # Shopify calls it an in-store sale: no delivery is needed
STREET: Final = ("address1", "address2", "city", "zip")
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
    """The store where the customer collects; None for an order that is sent home, and for a sale at the till.

    Arguments: ``locate``, the ERP code of the store that a location's name stands for, where that is known.
    """
    return told_pickup(data, locate=locate) or (pickup_of_nowhere(data, locate=locate) if is_nowhere(data) else None)


def told_pickup(data: Any, *, locate: Locate) -> Pickup | None:
    """The same, as far as shipping lines and cart attributes tell."""
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
    if by_app is None and any(map(is_pickup_word, names)):
        return Pickup(store=names[0])
    if by_app is None and not address and (methods := list(method_names(data))):
        return Pickup(store=methods[0])
    return None


def pickup_of_nowhere(data: Any, *, locate: Locate) -> Pickup:
    """The store for an order of which nothing is said: the location that it was entered at, if it names one."""
    at = list(texts(data.get("location_id")))
    return Pickup(store=next(filter(None, map(locate, at)), None) or first_given(*at))


def is_nowhere(data: Any) -> bool:
    """Whether an order says neither how nor where its goods come to the customer, and was no sale at the till."""
    is_told = is_sent(data) or told_pickup(data, locate=lambda _name: None)
    return not is_told and data.get("source_name") != AT_THE_TILL


def is_sent(data: Any) -> bool:
    """Whether there is a shipping method, or an address to send to; a name and a country alone are none."""
    address = child_object(data, "shipping_address")
    return any(method_names(data)) or any(text for name in STREET for text in texts(address.get(name)))


def shipping_lines(data: Any) -> Iterator[dict[str, Any]]:
    """The shipping lines that count still."""
    yield from (line for line in child_objects(data, "shipping_lines") if line.get("is_removed") is not True)


def line_names(data: Any) -> Iterator[str]:
    """What the shipping lines are called; `custom` is what Shopify calls the line that somebody typed."""
    for line in shipping_lines(data):
        names = [*texts(line.get("code")), *texts(line.get("title"))]
        yield from (name for name in names if not is_custom(name))


def method_names(data: Any) -> Iterator[str]:
    """What the shop's own shipping methods among the shipping lines are called."""
    for line in shipping_lines(data):
        names = [*texts(line.get("code")), *texts(line.get("title"))]
        yield from names if names and not is_custom(names[0]) else ()


def is_custom(name: str) -> bool:
    return letters_and_digits(name) == CUSTOM


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
