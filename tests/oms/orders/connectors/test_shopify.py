"""Shopify's order webhook: signed or refused; a pickup is an order for its store; the rest is kept or ignored."""

import json
from typing import Any

import pytest
from django.conf import settings
from django.db.models.functions import Now

from clickcollect.accounts.models import Role
from clickcollect.omnitron.models import Order, OrderStatus
from clickcollect.omnitron.order_schema import read_order
from clickcollect.oms.models import Package
from clickcollect.oms.orders.connectors.counts import counts
from clickcollect.oms.orders.connectors.shopify import order_of
from clickcollect.oms.orders.intake import receive_order
from clickcollect.oms.orders.repaired import send_on
from clickcollect.oms.repair_models import OrderToRepair
from tests.oms.orders.connectors.payloads import SHIPPED, shopify_order
from tests.oms.orders.connectors.shopify_shop import CHANNEL, SECRET, send, signature
from tests.shop import make_actor, make_store, put_setting

pytestmark = pytest.mark.django_db(transaction=True)
LOCATIONS = {"galata": "IST-01", "ist-01": "IST-01"}


def located(name: str) -> str | None:
    return LOCATIONS.get(name.casefold())


@pytest.fixture(autouse=True)
def _shop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "SHOPIFY_WEBHOOK_SECRET", [SECRET], raising=False)
    make_store(name="Galata")


def test_pickup_becomes_an_order_for_its_store() -> None:
    status, answer = send(shopify_order())

    order = Order.objects.get()
    assert status == 201
    assert answer == {"status": "created", "id": order.pk, "number": "1043"}
    assert (order.channel, order.delivery_type, order.language_code) == (CHANNEL, "in_store", "tr-TR")
    assert (str(order.amount), order.currency, order.phone_number) == ("170.80", "TRY", "+46701740610")
    assert order.date_placed.isoformat() == "2026-11-20T15:02:11+00:00"
    assert Package.objects.get().stock_location.erp_code == "IST-01"
    assert [(item.sku, item.name, item.quantity, str(item.price)) for item in order.items.all()] == [
        ("JNS-32-34", "Slim jeans - 32/34", 2, "79.00"),
        ("45001882934002", "Ceramic mug", 1, "12.80"),
    ]


def test_same_webhook_again_is_one_order() -> None:
    send(shopify_order())

    assert send(shopify_order())[0] == 200
    assert send(shopify_order(financial_status="authorized"), topic="orders/paid")[1]["status"] == "known"
    assert Order.objects.count() == 1


@pytest.mark.parametrize("signed", ["", "x", signature(b"another body"), signature(b"", "another secret"), "é"])
def test_wrong_signature_is_refused(signed: str) -> None:
    status, answer = send(shopify_order(), signed=signed)

    assert (status, answer["code"]) == (401, "not_authenticated")
    assert not Order.objects.exists()


def test_body_changed_on_the_way_is_refused() -> None:
    body = json.dumps(shopify_order()).encode()

    assert send(body.replace(b"+46701740610", b"+46701740699"), signed=signature(body))[0] == 401


@pytest.mark.parametrize("secrets", [[], [""]])
def test_without_a_secret_nothing_is_taken(monkeypatch: pytest.MonkeyPatch, secrets: list[str]) -> None:
    monkeypatch.setattr(settings, "SHOPIFY_WEBHOOK_SECRET", secrets, raising=False)
    body = json.dumps(shopify_order()).encode()

    assert send(body, signed=signature(body, ""))[0] == 401


def test_order_to_be_shipped_is_kept_as_home_delivery_and_counted() -> None:
    status, answer = send(shopify_order(**SHIPPED, phone=None, customer={}))

    order = Order.objects.get()
    assert (status, answer["status"]) == (201, "created")
    assert order.delivery_type == "home_delivery"
    assert order.phone_number == "+491713920003"
    assert order.shipping_address["city"] == "Berlin"
    assert not Package.objects.exists()
    assert counts() == {("shopify", "home_delivery"): 1}
    send(shopify_order(**SHIPPED, phone=None, customer={}))
    assert counts() == {("shopify", "home_delivery"): 1, ("shopify", "known"): 1}


def test_order_to_be_shipped_is_ignored_by_setting_and_counted() -> None:
    put_setting("CONNECTOR_HOME_DELIVERY", value="ignore")

    assert send(shopify_order(**SHIPPED)) == (200, {"status": "ignored", "id": None, "number": None})
    assert not Order.objects.exists()
    assert counts() == {("shopify", "ignored_home_delivery"): 1}


