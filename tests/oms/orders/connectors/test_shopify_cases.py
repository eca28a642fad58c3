"""What shops really send: each ends as an order, is kept for repair, or is ignored and counted; never refused."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from clickcollect.omnitron.models import Order
from clickcollect.oms.models import Package
from clickcollect.oms.orders.connectors.counts import counts
from clickcollect.oms.orders.connectors.shopify_pickup import LOCAL_PICKUP_CARRIER
from clickcollect.oms.repair_models import OrderToRepair
from tests.oms.orders.connectors.payloads import SHIPPED, shopify_order
from tests.oms.orders.connectors.shopify_shop import SECRET, refund, send
from tests.shop import make_store, put_setting

pytestmark = pytest.mark.django_db(transaction=True)
CASES = Path(__file__).parent / "cases"
Change = Callable[[dict[str, Any]], dict[str, Any]]


@pytest.fixture(autouse=True)
def _shop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "SHOPIFY_WEBHOOK_SECRET", [SECRET], raising=False)
    make_store("IST-01", name="Galata")
    make_store("IST-02", name="Kadıköy")


def case(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((CASES / f"shopify-{name}.json").read_text())
    return document


def attributes(**named: str) -> list[dict[str, str]]:
    return [{"name": name.replace("_", "-"), "value": value} for name, value in named.items()]


def without(document: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name not in names}


@pytest.mark.parametrize(
    ("name", "store"),
    [
        ("01-pickup-app-note-attributes", "IST-01"),
        ("02-last-name-only", "IST-01"),
        ("05-three-decimal-currency", "IST-01"),
        ("06-long-name", "IST-01"),
        ("11-location-in-capitals", "IST-02"),
        ("13a-create", "IST-01"),
        ("13b-paid-after-upsell", "IST-01"),
        ("17-200-plus-lines", "IST-01"),
    ],
)
def test_a_genuine_order_is_placed_at_its_store(name: str, store: str) -> None:
    document = case(name)

    assert send(document)[0] == 201
    assert (Order.objects.get().number, Package.objects.get().stock_location.erp_code) == (
        document["name"].removeprefix("#"),
        store,
    )
    assert Order.objects.get().items.count() == len(document["line_items"])
    assert counts() == {("shopify", "created"): 1}


@pytest.mark.parametrize(
    "change",
    [
        {"note_attributes": attributes(Checkout_Method="pickup", Pickup_Location_Company="GALATA ")},
        {"note_attributes": attributes(Checkout_Method="Store Pickup", pickup_location_name="Galata")},
        {"note_attributes": attributes(Pickup_Location_Id="100001", Pickup_Location_Company="Galata")},
        {"note_attributes": attributes(Delivery_Method="In-store pickup", Pickup_Store="IST-01")},
        {"note_attributes": attributes(Checkout_Method="pickup", Selected_Store="Galata")},
        {"note_attributes": attributes(Checkout_Method="pickup")},  # the app wrote the store into the address
    ],
)
def test_a_pickup_app_names_the_store_by_its_attributes(change: dict[str, Any]) -> None:
    send(case("01-pickup-app-note-attributes") | change)

    assert Package.objects.get().stock_location.erp_code == "IST-01"


@pytest.mark.parametrize(
    "change",
    [
        {"first_name": None, "last_name": "Testova"},
        {"first_name": "Mina", "last_name": None},
        {"first_name": "  ", "last_name": "Testova"},
        {"first_name": None, "last_name": None},
    ],
)
def test_any_one_name_is_enough_and_without_any_the_number_stands_for_it(change: dict[str, Any]) -> None:
    document = case("02-last-name-only")
    names = {"billing_address": document["billing_address"] | change, "customer": document["customer"] | change}

    assert send(document | names)[0] == 201
    assert Order.objects.get().customer_name in ("Testova", "Mina", "880003")


@pytest.mark.parametrize(
    ("currency", "price"), [("KWD", "1.005"), ("JPY", "1000"), ("BHD", "0.500"), ("TRY", "10.00"), ("CLP", "5990")]
)
def test_amounts_have_the_places_of_their_currency(currency: str, price: str) -> None:
    document = case("05-three-decimal-currency") | {"currency": currency, "total_price": price}
    document["line_items"][0]["price"] = price

    assert send(document)[0] == 201
    assert str(Order.objects.get().items.get().price) == price


@pytest.mark.parametrize("field", ["name", "sku"])
@pytest.mark.parametrize("text", ["Umhängetasche " * 30, "袋" * 400, "👜" * 300])
def test_names_that_are_too_long_are_cut(field: str, text: str) -> None:
    document = case("06-long-name")
    document["line_items"][0] |= {"name": "Bag", field: text}

    status, _answer = send(document)

    assert status == (201 if field == "name" else 202), "a SKU that is cut would be another article's"


OURS = {"financial_status": "paid", "cancelled_at": None, "fulfillment_status": None, "test": False}


@pytest.mark.parametrize(
    ("change", "outcome"),
    [
        (case("08-cancelled-already"), "ignored_cancelled"),
        (case("10-test-notification"), "ignored_test"),
        ({"test": True}, "ignored_test"),
        ({"test": True, "cancelled_at": None, "shipping_lines": []}, "ignored_test"),
        ({"cancelled_at": "2026-11-20T18:05:00+03:00", "cancel_reason": "customer"}, "ignored_cancelled"),
        ({"cancelled_at": "2026-11-20T18:05:00+03:00", "financial_status": "refunded"}, "ignored_cancelled"),
        ({"financial_status": "voided"}, "ignored_voided"),
        ({"financial_status": "refunded"}, "ignored_refunded"),
        ({"fulfillment_status": "fulfilled"}, "ignored_fulfilled"),
        ({"fulfillment_status": "restocked"}, "ignored_fulfilled"),
    ],
)
def test_what_is_over_on_arrival_is_ignored_and_counted(change: dict[str, Any], outcome: str) -> None:
    assert send(shopify_order(**change)) == (200, {"status": "ignored", "id": None, "number": None})
    assert not Order.objects.exists()
    assert not OrderToRepair.objects.exists()
    assert counts() == {("shopify", outcome): 1}


@pytest.mark.parametrize("change", [{"financial_status": "authorized"}, {"financial_status": "partially_paid"}])
def test_what_is_not_over_is_placed(change: dict[str, Any]) -> None:
    assert send(shopify_order(**change))[0] == 201


def test_everything_refunded_on_arrival_is_nothing_to_hand_over() -> None:
    document = shopify_order()
    for line in document["line_items"]:
        line["current_quantity"] = 0

    assert send(document)[1]["status"] == "ignored"
    assert counts() == {("shopify", "ignored_nothing_left"): 1}


def test_what_is_left_of_an_order_is_placed() -> None:
    document = shopify_order(updated_at="2026-11-20T19:00:00+03:00")
    del document["line_items"][0]["current_quantity"]
    refunds = [refund(document, line=0, quantity=1, at="2026-11-20T18:30:00+03:00")]

    send(document | {"refunds": refunds})
    assert [(item.sku, item.quantity) for item in Order.objects.get().items.all()] == [
        ("JNS-32-34", 1),
        ("45001882934002", 1),
    ]


@pytest.mark.parametrize("status", ["pending", "expired"])
def test_payment_pending_is_packed_or_waits_by_setting(status: str) -> None:
    put_setting("CONNECTOR_PAYMENT_PENDING", value="ignore")
    unpaid = shopify_order(financial_status=status)

    assert send(unpaid)[1]["status"] == "ignored"
    assert counts() == {("shopify", "ignored_payment_pending"): 1}
    assert send(shopify_order(financial_status="paid"), topic="orders/paid")[0] == 201
    put_setting("CONNECTOR_PAYMENT_PENDING", value="keep")
    assert send(unpaid | {"id": 2, "name": "#2"})[0] == 201, "the customer may pay in the store"


@pytest.mark.parametrize("title", ["KADIKÖY", "kadıköy", "Kadikoy", "Kadıköy", " KADIKOY "])
def test_a_location_is_found_in_any_case_and_spelling(title: str) -> None:
    send(case("11-location-in-capitals") | {"shipping_lines": [{"code": title, "title": title}]})

    assert Package.objects.get().stock_location.erp_code == "IST-02"


@pytest.mark.parametrize("title", ["Custom", "Free of charge"])
def test_a_draft_orders_own_line_is_no_pickup(title: str) -> None:
    """With an address it is sent, without one somebody is asked (test_shopify_drafts.py has all kinds)."""
    lines = [{"code": "custom", "title": title, "carrier_identifier": None}]
    send(shopify_order(shipping_lines=lines))
    send(shopify_order(id=2, name="#2", **SHIPPED | {"shipping_lines": lines}, phone=None, customer={}))
    assert list(Order.objects.values_list("delivery_type", flat=True)) == ["home_delivery"]
    assert OrderToRepair.objects.get().reference == "1043"
    assert not Package.objects.exists()


@pytest.mark.parametrize(
    "change",
    [
        {"shipping_lines": [{"code": "custom", "title": "x", "carrier_identifier": LOCAL_PICKUP_CARRIER}]},
        {"shipping_lines": [{"code": "Moda", "title": "Moda", "carrier_identifier": LOCAL_PICKUP_CARRIER}]},
        {"shipping_lines": [{"code": "Store pickup", "title": "Click & Collect"}]},
        {"shipping_lines": [{"code": "Abholung im Laden", "title": "Abholung im Laden"}]},
        {"shipping_lines": [], "note_attributes": attributes(Checkout_Method="pickup", Pickup_Location_Id="77")},
        {"shipping_lines": [], "note_attributes": attributes(Pickup_Location_Company="Moda")},
    ],
)
@pytest.mark.parametrize("address", [None, SHIPPED["shipping_address"]])
def test_a_likely_pickup_that_matches_no_store_is_kept_for_repair(
    change: dict[str, Any], address: dict[str, Any] | None
) -> None:
    assert send(shopify_order(shipping_address=address, phone="+905321234567", **change))[0] == 202
    (fault,) = OrderToRepair.objects.get().faults
    assert fault["loc"] == "shipping_address.retail_store"
    assert not Order.objects.exists()


@pytest.mark.parametrize(
    "change",
    [
        {"note_attributes": attributes(Checkout_Method="shipping")},
        {"note_attributes": attributes(Checkout_Method="delivery", Pickup_Location_Company="Galata")},
        {"note_attributes": attributes(Delivery_Date="2026-11-30", Gift="yes")},
        {"note_attributes": [{"name": None, "value": "pickup"}, 7]},
    ],
)
def test_an_order_that_is_sent_home_is_no_pickup(change: dict[str, Any]) -> None:
    send(shopify_order(**SHIPPED | change, phone=None, customer={}))

    assert Order.objects.get().delivery_type == "home_delivery"


def test_the_stores_own_phone_in_an_address_a_pickup_app_wrote_is_not_the_customers() -> None:
    document = case("01-pickup-app-note-attributes")
    document["customer"] = without(document["customer"], "phone") | {
        "default_address": {"country_code": "DE", "phone": "0170 1234567"}
    }
    document["billing_address"]["phone"] = None
    document["shipping_address"] |= {"phone": "+905321234567", "first_name": "Galata", "last_name": "Store"}

    assert send(document)[0] == 201
    assert Order.objects.get().phone_number == "+491701234567"
    document["customer"] = without(document["customer"], "default_address")
    assert send(document | {"id": 2, "name": "#2"})[0] == 202, "nobody's code goes to the store"


def test_the_customers_default_address_is_read_for_a_phone() -> None:
    customer = {
        "first_name": "Defne",
        "last_name": "Çelik",
        "phone": None,
        "default_address": {"country_code": "DE", "phone": "0170 1234567"},
    }

    assert send(shopify_order(customer=customer, billing_address={"country_code": "US", "phone": None}))[0] == 201
    assert Order.objects.get().phone_number == "+491701234567"


@pytest.mark.parametrize("topic", ["orders/create", "orders/paid", "orders/updated"])
def test_what_was_bought_after_the_order_came_in_is_packed_with_it(topic: str) -> None:
    send(case("13a-create"))

    assert send(case("13b-paid-after-upsell"), topic=topic)[1]["status"] == "amended"
    assert [(item.sku, item.quantity) for item in Package.objects.get().items.all()] == [("BUG-1", 1), ("BUG-2", 1)]
    assert str(Order.objects.get().amount) == "30.00"
    assert counts() == {("shopify", "created"): 1, ("shopify", "amended"): 1}


def test_an_old_version_that_comes_late_changes_nothing() -> None:
    send(case("13b-paid-after-upsell"), topic="orders/paid")

    assert send(case("13a-create"), topic="orders/create")[1]["status"] == "ignored"
    assert Order.objects.get().items.count() == 2
    assert counts() == {("shopify", "created"): 1, ("shopify", "older"): 1}
