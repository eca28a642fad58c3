"""How many wrong codes: per issue, per package for life, per employee. Exact under any concurrency.

Each budget is one conditional statement that commits before anything is compared (docs/safety.md, statements 4 and 5).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import connection, transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clickcollect.errors import Throttled
from clickcollect.oms import states
from clickcollect.oms.access import Actor
from clickcollect.oms.app_settings import Values
from clickcollect.oms.models import CodeIssue, EmployeeBudget, Package

UNLOCK_ADDS: Final = 5  # to a package's limit, each time a manager unlocks it
PROGRAM_TIMES: Final = 5  # what a person's programs have in each store, as a multiple of what a person has
PROGRAMS_A_DAY: Final = 500  # and over all stores together
EVERYWHERE: Final = 0  # the row that counts over all stores
HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)

RESERVE_EMPLOYEE: Final = """
INSERT INTO oms_employeebudget AS budget (user_id, tried_at) VALUES (%(user)s, ARRAY[clock_timestamp()])
ON CONFLICT (user_id) DO UPDATE SET tried_at =
    ARRAY(SELECT tried FROM unnest(budget.tried_at) tried WHERE tried > clock_timestamp() - interval '1 day')
    || clock_timestamp()
WHERE (SELECT count(*) FROM unnest(budget.tried_at) tried WHERE tried > clock_timestamp() - interval '1 day')
        < %(a_day)s
  AND (SELECT count(*) FROM unnest(budget.tried_at) tried WHERE tried > clock_timestamp() - interval '1 hour')
        < %(an_hour)s
RETURNING tried_at, clock_timestamp()
"""

READ_EMPLOYEE: Final = """
SELECT coalesce((SELECT tried_at FROM oms_employeebudget WHERE user_id = %s), '{}'), clock_timestamp()
"""

# Two rows at once: of the store, and of all stores together.
RESERVE_PROGRAM: Final = """
INSERT INTO oms_programbudget AS budget (user_id, store_id, tried_at)
SELECT %(user)s, store, ARRAY[statement_timestamp()] FROM unnest(%(stores)s::bigint[]) store ORDER BY store
ON CONFLICT (user_id, store_id) DO UPDATE SET tried_at =
    ARRAY(SELECT tried FROM unnest(budget.tried_at) tried WHERE tried > clock_timestamp() - interval '1 day')
    || statement_timestamp()
WHERE (SELECT count(*) FROM unnest(budget.tried_at) tried WHERE tried > clock_timestamp() - interval '1 day')
        < CASE budget.store_id WHEN %(everywhere)s THEN %(in_all)s ELSE %(a_day)s END
  AND (SELECT count(*) FROM unnest(budget.tried_at) tried WHERE tried > clock_timestamp() - interval '1 hour')
        < CASE budget.store_id WHEN %(everywhere)s THEN %(in_all)s ELSE %(an_hour)s END
RETURNING store_id, statement_timestamp()
"""

READ_PROGRAM: Final = """
SELECT store_id, tried_at, clock_timestamp() FROM oms_programbudget WHERE user_id = %s AND store_id = ANY (%s)
"""

RELEASE_PROGRAM: Final = """
UPDATE oms_programbudget
SET tried_at = tried_at[:array_position(tried_at, %(tried)s::timestamptz) - 1]
    || tried_at[array_position(tried_at, %(tried)s::timestamptz) + 1:]
WHERE user_id = %(user)s::bigint AND store_id = ANY (%(stores)s::bigint[]) AND %(tried)s::timestamptz = ANY (tried_at)
"""

RESERVE_PACKAGE: Final = """
UPDATE oms_package SET issue_attempts = issue_attempts + 1, total_attempts = total_attempts + 1
WHERE id = %(package)s
  AND state_id = (SELECT id FROM oms_packagestate WHERE enum_class = 'PackageStatus' AND enum_value = %(ready)s)
  AND issue_number = %(issue)s
  AND issue_attempts < %(per_issue)s
  AND total_attempts < %(per_package)s + %(unlock_adds)s * unlocks
  AND pickup_deadline > clock_timestamp()
RETURNING version, issue_attempts, total_attempts, unlocks
"""

GIVE_BACK: Final = f"""
WITH employee AS (
    UPDATE oms_employeebudget
    SET tried_at = tried_at[:array_position(tried_at, %(tried)s::timestamptz) - 1]
        || tried_at[array_position(tried_at, %(tried)s::timestamptz) + 1:]
    WHERE %(stores)s::bigint[] IS NULL AND user_id = %(user)s::bigint AND %(tried)s::timestamptz = ANY (tried_at)
), program AS ({RELEASE_PROGRAM})
UPDATE oms_package SET
    total_attempts = total_attempts - 1,
    issue_attempts = issue_attempts
        - CASE WHEN issue_number = %(issue)s AND unlocks = %(unlocks)s THEN 1 ELSE 0 END
