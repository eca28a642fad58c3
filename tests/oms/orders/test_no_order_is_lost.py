"""Whatever a shop sends, in whatever order: each order is placed once or waits for repair, and each message counts."""

import copy
from collections import Counter
from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from clickcollect.omnitron.models import Order
from clickcollect.oms.access import SYSTEM
from clickcollect.oms.orders.connectors.counts import counts
from clickcollect.oms.orders.connectors.receive import receive_channel_order
from clickcollect.oms.repair_models import OrderToRepair
from tests.shop import make_store, order_document

LINES = [
    {"sku": "A-1", "name": "Cup", "quantity": 1, "price": "10.00"},
    {"sku": "B-2", "name": "Übertopf", "quantity": 2, "price": "5.00"},
]
Change = Callable[[dict[str, Any]], object]
# What may happen to an order on its way here.
SAME: dict[str, Change] = {
    "as it is": lambda _order: None,
    "shuffled": lambda order: order["order_item"].reverse(),
    "capitals": lambda order: order["customer"].update(last_name=order["customer"]["last_name"].upper()),
    "decimals": lambda order: order["order_item"][1].update(quantity="2,00", price="5.0000"),
    "zero line": lambda order: order["order_item"].insert(0, {"sku": "gone", "quantity": 0}),
    "location's name": lambda order: order["shipping_address"].update(retail_store="KADIKÖY"),
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
        make_store("IST-01", name="Kadıköy")
        became = Counter[str]()
        for number, kind in messages:
            document = sent(number, kind)
            result = receive_channel_order(
                document, payload=document, connector="channel", actor=SYSTEM, is_webhook=False
            )
            became[result.status] += 1
            assert result.status != "amended" or kind not in BROKEN

        assert set(became) <= {"created", "known", "amended", "to_repair", "ignored"}
        assert sum(became.values()) == sum(counts().values()) == len(messages)
        placed = list(Order.objects.values_list("number", flat=True))
        assert len(placed) == len(set(placed)) == became["created"]
        waiting = set(OrderToRepair.objects.values_list("reference", flat=True))
        assert {number for number, _kind in messages} <= {*placed, *waiting}

    @settings(max_examples=30, deadline=None)
    @given(st.lists(st.sampled_from(list(SAME)), min_size=2, max_size=6))
    def test_same_order_in_any_spelling_is_placed_once_and_known_from_then_on(self, spellings: list[str]) -> None:
        make_store("IST-01", name="Kadıköy")
        documents = [sent("N-1", spelling) for spelling in spellings]

        became = [
            receive_channel_order(one, payload=one, connector="channel", actor=SYSTEM, is_webhook=False).status
            for one in documents
        ]

        assert became == ["created", *["known"] * (len(spellings) - 1)]
