"""Guessing: the budgets are exact under any concurrency and survive whatever happens to the request."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from threading import Barrier
from types import FrameType
from typing import Any

import pytest
from django.db import IntegrityError, OperationalError, connection, transaction
from django.db.models import F

from clickcollect.accounts.models import Role
from clickcollect.errors import DomainError, OtpIncorrect, OtpLocked, Throttled
from clickcollect.oms import states
from clickcollect.oms.access import SYSTEM, Actor
from clickcollect.oms.codes import attempt_limits, pickup_code
from clickcollect.oms.commands.run import run_command
from clickcollect.oms.log_models import CommandLog
from clickcollect.oms.models import CodeIssue, EmployeeBudget, Package
from clickcollect.whisperer.models import Event
from tests import shop
from tests.concurrency import THREADS, at_once, codes

pytestmark = pytest.mark.django_db(transaction=True)
DELIVER = "SELF_SERVICE_PACKAGE_DELIVERY_COMMAND"


def deliver(package: Package, otp: str, actor: Actor = SYSTEM) -> Callable[[], object]:
    return partial(run_command, package_id=package.pk, transition=DELIVER, actor=actor, data={"otp": otp})


def careless(package: Package, otp: str, *, everybody_has_read: Barrier) -> Callable[[], object]:
    """The control: count by reading, adding one and saving, as one must not."""

    def guess() -> object:
        seen = Package.objects.get(pk=package.pk)
        if seen.issue_attempts >= 5:
            raise OtpLocked
        everybody_has_read.wait(timeout=60)
        issue = pickup_code.open_issue(seen)
        assert issue is not None
        code = pickup_code.derive(issue)
        Package.objects.filter(pk=seen.pk).update(issue_attempts=seen.issue_attempts + 1)
        if not code.matches(pickup_code.Code(otp)):
            raise OtpIncorrect
        return None

    return guess


@pytest.mark.parametrize("guesses", [200, pytest.param(1000, marks=[pytest.mark.soak, pytest.mark.timeout(600)])])
def test_t08_of_many_wrong_guesses_at_once_exactly_five_are_evaluated(guesses: int) -> None:
    package = shop.make_package(states.READY)
    answers = at_once([deliver(package, shop.wrong_code(package, n + 1)) for n in range(guesses)])
    assert codes(answers) == {"otp_incorrect": 5, "otp_locked": guesses - 5}
    package = shop.reread(package)
    assert (package.issue_attempts, package.total_attempts) == (5, 5)
    assert CommandLog.objects.filter(note_kind="locked_out").count() == 1


def test_t08_control_read_modify_write_evaluates_more() -> None:
    package = shop.make_package(states.READY)
    barrier = Barrier(THREADS)
    deeds = [careless(package, shop.wrong_code(package, n + 1), everybody_has_read=barrier) for n in range(THREADS)]
    assert codes(at_once(deeds)) == {"otp_incorrect": THREADS}
    assert shop.reread(package).issue_attempts == 1


@pytest.mark.parametrize(
    ("rounds", "wrong"),
    [(6, 30), pytest.param(200, 999, marks=[pytest.mark.soak, pytest.mark.timeout(7200)])],
)
def test_t09_one_right_code_in_a_storm_of_wrong_ones(rounds: int, wrong: int) -> None:
    for round_number in range(rounds):
        package = shop.make_package(states.READY)
        deeds = [deliver(package, shop.wrong_code(package, n + 1)) for n in range(wrong)]
        deeds.insert(round_number % (wrong + 1), deliver(package, shop.right_code(package)))
        counted = codes(at_once(deeds))
        evaluated = counted.get("otp_incorrect", 0) + counted.get("ok", 0)
        assert evaluated <= 5 + counted.get("ok", 0)
        assert counted.get("ok", 0) <= 1
        assert (shop.state_of(package) == states.DELIVERED) is (counted.get("ok", 0) == 1)
        package = shop.reread(package)
        assert package.issue_attempts == counted.get("otp_incorrect", 0)


class Interrupted(BaseException):
    """Something kills the request."""


KILLERS: tuple[type[BaseException], ...] = (
    Interrupted, RuntimeError, OperationalError, IntegrityError, MemoryError, RecursionError, TimeoutError,
    KeyboardInterrupt, SystemExit, GeneratorExit,
)  # fmt: skip


@contextmanager
def killed_after_reserving(line: int, killer: type[BaseException]) -> Iterator[list[int]]:
    """Raise at the nth line that runs in `pickup_code` or `run` after the attempt was reserved."""
    reserved = False
    ran: list[int] = []

    def trace(frame: FrameType, event: str, _arg: Any) -> Any:
        nonlocal reserved
        name = frame.f_code.co_filename
        if not name.endswith(("oms/codes/pickup_code.py", "oms/commands/run.py", "oms/codes/attempt_limits.py")):
            return None
        if event == "return" and frame.f_code is attempt_limits.reserve.__code__:
            reserved = True
        elif event == "line" and reserved and frame.f_code is not attempt_limits.reserve.__code__:
            ran.append(frame.f_lineno)
            if len(ran) == line:
                raise killer
        return trace

    sys.settrace(trace)
    try:
        yield ran
    finally:
        sys.settrace(None)


def test_t10_a_wrong_guess_is_counted_whatever_kills_the_request() -> None:
    """100 of 100: ten kinds of exception, over all the lines that run after the attempt was reserved."""
    package = shop.make_package(states.READY)
    with killed_after_reserving(0, Interrupted) as ran, pytest.raises(OtpIncorrect):
        deliver(package, shop.wrong_code(package))()
    lines = len(ran)
    assert lines >= 10, "the kill must hit real lines"
    killed = counted = 0
    for kill in range(100):
        package = shop.make_package(states.READY)
        guess = deliver(package, shop.wrong_code(package))
        try:
            with killed_after_reserving(1 + kill % lines, KILLERS[(kill + kill // lines) % len(KILLERS)]):
                guess()
        except KILLERS:
            killed += 1
        finally:
            connection.close()
        counted += shop.reread(package).issue_attempts
    assert (killed, counted) == (100, 100)


def test_t10_control_counted_inside_the_transaction_of_the_request_it_is_lost() -> None:
    package = shop.make_package(states.READY)

    @transaction.atomic
    def careless_request() -> None:
        Package.objects.filter(pk=package.pk).update(issue_attempts=F("issue_attempts") + 1)
        raise Interrupted

    with pytest.raises(Interrupted):
        careless_request()
    assert shop.reread(package).issue_attempts == 0


@pytest.mark.parametrize(
    ("rounds", "at_a_time"),
    [(3, 20), pytest.param(100, 50, marks=[pytest.mark.soak, pytest.mark.timeout(1800)])],
)
def test_t12_new_codes_at_once_leave_one_active_and_rising_numbers(rounds: int, at_a_time: int) -> None:
    shop.put_setting("OTP_NEW_CODES", value=10)
    for _round in range(rounds):
        package = shop.make_package(states.READY)
        new_code = partial(run_command, package_id=package.pk, transition="SEND_NEW_CODE", actor=SYSTEM)
        counted = codes(at_once([new_code] * at_a_time))
        assert counted.get("ok", 0) >= 1
        assert set(counted) <= {"ok", "state_conflict", "otp_locked"}
        numbers = list(CodeIssue.objects.filter(package=package).order_by("id").values_list("number", flat=True))
        assert numbers == list(range(1, counted["ok"] + 2))
        assert CodeIssue.objects.filter(package=package, closed_at=None).count() == 1
        assert shop.reread(package).issue_number == numbers[-1]


@pytest.mark.parametrize("count", [30, pytest.param(1000, marks=[pytest.mark.soak, pytest.mark.timeout(900)])])
def test_t13_an_employee_stops_at_ten_and_others_are_unaffected(count: int) -> None:
    store = shop.make_store()
    actor, colleague = (shop.make_actor(Role.ASSOCIATE, store) for _ in range(2))
    packages = [shop.make_package(states.READY, store=store) for _ in range(count)]
    answers = at_once([deliver(package, shop.wrong_code(package), actor) for package in packages])
    assert codes(answers) == {"otp_incorrect": 10, "throttled": count - 10}
    assert sum(shop.reread(package).total_attempts for package in packages) == 10
    with pytest.raises(Throttled) as caught:
        deliver(packages[0], shop.right_code(packages[0]), actor)()
    assert 3500 < caught.value.extra["retry_after"] <= 3600
    deliver(packages[0], shop.right_code(packages[0]), colleague)()
    assert shop.state_of(packages[0]) == states.DELIVERED
    assert len(EmployeeBudget.objects.get(user_id=actor.user_id or 0).tried_at) == 10


def test_twenty_a_day_are_counted_over_the_hours() -> None:
    actor = shop.make_actor(Role.ASSOCIATE, shop.make_store())
    package = shop.make_package(states.READY)
    deliver_wrong = deliver(package, shop.wrong_code(package), actor)
    with pytest.raises(OtpIncorrect) as caught:
        deliver_wrong()
    assert caught.value.extra == {"attempts_remaining": 4}
    budget = EmployeeBudget.objects.get()
    budget.tried_at = [budget.tried_at[0] - timedelta(hours=2, minutes=n) for n in range(19)]
    budget.save()
    with pytest.raises(OtpIncorrect) as caught:
        deliver_wrong()
    assert caught.value.extra == {"attempts_remaining": 0, "limits_reached": ["employee"]}, "the smallest of three"
    assert "You've reached your limit of wrong codes." in caught.value.detail
    assert "locked" not in caught.value.detail
    assert not CommandLog.objects.filter(note_kind="locked_out").exists(), "the package can still be handed over"
    assert not Event.objects.filter(type="package.pickup.locked").exists()
    with pytest.raises(Throttled):
        deliver_wrong()


def test_an_employee_without_tries_left_has_not_locked_the_package() -> None:
    shop.put_setting("OTP_ATTEMPTS_PER_EMPLOYEE_HOUR", value=1)
    package = shop.make_package(states.READY)
    with pytest.raises(OtpIncorrect) as caught:
        deliver(package, shop.wrong_code(package), shop.make_actor(Role.ASSOCIATE, package.stock_location))()
    assert caught.value.extra["attempts_remaining"] == 0
    assert "unlock" not in str(caught.value)
    assert not CommandLog.objects.filter(note_kind="locked_out").exists()
    assert not Event.objects.filter(type="package.pickup.locked").exists()
    deliver(package, shop.right_code(package), shop.make_actor(Role.ASSOCIATE, package.stock_location))()
    assert shop.state_of(package) == states.DELIVERED


def test_t15_a_lock_while_the_dialog_is_open_refuses_the_right_code() -> None:
    package = shop.make_package(states.READY)
    waiting = deliver(package, shop.right_code(package))
    Package.objects.filter(pk=package.pk).update(issue_attempts=5, total_attempts=5)
    with pytest.raises(OtpLocked):
        waiting()
    package = shop.reread(package)
    assert package.state.enum_value == states.READY
    assert (package.issue_attempts, package.total_attempts) == (5, 5)


def test_a_right_code_delivers_once_and_leaves_no_counter_raised() -> None:
    store = shop.make_store()
    actors = [shop.make_actor(Role.ASSOCIATE, store) for _ in range(4)]
    for _round in range(5):
        package = shop.make_package(states.READY, store=store)
        code = shop.right_code(package)
        counted = codes(at_once([deliver(package, code, actors[n % 4]) for n in range(40)]))
        assert counted["ok"] == 1
        assert set(counted) <= {"ok", "state_conflict", "otp_locked", "throttled"}
        package = shop.reread(package)
        assert (package.issue_attempts, package.total_attempts) == (0, 0)
        assert CommandLog.objects.filter(package_id=package.pk, kind="move", new_state=states.DELIVERED).count() == 1
    assert all(budget.tried_at == [] for budget in EmployeeBudget.objects.all())


def test_a_delivery_that_loses_to_a_new_code_is_a_conflict_and_gives_its_attempt_back() -> None:
    package = shop.make_package(states.READY)
    code, issue = shop.right_code(package), pickup_code.open_issue(package)
    original = attempt_limits.give_back

    def overtaken(reserved: attempt_limits.Reserved) -> None:
        original(reserved)
        Package.objects.filter(pk=package.pk).update(version=F("version") + 1)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(attempt_limits, "give_back", overtaken)
        with pytest.raises(DomainError) as caught:
            deliver(package, code)()
    assert caught.value.code == "state_conflict"
    assert shop.reread(package).total_attempts == 0
    assert pickup_code.open_issue(package) == issue
