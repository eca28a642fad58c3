"""Guessing: the limits are exact under any concurrency and survive whatever happens to the request."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import partial
from threading import Barrier
from types import FrameType
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, OperationalError, connection, connections

from clickcollect.accounts.models import Role
from clickcollect.errors import DatabaseAway, DomainError, OtpIncorrect, OtpLocked, StateConflict, Throttled
from clickcollect.oms import states
from clickcollect.oms.access import SYSTEM, Actor
from clickcollect.oms.codes import attempt_limits
from clickcollect.oms.codes.pickup_code import Code
from clickcollect.oms.commands import run, statements
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


NO_LOCK = "SELECT %(package)s::bigint"  # in place of a statement that locks


def all_read_before_anybody_compares(patch: pytest.MonkeyPatch, together: int) -> None:
    """What happens without a lock at its worst: everybody has read what is left before the first has counted."""
    barrier, of_actor = Barrier(together), attempt_limits.of_actor

    def read_by_all(*given: Any, **named: Any) -> attempt_limits.WrongCodes:
        barrier.wait(timeout=60)
        return of_actor(*given, **named)

    patch.setattr(attempt_limits, "of_actor", read_by_all)


@pytest.mark.parametrize("guesses", [200, pytest.param(1000, marks=[pytest.mark.soak, pytest.mark.timeout(600)])])
def test_t08_of_many_wrong_guesses_at_once_exactly_five_are_evaluated(guesses: int) -> None:
    package = shop.make_package(states.READY)
    answers = at_once([deliver(package, shop.wrong_code(package, n + 1)) for n in range(guesses)])
    assert codes(answers) == {"otp_incorrect": 5, "otp_locked": guesses - 5}
    package = shop.reread(package)
    assert (package.issue_attempts, package.total_attempts) == (5, 5)
    assert CommandLog.objects.filter(note_kind="locked_out").count() == 1


def test_t08_control_without_the_lock_on_the_package_more_are_evaluated(monkeypatch: pytest.MonkeyPatch) -> None:
    package = shop.make_package(states.READY)
    guesses = [deliver(package, shop.wrong_code(package, n + 1)) for n in range(THREADS)]
    monkeypatch.setattr(statements, "LOCK_PACKAGE", NO_LOCK)
    monkeypatch.setattr(statements, "LOCK_ORDER", NO_LOCK)
    all_read_before_anybody_compares(monkeypatch, THREADS)
    assert codes(at_once(guesses)) == {"otp_incorrect": THREADS}


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
def killed_after_comparing(line: int, kill: Callable[[], object]) -> Iterator[list[int]]:
    """Kill at the nth line of ours that runs after a comparison."""
    compared = False
    ran: list[int] = []

    def trace(frame: FrameType, event: str, _arg: Any) -> Any:
        nonlocal compared
        if "/clickcollect/" not in frame.f_code.co_filename:
            return None
        if event == "return" and frame.f_code is Code.matches.__code__:
            compared = True
        elif event == "line" and compared:
            ran.append(frame.f_lineno)
            if len(ran) == line:
                kill()
        return trace

    before = sys.gettrace()  # that of coverage, where it measures
    sys.settrace(trace)
    try:
        yield ran
    finally:
        sys.settrace(before)


def raising(killer: type[BaseException]) -> Callable[[], object]:
    def kill() -> object:
        raise killer

    return kill


def lines_after_a_wrong_comparison() -> int:
    package = shop.make_package(states.READY)
    actor = shop.make_actor(Role.ASSOCIATE, package.stock_location)
    with killed_after_comparing(0, raising(Interrupted)) as ran, pytest.raises(OtpIncorrect):
        deliver(package, shop.wrong_code(package), actor)()
    assert len(ran) >= 50, "the kill must hit real lines"
    return len(ran)


@pytest.mark.timeout(300)
def test_t10_a_wrong_guess_is_counted_whatever_is_raised() -> None:
    """At every line that runs after the comparison, ten kinds of exception in turn: counted once, for both."""
    lines = lines_after_a_wrong_comparison()
    kills = max(100, lines)
    killed = counted = of_employee = 0
    for kill in range(kills):
        package = shop.make_package(states.READY)
        actor = shop.make_actor(Role.ASSOCIATE, package.stock_location)
        guess = deliver(package, shop.wrong_code(package), actor)
        killer = KILLERS[(kill + kill // lines) % len(KILLERS)]
        try:
            with killed_after_comparing(1 + kill % lines, raising(killer)):
                guess()
        except KILLERS:
            killed += 1
        finally:
            connection.close()
        counted += shop.reread(package).issue_attempts
        of_employee += len(EmployeeBudget.objects.get(user_id=actor.user_id or 0).tried_at)
    assert (killed, counted, of_employee) == (kills, kills, kills)


@pytest.mark.timeout(300)
def test_t10_a_wrong_guess_is_counted_whatever_refusal_ends_it() -> None:
    """A refusal of ours at any line after the comparison, while it is decided or written: counted once, for both."""
    lines = lines_after_a_wrong_comparison()
    for line in range(1, lines + 1):
        package = shop.make_package(states.READY)
        actor = shop.make_actor(Role.ASSOCIATE, package.stock_location)
        with pytest.raises(DomainError), killed_after_comparing(line, raising(StateConflict)):
            deliver(package, shop.wrong_code(package), actor)()
        connection.close()
        tried = EmployeeBudget.objects.get(user_id=actor.user_id or 0).tried_at
        assert (shop.reread(package).issue_attempts, len(tried)) == (1, 1), line


@contextmanager
def refused_by_the_database(*tables: str) -> Iterator[None]:
    """Every row that is written to these is refused, by a trigger."""
    with connections["owner"].cursor() as owner:
        owner.execute("CREATE FUNCTION planted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'planted'; END $$")
        try:
            for table in tables:
                owner.execute(f"CREATE TRIGGER planted BEFORE INSERT OR UPDATE ON {table} EXECUTE FUNCTION planted()")
            yield
        finally:
            owner.execute("DROP FUNCTION planted() CASCADE")
            connection.close()


def test_t10_a_wrong_guess_is_counted_though_the_database_refuses_its_log_row() -> None:
    package = shop.make_package(states.READY)
    actor = shop.make_actor(Role.ASSOCIATE, package.stock_location)
    with refused_by_the_database("oms_commandlog"):
        for code in (shop.wrong_code(package), shop.right_code(package)):
            with pytest.raises(DatabaseError, match="planted"):
                deliver(package, code, actor)()
    tried = EmployeeBudget.objects.get(user_id=actor.user_id or 0).tried_at
    assert (shop.reread(package).issue_attempts, len(tried)) == (1, 1), "the wrong one is, the right one is not"
    assert shop.state_of(package) == states.READY


def test_t10_a_guess_that_the_database_does_not_let_count_is_told_by_nothing() -> None:
    package = shop.make_package(states.READY)
    with refused_by_the_database("oms_commandlog", "oms_package"), pytest.raises(DatabaseAway):
        deliver(package, shop.wrong_code(package))()
    assert (shop.reread(package).issue_attempts, shop.state_of(package)) == (0, states.READY)


def test_t10_control_without_the_count_after_a_failure_guesses_are_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "count_alone", lambda _run: None)
    package = shop.make_package(states.READY)
    with pytest.raises(Interrupted), killed_after_comparing(3, raising(Interrupted)):
        deliver(package, shop.wrong_code(package))()
    connection.close()
    assert shop.reread(package).issue_attempts == 0


def test_t10_where_it_cannot_be_counted_a_wrong_code_is_told_as_a_right_one_would_be(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    package = shop.make_package(states.READY)
    monkeypatch.setattr(attempt_limits, "COUNT_ON_PACKAGE", "SELECT 1 / 0 WHERE %(package)s::bigint > 0")
    with pytest.raises(DatabaseAway), killed_after_comparing(3, raising(RuntimeError)):
        deliver(package, shop.wrong_code(package))()


def told_by_a_process_killed_at(line: int, guess: Callable[[], object]) -> bytes:
    """What a process of its own says before it is killed, with SIGKILL, at the nth line after its comparison."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        connection.connection = None  # the parent's: left alone
        with suppress(DomainError), killed_after_comparing(line, lambda: os.kill(os.getpid(), signal.SIGKILL)):
            guess()
        os.write(writing, b"told")
        os._exit(0)
    os.close(writing)
    os.waitpid(pid, 0)
    with os.fdopen(reading, "rb") as pipe:
        return pipe.read()


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("every", [3, pytest.param(1, marks=pytest.mark.soak)])
def test_t10_a_process_killed_at_any_line_has_told_nothing_that_is_not_counted(every: int) -> None:
    """Every third line; in the long form every line."""
    lines = lines_after_a_wrong_comparison()
    told = 0
    for line in (*range(1, lines + 1, every), lines + 1):
        package = shop.make_package(states.READY)
        guess = deliver(package, shop.wrong_code(package))
        connection.close()
        said = told_by_a_process_killed_at(line, guess)
        told += bool(said)
        assert not said or shop.reread(package).issue_attempts == 1
    assert told >= 1, "who is not killed tells"


