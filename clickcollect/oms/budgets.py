"""How many wrong codes: per issue, per package for life, per employee. Exact under any concurrency.

Each budget is one conditional statement that commits before anything is compared (safety: statements 1, 2 and 5).
This and the dispatcher's claim are the only hand-written SQL in the house.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import connection, transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clickcollect.errors import Throttled
from clickcollect.oms import states
from clickcollect.oms.access import Actor
from clickcollect.oms.models import CodeIssue, EmployeeBudget, Package
from clickcollect.oms.settings import Values

UNLOCK_ADDS: Final = 5  # to a package's limit, each time a manager unlocks it
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

GIVE_BACK: Final = """
WITH employee AS (
    UPDATE oms_employeebudget
    SET tried_at = tried_at[:array_position(tried_at, %(tried)s::timestamptz) - 1]
        || tried_at[array_position(tried_at, %(tried)s::timestamptz) + 1:]
    WHERE user_id = %(user)s::bigint AND %(tried)s::timestamptz = ANY (tried_at)
)
UPDATE oms_package SET
    total_attempts = total_attempts - 1,
    issue_attempts = issue_attempts
        - CASE WHEN issue_number = %(issue)s AND unlocks = %(unlocks)s THEN 1 ELSE 0 END
WHERE id = %(package)s::bigint
"""


@dataclass(frozen=True, kw_only=True)
class Reserved:
    """One counted attempt. Not granted = the package's side refused; the employee's side was given back then."""

    package_id: int
    issue_number: int
    user_id: int | None
    tried_at: datetime | None
    granted: bool
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
    free_at = now
    for span, key in ((HOUR, "OTP_ATTEMPTS_PER_EMPLOYEE_HOUR"), (DAY, "OTP_ATTEMPTS_PER_EMPLOYEE_DAY")):
        most = limits[key]
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
                "package": reserved.package_id,
                "issue": reserved.issue_number,
                "unlocks": reserved.unlocks,
            },
        )
