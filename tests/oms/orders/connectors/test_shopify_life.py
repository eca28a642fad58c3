"""The whole life of a Shopify order ends alike, in whatever order and however often its webhooks arrive."""

import random
from collections.abc import Callable, Iterable, Sequence
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
from clickcollect.oms.orders.connectors.shopify_orders import ShopMessage
from clickcollect.oms.repair_models import OrderToRepair
from tests.concurrency import stopped_at
from tests.oms.orders.connectors.payloads import shopify_order
from tests.oms.orders.connectors.shopify_shop import CHANNEL, edit, fulfilment, refund
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


def mug_refund(number: int) -> dict[str, Any]:
    return refund(order(number), line=MUG, quantity=1, at=DAY.format("20:00:00"), number=number * 10)


def of_kind(make: Any, **arguments: Any) -> Callable[[int], dict[str, Any]]:
    """News of the order of a number."""
    return lambda number: make(order(number), number=number, **arguments)


PHONE = {"phone": "+905321234567"}
CREATE = Message("orders/create", partial(order, financial_status="pending"))
PAID = Message("orders/paid", partial(order, at="18:05:00"))
EDIT = Message("orders/edited", of_kind(edit, line=JEANS, quantity=1, at=DAY.format("19:00:00")))
EDITED = Message("orders/updated", partial(order, at="19:00:01", jeans=1))
REFUND = Message("refunds/create", mug_refund)
REFUNDED = Message(
    "orders/updated", lambda number: order(number, at="20:00:01", jeans=1, mug=0, refunds=[mug_refund(number)])
)
NEW_PHONE = Message(
    "orders/updated", lambda number: REFUNDED.payload(number) | PHONE | {"updated_at": DAY.format("21:00:00")}
)
CANCEL = Message("orders/cancelled", partial(order, at="22:00:00", cancelled_at=DAY.format("22:00:00")))
FULFILMENT = Message("fulfillments/create", of_kind(fulfilment, at=DAY.format("22:30:00")))
MUG_ALONE = Message("fulfillments/create", of_kind(lambda o, **k: fulfilment(o, MUG, **k), at=DAY.format("22:30:00")))
VOIDED = Message("orders/updated", partial(order, at="22:00:00", financial_status="voided"))
JEANS_REFUND = Message("refunds/create", of_kind(refund, line=JEANS, quantity=2, at=DAY.format("20:30:00")))
ALL_REFUNDED = [JEANS_REFUND, REFUND]

NOTHING: tuple[Any, ...] = ()
ALL = ((("45001882934002", 1), ("JNS-32-34", 2)), "+46701740610")
ONE_PAIR_LESS = ((("45001882934002", 1), ("JNS-32-34", 1)), "+46701740610")
ONE_PAIR = ((("JNS-32-34", 1),), "+46701740610")
LIVES: dict[str, tuple[list[Message], Any]] = {
    "paid": ([CREATE, PAID, CREATE], ALL),
    "edited, with its update": ([CREATE, PAID, EDIT, EDITED], ONE_PAIR_LESS),
    "edited and refunded": ([CREATE, EDIT, EDITED, REFUND], ONE_PAIR),
    "edited and refunded, with its updates": ([CREATE, EDIT, REFUND, REFUNDED], ONE_PAIR),
    "a new phone": ([CREATE, REFUND, REFUNDED, NEW_PHONE], ((("JNS-32-34", 1),), "+905321234567")),
    "cancelled": ([CREATE, PAID, EDITED, CANCEL], NOTHING),
    "cancelled, and created again": ([CREATE, PAID, CANCEL, CREATE], NOTHING),
    "voided": ([CREATE, EDIT, VOIDED], NOTHING),
    "done elsewhere": ([CREATE, PAID, FULFILMENT], NOTHING),
    "a part done elsewhere": ([CREATE, PAID, MUG_ALONE], ((("JNS-32-34", 2),), "+46701740610")),
    "refunded piece by piece": ([CREATE, PAID, *ALL_REFUNDED], NOTHING),
}
WHOLE_LIFE = [CREATE, PAID, EDIT, EDITED, REFUND, REFUNDED, NEW_PHONE, CREATE]


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
    for order_of_arrival in dict.fromkeys(permutations(messages)):  # what comes twice comes in half as many orders
        assert live(order_of_arrival) == end, [message.topic for message in order_of_arrival]


def test_a_whole_life_ends_alike_shuffled_and_repeated() -> None:
    shuffled: list[Sequence[Message]] = []
    for seed in range(12):
        chance = random.Random(seed)
        shuffled.append(chance.sample(WHOLE_LIFE, len(WHOLE_LIFE)) + chance.choices(WHOLE_LIFE, k=4))
    for seed, messages in enumerate(shuffled):
        assert live(messages) == ((("JNS-32-34", 1),), "+905321234567"), seed
        assert live([*messages, CANCEL]) == live([CANCEL, *messages]) == NOTHING, seed


@pytest.mark.soak
@pytest.mark.timeout(7200)
def test_a_whole_life_ends_alike_in_every_order() -> None:
    """720 orders of arrival; those in which a message comes twice are drawn by lot above."""
    for messages in permutations([CREATE, EDIT, EDITED, REFUND, REFUNDED, NEW_PHONE]):
        assert live(messages) == ((("JNS-32-34", 1),), "+905321234567"), [one.topic for one in messages]


def told_by(message: Message, number: int) -> ShopMessage:
    data = message.payload(number)
    return ShopMessage(channel=CHANNEL, remote_id=str(number), topic=message.topic, news=news_of(data), order=data)


def cancelled_while_it_is_placed(place: Callable[[ShopMessage], object]) -> Any:
    """The creation has read what is known and is about to place the order, when the cancellation comes and goes."""
    number = next(numbers)
    creation = told_by(CREATE, number)
    answers = stopped_at(
        lambda: RetailStore.objects.select_for_update().get(),  # an order cannot be placed at a store that is held
        lambda: place(creation),
        meanwhile=lambda: shopify_orders.receive_order_message(told_by(CANCEL, number), actor=SHOPIFY),
    )
    assert len(answers) == 1
    return end_of(number)


def test_an_order_that_is_cancelled_while_it_is_placed_is_cancelled() -> None:
    assert cancelled_while_it_is_placed(partial(shopify_orders.receive_order_message, actor=SHOPIFY)) == NOTHING


def test_control_without_the_second_look_it_would_be_packed() -> None:
    def once(creation: ShopMessage) -> None:
        row, _is_newest = shopify_orders.remember_news(creation)
        shopify_orders.update_our_order(row, order=creation.order, actor=SHOPIFY)

    assert cancelled_while_it_is_placed(once) != NOTHING
