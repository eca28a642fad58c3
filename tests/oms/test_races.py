"""Between two people's steps: an unlock, a corrected phone number and a sale of the same order at the same moment."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.db import transaction
from django.db.models.functions import Now

from clickcollect.errors import DomainError, OtpIncorrect, StateConflict
from clickcollect.omnitron.order_schema import read_order
from clickcollect.oms import states
from clickcollect.oms.access import SYSTEM
from clickcollect.oms.codes import attempt_limits
from clickcollect.oms.commands.run import run_command
from clickcollect.oms.events import types as events
from clickcollect.oms.log_models import CommandLog
from clickcollect.oms.models import CodeIssue, Package
from clickcollect.oms.orders.cancellation import cancel_order
from clickcollect.oms.orders.intake import receive_order
from clickcollect.whisperer.models import Event
from tests import shop
from tests.concurrency import at_once

pytestmark = pytest.mark.django_db(transaction=True)
DELIVER = "SELF_SERVICE_PACKAGE_DELIVERY_COMMAND"
CODE_BEARING = ("package.status.ready_for_pickup", "package.pickup.code_resent")


def run(package: Package, command: str, **data: object) -> Callable[[], object]:
    return partial(run_command, package_id=package.pk, transition=command, actor=SYSTEM, data=data)


def guess_wrong(package: Package, times: int) -> None:
    for offset in range(1, times + 1):
        with pytest.raises(OtpIncorrect):
            run(package, DELIVER, otp=shop.wrong_code(package, offset))()


@pytest.mark.parametrize("wrong_after", [0, 2])
def test_an_unlock_while_the_right_code_is_being_compared_keeps_every_count_true(wrong_after: int) -> None:
    package = shop.make_package(states.READY)
    code = shop.right_code(package)
    guess_wrong(package, 4)
    give_back = attempt_limits.give_back

    def unlocked_meanwhile(reserved: attempt_limits.Reserved) -> None:
        patch.undo()
        run(package, "UNLOCK_CODE", reason="the customer is here")()
        guess_wrong(package, wrong_after)
        give_back(reserved)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(attempt_limits, "give_back", unlocked_meanwhile)
        with pytest.raises(StateConflict):
            run(package, DELIVER, otp=code)()
    package = shop.reread(package)
    assert (package.issue_attempts, package.total_attempts, package.unlocks) == (wrong_after, 4 + wrong_after, 1)
    run(package, DELIVER, otp=code)()
    assert shop.state_of(package) == states.DELIVERED


def test_a_phone_corrected_between_the_comparison_and_the_delivery_delivers_nothing(
    between_comparison_and_delivery: Callable[[Callable[[], object]], None],
) -> None:
    """The code that was compared is the sibling's; it dies with the old number, and the package stays."""
    package = shop.make_package(states.READY)
    sibling = shop.make_package(states.READY, order=package.order)
    code = shop.right_code(sibling)
    correct = run(package, "CORRECT_PHONE", phone_number="+905550000999", reason="a typing error")
    between_comparison_and_delivery(correct)
    with pytest.raises(StateConflict):
        run(sibling, DELIVER, otp=code)()
    assert_nothing_was_delivered(sibling)
    assert not CodeIssue.objects.filter(package=sibling, closed_at=None).exists()


def test_a_pickup_time_that_ends_between_the_comparison_and_the_delivery_delivers_nothing(
    between_comparison_and_delivery: Callable[[Callable[[], object]], None],
) -> None:
    package = shop.make_package(states.READY)
    code = shop.right_code(package)
    between_comparison_and_delivery(lambda: Package.objects.filter(pk=package.pk).update(pickup_deadline=Now()))
    with pytest.raises(StateConflict):
        run(package, DELIVER, otp=code)()
    assert_nothing_was_delivered(package)


@pytest.fixture
def between_comparison_and_delivery(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], None]:
    """Let something happen once, after the code was found right and before the package is handed over."""
    give_back = attempt_limits.give_back

    def put(deed: Callable[[], object]) -> None:
        def then(reserved: attempt_limits.Reserved) -> None:
            monkeypatch.undo()
            give_back(reserved)
            deed()

        monkeypatch.setattr(attempt_limits, "give_back", then)

    return put


