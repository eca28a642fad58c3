"""Orders to repair: a sender's order waits once, is sent on once, and what was dealt with is not asked for again."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError

from clickcollect.accounts.models import Role
from clickcollect.errors import DomainError, Fault, Forbidden, NotFound, OrderConflict, StateConflict, ValidationFailed
from clickcollect.omnitron.models import Order, RetailStore
from clickcollect.omnitron.order_schema import OrderIn, read_order
from clickcollect.oms import configuration, privacy, states
from clickcollect.oms.access import SYSTEM, Actor
from clickcollect.oms.log_models import CommandLog, NoteKind
from clickcollect.oms.orders import repair, statements
from clickcollect.oms.orders.intake import receive_order
from clickcollect.oms.orders.placing import place_order
from clickcollect.oms.orders.repair import keep_for_repair
from clickcollect.oms.orders.repaired import send_on
from clickcollect.oms.repair_models import LocationRule, OrderToRepair, RepairState
from tests.concurrency import at_once, codes, stopped_at
from tests.shop import make_actor, make_order, make_package, make_store, order_document

pytestmark = pytest.mark.django_db(transaction=True)

FAULT: Fault = {"loc": "shipping_address.retail_store", "msg": "No store has this code."}
GALATA = "Galata - Pickup"


def unplaced(number: str = "1001", **fields: Any) -> dict[str, Any]:
    """An order for a location that nobody knows."""
    return order_document(number, store=GALATA, **fields)


def kept(number: str = "1001", actor: Actor = SYSTEM, **fields: Any) -> OrderToRepair:
    document = unplaced(number, **fields)
    return keep_for_repair(channel=document["channel"], reference=number, payload=document, faults=[FAULT], actor=actor)


def corrected(row: OrderToRepair, **fields: Any) -> dict[str, Any]:
    address = {"address_type": "retail_store", "retail_store": "IST-01"}
    document: dict[str, Any] = row.document
    return document | {"shipping_address": address} | fields


def notes(kind: NoteKind) -> int:
    return CommandLog.objects.filter(note_kind=kind).count()


@pytest.fixture(autouse=True)
def _store() -> None:
    make_store("IST-01")


def test_an_order_is_kept_as_it_came_with_every_fault() -> None:
    payload = {"id": 7, "name": "#1001", "note": "call first"}
    document = unplaced(customer={"first_name": "Ada", "phone_number": "12"})
    faults: list[Fault] = [FAULT, {"loc": "customer.phone_number", "msg": "This is no phone number."}]
    row = keep_for_repair(
        channel="shopify:galata.example", reference="1001", payload=payload, faults=faults, document=document
    )
    assert (row.state, row.channel, row.reference, row.times) == ("waiting", "shopify:galata.example", "1001", 1)
    assert (row.payload, row.document, row.faults) == (payload, document, faults)
    entry = CommandLog.objects.get(note_kind=NoteKind.TO_REPAIR)
    assert entry.attributes == {"repair.id": row.pk}


def test_a_repeat_replaces_the_one_that_waits() -> None:
    first = kept()
    second = kept(amount="99.00")
    assert OrderToRepair.objects.get() == first == second
    assert (second.times, second.document["amount"]) == (2, "99.00")
    assert second.last_received_at > second.received_at == first.received_at
    assert (notes(NoteKind.TO_REPAIR), notes(NoteKind.REPAIR_REPEATED)) == (1, 1)


def test_another_number_or_channel_is_another_order() -> None:
    kept("1001")
    kept("1002")
    kept("1001", channel="Webshop 2")
    assert OrderToRepair.objects.filter(state=RepairState.WAITING).count() == 3


def test_an_older_version_never_replaces_a_newer_one() -> None:
    kept(updated_at="2026-11-20T12:00:00Z", amount="2.00")
    kept(updated_at="2026-11-20T11:00:00Z", amount="1.00")
    row = OrderToRepair.objects.get()
    assert (row.document["amount"], row.times) == ("2.00", 2)
    kept(updated_at="2026-11-20T13:00:00+00:00", amount="3.00")
    assert OrderToRepair.objects.get().document["amount"] == "3.00"


def test_without_a_number_the_content_tells_orders_apart() -> None:
    for amount in ("1.00", "2.00", "1.00"):
        document = unplaced(amount=amount) | {"number": None}
        keep_for_repair(channel="Webshop", reference="", payload=document, faults=[FAULT])
    assert sorted(OrderToRepair.objects.values_list("document__amount", "times")) == [("1.00", 2), ("2.00", 1)]


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"number": "\x00" * 5, "note": "half \ud83d pair"},
        {"number": ["x"], "customer": [], "order_item": "none", "shipping_address": 4},
        {"customer": {"first_name": 3, "last_name": None, "phone_number": {"a": 1}}, "\x00": [[[{}]]]},
        {"number": "9" * 5000, "updated_at": ["never"]},
    ],
)
def test_whatever_came_can_be_kept(payload: dict[str, Any]) -> None:
    words = [{"loc": "x" * 999, "msg": "\x00" * 999}] * 999
    row = keep_for_repair(channel="C" * 99, reference="9" * 99, payload=payload, faults=words)  # type: ignore[arg-type]
    assert (row.state, len(row.faults)) == ("waiting", 200)


def test_fifty_repeats_at_once_are_one_waiting_order() -> None:
    answers = at_once([kept] * 50)
    assert codes(answers) == {"ok": 50}
    row = OrderToRepair.objects.get()
    assert (row.state, row.times) == ("waiting", 50)


def test_a_repaired_order_is_placed_and_waits_no_more() -> None:
    row, actor = kept(), make_actor(Role.OPERATOR)
    order = send_on(repair_id=row.pk, document=corrected(row), actor=actor)
    row.refresh_from_db()
    assert Order.objects.get() == order
    assert (row.state, row.order, row.ended_by) == ("placed", order, actor.user_id)
    entry = CommandLog.objects.get(note_kind=NoteKind.REPAIRED)
    assert entry.attributes == {"repair.id": row.pk, "order.id": order.pk}
    assert entry.actor_id == actor.user_id


def test_what_is_still_wrong_keeps_waiting() -> None:
    row, actor = kept(), make_actor(Role.OPERATOR)
    with pytest.raises(ValidationFailed):
        send_on(repair_id=row.pk, document=row.document, actor=actor)
    make_package(states.PACKED, order=make_order("1001"))
    with pytest.raises(OrderConflict):
        send_on(repair_id=row.pk, document=corrected(row, amount="1.00"), actor=actor)
    row.refresh_from_db()
    assert (row.state, row.order) == ("waiting", None)


def test_two_operators_sending_on_at_once_make_one_order() -> None:
    row, actor = kept(), make_actor(Role.OPERATOR)
    deeds = [
        partial(send_on, repair_id=row.pk, document=corrected(row, number=f"1001-{place}"), actor=actor)
        for place in range(8)
    ]
    answers = at_once(deeds)
    assert codes(answers) == {"ok": 1, "state_conflict": 7}
    assert Order.objects.count() == 1


def test_control_without_the_row_two_numbers_are_two_orders() -> None:
    row, actor = kept(), make_actor(Role.OPERATOR)
    orders = [read_order(corrected(row, number=f"1001-{place}")) for place in range(2)]
    at_once([partial(receive_order, order=order, actor=actor) for order in orders])
    assert Order.objects.count() == 2


def test_who_comes_second_hears_who_was_first() -> None:
    row, actor = kept(), make_actor(Role.OPERATOR)
    repair.discard_order(repair_id=row.pk, reason="A test of the shop", actor=actor)
    with pytest.raises(StateConflict) as refused:
        send_on(repair_id=row.pk, document=corrected(row), actor=make_actor(Role.ADMIN))
    assert "Discarded, by Ayla" in refused.value.detail
    assert not Order.objects.exists()


def written(order: OrderIn) -> Order:
    """A new order that is written and not committed yet."""
    found = statements.look([order])
    placed = place_order(order=order, found=found, known=configuration.of_version(found.version), actor=SYSTEM)
    statements.write_orders([placed], now=found.now, is_last=False)
    return placed.order


def test_sent_on_while_the_same_order_arrives_neither_waits_for_ever() -> None:
    """The operator holds the row and waits for the number of the order that arrives; that one passes the row over."""
    row, actor = kept(), make_actor(Role.OPERATOR)
    document = corrected(row)
    arriving = read_order(document)
    arrived: list[Order] = []
    answers = stopped_at(
        lambda: arrived.append(written(arriving)),
        partial(send_on, repair_id=row.pk, document=document, actor=actor),
        meanwhile=lambda: repair.end_wait_of(arrived[0], actor=SYSTEM, repaired_from=None, changed_at=None),
    )
    row.refresh_from_db()
    assert answers == [Order.objects.get()]
    assert (row.state, row.order) == ("placed", arrived[0])


@pytest.mark.parametrize("round_number", range(3))
def test_an_arrival_and_two_operators_at_once_are_one_order(round_number: int) -> None:
    row, actor = kept(str(round_number)), make_actor(Role.OPERATOR)
    document = corrected(row)
    operator = partial(send_on, repair_id=row.pk, document=document, actor=actor)

    def arrive() -> Order:
        return receive_order(order=read_order(document), actor=SYSTEM).order

    deeds: list[Callable[[], Order]] = [operator, arrive, operator]
    answers = at_once(deeds)
    assert set(codes(answers)) <= {"ok", "state_conflict"}
    assert Order.objects.count() == 1
    row.refresh_from_db()
    assert row.state in ("placed", "arrived")


def test_an_order_that_arrives_right_later_ends_the_wait() -> None:
    row = kept()
    order = receive_order(order=read_order(order_document("1001")), actor=SYSTEM).order
    row.refresh_from_db()
    assert (row.state, row.order) == ("arrived", order)
    assert notes(NoteKind.REPAIR_ARRIVED) == 1


def test_an_older_version_that_arrives_late_does_not_end_the_wait_of_a_newer_one() -> None:
    row = kept(updated_at="2026-11-20T12:00:00Z")
    receive_order(order=read_order(order_document("1001", updated_at="2026-11-20T11:00:00Z")), actor=SYSTEM)
    row.refresh_from_db()
    assert row.state == "waiting"


def bound_to(*stores: RetailStore) -> Actor:
    return replace(SYSTEM, user_id=7, store_ids=frozenset(store.pk for store in stores))


def test_a_sender_who_is_bound_to_stores_ends_no_wait_but_their_own() -> None:
    """Whose order waits is not known: one of the same number must not take it off the operators' list."""
    row, bound = kept(), bound_to(make_store("IST-01"))
    own = kept(actor=bound, amount="34.00")
    for amount in ("35.00", "36.00"):  # placed, then amended
        document = order_document("1001", amount=amount, updated_at="2026-11-20T11:00:00Z")
        receive_order(order=read_order(document), actor=bound)
        for one in (row, own):
            one.refresh_from_db()
        assert (row.state, own.state) == ("waiting", "arrived")
    receive_order(order=read_order(order_document("1001", amount="37.00")), actor=SYSTEM)
    row.refresh_from_db()
    assert row.state == "arrived", "control"