@pytest.mark.parametrize(
    "fields",
    [
        {"shipping_lines": [], "shipping_address": None, "source_name": "pos"},
        {"line_items": []},
        {"line_items": [{"name": "Gift card", "quantity": 1, "requires_shipping": False}]},
        {**SHIPPED, "customer": None, "billing_address": None, "total_price": "free"},
    ],
)
def test_what_cannot_be_for_a_store_is_never_refused(fields: dict[str, Any]) -> None:
    assert send(shopify_order(**fields))[0] == 200
    (((_connector, outcome), number),) = counts().items()
    assert (outcome, number) in {("ignored_nothing_to_hand_over", 1), ("ignored_home_delivery", 1)}
    assert not Order.objects.exists()


def kept_for_repair(document: dict[str, Any]) -> OrderToRepair:
    """The order that waits for a person, kept as it came."""
    assert send(document) == (202, {"status": "to_repair", "id": None, "number": None})
    assert not Order.objects.exists()
    row = OrderToRepair.objects.get()
    assert (row.state, row.reference, row.payload) == ("waiting", "1043", document)
    return row


def test_pickup_at_a_place_we_do_not_know_is_kept_for_repair() -> None:
    row = kept_for_repair(shopify_order(shipping_lines=[{"code": "Moda", "title": "Moda"}]))
    assert [fault["loc"] for fault in row.faults] == ["shipping_address.retail_store"]
    assert row.document["shipping_address"]["retail_store"] == "Moda"


def test_pickup_without_a_phone_is_kept_with_every_fault() -> None:
    row = kept_for_repair(shopify_order(customer={"first_name": "Defne", "last_name": None}, total_price="-1"))
    assert {fault["loc"] for fault in row.faults} == {"customer.phone_number", "amount"}


def test_a_learned_location_is_placed_from_then_on() -> None:
    moda = shopify_order(shipping_lines=[{"code": "Moda", "title": "Moda"}])
    row = kept_for_repair(moda)
    place = {"address_type": "retail_store", "retail_store": "IST-01"}
    document = row.document | {"shipping_address": place}
    send_on(repair_id=row.pk, document=document, actor=make_actor(Role.OPERATOR), learn_location=True)

    assert send(moda)[1]["status"] == "known"
    assert send(moda | {"name": "#1044"})[1]["status"] == "created"
    assert Order.objects.get(number="1044").retail_store == make_store()


def test_the_repeat_of_a_repaired_order_is_known() -> None:
    document = shopify_order(customer={"first_name": "Defne"})
    row = kept_for_repair(document)
    customer = row.document["customer"] | {"phone_number": "+905321234567"}
    order = send_on(repair_id=row.pk, document=row.document | {"customer": customer}, actor=make_actor(Role.OPERATOR))

    assert send(document) == (200, {"status": "known", "id": order.pk, "number": "1043"})
    assert send(document, topic="orders/paid")[1]["status"] == "known"
    assert OrderToRepair.objects.get().times == 3


@pytest.mark.parametrize("topic", ["products/update", "carts/create", "", "orders", "fulfillment_orders/moved"])
def test_other_topics_are_answered_and_left_alone(topic: str) -> None:
    assert send(shopify_order(), topic=topic) == (200, {"status": "ignored", "id": None, "number": None})
    assert not Order.objects.exists()
    assert counts() == {("shopify", "ignored_other_topic"): 1}


@pytest.mark.parametrize("topic", ["orders/create", "orders/paid", "orders/updated", "orders/edited", "refunds/create"])
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"7",
        b"{",
        b"\xff",
        b"{}",
        b"[" * 5000,
        b'{"id": ' + b'{"id": ' * 100 + b"1" + b"}" * 101,
        b'{"id": 1e999, "line_items": {"a": 1}}',
        b'{"id": [], "shipping_lines": 7, "order_id": {}}',
        b'{"id": 7, "order_id": 7, "line_items": [7, {"id": null, "quantity": "x"}], "refund_line_items": 3}',
        b'{"order_edit": {"id": 1, "order_id": 2, "created_at": 5, "line_items": {"removals": [{"delta": "x"}]}}}',
        b'{"id": 8, "name": "\\u0000", "updated_at": "never", "line_items": [{"quantity": NaN}], "cancelled_at": 3}',
    ],
)
def test_garbage_that_is_signed_is_never_refused(topic: str, body: bytes) -> None:
    status, _answer = send(body, topic=topic)

    assert status in (200, 202)
    assert not Order.objects.exists()
    assert sum(counts().values()) == 1


