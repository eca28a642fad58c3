"""What Shopify passes on of its customers' rights is done: at once where an order has ended, or as soon as it has."""

from typing import Any

import pytest
from django.conf import settings
from django.db.models.functions import Now

from clickcollect.omnitron.models import Order, OrderStatus
from clickcollect.oms.connector_models import ShopOrder
from clickcollect.oms.log_models import CommandLog, NoteKind
from clickcollect.oms.models import Package
from clickcollect.oms.orders.connectors import shopify_privacy
from clickcollect.oms.orders.connectors.counts import counts
from clickcollect.oms.repair_models import OrderToRepair, RepairState
from tests.oms.orders.connectors.payloads import shopify_order
from tests.oms.orders.connectors.shopify_shop import CHANNEL, DOMAIN, SECRET, send
from tests.shop import make_store

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _shop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "SHOPIFY_WEBHOOK_SECRET", [SECRET], raising=False)
    make_store(name="Galata")


def redact(*orders: int, **fields: Any) -> dict[str, Any]:
    customer = {"id": 191167, "email": "defne@example.com", "phone": "+46701740610"}
    return {"shop_id": 954889, "shop_domain": DOMAIN, "customer": customer, "orders_to_redact": list(orders)} | fields


def order(number: int) -> dict[str, Any]:
    return shopify_order(id=number, name=f"#{number}")


def end(number: int) -> None:
    Order.objects.filter(number=str(number)).update(status=OrderStatus.DELIVERED, ended_at=Now())


def names() -> dict[str, str]:
    return dict(Order.objects.order_by("number").values_list("number", "first_name"))


def test_a_customers_orders_are_erased_as_soon_as_they_have_ended() -> None:
    for number in (1, 2, 3):
        send(order(number))
    end(1)
    end(3)

    assert send(redact(1, 2), topic="customers/redact")[1]["status"] == "noted"
    shopify_privacy.erase_asked()
    assert names() == {"1": "", "2": "Defne", "3": "Defne"}, "2 is on its way, 3 was not named"
    end(2)
    shopify_privacy.erase_asked()
    assert names() == {"1": "", "2": "", "3": "Defne"}
    (asked,) = CommandLog.objects.filter(note_kind=NoteKind.ERASURE_ASKED)
    assert asked.attributes["orders"] == "1, 2"
    assert "defne" not in str(asked.attributes).lower()


def test_an_order_that_arrives_after_its_erasure_is_left_alone() -> None:
    send(redact(7), topic="customers/redact")

    assert send(order(7))[1]["status"] == "ignored"
    assert counts() == {("shopify", "customers_redact"): 1, ("shopify", "ignored_erased"): 1}
    assert not Order.objects.exists()


def test_an_order_to_repair_is_erased_with_the_rest() -> None:
    send(order(7) | {"shipping_lines": [{"code": "Moda", "title": "Moda"}]})
    send(redact(7), topic="customers/redact")
    shopify_privacy.erase_asked()

    row = OrderToRepair.objects.get()
    assert (row.state, row.payload, row.document) == (RepairState.DISCARDED, {}, {})


def test_a_shop_that_left_is_erased_whole_but_no_other() -> None:
    send(order(1))
    send(order(2), domain="moda.myshopify.com")
    Order.objects.update(status=OrderStatus.DELIVERED, ended_at=Now())

    send({"id": 954889, "name": "Galata", "domain": DOMAIN}, topic="app/uninstalled")
    send({"shop_id": 954889, "shop_domain": DOMAIN}, topic="shop/redact")
    shopify_privacy.erase_asked()
    assert names() == {"1": "", "2": "Defne"}
    assert CommandLog.objects.get(note_kind=NoteKind.SHOP_LEFT).attributes["shop"] == CHANNEL
    assert ShopOrder.objects.get(channel=CHANNEL).lines == []


def test_a_data_request_is_noted_by_its_numbers_alone() -> None:
    asked = redact(data_request={"id": 9999}, orders_requested=[299938, 280263])

    assert send(asked, topic="customers/data_request")[1]["status"] == "noted"
    attributes = CommandLog.objects.get(note_kind=NoteKind.DATA_REQUESTED).attributes
    assert (attributes["request.id"], attributes["orders"], attributes["shop"]) == ("9999", "299938, 280263", CHANNEL)
    assert "defne" not in str(attributes).lower()


@pytest.mark.parametrize("topic", ["customers/redact", "customers/data_request", "shop/redact", "app/uninstalled"])
@pytest.mark.parametrize(
    "body", [{}, {"orders_to_redact": "all", "customer": 7}, {"orders_requested": [None, {}, "x"]}]
)
def test_a_request_of_any_shape_is_answered_and_counted(topic: str, body: dict[str, Any]) -> None:
    assert send(body, topic=topic)[0] == 200
    assert counts() == {("shopify", topic.replace("/", "_")): 1}


def test_erasing_leaves_the_package_and_its_history() -> None:
    send(order(1))
    end(1)
    send(redact(1), topic="customers/redact")
    shopify_privacy.erase_asked()

    assert Package.objects.count() == 1
    assert CommandLog.objects.filter(note_kind=NoteKind.PERSONAL_DATA_ERASED).count() == 1
