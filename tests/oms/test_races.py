"""Between two people's steps: an unlock, a corrected phone number and a sale of the same order at the same moment."""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import DatabaseError, OperationalError, connection, transaction
from django.db.models import F
from django.db.models.functions import Now

from clickcollect.errors import DomainError, HeldBySomeoneElse, OtpIncorrect, StateConflict
from clickcollect.omnitron.models import Order
from clickcollect.omnitron.order_schema import read_order
from clickcollect.oms import states
from clickcollect.oms.access import SYSTEM
from clickcollect.oms.commands import statements
from clickcollect.oms.commands.run import run_command
from clickcollect.oms.events import types as events
from clickcollect.oms.log_models import CommandLog
from clickcollect.oms.models import CodeIssue, Package
from clickcollect.oms.orders.cancellation import cancel_order
from clickcollect.oms.orders.intake import receive_order
from clickcollect.whisperer.models import Event
from tests import shop
from tests.concurrency import at_once, stopped_at

pytestmark = pytest.mark.django_db(transaction=True)
DELIVER = "SELF_SERVICE_PACKAGE_DELIVERY_COMMAND"
CODE_BEARING = ("package.status.ready_for_pickup", "package.pickup.code_resent")


def run(package: Package, command: str, **data: object) -> Callable[[], object]:
    return partial(run_command, package_id=package.pk, transition=command, actor=SYSTEM, data=data)


def guess_wrong(package: Package, times: int) -> None:
    for offset in range(1, times + 1):
        with pytest.raises(OtpIncorrect):
            run(package, DELIVER, otp=shop.wrong_code(package, offset))()


def hold(package: Package) -> Callable[[], object]:
    """Hold the package's row, as whoever changes it does."""
    return lambda: Package.objects.select_for_update(no_key=True).get(pk=package.pk)


def replace_the_issue(package: Package) -> None:
    pickup_code_issue = CodeIssue.objects.get(package=package, closed_at=None)
    CodeIssue.objects.filter(pk=pickup_code_issue.pk).update(closed_at=Now(), closed_reason="replaced", nonce=None)
    Package.objects.filter(pk=package.pk).update(issue_number=2, version=F("version") + 1)
    CodeIssue.objects.create(package=package, number=2, nonce=bytes(16), key_id=pickup_code_issue.key_id, digits=6)


def ask_for_the_orders_end(package: Package) -> None:
    Order.objects.filter(pk=package.order_id).update(status=50, cancel_requested_at=Now())


def let_the_deadline_pass(package: Package) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep_until(%s::timestamptz)", [shop.reread(package).pickup_deadline])


CHANGES = {
    "otp_incorrect": replace_the_issue,
    "state_conflict": ask_for_the_orders_end,
    "otp_expired": let_the_deadline_pass,
}


def deliver_while_it_changes(refusal: str) -> str:
    """The customer's code waits for the package's row while somebody changes what the handover depends on."""
    package = shop.make_package(states.READY)
    code = shop.right_code(package)
    if refusal == "otp_expired":
        Package.objects.filter(pk=package.pk).update(pickup_deadline=Now() + timedelta(seconds=1.5))
    change = partial(CHANGES[refusal], package)
    (answer,) = stopped_at(hold(package), run(package, DELIVER, otp=code), meanwhile=change)
    return answer.code if isinstance(answer, DomainError) else "delivered"


@pytest.mark.parametrize("refusal", CHANGES)
def test_what_changed_while_a_code_waited_for_the_row_is_seen(refusal: str) -> None:
    assert deliver_while_it_changes(refusal) == refusal