def test_a_sender_who_is_bound_to_stores_neither_replaces_nor_learns_what_another_sent() -> None:
    row, here, there = kept(), bound_to(make_store("IST-01")), bound_to(make_store("IST-02"))
    repair.discard_order(repair_id=row.pk, reason="Not ours", actor=make_actor(Role.OPERATOR))
    assert kept().state == "discarded", "control: who sent it hears what became of it"
    rows = [kept(actor=actor) for actor in (here, there, here)]
    assert [(one.state, one.times, one.number) for one in rows] == [
        ("waiting", 1, "1001"), ("waiting", 1, "1001"), ("waiting", 2, "1001"),
    ]  # fmt: skip
    row = kept("1002")
    assert kept("1002", actor=here, amount="1.00").pk != row.pk
    row.refresh_from_db()
    assert (row.times, row.document["amount"]) == (1, unplaced()["amount"])


def test_what_a_sender_who_is_bound_to_stores_sent_is_erased_by_its_number_too() -> None:
    row = kept(actor=bound_to(make_store("IST-01")))
    assert list(privacy.repairs_of(order_number="1001")) == [row]
    assert list(privacy.repairs_of(order_number="100")) == []


def test_an_order_of_another_channel_ends_no_wait() -> None:
    row = kept()
    receive_order(order=read_order(order_document("1001", channel="Another")), actor=SYSTEM)
    row.refresh_from_db()
    assert row.state == "waiting"


