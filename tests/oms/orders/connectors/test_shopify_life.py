"""The whole life of a Shopify order ends alike, in whatever order and however often its webhooks arrive."""

from collections.abc import Callable, Iterable
from functools import partial
from itertools import count, permutations
from typing import Any, NamedTuple

import pytest

from clickcollect.api.connectors import SHOPIFY
from clickcollect.omnitron.models import Order, RetailStore
from clickcollect.oms import states
from clickcollect.oms.models import PackageItem
from clickcollect.oms.orders.connectors import shopify_orders
from clickcollect.oms.orders.connectors.shopify_messages import receive_message
from clickcollect.oms.orders.connectors.shopify_news import news_of
from clickcollect.oms.orders.connectors.shopify_orders import Told
from clickcollect.oms.repair_models import OrderToRepair
from tests.concurrency import stopped_at
from tests.oms.orders.connectors.payloads import shopify_order
from tests.oms.orders.connectors.shopify_shop import CHANNEL, fulfilment
from tests.shop import make_store

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]
DAY = "2026-11-20T{}+03:00"
JEANS, MUG = 0, 1
numbers = count(1)


class Message(NamedTuple):
    """One webhook of one order. Its payload is made for the order's number."""

    topic: str
    payload: Callable[[int], dict[str, Any]]


@pytest.fixture(autouse=True)
def _store() -> None:
    make_store(name="Galata")


def order(number: int, *, at: str = "18:02:11", jeans: int = 2, mug: int = 1, **fields: Any) -> dict[str, Any]:
    """The order as it was at a time: so many of its lines were left."""
    document = shopify_order(id=number, name=f"#{number}", updated_at=DAY.format(at), **fields)
    for place, left in ((JEANS, jeans), (MUG, mug)):
        document["line_items"][place] |= {"id": number * 10 + place, "current_quantity": left}
    return document


def of_kind(make: Any, **arguments: Any) -> Callable[[int], dict[str, Any]]:
    """News of the order of a number."""
    return lambda number: make(order(number), number=number, **arguments)


CREATE = Message("orders/create", partial(order, financial_status="pending"))
PAID = Message("orders/paid", partial(order, at="18:05:00"))
CANCEL = Message("orders/cancelled", partial(order, at="22:00:00", cancelled_at=DAY.format("22:00:00")))
FULFILMENT = Message("fulfillments/create", of_kind(fulfilment, at=DAY.format("22:30:00")))
VOIDED = Message("orders/updated", partial(order, at="22:00:00", financial_status="voided"))

NOTHING: tuple[Any, ...] = ()
ALL = ((("45001882934002", 1), ("JNS-32-34", 2)), "+46701740610")
LIVES: dict[str, tuple[list[Message], Any]] = {
    "paid": ([CREATE, PAID, CREATE], ALL),
    "cancelled, and created again": ([CREATE, PAID, CANCEL, CREATE], NOTHING),
    "voided": ([CREATE, PAID, VOIDED], NOTHING),
    "done elsewhere": ([CREATE, PAID, FULFILMENT], NOTHING),
}


def live(messages: Iterable[Message]) -> Any:
    """A new order that is told of by these messages; what is to be handed over in the end, and to whom."""
    number = next(numbers)
    for message in messages:
        receive_message(topic=message.topic, channel=CHANNEL, data=message.payload(number), actor=SHOPIFY)
    return end_of(number)


def end_of(number: int) -> Any:
    assert not OrderToRepair.objects.exists()
    found = Order.objects.filter(channel=CHANNEL, number=str(number)).first()
    if found is None or found.is_being_cancelled:
        return NOTHING
    packed = PackageItem.objects.filter(package__order=found).exclude(package__state__enum_value__in=states.ENDED)
    lines = tuple(sorted(packed.values_list("sku", "quantity")))
    assert lines == tuple(sorted(found.items.values_list("sku", "quantity"))), "package and order say the same"
    return lines, found.phone_number


@pytest.mark.parametrize("name", LIVES)
def test_a_life_ends_alike_in_every_order(name: str) -> None:
    messages, end = LIVES[name]
    for order_of_arrival in sorted(set(permutations(range(len(messages))))):
        assert live(messages[place] for place in order_of_arrival) == end, order_of_arrival


def told(message: Message, number: int) -> Told:
    data = message.payload(number)
    return Told(channel=CHANNEL, remote_id=str(number), topic=message.topic, news=news_of(data), order=data)


def cancelled_while_it_is_placed(place: Callable[[Told], object]) -> Any:
    """The creation has read what is known and is about to place the order, when the cancellation comes and goes."""
    number = next(numbers)
    creation = told(CREATE, number)
    answers = stopped_at(
        lambda: RetailStore.objects.select_for_update().get(),  # an order cannot be placed at a store that is held
        lambda: place(creation),
        meanwhile=lambda: shopify_orders.receive(told(CANCEL, number), actor=SHOPIFY),
    )
    assert len(answers) == 1
    return end_of(number)


def test_an_order_that_is_cancelled_while_it_is_placed_is_cancelled() -> None:
    assert cancelled_while_it_is_placed(partial(shopify_orders.receive, actor=SHOPIFY)) == NOTHING


def test_control_without_the_second_look_it_would_be_packed() -> None:
    def once(creation: Told) -> None:
        row, _is_newest = shopify_orders.remember(creation)
        shopify_orders.act(row, order=creation.order, actor=SHOPIFY)

    assert cancelled_while_it_is_placed(once) != NOTHING