@pytest.mark.parametrize("refusal", CHANGES)
def test_control_a_select_that_locks_and_joins_at_once_is_noticed(
    refusal: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It returns the new row of the package, and what it joined, or the time, as they were before it waited."""
    planted = statements.READ.replace("clock_timestamp()", "now()") + " FOR NO KEY UPDATE OF package"
    monkeypatch.setattr(statements, "READ", planted)
    monkeypatch.setattr(statements, "LOCK_PACKAGE", "SELECT %(package)s::bigint")
    monkeypatch.setattr(statements, "LOCK_ORDER", "SELECT %(package)s::bigint")
    answer = "delivered"
    with suppress(OperationalError, DatabaseError):
        answer = deliver_while_it_changes(refusal)
    assert answer != refusal


def test_an_unlock_while_the_right_code_waits_keeps_every_count_true() -> None:
    package = shop.make_package(states.READY)
    code = shop.right_code(package)
    guess_wrong(package, 5)
    deliver, unlock = run(package, DELIVER, otp=code), run(package, "UNLOCK_CODE", reason="the customer is here")
    first, second = stopped_at(hold(package), unlock, deliver)
    assert not isinstance(first, DomainError)
    assert not isinstance(second, DomainError)
    package = shop.reread(package)
    assert (package.issue_attempts, package.total_attempts, package.unlocks) == (0, 5, 1)


def test_a_phone_corrected_while_the_siblings_code_waits_delivers_nothing() -> None:
    """The code that was typed is the sibling's; it dies with the old number, and the package stays."""
    package = shop.make_package(states.READY)
    sibling = shop.make_package(states.READY, order=package.order)
    code = shop.right_code(sibling)
    correct = run(package, "CORRECT_PHONE", phone_number="+905550000999", reason="a typing error")
    order = lambda: Order.objects.select_for_update(no_key=True).get(pk=package.order_id)  # noqa: E731
    _done, answer = stopped_at(order, correct, run(sibling, DELIVER, otp=code))
    assert isinstance(answer, DomainError)
    assert answer.code == "otp_not_issued"
    assert_nothing_was_delivered(sibling)
    assert not CodeIssue.objects.filter(package=sibling, closed_at=None).exists()


def assert_nothing_was_delivered(package: Package) -> None:
    package = shop.reread(package)
    assert (package.state.enum_value, package.issue_attempts, package.total_attempts) == (states.READY, 0, 0)
    assert not Event.objects.filter(subject=f"package:{package.pk}", type="package.status.delivered").exists()
    assert not CommandLog.objects.filter(package_id=package.pk, kind="move", new_state=states.DELIVERED).exists()


def test_a_code_typed_after_a_new_one_was_sent_is_wrong_and_counted() -> None:
    package = shop.make_package(states.READY)
    code = shop.right_code(package)
    _sent, answer = stopped_at(hold(package), run(package, "SEND_NEW_CODE"), run(package, DELIVER, otp=code))
    if code != shop.right_code(package):  # one in a million is the same
        assert isinstance(answer, OtpIncorrect)
        assert shop.reread(package).total_attempts == 1


def test_an_issue_that_somebody_ends_past_the_locks_is_a_conflict_and_nothing_is_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    package = shop.make_package(states.READY)
    code = shop.right_code(package)
    ended = CodeIssue.objects.filter(package=package)
    read = statements.lock_and_read

    def then_ended(**given: Any) -> statements.FoundPackage:
        found = read(**given)
        at_once([lambda: ended.update(closed_at=Now(), closed_reason="by hand", nonce=None)])
        return found

    monkeypatch.setattr(statements, "lock_and_read", then_ended)
    with pytest.raises(StateConflict) as caught:
        run(package, DELIVER, otp=code)()
    assert caught.value.extra["state"] == "Ready for Customer Pickup"
    assert_nothing_was_delivered(package)


def test_who_waits_for_a_package_for_too_long_hears_to_try_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statements, "LOCK_TIMEOUT", "50ms")
    package = shop.make_package(states.READY)
    answers: list[object] = []

    def impatient() -> None:
        answers.extend(at_once([run(package, DELIVER, otp=shop.wrong_code(package))]))

    with transaction.atomic():
        hold(package)()
        impatient()
    (answer,) = answers
    assert isinstance(answer, HeldBySomeoneElse)
    assert (answer.code, answer.status, answer.extra) == ("database_away", 503, {"retry_after": 1})
    assert str(answer.title) == "Someone else is working on it"
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
        number = f"+90555{500 + turn:07d}"
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
        events.publish(
            [events.OutgoingEvent(event=events.PackagePickupCodeResentWhispererEvent, package=read_too_early)]
        )
    with pytest.raises(AssertionError):
        assert_no_code_for(sibling, but="+905550000999")
