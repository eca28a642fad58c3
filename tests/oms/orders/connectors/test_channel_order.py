"""The reference's channel order: the store stands in the shipping address."""

from typing import Any

import pytest
from django.test import Client

from clickcollect.accounts.models import Channel, Role
from clickcollect.accounts.tokens import create_token
from clickcollect.omnitron.models import Order
from clickcollect.oms.models import Package
from clickcollect.oms.orders.connectors.counts import counts
from clickcollect.oms.orders.repaired import send_on
from clickcollect.oms.repair_models import OrderToRepair
from tests.oms.orders.connectors.payloads import channel_order
from tests.shop import make_actor, make_store, make_user, put_setting

pytestmark = pytest.mark.django_db
HOME = {"address_type": "customer", "line": "Gül Sokak 5", "city": "İstanbul", "country": {"code": "TR"}}


@pytest.fixture
def key() -> str:
    make_store()
    return make_key(Role.OPERATOR)


def make_key(role: Role, *scopes: str) -> str:
    user = make_user(role)
    return create_token(user=user, name="shop", channel=Channel.OMS_WEB, scopes=scopes or ("orders:write",)).key


def send(document: Any, key: str, channel: str = "5") -> tuple[int, dict[str, Any]]:
    response = Client().post(
        f"/api/v1/channel/{channel}/create_orders/",
        document,
        content_type="application/json",
        headers={"Authorization": f"Token {key}"},
    )
    return response.status_code, response.json()


def test_order_for_a_store_is_taken_in(key: str) -> None:
    status, answer = send(channel_order(), key)

    order = Order.objects.get()
    assert status == 201
    assert answer == {"status": "created", "id": order.pk, "number": "7781"}
    assert (order.channel, order.delivery_type, order.currency) == ("Channel 5", "in_store", "TRY")
    assert (order.language_code, str(order.amount)) == ("tr-TR", "108.90")
    assert Package.objects.get().stock_location.erp_code == "IST-01"
    assert [(item.sku, item.name, item.quantity, str(item.price)) for item in order.items.all()] == [
        ("JNS-32-34", "Slim jeans", 1, "79.00"),
        ("4711", "4711", 1, "29.90"),
    ]


def test_same_order_again_is_known(key: str) -> None:
    send(channel_order(), key)

    assert send(channel_order(), key)[0] == 200
    assert Order.objects.count() == 1


def test_same_number_in_another_channel_is_another_order(key: str) -> None:
    send(channel_order(), key)

    assert send(channel_order(), key, channel="6")[0] == 201


def test_store_may_come_as_an_object(key: str) -> None:
    shipping = {"address_type": "retail_store", "retail_store": {"pk": 1, "erp_code": "IST-01"}}

    assert send(channel_order(shipping), key)[0] == 201


def test_home_delivery_is_kept_and_counted(key: str) -> None:
    assert send(channel_order(HOME), key)[0] == 201
    assert Order.objects.get().shipping_address["city"] == "İstanbul"
    assert not Package.objects.exists()
    assert counts() == {("channel", "home_delivery"): 1}


def test_home_delivery_is_ignored_by_setting(key: str) -> None:
    put_setting("CONNECTOR_HOME_DELIVERY", value="ignore")

    assert send(channel_order(HOME), key)[1]["status"] == "ignored"
    assert counts() == {("channel", "ignored_home_delivery"): 1}
    assert not Order.objects.exists()


def test_numbers_into_the_references_database_are_no_customer(key: str) -> None:
    shipping = {"address_type": "retail_store", "retail_store": "NOPE-9"}

    status, answer = send(channel_order(shipping, customer=1), key)

    assert (status, answer["status"]) == (202, "to_repair")
    assert {fault["loc"] for fault in OrderToRepair.objects.get().faults} == {
        "customer.phone_number",
        "shipping_address.retail_store",
    }


@pytest.mark.parametrize("role", [Role.ASSOCIATE, Role.MANAGER])
def test_store_staff_send_no_orders(role: Role) -> None:
    make_store()

    assert send(channel_order(), make_key(role))[0] == 403
    assert not Order.objects.exists()


def test_token_needs_the_scope_and_a_stranger_a_token() -> None:
    make_store()

    assert send(channel_order(), make_key(Role.OPERATOR, "packages:read"))[0] == 403
    assert send(channel_order(), "nobody")[0] == 401


@pytest.mark.parametrize(
    ("document", "locs"),
    [
        ({}, {"order", "order_item"}),
        ([], {"body"}),
        ({"order": 7, "order_item": 7}, {"order", "order_item"}),
        ({"order": {}}, {"order_item"}),
    ],
)
def test_garbage_is_refused_with_every_fault(key: str, document: Any, locs: set[str]) -> None:
    status, answer = send(document, key)

    assert status == 400
    assert {fault["loc"] for fault in answer["errors"]} >= locs
    assert not Order.objects.exists()
    assert not OrderToRepair.objects.exists()
    assert counts() == {}


def test_what_cannot_be_placed_is_kept_with_every_fault(key: str) -> None:
    document = {"order": {"shipping_address": HOME}, "order_item": [7]}

    assert send(document, key) == (202, {"status": "to_repair", "id": None, "number": None})
    row = OrderToRepair.objects.get()
    assert {fault["loc"] for fault in row.faults} >= {"number", "order_item.0", "customer.phone_number"}
    assert (row.channel, row.payload, row.state) == ("Channel 5", document, "waiting")
    assert not Order.objects.exists()


@pytest.mark.parametrize("change", [{}, {"order_item": None}, {"order_item": {"0": {}}}, {"order_item": []}])
def test_order_without_lines_is_kept_and_can_be_repaired(key: str, change: dict[str, Any]) -> None:
    document = {"order": channel_order()["order"]} | change

    assert send(document, key)[1]["status"] == "to_repair"
    row = OrderToRepair.objects.get()
    assert [fault["loc"] for fault in row.faults] == ["order_item"]
    right = row.document | {"order_item": [{"sku": "A", "name": "Cup", "quantity": 1}]}
    send_on(repair_id=row.pk, document=right, actor=make_actor(Role.OPERATOR))
    assert Order.objects.get().number == "7781"


@pytest.mark.parametrize(
    ("customer", "shipping", "kept"),
    [
        ({}, {"phone_number": "212 555 7777", "country": {"code": "US"}}, "+12125557777"),
        ({}, {"phone_number": "0170 1234567", "country": "DE"}, "+491701234567"),
        ({}, {"phone_number": "0532 123 45 67", "country": None}, "+905321234567"),
        ({"phone_number": "0532 123 45 67"}, {"country": {"code": "US"}}, "+905321234567"),
    ],
)
def test_phone_is_read_in_the_country_of_its_own_address(
    key: str, customer: dict[str, Any], shipping: dict[str, Any], kept: str
) -> None:
    place = {"address_type": "retail_store", "retail_store": "IST-01"}

    status, _answer = send(channel_order(place | shipping, customer={"first_name": "Elif"} | customer), key)

    assert status == 201
    assert Order.objects.get().phone_number == kept
