"""Whatever a shop sends, in whatever order: each order is placed once or waits for repair, and each message counts."""

import copy
import unicodedata
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from clickcollect.omnitron.models import Order
from clickcollect.omnitron.order_comparison import differing_fields
from clickcollect.omnitron.order_schema import OrderIn, Source, read_order
from clickcollect.oms.access import SYSTEM
from clickcollect.oms.orders.connectors import receive
from clickcollect.oms.orders.connectors.counts import counts
from clickcollect.oms.orders.connectors.receive import receive_channel_order
from clickcollect.oms.orders.intake import Became, Received, receive_order
from clickcollect.oms.orders.locations import known_locations, with_store_codes
from clickcollect.oms.repair_models import OrderToRepair
from tests.shop import make_store, order_document

LINES = [
    {"sku": "A-1", "name": "Cup", "quantity": 1, "price": "10.00"},
    {"sku": "B-2", "name": "Übertopf", "quantity": 2, "price": "5.00"},
]


def respelled(order: dict[str, Any], spell: Callable[[str], str]) -> None:
    """The customer and the lines in other characters that say the same."""
    for part in (order["customer"], *order["order_item"]):
        part.update({name: spell(value) for name, value in part.items() if isinstance(value, str) and name != "price"})


Change = Callable[[dict[str, Any]], object]
# What may happen to an order on its way here.
SAME: dict[str, Change] = {
    "as it is": lambda _order: None,
    "shuffled": lambda order: order["order_item"].reverse(),
    "capitals": lambda order: order["customer"].update(last_name=order["customer"]["last_name"].upper()),
    "decimals": lambda order: order["order_item"][1].update(quantity="2,00", price="5.0000"),
    "zero line": lambda order: order["order_item"].insert(0, {"sku": "gone", "quantity": 0}),
    "location's name": lambda order: order["shipping_address"].update(retail_store="KADIKÖY"),
    "decomposed": lambda order: respelled(order, lambda text: unicodedata.normalize("NFD", text)),
    "unseen marks": lambda order: respelled(order, lambda text: f"\u200e{text}\ufeff\u00ad"),
    "full-width phone": lambda order: order["customer"].update(phone_number="＋９０５５５００００１０１"),
}
CHANGED: dict[str, Change] = {
    "another quantity": lambda order: order["order_item"][0].update(quantity=7),
    "one line less": lambda order: order["order_item"].pop(),
    "another name": lambda order: order["customer"].update(first_name="Lea"),
}
BROKEN: dict[str, Change] = {
    "unknown store": lambda order: order["shipping_address"].update(retail_store="Moda"),
    "no phone": lambda order: order["customer"].update(phone_number=None),
    "no lines": lambda order: order["order_item"].clear(),
    "quantity in words": lambda order: order["order_item"][0].update(quantity="many"),
    "two meanings": lambda order: order["order_item"][0].update(price="1,234"),
}
KINDS = SAME | CHANGED | BROKEN


def sent(number: str, kind: str) -> dict[str, Any]:
    """An order as it arrives."""
    document = copy.deepcopy(order_document(number, order_item=LINES, amount=None))
    KINDS[kind](document)
    return document


class Shop:
    """A shop that sends messages; each is looked after at once, by what it said and what became of it."""

    def __init__(self) -> None:
        make_store("IST-01", name="Kadıköy")
        self.became = Counter[str]()
        self.before = sum(counts().values())
        self.said: set[tuple[str, str]] = set()

    def send(self, number: str, kind: str) -> str:
        document = sent(number, kind)
        result = receive_channel_order(document, payload=document, connector="channel", actor=SYSTEM, is_webhook=False)
        self.became[result.status] += 1
        order = Order.objects.filter(number=number).first()
        if result.status == "known" and kind in BROKEN:
            assert (number, kind) in self.said, "it waited for its repair, and the order arrived right since"
            assert order is not None
        elif result.status in ("created", "amended", "known"):
            assert kind not in BROKEN
            assert order is not None
            told = with_store_codes(document, known_locations())
            assert differing_fields(order=order, sent=read_order(told, source=Source.CONNECTOR)) == []
        elif result.status == "to_repair":
            assert OrderToRepair.objects.get(reference=number, state="waiting").payload == document
        else:
            assert result.status == "ignored"
            assert order is not None
            assert (number, meaning(kind)) in self.said, "an older version, which came before"
        self.said.add((number, meaning(kind)))
        assert sum(self.became.values()) == sum(counts().values()) - self.before, "each is counted once"
        return result.status

    def check_end(self) -> None:
        """Each order is placed once, or waits."""
        placed = list(Order.objects.values_list("number", flat=True))
        assert len(placed) == len(set(placed)) == self.became["created"]
        waiting = set(OrderToRepair.objects.filter(state="waiting").values_list("reference", flat=True))
        numbers = {number for number, _meaning in self.said}
        assert set(placed) <= numbers <= {*placed, *waiting}


def meaning(kind: str) -> str:
    """What a message says, however it is spelled."""
    return "the order" if kind in SAME else kind


class NoOrderIsLost(TestCase):
    @settings(max_examples=60, deadline=None)
    @given(
        st.lists(
            st.tuples(st.sampled_from(("N-1", "N-2", "N-3")), st.sampled_from(list(KINDS))), min_size=1, max_size=8
        )
    )
    def test_every_message_becomes_one_thing_and_every_order_is_somewhere(
        self, messages: list[tuple[str, str]]
    ) -> None:
        shop = Shop()
        for number, kind in messages:
            shop.send(number, kind)
        shop.check_end()
        assert sum(shop.became.values()) == len(messages)
        assert set(shop.became) <= {"created", "known", "amended", "to_repair", "ignored"}

    @settings(max_examples=30, deadline=None)
    @given(st.lists(st.sampled_from(list(SAME)), min_size=2, max_size=6))
    def test_same_order_in_any_spelling_is_placed_once_and_known_from_then_on(self, spellings: list[str]) -> None:
        shop = Shop()

        became = [shop.send("N-1", spelling) for spelling in spellings]

        assert became == ["created", *["known"] * (len(spellings) - 1)]


def forgotten(**_told: Any) -> OrderToRepair:
    return OrderToRepair(state="waiting")


def placed_as_sent(*, order: OrderIn, **told: Any) -> Received:
    """A repeat under a number of its own is a second order."""
    again = Order.objects.filter(number=order.number).exists()
    return receive_order(order=order.model_copy(update={"number": f"{order.number}-2"}) if again else order, **told)


def unchanged(*, order: OrderIn, **_told: Any) -> Received:
    return Received(order=Order.objects.get(number=order.number), became=Became.UNCHANGED)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("name", "planted", "second"),
    [
        ("keep_for_repair", forgotten, "unknown store"),
        ("count_message", lambda *_told: None, "as it is"),
        ("receive_order", placed_as_sent, "as it is"),
        ("receive_order", unchanged, "another quantity"),
    ],
)
def test_control_what_is_lost_doubled_or_not_counted_is_seen(
    monkeypatch: pytest.MonkeyPatch, name: str, planted: Any, second: str
) -> None:
    shop = Shop()
    shop.send("N-1", "as it is")
    monkeypatch.setattr(receive, name, planted)

    with pytest.raises((AssertionError, OrderToRepair.DoesNotExist)):
        send_and_check(shop, second)


def send_and_check(shop: Shop, kind: str) -> None:
    shop.send("N-1", kind)
    shop.check_end()
