"""How many wrong codes are left, whose limit is reached, and whether a code is locked: for people to see.

The limits themselves stand in `attempt_limits.py`. Three of them stand side by side: the code's, the package's over
all its codes, and the employee's own (contract section 5).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models.functions import Now
from django.utils.translation import gettext as _

from clickcollect.accounts.models import User
from clickcollect.errors import OtpLocked
from clickcollect.omnitron.models import StoreMembership
from clickcollect.oms import states
from clickcollect.oms.access import Actor
from clickcollect.oms.app_settings import Values
from clickcollect.oms.codes.attempt_limits import (
    DAY,
    HOUR,
    Limit,
    WrongCodes,
    left_of_package,
    package_limit,
    throttled,
)
from clickcollect.oms.models import EmployeeBudget, Package

MOST_STAFF: Final = 50
EMPLOYEE_HOUR: Final = "OTP_ATTEMPTS_PER_EMPLOYEE_HOUR"


@dataclass(frozen=True, kw_only=True)
class EmployeeAttempts:
    """An employee's wrong codes of the last day. ``now``: the database's clock; None where there are none."""

    tried: WrongCodes
    now: datetime | None = None

    def left(self, limits: Values) -> int:
        """What this employee has left."""
        return self.tried.left(now=self.now, limits=limits) if self.now else int(limits[EMPLOYEE_HOUR])

    def is_out(self, limits: Values) -> str:
        """The sentence for one whose own limit is reached: who can go on, and when they can; else nothing."""
        if self.now is None or self.left(limits) > 0:
            return ""
        return throttled(self.tried, now=self.now, limits=limits).detail


def attempts_of_employee(actor: Actor) -> EmployeeAttempts:
    """An employee's wrong codes of the last day; one statement."""
    budget = EmployeeBudget.objects.annotate(clock=Now()).filter(user_id=actor.user_id or 0).first()
    if budget is None:
        return EmployeeAttempts(tried=WrongCodes(of=Limit.EMPLOYEE))
    return EmployeeAttempts(tried=WrongCodes(of=Limit.EMPLOYEE, here=budget.tried_at), now=budget.clock)


def attempts_left(*, package: Package, employee: EmployeeAttempts, limits: Values) -> int:
    """The smallest of what code, package and employee have left (contract section 5)."""
    return max(0, min(left_of_package(package, limits), employee.left(limits)))


def package_is_used_up(package: Package, limits: Values) -> bool:
    """Whether the package's own limit is reached: no new code helps then, only a manager's *Unlock code*."""
    return package.total_attempts >= package_limit(package, limits)


def is_code_locked(package: Package, limits: Values) -> bool:
    """Whether a ready package's code, or the whole package, has seen too many wrong codes."""
    if package.issue_number == 0 or package.state.enum_value != states.READY:
        return False
    return left_of_package(package, limits) <= 0


def new_codes_are_used_up(package: Package, limits: Values) -> bool:
    """Whether the customer has been sent as many new codes as a package may have; the first code is none of them."""
    return package.issue_number > 0 and package.new_codes >= int(limits["OTP_NEW_CODES"])


def lock_refusal(package: Package, limits: Values) -> OtpLocked:
    """The refusal of a locked package: whose limit it is, and what helps."""
    if package_is_used_up(package, limits):
        words = _("Too many wrong codes for this package. Only a manager can unlock it.")
        return OtpLocked(words, limits_reached=[Limit.PACKAGE])
    if new_codes_are_used_up(package, limits):
        words = _("Too many wrong codes, and no new codes are left for this package. Ask a manager to unlock it.")
        return OtpLocked(words, limits_reached=[Limit.CODE])
    return OtpLocked(limits_reached=[Limit.CODE])


def has_locked(extra: Mapping[str, Any]) -> bool:
    """Whether a refusal with these members says that nothing typed can help any more, whoever types it."""
    return not {Limit.CODE, Limit.PACKAGE}.isdisjoint(extra.get("limits_reached", ()))


@dataclass(frozen=True, kw_only=True)
class Tried:
    """One employee's wrong codes of the last day. ``free_at``: when they can go on, once a limit is reached."""

    name: str
    within_hour: int
    within_day: int
    free_at: datetime | None


def tried_by_staff(*, actor: Actor, store_id: int, limits: Values) -> list[Tried]:
    """Who in a store entered wrong codes within the last day, the most first; at most 50. Raises Forbidden."""
    actor.require("logs:read")
    staff = StoreMembership.objects.filter(store_id=store_id).values("user_id")
    found = list(EmployeeBudget.objects.annotate(clock=Now()).filter(user_id__in=staff).order_by("user_id"))
    names = {user.pk: user.get_full_name() for user in User.objects.filter(pk__in=[row.user_id for row in found])}
    told = []
    for row in found:
        free_at = WrongCodes(of=Limit.EMPLOYEE, here=row.tried_at).free_at(now=row.clock, limits=limits)
        told.append(
            Tried(
                name=names.get(row.user_id, ""),
                within_hour=sum(moment > row.clock - HOUR for moment in row.tried_at),
                within_day=sum(moment > row.clock - DAY for moment in row.tried_at),
                free_at=free_at if free_at > row.clock else None,
            )
        )
    used = [line for line in told if line.within_day]
    return sorted(used, key=lambda line: (-line.within_hour, -line.within_day, line.name))[:MOST_STAFF]