@pytest.mark.parametrize("state", ["placed", "discarded"])
def test_what_was_dealt_with_is_not_asked_for_again_unless_it_changed(state: str) -> None:
    row, actor = kept(), make_actor(Role.OPERATOR)
    if state == "placed":
        send_on(repair_id=row.pk, document=corrected(row), actor=actor)
    else:
        repair.discard_order(repair_id=row.pk, reason="Not ours", actor=actor)
    again = kept()
    assert (again.pk, again.state, again.times) == (row.pk, state, 2)
    changed = kept(amount="1.00")
    assert (changed.state, OrderToRepair.objects.count()) == ("waiting", 2)
    assert changed.pk != row.pk


def test_of_an_order_whose_data_was_erased_nothing_is_kept() -> None:
    order = make_order("1001")
    Order.objects.filter(pk=order.pk).update(erased_at=order.created_date)
    row = kept()
    assert (row.state, row.payload, row.document, row.faults, row.search) == ("discarded", {}, {}, [], None)
    again = kept(amount="1.00")
    assert (again.pk, again.times) == (row.pk, 2)


def test_discarding_wants_a_reason_and_is_logged() -> None:
    row, actor = kept(), make_actor(Role.OPERATOR)
    with pytest.raises(ValidationFailed):
        repair.discard_order(repair_id=row.pk, reason=" \t", actor=actor)
    repair.discard_order(repair_id=row.pk, reason="A test of the shop\x00", actor=actor)
    row.refresh_from_db()
    assert (row.state, row.reason, row.ended_by) == ("discarded", "A test of the shop\ufffd", actor.user_id)
    assert CommandLog.objects.get(note_kind=NoteKind.REPAIR_DISCARDED).attributes == {"repair.id": row.pk}
    with pytest.raises(StateConflict):
        repair.discard_order(repair_id=row.pk, reason="Again", actor=actor)