def test_what_is_locked_or_expired_is_refused_without_a_comparison(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[str] = []
    matches = Code.matches

    def counting(self: Code, typed: Code) -> bool:
        compared.append("once")
        return matches(self, typed)

    monkeypatch.setattr(Code, "matches", counting)
    package = shop.make_package(states.READY)
    right = deliver(package, shop.right_code(package))
    changes: list[tuple[dict[str, object], dict[str, object], str]] = [
        ({"issue_attempts": 5}, {"issue_attempts": 0}, "otp_locked"),
        ({"total_attempts": 10}, {"total_attempts": 0}, "otp_locked"),
        ({"pickup_deadline": shop.PAST}, {"pickup_deadline": package.pickup_deadline}, "otp_expired"),
    ]
    for change, back, code in changes:
        Package.objects.filter(pk=package.pk).update(**change)
        with pytest.raises(DomainError) as caught:
            right()
        assert (caught.value.code, compared) == (code, [])
        Package.objects.filter(pk=package.pk).update(**back)
    right()
    assert compared == ["once"], "the control: what is not refused is compared"


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
        numbers = list(CodeIssue.objects.filter(package=package).order_by("issued_at").values_list("number", flat=True))
        assert numbers == list(range(1, counted["ok"] + 2))
        assert CodeIssue.objects.filter(package=package, closed_at=None).count() == 1
        assert shop.reread(package).issue_number == numbers[-1]


@pytest.mark.parametrize("count", [40, pytest.param(1000, marks=[pytest.mark.soak, pytest.mark.timeout(900)])])
def test_t13_an_employee_stops_at_ten_and_others_are_unaffected(count: int) -> None:
    """Over as many packages at once, a right code among every 20."""
    store = shop.make_store()
    actor, colleague = (shop.make_actor(Role.ASSOCIATE, store) for _ in range(2))
    packages = [shop.make_package(states.READY, store=store) for _ in range(count)]
    right = packages[7::20]
    typed = [shop.right_code(one) if one in right else shop.wrong_code(one) for one in packages]
    answers = at_once([deliver(one, otp, actor) for one, otp in zip(packages, typed, strict=True)])
    told = codes(answers)
    assert told["otp_incorrect"] == 10
    assert set(told) <= {"otp_incorrect", "throttled", "ok"}
    assert told.get("ok", 0) <= len(right)
    assert sum(shop.reread(package).total_attempts for package in packages) == 10
    untouched = next(one for one in packages if shop.state_of(one) == states.READY)
    with pytest.raises(Throttled) as caught:
        deliver(untouched, shop.right_code(untouched), actor)()
    assert 3400 < caught.value.extra["retry_after"] <= 3600
    deliver(untouched, shop.right_code(untouched), colleague)()
    assert shop.state_of(untouched) == states.DELIVERED
    assert len(EmployeeBudget.objects.get(user_id=actor.user_id or 0).tried_at) == 10


def test_t13_control_without_the_lock_on_the_person_more_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    store = shop.make_store()
    actor = shop.make_actor(Role.ASSOCIATE, store)
    guesses = [
        deliver(package, shop.wrong_code(package), actor)
        for package in [shop.make_package(states.READY, store=store) for _ in range(THREADS)]
    ]
    monkeypatch.setattr(statements, "LOCK_PERSON", NO_LOCK)
    all_read_before_anybody_compares(monkeypatch, THREADS)
    assert codes(at_once(guesses)) == {"otp_incorrect": THREADS}


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
        assert set(counted) == {"ok", "state_conflict"}
        package = shop.reread(package)
        assert (package.issue_attempts, package.total_attempts) == (0, 0)
        assert CommandLog.objects.filter(package_id=package.pk, kind="move", new_state=states.DELIVERED).count() == 1
    assert not EmployeeBudget.objects.exists()
