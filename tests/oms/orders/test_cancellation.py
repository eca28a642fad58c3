"""A cancelled order is 50 at once, 100 when the last package has ended, and each package goes by its own command."""

import asyncio
from typing import Any

import pytest
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob

from clickcollect.accounts.models import Role
from clickcollect.errors import Forbidden, NotFound, StateConflict
from clickcollect.omnitron.models import Order, OrderStatus
from clickcollect.omnitron.order_schema import read_order
from clickcollect.oms import states
from clickcollect.oms.access import SYSTEM, Actor
from clickcollect.oms.commands.run import run_command
from clickcollect.oms.log_models import CommandLog, LogKind, LogNote
from clickcollect.oms.models import CommandTransition, Package
from clickcollect.oms.orders.cancellation import JOB, cancel_open_packages, cancel_order, resume
from clickcollect.oms.orders.intake import receive_order
from clickcollect.whisperer.models import Event
from tests.shop import make_actor, make_package, make_store, order_document, right_code, state_of

pytestmark = pytest.mark.django_db
LINE = {"sku": "A", "name": "A", "quantity": 1}
TWO_PARCELS = [LINE, LINE | {"parcel": 2}]


def receive(**fields: Any) -> Order:
    make_store()
    return receive_order(order=read_order(order_document(**fields)), actor=SYSTEM).order


def status_of(order: Order) -> int:
    return Order.objects.get(pk=order.pk).status


def jobs() -> int:
    return ProcrastinateJob.objects.filter(task_name=JOB, status="todo").count()


def run_worker() -> None:
    """What the worker process does, once through the queue."""

    async def work() -> None:
        async with app.with_connector(app.connector.get_worker_connector()).open_async() as worker_app:  # type: ignore[attr-defined]
            await worker_app.run_worker_async(wait=False, install_signal_handlers=False, listen_notify=False)

    asyncio.run(work())


def test_cancelled_order_waits_for_its_packages() -> None:
    order = receive(order_item=TWO_PARCELS)

    cancel_order(order_id=order.pk, actor=SYSTEM, reason="changed their mind")

    assert status_of(order) == OrderStatus.CANCELLATION_WAITING
    assert Event.objects.filter(type="order.updated", payload__status="50").count() == 1
    assert jobs() == 1
    assert set(Package.objects.values_list("state__enum_value", flat=True)) == {states.WAITING}


def test_job_cancels_every_open_package_through_its_command() -> None:
    order = receive(order_item=TWO_PARCELS)
    cancel_order(order_id=order.pk, actor=SYSTEM, reason="changed their mind")

    assert cancel_open_packages(order.pk) == 0

    assert set(Package.objects.values_list("state__enum_value", flat=True)) == {states.CANCELLED}
    assert status_of(order) == OrderStatus.CANCELED
    assert Order.objects.get().ended_at is not None
    assert CommandLog.objects.filter(kind=LogKind.MOVE, command_code="CANCEL_PACKAGE").count() == 2
    assert Event.objects.filter(type="package.status.cancelled").count() == 2
    assert Event.objects.filter(type="order.updated", payload__status="100").count() == 1


def test_order_is_canceled_with_its_last_package_not_before() -> None:
    order = receive(order_item=TWO_PARCELS)
    cancel_order(order_id=order.pk, actor=SYSTEM)
    first = Package.objects.earliest("id")

    run_command(package_id=first.pk, transition="cancel-package", actor=SYSTEM, data={"reason": "x"})
    assert status_of(order) == OrderStatus.CANCELLATION_WAITING

    cancel_open_packages(order.pk)
    assert status_of(order) == OrderStatus.CANCELED


def test_reason_stands_in_the_erasable_notes_only() -> None:
    order = receive()

    cancel_order(order_id=order.pk, actor=SYSTEM, reason="Mrs Yılmaz called")
    cancel_open_packages(order.pk)

    assert set(LogNote.objects.values_list("text", flat=True)) == {"Mrs Yılmaz called"}
    assert not LogNote.objects.filter(package_id=None).exists()
    assert "called" not in str(list(CommandLog.objects.values()))
    assert "called" not in str(list(ProcrastinateJob.objects.values("args")))


def test_cancelled_twice_is_cancelled_once() -> None:
    order = receive()
    cancel_order(order_id=order.pk, actor=SYSTEM)
    before = (Event.objects.count(), CommandLog.objects.count(), jobs())

    cancel_order(order_id=order.pk, actor=SYSTEM)
    assert (Event.objects.count(), CommandLog.objects.count(), jobs()) == before

    cancel_open_packages(order.pk)
    cancel_open_packages(order.pk)
    cancel_order(order_id=order.pk, actor=SYSTEM)
    assert Event.objects.filter(type="package.status.cancelled").count() == 1


def test_order_without_packages_is_canceled_at_once() -> None:
    order = receive(delivery_type="home_delivery", shipping_address={})

    cancel_order(order_id=order.pk, actor=SYSTEM)

    assert status_of(order) == OrderStatus.CANCELED
    assert Order.objects.get().ended_at is not None
    assert jobs() == 0


