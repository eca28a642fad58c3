"""How many wrong codes: per issue, per package for life, per employee, and per owner of programs' tokens.

Nothing is reserved. Whoever compares holds the package's row and the lock on who tries, and the answer leaves after
COMMIT, so that no outcome is told before its count is committed (contract section 5, safety: the statements that
decide). What stands here is pure but for the two statements that write a wrong code down.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clickcollect.errors import Throttled
from clickcollect.oms.access import Actor
from clickcollect.oms.app_settings import Values
from clickcollect.oms.models import Package

UNLOCK_ADDS: Final = 5  # to a package's limit, each time a manager unlocks it
PROGRAM_TIMES: Final = 5  # what a person's programs have in each store, as a multiple of what a person has
PROGRAMS_A_DAY: Final = 500  # and over all stores together
EVERYWHERE: Final = 0  # the row that counts over all stores
HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)

# `transaction`: one that failed, or whose COMMIT was not heard of. What it has counted is not counted again.
NOT_COUNTED: Final = """(
    %(transaction)s::xid8 IS NULL OR pg_xact_status(%(transaction)s::xid8) IS DISTINCT FROM 'committed')"""
COUNT_ON_PACKAGE: Final = f"""
UPDATE oms_package SET
    total_attempts = total_attempts + 1,
    issue_attempts = issue_attempts + CASE WHEN issue_number = %(issue)s::int THEN 1 ELSE 0 END
WHERE id = %(package)s::bigint AND {NOT_COUNTED}
"""  # noqa: S608  (put together from constants)
COUNT_FOR_EMPLOYEE: Final = f"""
INSERT INTO oms_employeebudget AS budget (user_id, tried_at)
SELECT %(user)s::bigint, ARRAY[%(now)s::timestamptz] WHERE {NOT_COUNTED}
ON CONFLICT (user_id) DO UPDATE SET tried_at =
    ARRAY(SELECT tried FROM unnest(budget.tried_at) tried WHERE tried > %(now)s::timestamptz - interval '1 day')
    || %(now)s::timestamptz
"""  # noqa: S608
COUNT_FOR_PROGRAM: Final = f"""
INSERT INTO oms_programbudget AS budget (user_id, store_id, tried_at)
SELECT %(user)s::bigint, store, ARRAY[%(now)s::timestamptz]
FROM unnest(%(stores)s::bigint[]) store WHERE {NOT_COUNTED} ORDER BY store
ON CONFLICT (user_id, store_id) DO UPDATE SET tried_at =
    ARRAY(SELECT tried FROM unnest(budget.tried_at) tried WHERE tried > %(now)s::timestamptz - interval '1 day')
    || %(now)s::timestamptz
"""  # noqa: S608


class Limit(StrEnum):
    """Whose limit was reached, as `limits_reached` of a refusal names it."""

    CODE = "code"
    PACKAGE = "package"
    EMPLOYEE = "employee"
    PROGRAM = "program"


@dataclass(frozen=True, kw_only=True)
class WrongCodes:
    """When who tries has typed wrong codes within the last day.

    ``of``: a person's own, or those of all tokens of one owner; None for the system, which types none.
    ``here``: a person's, or those of the programs in this store; ``everywhere``: of the programs, over all stores.
    """

    of: Limit | None = None
    here: Sequence[datetime] = ()
    everywhere: Sequence[datetime] = ()

    def spans(self, limits: Mapping[str, Any]) -> list[tuple[Sequence[datetime], timedelta, int]]:
        """Every limit: the times that count, how long each counts, and how many there may be."""
        an_hour = int(limits["OTP_ATTEMPTS_PER_EMPLOYEE_HOUR"])
        a_day = int(limits["OTP_ATTEMPTS_PER_EMPLOYEE_DAY"])
        if self.of is not Limit.PROGRAM:
            return [(self.here, HOUR, an_hour), (self.here, DAY, a_day)]
        return [
            (self.here, HOUR, PROGRAM_TIMES * an_hour),
            (self.here, DAY, PROGRAM_TIMES * a_day),
            (self.everywhere, DAY, PROGRAMS_A_DAY),
        ]

    def left(self, *, now: datetime, limits: Mapping[str, Any]) -> int:
        """How many more they may type now: the smallest of their limits."""
        spans = self.spans(limits)
        return min(most - sum(moment > now - span for moment in times) for times, span, most in spans)

    def free_at(self, *, now: datetime, limits: Mapping[str, Any]) -> datetime:
        """When none of their limits is reached any more; ``now`` where none is."""
        found = now
        for times, span, most in self.spans(limits):
            within = sorted(moment for moment in times if moment > now - span)
            if len(within) >= most:
                found = max(found, within[-most] + span)
        return found

    def with_one_more(self, now: datetime) -> "WrongCodes":
        """The same after one more wrong code."""
        return WrongCodes(of=self.of, here=(*self.here, now), everywhere=(*self.everywhere, now))


def of_actor(
    actor: Actor, *, employee: Sequence[datetime], here: Sequence[datetime], everywhere: Sequence[datetime]
) -> WrongCodes:
    """What counts for this caller, of what was read: a person's own times, or those of their programs."""
    if actor.user_id is None:
        return WrongCodes()
    if actor.is_program:
        return WrongCodes(of=Limit.PROGRAM, here=here, everywhere=everywhere)
    return WrongCodes(of=Limit.EMPLOYEE, here=employee)


