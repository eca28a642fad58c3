"""Which store a shop means by the name of a location: one rule of folding, the search's, for connectors and files."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from clickcollect.omnitron.models import RetailStore
from clickcollect.oms import search
from clickcollect.oms.orders.location_rules import folded_location

RETAIL_STORE: Final = "retail_store"


def known_locations() -> dict[str, str]:
    """The ERP codes of the stores by their names and codes, as `folded_location` has these.

    A code wins over another store's name. A name that two stores share is not there: nobody guesses between them.
    """
    stores = list(RetailStore.objects.filter(is_active=True).order_by("id").values_list("erp_code", "name"))
    by_name: dict[str, set[str]] = {}
    for code, name in stores:
        for spelling in (name, search.spelled_out(name)):
            by_name.setdefault(folded_location(spelling), set()).add(code)
    named = {key: codes.pop() for key, codes in by_name.items() if key and len(codes) == 1}
    return named | {key: code for code, _name in stores if (key := folded_location(code))}


def locate_in(locations: Mapping[str, str]) -> Callable[[str], str | None]:
    """How to find the ERP code of the store that a location's name stands for among these."""
    return lambda name: locations.get(folded_location(name))


def with_store_codes(order: dict[str, Any], locations: Mapping[str, str]) -> dict[str, Any]:
    """An order whose stores are named by their ERP codes wherever a location of that name is known."""
    shipping, lines = order.get("shipping_address"), order.get("order_item")
    found = dict(order)
    if isinstance(shipping, dict):
        found["shipping_address"] = with_store_code(shipping, locations)
    if isinstance(lines, list):
        found["order_item"] = [with_store_code(line, locations) if isinstance(line, dict) else line for line in lines]
    return found


def with_store_code(part: dict[str, Any], locations: Mapping[str, str]) -> dict[str, Any]:
    """A part of an order with its store's code in place of the location's name; a code stays as it is."""
    name = part.get(RETAIL_STORE)
    known = isinstance(name, str) and name not in locations.values() and locations.get(folded_location(name))
    return part | {RETAIL_STORE: known} if known else part
