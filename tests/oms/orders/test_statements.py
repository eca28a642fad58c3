"""What an order costs when it comes in, exact; and what fixed SQL writes is what the ORM reads."""

from typing import Any

import pytest
from django.db import models

from clickcollect.accounts.idempotency import Answer, Once, Request
from clickcollect.omnitron.models import Order, OrderItem
from clickcollect.omnitron.order_schema import read_order
from clickcollect.oms import search
from clickcollect.oms.access import SYSTEM
from clickcollect.oms.events.documents import order_document, package_document
from clickcollect.oms.log_models import CommandLog
from clickcollect.oms.models import Package, PackageItem
from clickcollect.oms.orders.intake import receive_order
from tests import shop
from tests.api.caller import ORDERS, document_of, make_caller
from tests.oms.test_statements import listen
from tests.wire import Sent, watched

pytestmark = pytest.mark.django_db(transaction=True)

LINE: dict[str, Any] = {"sku": "MUG", "name": "Ceramic \\ mug 'ö'", "quantity": 3, "price": "12.40"}
HOME: dict[str, Any] = {"delivery_type": "home_delivery", "shipping_address": {"city": "Izmir"}}
ROUND_TRIPS = 2  # look; write and COMMIT


def sent(once: Once | None = None, **fields: Any) -> Sent:
    """What a new order sends, BEGIN and COMMIT included."""
    order = read_order(shop.order_document(**fields))
    with watched() as wire:
        receive_order(order=order, actor=SYSTEM, once=once)
    return wire


@pytest.mark.parametrize(
    ("fields", "statements"),
    [
        # BEGIN, settings, look, stores; order, lines, packages, items, events, log, COMMIT
        ({}, 11),
        ({"order_item": [LINE | {"sku": f"SKU-{at}"} for at in range(150)]}, 11),
        ({"order_item": [LINE | {"parcel": at} for at in range(1, 20)]}, 11),
        (HOME, 9),  # no packages, no items
    ],
)
@pytest.mark.parametrize("subscribed", [False, True])
def test_a_new_order_is_two_round_trips(*, fields: dict[str, Any], statements: int, subscribed: bool) -> None:
    shop.make_store()
    if subscribed:
        listen(shop.make_actor("operator"), "order.created", "package.created")
    sent(**fields)  # reads the configuration
    wire = sent(**fields)
    assert (wire.round_trips, wire.statements) == (ROUND_TRIPS, statements), wire.log


def test_its_idempotency_key_is_claimed_and_kept_on_the_way() -> None:
    shop.make_store()
    sent()
    once = Once(request=Request(caller="user:1", key="k", subject={}), render=lambda _led_to: Answer(status=201))
    wire = sent(once)
    assert (wire.round_trips, wire.statements) == (ROUND_TRIPS, 11 + 3), wire.log


def test_over_the_api_it_is_four_with_who_the_caller_is_and_the_stores_to_read_it_by() -> None:
    shop.make_store()
    caller = make_caller("operator")
    for _warm in range(2):
        with watched() as wire:
            answer = caller.post(ORDERS, shop.order_document())
        assert answer.status_code == 201
    assert wire.round_trips == ROUND_TRIPS + 2, wire.log


def columns(row: models.Model) -> dict[str, Any]:
    return {
        field.attname: getattr(row, field.attname)
        for field in row._meta.concrete_fields
        if field.attname not in ("search", "number") or isinstance(row, Order)
    }


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"order_item": [LINE, LINE | {"parcel": 2}, LINE | {"retail_store": "IST-02", "price": None}]},
        {"date_placed": None, "currency": None, "amount": None, "language_code": None},
        HOME | {"customer": {"first_name": "O'Hara \\", "last_name": "", "phone_number": "+905550000101"}},
    ],
)
def test_what_is_written_is_what_the_orm_reads(fields: dict[str, Any]) -> None:
    shop.make_store()
    shop.make_store("IST-02")
    received = receive_order(order=read_order(shop.order_document(**fields)), actor=SYSTEM)
    order = Order.objects.get()
    assert columns(order) == columns(received.order)
    assert order_document(order) == order_document(received.order)
    lines = list(OrderItem.objects.all())
    assert list(map(columns, lines)) == list(map(columns, received.order.items.all()))
    packages = list(Package.objects.order_by("id"))
    assert list(map(columns, packages)) == list(map(columns, received.packages))
    assert list(map(package_document, packages)) == list(map(package_document, received.packages))
    for package, made in zip(packages, received.packages, strict=True):
        assert package.number == made.number
        assert list(map(columns, package.items.all())) == list(map(columns, made.items.all()))
        search.update_index(package)
        assert package.search == Package.objects.get(pk=package.pk).search
    assert PackageItem.objects.count() == sum(len(made.items.all()) for made in received.packages)
    assert [row.at for row in CommandLog.objects.all()] == [received.order.created_date] * max(1, len(packages))


def test_the_answer_to_a_new_order_is_what_is_read_of_it_afterwards() -> None:
    shop.make_store()
    shop.make_store("IST-02")
    caller = make_caller("operator")
    document = shop.order_document(order_item=[LINE, LINE | {"retail_store": "IST-02"}], amount=None)
    new = caller.post(ORDERS, document)
    again = caller.post(ORDERS, document)
    assert (new.status_code, again.status_code) == (201, 200)
    assert document_of(new) == document_of(again)
    assert document_of(new) == document_of(caller.get(f"{ORDERS}{document['number']}/"))
