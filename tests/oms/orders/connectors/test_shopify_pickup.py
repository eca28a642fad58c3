"""Where an order is collected: what names a store comes first, what only sounds like a pickup last."""

from typing import Any

import pytest

from clickcollect.oms.orders.connectors.shopify_pickup import LOCAL_PICKUP_CARRIER, find_pickup, is_pickup_word
from tests.oms.orders.connectors.payloads import SHIPPED, shopify_order

STORES = {"galata": "IST-01", "moda": "IST-02"}
HOME = SHIPPED["shipping_address"]
CARRIER = {"carrier_identifier": LOCAL_PICKUP_CARRIER}


def found(**fields: Any) -> tuple[str | None, bool] | None:
    pickup = find_pickup(shopify_order(**fields), locate=lambda name: STORES.get(name.strip().lower()))
    return (pickup.store, pickup.is_app) if pickup else None


def line(title: str | None, **fields: Any) -> list[dict[str, Any]]:
    return [{"code": title, "title": title} | fields]


def app(*pairs: tuple[Any, Any]) -> list[dict[str, Any]]:
    return [{"name": name, "value": value} for name, value in pairs]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"shipping_lines": line("Galata")}, ("IST-01", False)),
        ({"shipping_lines": line("Galata"), "shipping_address": HOME}, ("IST-01", False)),
        ({"shipping_lines": [*line("Free"), *line("Moda")]}, ("IST-02", False)),
        ({"shipping_lines": [{"code": "Pickup", "title": "Moda"}]}, ("IST-02", False)),
        ({"shipping_lines": [line("Moda")[0] | {"is_removed": True}, *line("Galata")]}, ("IST-01", False)),
        ({"shipping_lines": line("custom", **CARRIER), "location_id": "Galata"}, ("IST-01", False)),
        ({"shipping_lines": line("Elsewhere", **CARRIER), "shipping_address": HOME}, ("Elsewhere", False)),
        ({"shipping_lines": line(None, **CARRIER), "shipping_address": HOME}, (None, False)),
        ({"shipping_lines": line("Elsewhere")}, ("Elsewhere", False)),
        ({"shipping_lines": line("Elsewhere"), "shipping_address": HOME}, None),
        ({"shipping_lines": line("Pick-up in store"), "shipping_address": HOME}, ("Pick-up in store", False)),
        ({"shipping_lines": line("Bagel Alley"), "shipping_address": HOME}, None),
        ({"shipping_lines": line("custom"), "shipping_address": None}, (None, False)),
        ({"shipping_lines": line("custom"), "shipping_address": HOME}, None),
        ({"shipping_lines": [], "shipping_address": None}, (None, False)),
        ({"shipping_lines": [], "shipping_address": None, "source_name": "pos"}, None),
        ({"shipping_lines": line("x"), "note_attributes": app(("Pickup-Location-Company", "Moda"))}, ("IST-02", True)),
        ({"shipping_lines": [], "note_attributes": app(("Checkout-Method", "pickup"))}, (None, True)),
        (
            {
                "shipping_lines": [],
                "note_attributes": app(("Pickup-Location-Id", "100001"), ("Pickup Location", "Moda")),
            },
            ("IST-02", True),
        ),
        ({"shipping_lines": [], "note_attributes": app(("Pickup-Location-Id", 100001))}, ("100001", True)),
        (
            {"shipping_lines": [], "note_attributes": app(("Pickup-Location-City", "Moda"), ("Pickup-Date", "x"))},
            (None, False),
        ),
        (
            {"shipping_lines": line("Elsewhere"), "note_attributes": app(("Checkout-Method", "delivery"))},
            None,
        ),
        (
            {"shipping_lines": line("Galata", **CARRIER), "note_attributes": app(("Checkout-Method", "delivery"))},
            ("IST-01", False),
        ),
        (
            {"shipping_lines": line("Express"), "shipping_address": HOME | {"company": "Moda"}},
            None,
        ),
        (
            {
                "shipping_lines": line("Express"),
                "shipping_address": HOME | {"company": "Moda"},
                "note_attributes": app(("Checkout-Method", "Pick up")),
            },
            ("IST-02", True),
        ),
    ],
)
def test_the_store_is_found_or_named(fields: dict[str, Any], expected: tuple[str | None, bool] | None) -> None:
    assert found(**fields) == expected


@pytest.mark.parametrize(
    "text",
    ["Pickup", "PICK UP", "Pick-up", "Storepickup", "Click & Collect", "click and collect", "Abholung", "Ladenabholung",
     "Mağazadan Teslim", "MAĞAZADAN TESLİM ALMA", "Gel Al", "Retrait en magasin", "استلام من المتجر"],
)  # fmt: skip
def test_how_shops_call_collecting(text: str) -> None:
    assert is_pickup_word(text)


@pytest.mark.parametrize("text", ["", "Standard", "Express", "Bagel Alley", "Collect on delivery", "Kargo", "Teslimat"])
def test_how_shops_call_sending(text: str) -> None:
    assert not is_pickup_word(text)
