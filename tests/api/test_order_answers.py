"""What the API says of orders is validated here, not when it is said: by its schema and by the events' documents."""

import json
from dataclasses import replace
from typing import Any

import pytest

from clickcollect.api.orders import order_with_packages, orders_of
from clickcollect.api.schemas import Page
from clickcollect.demo.load import load_demo_shop
from clickcollect.omnitron.models import Order, OrderItem, RetailStore
from clickcollect.oms import states
from clickcollect.oms.access import Actor, actor_for
from clickcollect.oms.events.payload_schemas import OrderOut
from tests import shop
from tests.api.caller import ORDERS, Caller, caller_for, document_of, make_caller
from tests.wire import watched

pytestmark = pytest.mark.django_db


def assert_told_alike(caller: Caller, actor: Actor) -> int:
    """That every row of the list is what the ORM makes of it for this caller, and has the shape of the schema."""
    expected: list[Any] = [json.loads(json.dumps(order_with_packages(order))) for order in orders_of(actor)]
    rows: list[Any] = []
    address: str | None = f"{ORDERS}?limit=30"
    while address:
        page = document_of(caller.get(address))
        assert Page[OrderOut].model_validate(page, strict=True).model_dump() == page
        assert page["count"] == len(expected)
        rows, address = rows + page["results"], page["next"]
    assert rows == expected
    return len(rows)


def narrowed(store: RetailStore) -> tuple[Caller, Actor]:
    """A program of the back office that sees this store only."""
    user = shop.make_user("operator")
    actor = replace(actor_for(user), store_ids=frozenset({store.pk}))
    return caller_for(user, stores=[store.erp_code]), actor


def test_every_order_of_the_demo_shop_is_told_as_in_its_events() -> None:
    load_demo_shop()
    assert assert_told_alike(make_caller("operator"), shop.make_actor("operator")) > 30
    assert assert_told_alike(*narrowed(RetailStore.objects.get(erp_code="IST-02"))) > 3


def test_of_an_order_of_two_stores_each_hears_its_own() -> None:
    ours, theirs = shop.make_store("IST-01"), shop.make_store("BER-01")
    order = shop.make_order('WEB-\\%_"é', store=ours)
    OrderItem.objects.create(
        order=order, sku="B", name="B", quantity=1, retail_store=theirs, image_url="https://a.example/b"
    )
    for store in (ours, theirs):
        shop.make_package(states.READY, store=store, order=order)
    Order.objects.filter(pk=order.pk).update(shipping_address={"n": 10**30, "é": [None, 1.5]})
    for store in (ours, theirs):
        assert assert_told_alike(*narrowed(store)) == 1
    assert assert_told_alike(make_caller("operator"), shop.make_actor("operator")) == 1


@pytest.mark.parametrize("query", ["", "?number=WEB&status=400", "?status=999"])
@pytest.mark.parametrize("stores", [[], ["IST-01"]])
def test_a_page_takes_four_statements_each_a_round_trip(stores: list[str], query: str) -> None:
    """Who calls, how many there are, the page, and its packages."""
    store = shop.make_store()
    caller = caller_for(shop.make_user("operator"), stores=stores)
    for _ in range(2):
        shop.make_package(store=store)
        for _again in range(6):
            document_of(caller.get(f"{ORDERS}{query}"))
        with watched() as sent:
            document_of(caller.get(f"{ORDERS}{query}"))
        assert (sent.statements, sent.round_trips) == (4, 4)
