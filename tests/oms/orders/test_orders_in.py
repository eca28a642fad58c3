"""Orders in = placed + amended + known + to repair + ignored, each message counted once; and none is lost on the way.

Messages of a few orders arrive in any sequence, good and bad, in many spellings; an operator repairs and discards.
"""

import unicodedata
from typing import Any

import hypothesis.strategies as st
from hypothesis import event, given, settings
from hypothesis.extra.django import TestCase

from clickcollect.accounts.models import Role
from clickcollect.errors import DomainError
from clickcollect.omnitron.models import Order, OrderItem
from clickcollect.oms.access import Actor
from clickcollect.oms.orders import repair
from clickcollect.oms.orders.connectors.counts import counts
from clickcollect.oms.orders.connectors.receive import receive_channel_order
from clickcollect.oms.orders.repaired import send_on
from clickcollect.oms.repair_models import WAITING, OrderToRepair
from tests.shop import make_actor, make_store, order_document

PLACED_BY_CONNECTOR = frozenset({"created", "amended", "known"})
STATUSES = PLACED_BY_CONNECTOR | {"to_repair", "ignored"}
GOOD_PHONE = "+905320000101"
NUMBERS = st.sampled_from(["1001", "1002"])
MESSAGES = st.fixed_dictionaries(
    {
        "number": NUMBERS,
        "store": st.sampled_from(["IST-01", "ist-01", "Galata - Pickup", "GALATA  pickup", "Moda", ""]),
        "phone": st.sampled_from([GOOD_PHONE, "0532 000 01 01", "12", ""]),
        "quantity": st.sampled_from([1, 2, "2.0", "many", 0]),
        "minute": st.sampled_from([None, 0, 1, 2]),
        "is_nfd": st.booleans(),
        "is_reversed": st.booleans(),
        "is_home": st.booleans(),
    }
)
DEEDS = st.one_of(
    st.tuples(st.just("message"), MESSAGES),
    st.tuples(st.just("repair"), st.booleans()),
    st.tuples(st.just("discard"), st.none()),
)


def document_of(message: dict[str, Any]) -> dict[str, Any]:
    """A message as a connector reads it."""
    name = "Gül Çelik"
    lines = [
        {"sku": "A", "name": "Mug", "quantity": message["quantity"], "price": "10.00"},
        {"sku": "B", "name": "Çay", "quantity": 1, "price": "5.00"},
    ]
    document = order_document(message["number"], store=message["store"]) | {
        "amount": None,
        "customer": {
            "first_name": unicodedata.normalize("NFD", name) if message["is_nfd"] else name,
            "phone_number": message["phone"],
        },
        "order_item": lines[::-1] if message["is_reversed"] else lines,
    }
    if message["minute"] is not None:
        document["updated_at"] = f"2026-11-20T12:0{message['minute']}:00Z"
    if message["is_home"]:
        document |= {"delivery_type": "home_delivery", "shipping_address": {"city": "Istanbul", "country": "TR"}}
    return document


class OrdersIn(TestCase):
    def deed(self, kind: str, told: Any, *, actor: Actor) -> None:
        """One thing that happens."""
        if kind == "message":
            self.receive(told)
            return
        row = OrderToRepair.objects.filter(WAITING).first()
        if row is None:
            return
        if kind == "discard":
            repair.discard_order(repair_id=row.pk, reason="A test", actor=actor)
            return
        document = row.document | {
            "customer": row.document["customer"] | {"phone_number": GOOD_PHONE},
            "delivery_type": "in_store",
            "shipping_address": {"retail_store": "IST-01"},
            "order_item": [{"sku": "A", "name": "Mug", "quantity": 1}],
        }
        try:
            send_on(repair_id=row.pk, document=document, actor=actor, learn_location=told)
        except DomainError as refusal:  # another order is there, or a newer version of this one
            assert refusal.code == "order_conflict"  # noqa: PT017
            row.refresh_from_db()
            assert row.state == "waiting"

    def receive(self, message: dict[str, Any]) -> None:
        """One message comes in; what it says is kept somewhere."""
        document, before = document_of(message), sum(counts().values())
        result = receive_channel_order(
            document, payload=document, connector="channel", actor=make_actor(Role.OPERATOR), is_webhook=True
        )
        event(result.status)
        assert result.status in STATUSES
        assert sum(counts().values()) == before + 1
        rows = OrderToRepair.objects.filter(channel="Webshop", reference=message["number"])
        if result.status in ("created", "amended"):
            assert result.order is not None
            wanted = {"B": 1} | ({"A": int(float(message["quantity"]))} if message["quantity"] else {})
            assert dict(OrderItem.objects.filter(order=result.order).values_list("sku", "quantity")) == wanted
        elif result.status == "to_repair":
            row = rows.get(state="waiting")
            said = repair.changed_at(document)
            is_older = row.changed_at and said and row.changed_at > said
            assert is_older or row.document == document
        else:
            assert message["is_home"] or rows.exists() or result.order or self.is_older(document)

    def is_older(self, document: dict[str, Any]) -> bool:
        """An older version than what is there."""
        return Order.objects.filter(number=document["number"]).exists() and "updated_at" in document

    @settings(max_examples=60)
    @given(deeds=st.lists(DEEDS, min_size=1, max_size=10))
    def test_every_message_is_counted_once_and_every_order_is_somewhere(self, deeds: list[tuple[str, Any]]) -> None:
        make_store("IST-01", name="Galata")
        actor, before = make_actor(Role.OPERATOR), sum(counts().values())
        for kind, told in deeds:
            self.deed(kind, told, actor=actor)
        messages = [told for kind, told in deeds if kind == "message"]
        assert sum(counts().values()) - before == len(messages)
        for number in {message["number"] for message in messages}:
            orders = Order.objects.filter(number=number).count()
            rows = OrderToRepair.objects.filter(reference=number)
            assert orders <= 1
            assert rows.filter(WAITING).count() <= 1
            every = [message for message in messages if message["number"] == number]
            assert orders or rows.exists() or all(message["is_home"] for message in every)
