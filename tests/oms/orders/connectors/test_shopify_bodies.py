"""What is signed is taken however large and whatever it is called; what nobody can read is kept for a person."""

import json
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from clickcollect.accounts.models import Role
from clickcollect.omnitron.models import Order
from clickcollect.oms.orders.connectors.counts import counts
from clickcollect.oms.orders.repaired import send_on
from clickcollect.oms.privacy import repairs_of
from clickcollect.oms.repair_models import OrderToRepair
from tests.oms.orders.connectors.payloads import shopify_order
from tests.oms.orders.connectors.shopify_shop import CHANNEL, DOMAIN, SECRET, send, signature
from tests.shop import make_actor, make_store, order_document

pytestmark = pytest.mark.django_db(transaction=True)
MIB = 1024 * 1024
ADDRESS = "/api/v1/connectors/shopify/orders/"


@pytest.fixture(autouse=True)
def _shop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "SHOPIFY_WEBHOOK_SECRET", [SECRET], raising=False)
    make_store(name="Galata")


def large_order(size: int) -> bytes:
    """An order whose lines tell of taxes and discounts at length."""
    document = shopify_order()
    per_line = "x" * (size // 2)
    for line in document["line_items"]:
        line["discount_allocations"] = [{"amount": "0.00", "told": per_line}]
    return json.dumps(document).encode()


def post(body: bytes, kind: str = "application/json", signed: str | None = None, **environ: Any) -> Any:
    headers = {
        "X-Shopify-Hmac-Sha256": signature(body) if signed is None else signed,
        "X-Shopify-Topic": "orders/create",
        "X-Shopify-Shop-Domain": DOMAIN,
    }
    return Client().generic("POST", ADDRESS, body, content_type=kind, headers=headers, **environ)


@pytest.mark.parametrize("size", [MIB - 4096, MIB + 1, 3 * MIB, 8 * MIB - 8192])
def test_order_of_a_shop_may_be_larger_than_a_mebibyte(size: int) -> None:
    body = large_order(size)

    assert send(body) == (201, {"status": "created", "id": Order.objects.get().pk, "number": "1043"})
    assert send(body)[1]["status"] == "known"


def test_what_is_even_larger_is_refused_and_counted() -> None:
    status, answer = send(large_order(8 * MIB))

    assert (status, answer["code"]) == (413, "payload_too_large")
    assert "8 MiB" in answer["detail"]
    assert counts() == {("shopify", "refused_too_large"): 1}


def test_large_body_without_its_signature_is_refused() -> None:
    assert post(large_order(2 * MIB), signed=signature(b"another body")).status_code == 401
    assert not Order.objects.exists()


def test_without_a_shop_that_is_connected_nobody_may_send_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "SHOPIFY_WEBHOOK_SECRET", [])

    answer = post(large_order(2 * MIB))

    assert (answer.status_code, "1 MiB" in answer.json()["detail"]) == (413, True)
    assert counts() == {}


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "", "application/json; charset=utf-8"])
def test_order_is_read_whatever_its_body_is_called(kind: str) -> None:
    assert post(json.dumps(shopify_order()).encode(), kind).status_code == 201


def test_order_in_utf16_is_read() -> None:
    assert send(json.dumps(shopify_order()).encode("utf-16"))[0] == 201


@pytest.mark.parametrize(
    "body",
    [
        b'<?xml version="1.0"?><order><name>#1043</name><phone>+46701740610</phone></order>',
        json.dumps(shopify_order()).encode()[:-20],
        json.dumps(shopify_order(), ensure_ascii=False).encode("cp1254"),
        json.dumps([shopify_order()]).encode(),
        b'{"name": "\xff\xfe\x00"}',
    ],
    ids=["XML", "cut off", "another encoding", "a list", "no text"],
)
def test_order_that_nobody_can_read_is_kept_and_can_be_entered(body: bytes) -> None:
    status, answer = send(body)
    send(body)

    assert (status, answer["status"]) == (202, "to_repair")
    row = OrderToRepair.objects.get()
    assert (row.channel, row.times) == (CHANNEL, 2)
    assert row.payload["body"] == body.decode(errors="replace").replace("\x00", "\ufffd").strip()
    assert "format JSON" in row.faults[0]["msg"]
    send_on(repair_id=row.pk, document=order_document("1043", channel=CHANNEL), actor=make_actor(Role.OPERATOR))
    assert Order.objects.get().channel == CHANNEL


def test_order_that_nobody_can_read_is_found_by_its_customer() -> None:
    send(b"<order><phone>+46701740610</phone><email>defne@example.com</email></order>")

    for person in ({"phone_number": "0046 70 174 06 10"}, {"email": "Defne@example.com"}):
        assert repairs_of(**person).get() == OrderToRepair.objects.get()
    assert not repairs_of(email="zoe@example.com").exists()


def test_two_orders_that_nobody_can_read_are_two() -> None:
    for number in (1, 2):
        send(f"<order><name>#{number}</name></order>".encode())

    assert OrderToRepair.objects.count() == 2


@pytest.mark.parametrize(
    ("body", "topic"), [(b"", "orders/create"), (b" ", "orders/paid"), (b"<x/>", "refunds/create"), (b"null", "app/x")]
)
def test_what_can_be_no_order_is_ignored_and_counted(body: bytes, topic: str) -> None:
    assert send(body, topic=topic)[1]["status"] == "ignored"
    assert counts() == {("shopify", "ignored_unreadable"): 1}