def test_ready_package_loses_its_code() -> None:
    package = make_package(states.READY)

    cancel_order(order_id=package.order_id, actor=SYSTEM)
    cancel_open_packages(package.order_id)

    assert state_of(package) == states.CANCELLED
    assert not package.issues.filter(closed_at=None).exists()


def test_delivered_order_cannot_be_cancelled() -> None:
    store = make_store()
    package = make_package(states.READY)
    run_command(
        package_id=package.pk,
        transition="self-service-package-delivery",
        actor=make_actor(Role.ASSOCIATE, store),
        data={"otp": right_code(package)},
    )

    with pytest.raises(StateConflict) as refusal:
        cancel_order(order_id=package.order_id, actor=SYSTEM)

    assert refusal.value.extra["changed_by"].startswith("Ayla")
    assert state_of(package) == states.DELIVERED


def test_package_delivered_before_the_cancellation_stays_delivered() -> None:
    order = receive(order_item=TWO_PARCELS)
    first = Package.objects.earliest("id")
    for slug in ("complete-packaging-without-shipment", "ready-for-customer-pickup"):
        run_command(package_id=first.pk, transition=slug, actor=SYSTEM)
    delivery = {"otp": right_code(first)}
    run_command(package_id=first.pk, transition="self-service-package-delivery", actor=SYSTEM, data=delivery)
    cancel_order(order_id=order.pk, actor=SYSTEM)

    cancel_open_packages(order.pk)

    assert state_of(first) == states.DELIVERED
    assert status_of(order) == OrderStatus.DELIVERED


def test_package_without_a_way_to_cancelled_keeps_the_order_waiting() -> None:
    order = receive(order_item=TWO_PARCELS)
    cancel_order(order_id=order.pk, actor=SYSTEM)
    CommandTransition.objects.filter(command_code="CANCEL_PACKAGE").update(is_active=False)

    assert cancel_open_packages(order.pk) == 2
    assert status_of(order) == OrderStatus.CANCELLATION_WAITING

    CommandTransition.objects.filter(command_code="CANCEL_PACKAGE").update(is_active=True)
    assert resume() == 1
    assert cancel_open_packages(order.pk) == 0


def test_package_that_is_stuck_holds_up_none_of_the_others() -> None:
    order = receive(order_item=TWO_PARCELS)
    stuck, other = Package.objects.order_by("id")
    run_command(package_id=stuck.pk, transition="complete-packaging-without-shipment", actor=SYSTEM)
    cancel_order(order_id=order.pk, actor=SYSTEM)
    CommandTransition.objects.filter(command_code="CANCEL_PACKAGE", source__enum_value=states.PACKED).update(
        is_active=False
    )

    assert cancel_open_packages(order.pk) == 1

    assert (state_of(stuck), state_of(other)) == (states.PACKED, states.CANCELLED)
    assert status_of(order) == OrderStatus.CANCELLATION_WAITING


@pytest.mark.parametrize("role", [Role.ASSOCIATE, Role.MANAGER])
def test_store_staff_cancel_no_order(role: Role) -> None:
    order = receive()

    with pytest.raises(Forbidden):
        cancel_order(order_id=order.pk, actor=make_actor(role, make_store()))

    assert status_of(order) == OrderStatus.APPROVED


def test_order_of_another_store_is_not_found() -> None:
    order = receive()
    elsewhere = frozenset({make_store("BER-01").pk})
    bound = Actor(user_id=1, name="till", role=Role.OPERATOR, channel=SYSTEM.channel, store_ids=elsewhere)

    with pytest.raises(NotFound):
        cancel_order(order_id=order.pk, actor=bound)
    with pytest.raises(NotFound):
        cancel_order(order_id=order.pk + 1, actor=SYSTEM)


@pytest.mark.django_db(transaction=True)
def test_worker_brings_a_cancellation_to_its_end() -> None:
    order = receive(order_item=TWO_PARCELS)
    cancel_order(order_id=order.pk, actor=SYSTEM)

    run_worker()

    assert status_of(order) == OrderStatus.CANCELED
    assert jobs() == 0


@pytest.mark.django_db(transaction=True)
def test_job_that_could_not_finish_is_tried_again() -> None:
    order = receive()
    CommandTransition.objects.filter(command_code="CANCEL_PACKAGE").update(is_active=False)
    cancel_order(order_id=order.pk, actor=SYSTEM)

    run_worker()

    assert status_of(order) == OrderStatus.CANCELLATION_WAITING
    assert ProcrastinateJob.objects.filter(task_name=JOB, status="todo", attempts__gte=1).exists()


@pytest.mark.django_db(transaction=True)
def test_request_and_job_stand_or_fall_together(monkeypatch: pytest.MonkeyPatch) -> None:
    order = receive()

    def fail(order_id: int) -> None:
        raise RuntimeError("the queue is closed")

    monkeypatch.setattr("clickcollect.oms.orders.cancellation.defer_open_packages", fail)
    with pytest.raises(RuntimeError):
        cancel_order(order_id=order.pk, actor=SYSTEM)

    assert status_of(order) == OrderStatus.APPROVED
    assert not Event.objects.filter(type="order.updated").exists()
