"""A changed order is amended or a conflict, never both and never lost, whatever staff do in between."""

import unicodedata
from collections import Counter
from typing import Any

import hypothesis.strategies as st
from hypothesis import given, settings
from hypothesis.extra.django import TestCase

from clickcollect.errors import DomainError, OlderOrder, OrderConflict
from clickcollect.omnitron.models import Order
from clickcollect.omnitron.order_comparison import differing_fields
from clickcollect.omnitron.order_schema import OrderIn, read_order
from clickcollect.oms import states
from clickcollect.oms.access import SYSTEM
from clickcollect.oms.commands.run import run_command
from clickcollect.oms.log_models import CommandLog
from clickcollect.oms.models import Package, PackageItem
from clickcollect.oms.orders.intake import receive_order
from clickcollect.whisperer.models import Event
from tests.shop import make_store, order_document

OLD, NEW = "+905550000101", "+905550000202"
VERSIONS = st.fixed_dictionaries(
    {
        "mugs": st.integers(1, 3),
        "teas": st.integers(0, 2),
        "amount": st.sampled_from(["10.00", "20.00"]),
        "phone": st.sampled_from([OLD, NEW]),
        "store": st.sampled_from(["IST-01", "IST-02"]),
        "is_stranger": st.integers(0, 9).map(lambda number: number == 0),
        "minute": st.sampled_from([None, None, 1, 2, 3]),
        "is_nfd": st.booleans(),
        "is_upper": st.booleans(),
        "is_reversed": st.booleans(),
        "from_shop": st.booleans(),
    }
)
COMMANDS = st.sampled_from(
    ["COMPLETE_PACKAGING_WITHOUT_SHIPMENT", "READY_FOR_PICKUP", "CORRECT_PHONE", "CONFIRM_TAKEN_OUT", "BACK_TO_PACKED"]
)
DEEDS = st.one_of(st.tuples(st.just("order"), VERSIONS), st.tuples(st.just("command"), COMMANDS))


def order_in_version(version: dict[str, Any]) -> OrderIn:
    """One version of the order, spelled as it says."""
    name = "ÇAĞLA ŞEN" if version["is_upper"] else "Çağla Şen"
    spelled = unicodedata.normalize("NFD", name) if version["is_nfd"] else name
    lines = [
        {"sku": "mug" if version["is_upper"] else "MUG", "name": "Mug", "quantity": version["mugs"], "price": "10.00"},
        {"sku": "TEA", "name": "Çay", "quantity": version["teas"], "price": "5.00"},
    ]
    customer = {"first_name": spelled, "last_name": "", "phone_number": version["phone"]}
    stranger = {"first_name": "Ada", "last_name": "Byron", "phone_number": "+905550000909"}
    minute = version["minute"]
    return read_order(
        order_document(
            "P-1",
            store=version["store"],
            amount=version["amount"],
            customer=stranger if version["is_stranger"] else customer,
            order_item=lines[::-1] if version["is_reversed"] else lines,
            updated_at=None if minute is None else f"2026-11-20T10:0{minute}:00Z",
        )
    )


def everything() -> tuple[Any, ...]:
    """What an order, its packages and its events are; not the log, and not what was merely seen of it."""
    seen = ("seen_contents", "shop_updated_at")
    orders = [{name: value for name, value in row.items() if name not in seen} for row in Order.objects.values()]
    return orders, *(list(model.objects.order_by("pk").values()) for model in (Package, PackageItem, Event))


class AmendedOrConflict(TestCase):
    def setUp(self) -> None:
        make_store()
        make_store("IST-02")

    def receive(self, version: dict[str, Any]) -> str:
        """What became of it; each leads to what it says, and to nothing else."""
        sent, before = order_in_version(version), everything()
        notes = CommandLog.objects.filter(note_kind="order_amended")
        refused = CommandLog.objects.filter(kind="refused", code="order_conflict")
        updated = Event.objects.filter(type="order.updated")
        was = (notes.count(), refused.count(), updated.count())
        try:
            became = str(receive_order(order=sent, actor=SYSTEM, from_shop=version["from_shop"]).became)
        except OlderOrder:
            became = "older"
        except OrderConflict:
            became = "conflict"
        now = (notes.count(), refused.count(), updated.count())
        if became in ("older", "conflict"):
            assert everything() == before
            assert now == (was[0], was[1] + 1, was[2]) or became == "conflict", "the phone's own refusal is logged too"
        if became == "amended":
            assert now[0] > was[0]
            assert now[1] == was[1]
            assert now[2] > was[2]
            kept = Order.objects.select_related("retail_store").get()
            assert set(differing_fields(order=kept, sent=sent)) <= {"customer.phone_number"}
        if became == "unchanged":
            assert everything() == before
        return became

    def command(self, code: str) -> None:
        data = {"phone_number": "+905550000303", "reason": "typing error"}
        for package in Package.objects.exclude(state__enum_value__in=states.ENDED):
            try:
                run_command(package_id=package.pk, transition=code, actor=SYSTEM, data=data)
            except DomainError:
                continue

    @settings(max_examples=25, deadline=None)
    @given(st.lists(DEEDS, min_size=2, max_size=12))
    def test_every_version_becomes_one_thing(self, deeds: list[tuple[str, Any]]) -> None:
        became = Counter[str]()
        sent = 0
        for kind, deed in deeds:
            if kind == "command":
                self.command(deed)
            else:
                sent += 1
                became[self.receive(deed)] += 1
        assert sum(became.values()) == sent
        assert became["placed"] == min(1, sent)
        assert Order.objects.count() == min(1, sent)
        self.packages_hold_what_the_order_says()

    def packages_hold_what_the_order_says(self) -> None:
        still_open = Package.objects.exclude(state__enum_value__in=states.ENDED)
        for order in Order.objects.all():
            wanted = Counter({line.sku: line.quantity for line in order.items.all()})
            held = Counter[str]()
            for package in still_open:
                held.update({item.sku: item.quantity for item in package.items.all()})
                assert package.item_count == sum(item.quantity for item in package.items.all())
            assert held == wanted