WHERE id = %(package)s::bigint
"""  # noqa: S608  (put together from constants)


@dataclass(frozen=True, kw_only=True)
class Reserved:
    """One counted attempt. Not granted = the package's side refused; the employee's side was given back then.

    ``stores``: under which a program's attempt was counted; None for a person's.
    """

    package_id: int
    issue_number: int
    user_id: int | None
    tried_at: datetime | None
    granted: bool
    stores: list[int] | None = None
    version: int = 0
    unlocks: int = 0
    left_of_issue: int = 0
    left_of_package: int = 0
    left_of_employee: int = 0

    @property
    def attempts_remaining(self) -> int:
        """The smallest of what issue, package and employee have left."""
        return max(0, min(self.left_of_issue, self.left_of_package, self.left_of_employee))

    @property
    def used_the_last(self) -> bool:
        """Whether this attempt was the last the code or the package had."""
        return min(self.left_of_issue, self.left_of_package) <= 0


def reserve(*, package: Package, issue: CodeIssue, actor: Actor, limits: Values) -> Reserved:
    """Count one attempt for the employee and the package, each committed alone. Raises Throttled."""
    stores = [EVERYWHERE, package.stock_location_id] if actor.is_program else None
    if stores:
        tried_at, left_of_employee = reserve_program(actor=actor, stores=stores, limits=limits)
    else:
        tried_at, left_of_employee = reserve_employee(actor=actor, limits=limits)
    per_issue, per_package = limits["OTP_ATTEMPTS_PER_ISSUE"], limits["OTP_ATTEMPTS_PER_PACKAGE"]
    with connection.cursor() as cursor:
        cursor.execute(
            RESERVE_PACKAGE,
            {
                "package": package.pk,
                "ready": states.READY,
                "issue": issue.number,
                "per_issue": per_issue,
                "per_package": per_package,
                "unlock_adds": UNLOCK_ADDS,
            },
        )
        row = cursor.fetchone()
    if row is None:
        if stores:
            release_program(user_id=actor.user_id, stores=stores, tried_at=tried_at)
        else:
            release_employee(user_id=actor.user_id, tried_at=tried_at)
        return Reserved(
            package_id=package.pk,
            issue_number=issue.number,
            user_id=actor.user_id,
            tried_at=tried_at,
            granted=False,
        )
    version, issue_attempts, total_attempts, unlocks = row
    return Reserved(
        package_id=package.pk,
        issue_number=issue.number,
        user_id=actor.user_id,
        tried_at=tried_at,
        granted=True,
        stores=stores,
        version=version,
        unlocks=unlocks,
        left_of_issue=per_issue - issue_attempts,
        left_of_package=per_package + UNLOCK_ADDS * unlocks - total_attempts,
        left_of_employee=left_of_employee,
    )


def reserve_employee(*, actor: Actor, limits: Values) -> tuple[datetime | None, int]:
    """Count one attempt for the person who acts; when it was counted, and what they have left. Raises Throttled."""
    an_hour, a_day = limits["OTP_ATTEMPTS_PER_EMPLOYEE_HOUR"], limits["OTP_ATTEMPTS_PER_EMPLOYEE_DAY"]
    if actor.user_id is None:
        return None, an_hour
    with connection.cursor() as cursor:
        cursor.execute(RESERVE_EMPLOYEE, {"user": actor.user_id, "an_hour": an_hour, "a_day": a_day})
        row = cursor.fetchone()
    if row is None:
        raise throttled(user_id=actor.user_id, limits=limits)
    tried, now = row
    return tried[-1], left(tried, now=now, an_hour=an_hour, a_day=a_day)


def reserve_program(*, actor: Actor, stores: list[int], limits: Values) -> tuple[datetime | None, int]:
    """Count one attempt for the programs of the person who owns the token; when, and what is left of the smallest.

    Raises Throttled.
    """
    asked = {"user": actor.user_id, "stores": stores, "everywhere": EVERYWHERE, **program_limits(limits)}
    with connection.cursor() as cursor:
        cursor.execute(RESERVE_PROGRAM, asked)
        granted = cursor.fetchall()
    if len(granted) < len(stores):
        for store_id, tried_at in granted:
            release_program(user_id=actor.user_id, stores=[store_id], tried_at=tried_at)
        raise program_throttled(actor=actor, stores=stores, limits=limits)
    used = read_program(actor=actor, stores=stores)
    return granted[0][1], min(left_of_program(store_id, *row, limits=limits) for store_id, row in used.items())


def program_limits(limits: Values) -> dict[str, int]:
    """What the programs of one person have in one store by the hour and by the day, and a day over all stores."""
    return {
        "an_hour": PROGRAM_TIMES * int(limits["OTP_ATTEMPTS_PER_EMPLOYEE_HOUR"]),
        "a_day": PROGRAM_TIMES * int(limits["OTP_ATTEMPTS_PER_EMPLOYEE_DAY"]),
        "in_all": PROGRAMS_A_DAY,
    }


def read_program(*, actor: Actor, stores: list[int]) -> dict[int, tuple[list[datetime], datetime]]:
    """By store, the times of the wrong codes of the last day, and the database's clock."""
    with connection.cursor() as cursor:
        cursor.execute(READ_PROGRAM, [actor.user_id, stores])
        rows = cursor.fetchall()
    return {store_id: ([moment for moment in tried if moment > now - DAY], now) for store_id, tried, now in rows}