def throttled(tried: WrongCodes, *, now: datetime, limits: Mapping[str, Any]) -> Throttled:
    """The refusal of somebody whose limit is reached, with the seconds to wait."""
    seconds = max(1, round((tried.free_at(now=now, limits=limits) - now).total_seconds()))
    if tried.of is Limit.PROGRAM:
        words = _("The programs of this account have reached their limit of wrong codes. Try again in %(time)s.")
    else:
        words = _("You've reached your limit of wrong codes. Ask a colleague to take over, or try again in %(time)s.")
    reached = [str(tried.of)] if tried.of else []
    return Throttled(words % {"time": in_words(seconds)}, retry_after=seconds, limits_reached=reached)


def in_words(seconds: int) -> str:
    """Minutes, rounded up; hours from two on."""
    minutes = math.ceil(seconds / 60)
    if minutes >= 120:
        hours = math.ceil(minutes / 60)
        return ngettext("%(count)d hour", "%(count)d hours", hours) % {"count": hours}
    return ngettext("%(count)d minute", "%(count)d minutes", minutes) % {"count": minutes}


def package_limit(package: Package, limits: Values) -> int:
    """How many wrong codes a package may see in its life: the setting, and more for each unlock."""
    return int(limits["OTP_ATTEMPTS_PER_PACKAGE"]) + UNLOCK_ADDS * package.unlocks


def left_of_package(package: Package, limits: Values) -> int:
    """What the code and the package have left: the smaller of both."""
    of_code = int(limits["OTP_ATTEMPTS_PER_ISSUE"]) - package.issue_attempts
    return min(of_code, package_limit(package, limits) - package.total_attempts)


@dataclass(frozen=True, kw_only=True)
class Counted:
    """One wrong code to write down: on its package, and for who typed it.

    ``transaction``: left out where it is counted in the transaction of its comparison; its id where that one failed.
    """

    package_id: int
    issue_number: int
    store_id: int
    actor: Actor
    now: datetime
    transaction: str | None = None

    def statements(self) -> list[tuple[str, dict[str, Any]]]:
        """The statement for the package, then the one for the person or program, if there is one."""
        package = {"package": self.package_id, "issue": self.issue_number, "transaction": self.transaction}
        who: dict[str, Any] = {"user": self.actor.user_id, "now": self.now, "transaction": self.transaction}
        found: list[tuple[str, dict[str, Any]]] = [(COUNT_ON_PACKAGE, package)]
        if self.actor.is_program:
            found.append((COUNT_FOR_PROGRAM, who | {"stores": f"{{{EVERYWHERE},{self.store_id}}}"}))
        elif self.actor.user_id is not None:
            found.append((COUNT_FOR_EMPLOYEE, who))
        return found