@pytest.mark.parametrize("named", ["Galata", "galata ", "IST-01", "ist-01"])
def test_location_is_the_stores_name_or_code(named: str) -> None:
    order = order_of(shopify_order(shipping_lines=[{"title": named}]), channel=CHANNEL, locate=located)

    assert order is not None
    assert order["shipping_address"] == {"address_type": "retail_store", "retail_store": "IST-01"}


def test_lines_that_were_taken_off_are_left_out() -> None:
    document = shopify_order()
    document["line_items"][0]["current_quantity"] = 0

    order = order_of(document, channel=CHANNEL, locate=located)

    assert order is not None
    assert [item["name"] for item in order["order_item"]] == ["Ceramic mug"]


@pytest.mark.parametrize(
    ("fields", "kept"),
    [
        ({"billing_address": {"country_code": "US", "phone": "(212) 555-7777"}}, "+12125557777"),
        ({"billing_address": {"country_code": "DE", "phone": "0170 1234567"}}, "+491701234567"),
        ({"billing_address": {"country_code": "TR", "phone": "0532 123 45 67"}}, "+905321234567"),
        (
            {
                "shipping_address": {"country_code": "GB", "phone": "07400 123456"},
                "billing_address": {"country_code": "US", "phone": "(212) 555-7777"},
            },
            "+447400123456",
        ),
        ({"customer": {"phone": "0170 1234567", "default_address": {"country_code": "DE"}}}, "+491701234567"),
        ({"customer": {"phone": "0532 123 45 67"}, "billing_address": {"country_code": "US"}}, "+905321234567"),
        ({"phone": "0532 123 45 67", "billing_address": {"country_code": "US"}}, "+905321234567"),
        ({"phone": "+447400123456", "billing_address": {"country_code": "US"}}, "+447400123456"),
        ({"phone": "(212) 555-7777", "billing_address": {"country_code": "US"}}, "+12125557777"),
        ({"customer": {"phone": "0170 1234567"}, "shipping_address": {"country_code": "DE"}}, "+491701234567"),
        ({"phone": " ", "customer": {"phone": ""}, "billing_address": {"phone": "+905321234567"}}, "+905321234567"),
    ],
)
def test_phone_is_read_in_the_country_of_its_own_address(fields: dict[str, Any], kept: str) -> None:
    names = {"first_name": "Defne", "last_name": "Çelik"}
    customer = names | fields.get("customer", {})

    status, _answer = send(shopify_order(**{"billing_address": None, **fields, "customer": customer}))

    assert status == 201
    assert Order.objects.get().phone_number == kept


def test_phone_that_could_be_two_peoples_is_kept_with_both() -> None:
    billing = {"country_code": "US", "phone": "555-625-1199"}

    (fault,) = kept_for_repair(shopify_order(customer={"first_name": "Defne"}, billing_address=billing)).faults

    assert fault["loc"] == "customer.phone_number"
    assert "+1 555-625-1199 or +90 555 625 11 99" in fault["msg"]


def test_an_order_from_before_shops_had_channels_is_found_there() -> None:
    document = shopify_order()
    order = order_of(document, channel="Shopify", locate=located)
    receive_order(order=read_order(order), actor=make_actor(Role.OPERATOR))

    assert send(document)[1]["status"] == "known"
    assert send(document, topic="orders/cancelled")[1]["status"] == "cancelled"
    assert Order.objects.get().channel == "Shopify"
    later = document | {"id": 2, "created_at": "2026-11-21T18:02:11+03:00"}
    assert send(later)[1]["status"] == "created", "another shop's order may have its number"


def test_a_change_after_the_end_is_counted_and_asks_for_nobody() -> None:
    send(shopify_order(updated_at="2026-11-20T19:00:00+03:00"))
    Order.objects.update(status=OrderStatus.DELIVERED, ended_at=Now())
    changed = shopify_order(updated_at="2026-11-20T20:00:00+03:00", total_price="1.00")

    assert send(changed, topic="orders/updated")[1]["status"] == "known"
    assert send(changed, topic="orders/cancelled")[1]["status"] == "known", "the customer has it"
    assert counts() == {("shopify", "created"): 1, ("shopify", "ignored_ended"): 1, ("shopify", "known"): 1}
    assert not OrderToRepair.objects.exists()
