"""How many wrong codes there may be: what counts, for how long, and what is said (contract section 5)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from clickcollect.oms import states
from clickcollect.oms.access import SYSTEM
from clickcollect.oms.app_settings import Values
from clickcollect.oms.codes import attempt_limits, attempts
from clickcollect.oms.codes.attempt_limits import Limit, WrongCodes
from clickcollect.oms.codes.attempts import EmployeeAttempts
from clickcollect.oms.models import EmployeeBudget, Package, PackageState
from tests import shop

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
INSTANT = timedelta(microseconds=1)
HOUR, DAY = timedelta(hours=1), timedelta(hours=24)
LIMITS = Values(
    {
        "OTP_ATTEMPTS_PER_ISSUE": 5,
        "OTP_ATTEMPTS_PER_PACKAGE": 10,
        "OTP_ATTEMPTS_PER_EMPLOYEE_HOUR": 20,
        "OTP_ATTEMPTS_PER_EMPLOYEE_DAY": 50,
        "OTP_NEW_CODES": 5,
    }
)


def wrong(of: Limit, *, here: int = 0, everywhere: int = 0, ago: timedelta) -> WrongCodes:
    return WrongCodes(of=of, here=[NOW - ago] * here, everywhere=[NOW - ago] * everywhere)


@pytest.mark.parametrize(
    ("tried", "left"),
    [
        (wrong(Limit.EMPLOYEE, here=19, ago=HOUR - INSTANT), 1),
        (wrong(Limit.EMPLOYEE, here=19, ago=HOUR), 20),  # an hour later it counts no more
        (wrong(Limit.EMPLOYEE, here=49, ago=DAY - INSTANT), 1),
        (wrong(Limit.EMPLOYEE, here=49, ago=DAY), 20),
        (wrong(Limit.PROGRAM, here=99, ago=HOUR - INSTANT), 1),  # five times an employee's
        (wrong(Limit.PROGRAM, here=249, ago=DAY - INSTANT), 1),
        (wrong(Limit.PROGRAM, everywhere=499, ago=DAY - INSTANT), 1),
        (wrong(Limit.PROGRAM, everywhere=499, ago=DAY), 100),
    ],
)
def test_a_wrong_code_counts_for_an_hour_and_for_a_day_and_not_a_moment_longer(tried: WrongCodes, left: int) -> None:
    assert tried.left(now=NOW, limits=LIMITS) == left


@pytest.mark.parametrize(
    ("here", "waits"),
    [
        ([NOW] * 20, HOUR),
        ([NOW - HOUR + INSTANT] * 20, INSTANT),
        ([NOW - HOUR] * 20, timedelta(0)),  # that hour is over
        ([NOW - DAY + INSTANT] * 50, INSTANT),
        ([NOW - DAY] * 50, timedelta(0)),
        ([NOW - timedelta(minutes=30)] + [NOW] * 20, HOUR),  # the last twenty decide
    ],
)
def test_who_has_reached_a_limit_waits_until_it_is_no_longer_reached(here: list[datetime], waits: timedelta) -> None:
    tried = WrongCodes(of=Limit.EMPLOYEE, here=here)
    assert tried.free_at(now=NOW, limits=LIMITS) == NOW + waits


@pytest.mark.parametrize(
    ("ago", "retry_after"),
    [(timedelta(0), 3600), (HOUR - timedelta(seconds=1), 1), (HOUR - INSTANT, 1), (HOUR, 1)],
)
def test_a_refusal_says_the_seconds_to_wait_and_never_none(ago: timedelta, retry_after: int) -> None:
    refusal = attempt_limits.throttled(wrong(Limit.EMPLOYEE, here=20, ago=ago), now=NOW, limits=LIMITS)
    assert (refusal.extra["retry_after"], refusal.extra["limits_reached"]) == (retry_after, ["employee"])


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (1, "1 minute"),
        (60, "1 minute"),
        (61, "2 minutes"),
        (119 * 60, "119 minutes"),
        (119 * 60 + 1, "2 hours"),
        (120 * 60, "2 hours"),
        (120 * 60 + 1, "3 hours"),
        (24 * 3600, "24 hours"),
    ],
)
def test_a_wait_is_said_in_minutes_and_from_two_hours_on_in_hours(seconds: int, words: str) -> None:
    assert attempt_limits.in_words(seconds) == words


def package(**fields: object) -> Package:
    return Package(**{"state": PackageState(enum_value=states.READY), "issue_number": 1} | fields)


@pytest.mark.parametrize(("unlocks", "limit"), [(0, 10), (1, 15), (3, 25)])
def test_each_unlock_adds_five_to_a_packages_limit(unlocks: int, limit: int) -> None:
    assert attempt_limits.package_limit(package(unlocks=unlocks), LIMITS) == limit


@pytest.mark.parametrize(
    ("of_issue", "of_package", "employee", "left"),
    [(4, 4, 0, 1), (0, 9, 0, 1), (0, 0, 19, 1), (5, 5, 0, 0), (6, 12, 22, 0), (0, 0, 0, 5)],
)
def test_the_smallest_of_three_is_left_and_never_less_than_none(
    of_issue: int, of_package: int, employee: int, left: int
) -> None:
    who = EmployeeAttempts(tried=wrong(Limit.EMPLOYEE, here=employee, ago=INSTANT), now=NOW)
    tried = package(issue_attempts=of_issue, total_attempts=of_package)
    assert attempts.attempts_left(package=tried, employee=who, limits=LIMITS) == left


@pytest.mark.parametrize(
    ("fields", "is_locked"),
    [
        ({"issue_attempts": 5}, True),
        ({"issue_attempts": 4}, False),
        ({"total_attempts": 10}, True),
        ({"total_attempts": 10, "issue_number": 0}, False),  # there is no code to lock
        ({"total_attempts": 10, "state": PackageState(enum_value=states.PACKED)}, False),
    ],
)
def test_only_the_code_of_a_ready_package_is_locked(fields: dict[str, object], is_locked: bool) -> None:  # noqa: FBT001
    assert attempts.is_code_locked(package(**fields), LIMITS) is is_locked


@pytest.mark.parametrize(
    ("issue_number", "new_codes", "used_up"), [(1, 4, False), (1, 5, True), (6, 6, True), (0, 5, False)]
)
def test_new_codes_are_used_up_where_there_is_a_code(issue_number: int, new_codes: int, used_up: bool) -> None:  # noqa: FBT001
    tried = package(issue_number=issue_number, new_codes=new_codes)
    assert attempts.new_codes_are_used_up(tried, LIMITS) is used_up


@pytest.mark.django_db
def test_a_manager_sees_the_fifty_who_entered_most_wrong_codes_first() -> None:
    store, now = shop.make_store(), timezone.now()
    for place in range(52):
        user = shop.make_user("associate", store, username=f"till-{place}", first_name=f"{place:02}", last_name="")
        recent, older = (3, 0) if place == 51 else (0, place + 1)
        times = [now] * recent + [now - timedelta(hours=2)] * older
        EmployeeBudget.objects.create(user_id=user.pk, tried_at=times)
    told = attempts.tried_by_staff(actor=shop.make_actor("manager", store), store_id=store.pk, limits=LIMITS)
    assert [line.name for line in told] == ["51", *(f"{place:02}" for place in range(50, 1, -1))]
    assert [(line.within_hour, line.within_day) for line in told[:2]] == [(3, 3), (0, 51)]


@pytest.mark.django_db
def test_who_erred_most_in_the_last_hour_is_listed_first_then_who_erred_most_in_the_day() -> None:
    store, now = shop.make_store(), timezone.now()
    for name, recent, older in (("A", 1, 9), ("B", 2, 0), ("C", 0, 8), ("D", 2, 3), ("E", 0, 9)):
        user = shop.make_user("associate", store, first_name=name, last_name="")
        EmployeeBudget.objects.create(user_id=user.pk, tried_at=[now] * recent + [now - timedelta(hours=2)] * older)
    told = attempts.tried_by_staff(actor=shop.make_actor("manager", store), store_id=store.pk, limits=LIMITS)
    assert [line.name for line in told] == ["D", "B", "A", "E", "C"]


@pytest.mark.django_db
def test_who_is_no_employee_has_no_employee_s_wrong_codes() -> None:
    for user_id in (1, 2, 7):
        EmployeeBudget.objects.create(user_id=user_id, tried_at=[timezone.now()] * 20)
    assert attempts.attempts_of_employee(SYSTEM).left(LIMITS) == 20
    assert attempts.attempts_of_employee(replace(SYSTEM, user_id=7)).left(LIMITS) == 0
