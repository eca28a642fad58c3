"""How many tries are left, for people to see before they type. Deciding is done in `budgets.py`, and counted there."""

from django.db.models.functions import Now

from clickcollect.oms import budgets
from clickcollect.oms.access import Actor
from clickcollect.oms.models import EmployeeBudget, Package
from clickcollect.oms.settings import Values


def attempts_left(*, package: Package, actor: Actor, limits: Values) -> int:
    """The smallest of what code, package and employee have left (contract section 5)."""
    of_issue = limits["OTP_ATTEMPTS_PER_ISSUE"] - package.issue_attempts
    of_package = limits["OTP_ATTEMPTS_PER_PACKAGE"] + budgets.UNLOCK_ADDS * package.unlocks - package.total_attempts
    return max(0, min(int(of_issue), int(of_package), left_of_employee(actor=actor, limits=limits)))


def left_of_employee(*, actor: Actor, limits: Values) -> int:
    """What one employee has left of the hour and the day."""
    an_hour, a_day = limits["OTP_ATTEMPTS_PER_EMPLOYEE_HOUR"], limits["OTP_ATTEMPTS_PER_EMPLOYEE_DAY"]
    if actor.user_id is None:
        return int(an_hour)
    budget = EmployeeBudget.objects.annotate(clock=Now()).filter(user_id=actor.user_id).first()
    if budget is None:
        return int(an_hour)
    within_day = [moment for moment in budget.tried_at if moment > budget.clock - budgets.DAY]
    return budgets.left(within_day, now=budget.clock, an_hour=an_hour, a_day=a_day)
