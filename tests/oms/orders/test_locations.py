"""Shops call a store by its name or its code in any spelling: one rule of folding, the search's."""

import pytest

from clickcollect.oms.orders.location_rules import folded_location
from clickcollect.oms.orders.locations import known_locations, with_store_codes
from tests.shop import make_store

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _stores() -> None:
    make_store("IST-01", name="Galata")
    make_store("IST-02", name="Kadıköy")
    make_store("BER-01", name="Grünstraße")
    make_store("IZM-01", name="Merkez")
    make_store("ANK-01", name="MERKEZ")
    make_store("OLD-01", name="Beyoğlu", is_active=False)
    make_store("TWO-01", name="IST-01")  # a name that is another store's code


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("Galata", "IST-01"),
        (" GALATA\u200b", "IST-01"),
        ("ist-01", "IST-01"),
        ("IST 01", "IST-01"),
        ("KADIKÖY", "IST-02"),
        ("Kadiköy", "IST-02"),
        ("kadikoy", "IST-02"),
        ("Kadıko\u0308y", "IST-02"),
        ("Kadikoey", "IST-02"),
        ("GRÜNSTRASSE", "BER-01"),
        ("Gruenstrasse", "BER-01"),
        ("Merkez", None),  # two stores are called so
        ("izm-01", "IZM-01"),
        ("Beyoğlu", None),
        ("Galata Pickup", None),
        ("—", None),
        ("", None),
    ],
)
def test_location_is_found_in_any_spelling(said: str, code: str | None) -> None:
    assert known_locations().get(folded_location(said)) == code


def test_every_store_that_an_order_names_gets_its_code() -> None:
    order = {
        "shipping_address": {"retail_store": "KADIKÖY", "city": "x"},
        "order_item": [{"retail_store": "galata"}, {"retail_store": "NO-9"}, {"sku": "A"}, 7],
    }

    found = with_store_codes(order, known_locations())

    assert found["shipping_address"] == {"retail_store": "IST-02", "city": "x"}
    assert found["order_item"] == [{"retail_store": "IST-01"}, {"retail_store": "NO-9"}, {"sku": "A"}, 7]


def test_code_stays_the_code_whatever_others_are_called() -> None:
    order = {"shipping_address": {"retail_store": "IST-01"}}

    assert with_store_codes(order, known_locations()) == order


@pytest.mark.parametrize("order", [{}, {"shipping_address": None, "order_item": 7}, {"order_item": [None]}])
def test_what_is_no_order_stays_as_it_is(order: dict[str, object]) -> None:
    assert with_store_codes(order, known_locations()) == order
