"""Back to Waiting and Back to Packed: a wrong tap costs one more, and a code that was sent dies with it."""

from datetime import timedelta

import pytest

from clickcollect.errors import OtpLocked, StateConflict
from clickcollect.omnitron.models import OrderStatus
from clickcollect.oms import event_registration, states
from clickcollect.oms.access import SYSTEM
from clickcollect.oms.commands.run import available_commands, run_command
from clickcollect.oms.models import CodeIssue, MessageState, Package
from clickcollect.whisperer.models import Event
from clickcollect.whisperer.registry import Superseded
from tests import shop

pytestmark = pytest.mark.django_db(transaction=True)
DELIVER = "SELF_SERVICE_PACKAGE_DELIVERY_COMMAND"


def run(package: Package, slug: str, **data: str) -> Package:
    run_command(package_id=package.pk, transition=slug, actor=SYSTEM, data=data)
    return shop.reread(package)


def events_of(package: Package) -> list[Event]:
    return list(Event.objects.filter(subject=f"package:{package.pk}").order_by("sequence"))


def test_a_packed_package_goes_back_to_waiting_with_its_order_and_due_time() -> None:
    package = shop.make_package(states.WAITING)
    due = shop.reread(package).due_at
    run(package, "complete-packaging-without-shipment")
    back = run(package, "back-to-waiting")
    assert back.state.enum_value == states.WAITING
    assert back.due_at == due
    assert back.order.status == OrderStatus.APPROVED
    assert [event.type for event in events_of(package)][-1] == "package.status.transitioned"


def test_a_ready_package_goes_back_to_packed_and_its_code_dies_for_good() -> None:
    package = shop.make_package(states.READY)
    code = shop.right_code(package)
    sent = events_of(package)
    code_event = next(event for event in sent if event.type == "package.status.ready_for_pickup")
    back = run(package, "back-to-packed", reason="wrong shelf")
    assert back.state.enum_value == states.PACKED
    assert (back.pickup_deadline, back.message_state) == (None, MessageState.NONE)
    assert not CodeIssue.objects.filter(package=package, closed_at=None).exists()
    assert not CodeIssue.objects.filter(package=package).exclude(nonce=None).exists()
    with pytest.raises(Superseded):
        event_registration.add_code(code_event)
    ready = run(package, "ready-for-customer-pickup")
    assert ready.issue_number == 2
    assert ready.pickup_deadline is not None
    if shop.right_code(package) != code:  # once in a million the new one is the same
        with pytest.raises(Exception, match="incorrect"):
            run(package, DELIVER, otp=code)
    run(package, DELIVER, otp=shop.right_code(package))
    assert shop.state_of(package) == states.DELIVERED


def test_the_event_of_a_package_that_went_back_says_that_it_had_been_ready() -> None:
    package = shop.make_package(states.WAITING)
    run(package, "complete-packaging-without-shipment")
    run(package, "ready-for-customer-pickup")
    run(package, "back-to-packed")
    packed = [event for event in events_of(package) if event.type == "package.status.packed"]
    assert [(event.payload or {})["ready_at"] is not None for event in packed] == [False, True]
    assert "otp" not in str(packed)


def test_going_back_counts_as_a_new_code_and_a_fourth_one_is_refused() -> None:
    package = shop.make_package(states.READY)
    for _ in range(3):
        run(package, "back-to-packed")
        run(package, "ready-for-customer-pickup")
    assert shop.reread(package).new_codes == 3
    offered = {one.transition.slug for one in available_commands(package=shop.reread(package), actor=SYSTEM)}
    assert "back-to-packed" not in offered
    with pytest.raises(OtpLocked):
        run(package, "back-to-packed")


def test_wrong_codes_stay_counted_over_the_way_back() -> None:
    package = shop.make_package(states.READY)
    Package.objects.filter(pk=package.pk).update(total_attempts=9, issue_attempts=4)
    run(package, "back-to-packed")
    run(package, "ready-for-customer-pickup")
    assert (shop.reread(package).total_attempts, shop.reread(package).issue_attempts) == (9, 0)
    with pytest.raises(Exception, match="Only a manager can unlock it"):
        run(package, DELIVER, otp=shop.wrong_code(package))
    with pytest.raises(OtpLocked):
        run(package, "back-to-packed")


def test_nothing_leads_out_of_a_package_that_has_ended_or_whose_order_is_being_cancelled() -> None:
    delivered, ready = shop.make_package(states.DELIVERED), shop.make_package(states.READY)
    type(ready.order).objects.filter(pk=ready.order_id).update(status=OrderStatus.CANCELLATION_WAITING)
    for package in (delivered, ready):
        with pytest.raises(StateConflict):
            run(package, "back-to-packed")


def test_after_the_deadline_only_a_manager_gives_more_time() -> None:
    package = shop.make_package(states.READY)
    Package.objects.filter(pk=package.pk).update(pickup_deadline=package.clock - timedelta(minutes=1))
    with pytest.raises(Exception, match="pickup time"):
        run(package, "back-to-packed")