def left_of_program(store_id: int, tried: list[datetime], now: datetime, *, limits: Values) -> int:
    most = program_limits(limits)
    if store_id == EVERYWHERE:
        return most["in_all"] - len(tried)
    return left(tried, now=now, an_hour=most["an_hour"], a_day=most["a_day"])


def program_throttled(*, actor: Actor, stores: list[int], limits: Values) -> Throttled:
    """The refusal of a program whose owner's programs have used up a limit, with the seconds to wait."""
    most, waits = program_limits(limits), [1]
    for store_id, (tried, now) in read_program(actor=actor, stores=stores).items():
        spans = ((DAY, most["in_all"]),) if store_id == EVERYWHERE else ((HOUR, most["an_hour"]), (DAY, most["a_day"]))
        waits.append(round((when_free(tried, now=now, spans=spans) - now).total_seconds()))
    seconds = max(waits)
    return Throttled(
        _("The programs of this account have reached their limit of wrong codes. Try again in %(time)s.")
        % {"time": in_words(seconds)},
        retry_after=seconds,
        limits_reached=["program"],
    )


def left(tried: list[datetime], *, now: datetime, an_hour: int, a_day: int) -> int:
    """What an employee has left, given the times of the wrong codes of the last day."""
    within_hour = sum(1 for moment in tried if moment > now - HOUR)
    return min(an_hour - within_hour, a_day - len(tried))


def throttled(*, user_id: int, limits: Values) -> Throttled:
    """The refusal of an employee who has used up the hour or the day, with the seconds to wait."""
    with connection.cursor() as cursor:
        cursor.execute(READ_EMPLOYEE, [user_id])
        tried, now = cursor.fetchone()
    free_at = max(now + timedelta(seconds=1), free_again(tried, now=now, limits=limits))
    seconds = max(1, round((free_at - now).total_seconds()))
    return Throttled(
        _("You've reached your limit of wrong codes. Ask a colleague to take over, or try again in %(time)s.")
        % {"time": in_words(seconds)},
        retry_after=seconds,
        limits_reached=["employee"],
    )


def free_again(tried: list[datetime], *, now: datetime, limits: Values) -> datetime:
    """When an employee may go on who typed wrong codes at these times; ``now`` where no limit is reached."""
    an_hour, a_day = limits["OTP_ATTEMPTS_PER_EMPLOYEE_HOUR"], limits["OTP_ATTEMPTS_PER_EMPLOYEE_DAY"]
    return when_free(tried, now=now, spans=((HOUR, an_hour), (DAY, a_day)))


def when_free(tried: list[datetime], *, now: datetime, spans: Iterable[tuple[timedelta, int]]) -> datetime:
    """When none of these limits is reached any more; ``spans``: how many tries within how long."""
    free_at = now
    for span, most in spans:
        within = sorted(moment for moment in tried if moment > now - span)
        if len(within) >= most:
            free_at = max(free_at, within[-most] + span)
    return free_at


def in_words(seconds: int) -> str:
    """Minutes, rounded up; hours from two on."""
    minutes = -(-seconds // 60)
    if minutes >= 120:
        hours = -(-minutes // 60)
        return ngettext("%(count)d hour", "%(count)d hours", hours) % {"count": hours}
    return ngettext("%(count)d minute", "%(count)d minutes", minutes) % {"count": minutes}


def release_program(*, user_id: int | None, stores: list[int], tried_at: datetime | None) -> None:
    """Take back a program's reservation when no comparison took place."""
    with connection.cursor() as cursor:
        cursor.execute(RELEASE_PROGRAM, {"user": user_id, "stores": stores, "tried": tried_at})


def release_employee(*, user_id: int | None, tried_at: datetime | None) -> None:
    """Take back an employee's reservation when no comparison took place."""
    if user_id is None or tried_at is None:
        return
    with transaction.atomic():
        budget = EmployeeBudget.objects.select_for_update().filter(user_id=user_id).first()
        if budget and tried_at in budget.tried_at:
            budget.tried_at.remove(tried_at)
            budget.save(update_fields=["tried_at"])


def give_back(reserved: Reserved) -> None:
    """Take back a whole reservation in one committed statement: the code was right, or nothing was compared.

    A new code and an unlock have set the count of the issue to 0 already: then only the package's is taken back.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            GIVE_BACK,
            {
                "user": reserved.user_id,
                "tried": reserved.tried_at,
                "stores": reserved.stores,
                "package": reserved.package_id,
                "issue": reserved.issue_number,
                "unlocks": reserved.unlocks,
            },
        )