def test_only_who_may_write_orders_repairs_them() -> None:
    row, actor = kept(), make_actor(Role.MANAGER, make_store())
    deeds = (
        partial(send_on, repair_id=row.pk, document=corrected(row), actor=actor),
        partial(repair.discard_order, repair_id=row.pk, reason="No", actor=actor),
    )
    for deed in deeds:
        with pytest.raises(Forbidden):
            deed()
    row.refresh_from_db()
    assert row.state == "waiting"


def test_what_is_not_there_is_not_found() -> None:
    actor = make_actor(Role.OPERATOR)
    for deed in (
        partial(send_on, repair_id=99, document=order_document(), actor=actor),
        partial(repair.discard_order, repair_id=99, reason="No", actor=actor),
    ):
        with pytest.raises(NotFound):
            deed()


def test_a_location_is_learned_when_the_order_is_placed_and_not_before() -> None:
    row, actor = kept(), make_actor(Role.OPERATOR)
    with pytest.raises(DomainError):
        send_on(repair_id=row.pk, document=row.document, actor=actor, learn_location=True)
    assert not LocationRule.objects.exists()
    send_on(repair_id=row.pk, document=corrected(row), actor=actor, learn_location=True)
    rule = LocationRule.objects.get()
    assert (rule.channel, rule.name, rule.store.erp_code) == ("Webshop", GALATA, "IST-01")


def test_the_database_lets_an_order_wait_once() -> None:
    row = kept()
    with pytest.raises(IntegrityError):
        OrderToRepair.objects.create(channel=row.channel, reference=row.reference)


def test_a_phone_number_is_no_fault_while_only_its_store_is_unknown() -> None:
    phone: Fault = {"loc": "customer.phone_number", "msg": "Enter a phone number with its country code."}
    customer = {"first_name": "Ada", "phone_number": "0532 111 22 33"}
    for number, written, named in (("1", customer, 1), ("2", customer | {"phone_number": "12"}, 2)):
        document = unplaced(number, customer=written)
        row = keep_for_repair(channel="Webshop", reference=number, payload=document, faults=[FAULT, phone])
        assert len(row.faults) == named
    known = order_document("3", customer=customer)
    assert keep_for_repair(channel="Webshop", reference="3", payload=known, faults=[phone]).faults == [phone]