def assert_nothing_was_delivered(package: Package) -> None:
    package = shop.reread(package)
    assert (package.state.enum_value, package.issue_attempts, package.total_attempts) == (states.READY, 0, 0)
    assert not Event.objects.filter(subject=f"package:{package.pk}", type="package.status.delivered").exists()
    assert not CommandLog.objects.filter(package_id=package.pk, kind="move", new_state=states.DELIVERED).exists()


def test_a_code_that_was_replaced_before_it_was_counted_is_a_conflict_and_no_lock(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    package = shop.make_package(states.READY)
    code = shop.right_code(package)
    reserve = attempt_limits.reserve

    def replaced_meanwhile(**given: Any) -> attempt_limits.Reserved:
        monkeypatch.undo()
        run(package, "SEND_NEW_CODE")()
        return reserve(**given)

    monkeypatch.setattr(attempt_limits, "reserve", replaced_meanwhile)
    with pytest.raises(StateConflict):
        run(package, DELIVER, otp=code)()
    assert_nothing_was_delivered(package)


def cancel(package: Package) -> None:
    cancel_order(order_id=package.order_id, actor=SYSTEM)


def arrive(package: Package) -> None:
    receive_order(order=read_order(shop.order_document(store=package.stock_location.erp_code)), actor=SYSTEM)


@pytest.mark.parametrize("deed", [lambda package: run(package, "RESEND_CODE")(), cancel, arrive])
def test_what_was_answered_is_committed_so_it_refuses_to_be_part_of_somebody_elses_transaction(
    deed: Callable[[Package], object],
) -> None:
    package = shop.make_package(states.READY)
    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        deed(package)


@pytest.mark.parametrize(
    ("start", "deed"),
    [
        (states.PACKED, "READY_FOR_PICKUP"),
        (states.READY, "SEND_NEW_CODE"),
        (states.READY, "RESEND_CODE"),
        (states.READY, DELIVER),
    ],
)
@pytest.mark.parametrize("rounds", [8, pytest.param(200, marks=[pytest.mark.soak, pytest.mark.timeout(1800)])])
def test_a_phone_corrected_meanwhile_leaves_no_working_code_on_its_way_to_the_old_number(
    start: str, deed: str, rounds: int
) -> None:
    """Two packages of one order: while one is given a new number, the other gets, repeats or uses its code."""
    for turn in range(rounds):
        package = shop.make_package(states.READY)
        sibling = shop.make_package(start, order=package.order)
        otp = {"otp": shop.right_code(sibling)} if deed == DELIVER else {}
        number = f"+90555{turn:07d}"
        steps = [run(package, "CORRECT_PHONE", phone_number=number, reason="typing error"), run(sibling, deed, **otp)]
        answers = at_once(steps if turn % 2 else steps[::-1])
        refused = {answer.code for answer in answers if isinstance(answer, DomainError)}
        assert refused <= {"otp_not_issued", "state_conflict"}
        for one in (package, sibling):
            assert_no_code_for(one, but=number)


def assert_no_code_for(package: Package, *, but: str) -> None:
    """A code that works is on its way to nobody but this number."""
    if not CodeIssue.objects.filter(package=package, closed_at=None).exists():
        return
    newest = Event.objects.filter(subject=f"package:{package.pk}", type__in=CODE_BEARING).order_by("-sequence").first()
    assert newest is not None
    assert newest.payload is not None
    assert newest.payload["customer"]["phone_number"] == but


def test_control_a_letter_written_from_an_order_read_too_early_is_found() -> None:
    package = shop.make_package(states.READY)
    sibling = shop.make_package(states.PACKED, order=package.order)
    read_too_early = shop.reread(sibling)
    run(package, "CORRECT_PHONE", phone_number="+905550000999", reason="typing error")()
    run(sibling, "READY_FOR_PICKUP")()
    assert_no_code_for(sibling, but="+905550000999")
    with transaction.atomic():
        events.post([events.Letter(event=events.PackagePickupCodeResentWhispererEvent, package=read_too_early)])
    with pytest.raises(AssertionError):
        assert_no_code_for(sibling, but="+905550000999")
