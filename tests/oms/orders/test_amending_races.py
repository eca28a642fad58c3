"""A changed order and a command at the same moment: one is first, and the other one knows it. With controls."""

from collections.abc import Callable
from functools import partial
from threading import Thread
from typing import Any

import pytest
from django.db import connection

from clickcollect.errors import DomainError, OlderOrder, OrderConflict, StateConflict
from clickcollect.omnitron.models import Order
from clickcollect.oms import states
from clickcollect.oms.access import SYSTEM
from clickcollect.oms.commands.run import run_command
from clickcollect.oms.log_models import CommandLog
from clickcollect.oms.models import Package
from clickcollect.oms.orders import amending
from clickcollect.oms.orders.cancellation import cancel_order
from clickcollect.oms.orders.intake import Received
from clickcollect.oms.orders.taking_off import take_off
from tests import shop
from tests.concurrency import at_once, stopped_at
from tests.oms.orders.test_amending import COMPLETE, MUG, READY, SHOP, TEA, at, customer, receive, sent

pytestmark = pytest.mark.django_db(transaction=True)

DELIVER = "SELF_SERVICE_PACKAGE_DELIVERY_COMMAND"
CHANGED = sent(order_item=[MUG | {"quantity": 1}])


@pytest.fixture(autouse=True)
def _stores() -> None:
    shop.make_store()


def package_in(state: str) -> Package:
    """The package of the order, brought there by its commands."""
    receive(sent())
    package = Package.objects.get()
    for code in {states.WAITING: (), states.PACKED: (COMPLETE,), states.READY: (COMPLETE, READY)}[state]:
        run(package, code)()
    return shop.reread(package)


def run(package: Package, code: str, **data: object) -> Callable[[], object]:
    return partial(run_command, package_id=package.pk, transition=code, actor=SYSTEM, data=data)


def cancel(package: Package) -> Callable[[], object]:
    return partial(cancel_order, order_id=package.order_id, actor=SYSTEM)


def elsewhere(deed: Callable[[], object]) -> None:
    """Do it on a connection of its own, to its end."""

    def work() -> None:
        try:
            deed()
        finally:
            connection.close()

    other = Thread(target=work)
    other.start()
    other.join()


def just_before_the_locks(monkeypatch: pytest.MonkeyPatch, deed: Callable[[], object]) -> None:
    """Let it happen after an amendment was found possible and before it holds anything."""
    lock = amending.lock

    def late(order_id: int) -> None:
        elsewhere(deed)
        lock(order_id)

    monkeypatch.setattr(amending, "lock", late)


def without_locks(monkeypatch: pytest.MonkeyPatch, deed: Callable[[], object]) -> None:
    """The same without the safety: nothing is held, and what was read first is what is decided on."""
    read, known = amending.read_kept_order, dict[int, Any]()
    monkeypatch.setattr(amending, "lock", lambda _order_id: elsewhere(deed))
    monkeypatch.setattr(amending, "read_kept_order", lambda order_id: known.setdefault(order_id, read(order_id)))


def amount_of_mugs() -> int:
    package = Package.objects.get()
    assert [item.quantity for item in package.items.all()] == list(
        package.order.items.values_list("quantity", flat=True)
    )
    return package.items.get(sku="MUG").quantity


@pytest.mark.parametrize(
    ("state", "deed"),
    [
        (states.WAITING, lambda package: run(package, COMPLETE)),
        (states.WAITING, cancel),
        (states.WAITING, lambda package: run(package, "CANCEL_PACKAGE", reason="gone")),
    ],
    ids=["packed", "order cancelled", "package cancelled"],
)
def test_what_happens_before_the_locks_makes_it_a_conflict(
    state: str, deed: Callable[[Package], Callable[[], object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    package = package_in(state)
    just_before_the_locks(monkeypatch, deed(package))
    with pytest.raises(OrderConflict):
        receive(CHANGED)
    assert amount_of_mugs() == 3


@pytest.mark.parametrize("deed", [lambda package: run(package, COMPLETE), cancel], ids=["packed", "order cancelled"])
def test_control_without_the_locks_it_is_both(
    deed: Callable[[Package], Callable[[], object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    package = package_in(states.WAITING)
    without_locks(monkeypatch, deed(package))
    assert str(receive(CHANGED).became) == "amended"
    assert shop.reread(package).state.enum_value == states.PACKED or Order.objects.get().is_being_cancelled
    assert amount_of_mugs() == 1, "changed although it was packed, or cancelled"


def test_a_shop_takes_nothing_off_what_is_made_ready_at_that_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    package = package_in(states.PACKED)
    just_before_the_locks(monkeypatch, run(package, READY))
    with pytest.raises(OrderConflict):
        receive(CHANGED, actor=SHOP, from_shop=True)
    assert (shop.state_of(package), amount_of_mugs(), shop.reread(package).take_out) == (states.READY, 3, [])


def test_control_without_the_locks_a_ready_package_holds_more_than_its_order(monkeypatch: pytest.MonkeyPatch) -> None:
    package = package_in(states.PACKED)
    without_locks(monkeypatch, run(package, READY))
    receive(CHANGED, actor=SHOP, from_shop=True)
    assert (shop.state_of(package), amount_of_mugs()) == (states.READY, 1)


def test_a_phone_is_not_changed_by_an_order_that_is_handed_over_at_that_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    package = package_in(states.READY)
    Package.objects.update(code_sent_at=[])
    just_before_the_locks(monkeypatch, run(package, DELIVER, otp=shop.right_code(package)))
    new = sent(customer=customer(phone_number="+905550000777"))
    with pytest.raises(OrderConflict):
        receive(new, actor=SHOP, from_shop=True)
    assert Order.objects.get().phone_number == "+905550000101"


def test_handed_over_on_correct_phones_road_the_number_stays_too(monkeypatch: pytest.MonkeyPatch) -> None:
    package = package_in(states.READY)
    Package.objects.update(code_sent_at=[])
    correct = amending.correct_phone

    def late(result: amending.AmendmentResult, **arguments: Any) -> bool:
        elsewhere(run(package, DELIVER, otp=shop.right_code(package)))
        return correct(result, **arguments)

    monkeypatch.setattr(amending, "correct_phone", late)
    with pytest.raises(OrderConflict):
        receive(sent(customer=customer(phone_number="+905550000777")), actor=SHOP, from_shop=True)
    assert (shop.state_of(package), Order.objects.get().phone_number) == (states.DELIVERED, "+905550000101")


def held(package: Package) -> Callable[[], object]:
    return lambda: Package.objects.select_for_update().get(pk=package.pk)


def test_first_amended_then_packed_is_packed_as_amended() -> None:
    package = package_in(states.WAITING)
    amended, packed = stopped_at(held(package), partial(receive, CHANGED), run(package, COMPLETE))
    assert isinstance(amended, Received)
    assert not isinstance(packed, DomainError)
    assert (shop.state_of(package), amount_of_mugs()) == (states.PACKED, 1)


def test_first_packed_then_amended_is_a_conflict() -> None:
    package = package_in(states.WAITING)
    packed, refused = stopped_at(held(package), run(package, COMPLETE), partial(receive, CHANGED))
    assert not isinstance(packed, DomainError)
    assert isinstance(refused, OrderConflict)
    assert (shop.state_of(package), amount_of_mugs()) == (states.PACKED, 3)


def test_first_taken_off_then_made_ready_waits_for_the_store() -> None:
    package = package_in(states.PACKED)
    mug = package.order.items.get(sku="MUG")
    off = partial(take_off, order_id=package.order_id, pieces={mug.pk: 1}, reason="sold out", actor=SYSTEM)
    taken, refused = stopped_at(held(package), off, run(package, READY))
    assert taken is None
    assert isinstance(refused, StateConflict)
    assert (shop.state_of(package), shop.reread(package).take_out) == (states.PACKED, ["1 × Ceramic mug"])


def test_first_made_ready_then_taken_off_is_refused_and_logged() -> None:
    package = package_in(states.PACKED)
    mug = package.order.items.get(sku="MUG")
    off = partial(take_off, order_id=package.order_id, pieces={mug.pk: 1}, reason="sold out", actor=SYSTEM)
    ready, refused = stopped_at(held(package), run(package, READY), off)
    assert not isinstance(ready, DomainError)
    assert isinstance(refused, StateConflict)
    assert (shop.state_of(package), amount_of_mugs()) == (states.READY, 3)
    assert CommandLog.objects.filter(kind="refused", code="state_conflict", order_id=package.order_id).exists()


def test_amended_or_a_conflict_never_both_whoever_is_first() -> None:
    for _round in range(12):
        number = f"R-{_round}"
        package = Package.objects.get(order=receive(sent(number)).order)
        changed = sent(number, order_item=[MUG | {"quantity": 1}, TEA])
        deeds: list[Callable[[], object]] = [partial(receive, changed), run(package, COMPLETE), run(package, READY)]
        amended, packed, _ready = at_once(deeds)
        quantity = package.items.get(sku="MUG").quantity
        assert quantity == (1 if isinstance(amended, Received) else 3)
        assert package.order.items.get(sku="MUG").quantity == quantity
        assert not isinstance(packed, DomainError)


def test_versions_that_arrive_at_once_in_any_order_end_as_the_newest() -> None:
    for turn in range(4):
        number = f"V-{turn}"
        minutes = [3, 1, 5, 2, 4][turn:] + [3, 1, 5, 2, 4][:turn]
        versions = [at(minute, number=number, amount=f"{minute}.00") for minute in minutes]
        answers = at_once([partial(receive, version) for version in versions])
        assert all(isinstance(answer, Received | OlderOrder) for answer in answers)
        assert str(Order.objects.get(number=number).amount) == "5.00"
        assert Package.objects.filter(order__number=number).count() == 1


def test_two_changes_that_need_a_new_package_make_one() -> None:
    shop.make_store("IST-02")
    receive(sent())
    there = {"address_type": "retail_store", "retail_store": "IST-02"}
    versions = [at(minute, shipping_address=there, amount=f"{minute}.00") for minute in (1, 2, 3)]
    at_once([partial(receive, version) for version in versions])
    still_open = Package.objects.exclude(state__enum_value=states.CANCELLED)
    assert [package.stock_location.erp_code for package in still_open] == ["IST-02"]
    assert Package.objects.count() == 2
