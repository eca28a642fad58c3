"""A short PIN: to come back to a shared device, and for a manager to approve a step on a colleague's.

Kept hashed only. Five wrong ones within a day, over every device and door, lock it; only a full sign-in by password
opens it again.
"""

from collections.abc import Callable
from itertools import pairwise
from typing import Final

from django.contrib.auth.hashers import check_password, make_password
from django.db.models.functions import Now
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from clickcollect.accounts import sign_in_limits
from clickcollect.accounts.authenticator_codes import is_code_of
from clickcollect.accounts.models import Role, User
from clickcollect.errors import Fault, NotAuthenticated, Throttled, ValidationFailed

SHORTEST: Final = 4
SHORTEST_TO_APPROVE: Final = 6  # a manager's PIN opens what weakens the check of the code
LONGEST: Final = 8
LOCKED_AT: Final = "pin_was_locked_at"  # in the session after a full sign-in, until the person has read it


def shortest_for(user: User) -> int:
    """How many digits a person's PIN has at least: a manager's approves steps too."""
    return SHORTEST_TO_APPROVE if user.role == Role.MANAGER else SHORTEST


@sensitive_variables("pin", "password")
def set_pin(request: HttpRequest, *, user: User, pin: str, password: str) -> None:
    """Set a person's PIN; the password says that it is really them, and ends a lock.

    Raises ValidationFailed, Throttled, and NotAuthenticated for whose access was ended meanwhile.
    """
    faults = faults_of_pin(user, pin)
    if faults:
        raise ValidationFailed(faults)
    if not sign_in_limits.prove(request, account=user, door="PIN", proof=lambda: user.check_password(password)):
        raise ValidationFailed.of("password", _("Wrong password."))
    same = User.objects.filter(pk=user.pk, access_version=user.access_version)
    can_approve = len(pin) >= SHORTEST_TO_APPROVE
    if same.update(pin=make_password(pin), pin_can_approve=can_approve, pin_locked_at=None) != 1:
        raise NotAuthenticated
    sign_in_limits.forget_pin(user)


def faults_of_pin(user: User, pin: str) -> list[Fault]:
    """What is wrong with the PIN that somebody chose."""
    low = shortest_for(user)
    if not (pin.isascii() and pin.isdigit() and low <= len(pin) <= LONGEST):
        return [{"loc": "pin", "msg": _("A PIN has %(low)d to %(high)d digits.") % {"low": low, "high": LONGEST}}]
    if is_easy(pin):
        return [{"loc": "pin", "msg": _("This PIN is too easy to guess. Avoid repeated digits and sequences.")}]
    return []


def is_easy(pin: str) -> bool:
    """One digit again and again, or counting up or down."""
    steps = {int(later) - int(earlier) for earlier, later in pairwise(pin)}
    return steps in ({0}, {1}, {-1})


@sensitive_variables("pin")
def check_pin(request: HttpRequest, *, user: User, pin: str) -> bool:
    """Whether this is the person's PIN. Counted before it is compared. Raises Throttled."""
    return prove_by_pin(request, user=user, door="PIN", proof=lambda: bool(user.pin) and check_password(pin, user.pin))


@sensitive_variables("entry")
def check_approval(request: HttpRequest, *, manager: User, entry: str) -> bool:
    """Whether a manager has entered their PIN, or what their authenticator app shows. Raises Throttled.

    Both count as the PIN does: with one field, nobody can tell which of them a wrong entry was meant to be.
    """

    def proof() -> bool:
        has_pin = bool(manager.pin) and manager.pin_can_approve
        return (has_pin and check_password(entry, manager.pin)) or is_code_of(manager, entry)

    return prove_by_pin(request, user=manager, door="approval", proof=proof)


def prove_by_pin(request: HttpRequest, *, user: User, door: str, proof: Callable[[], bool]) -> bool:
    """Let somebody show a PIN; the fifth wrong one within a day locks it. Raises Throttled, with nothing compared."""
    if User.objects.filter(pk=user.pk).exclude(pin_locked_at=None).exists():
        raise locked()
    try:
        is_right = sign_in_limits.prove(request, account=user, door=door, proof=proof, is_pin=True)
    except Throttled as refusal:
        raise Throttled(_("Too many wrong PINs. Sign in with your password."), **refusal.extra) from None
    if not is_right and sign_in_limits.is_used_up(sign_in_limits.pin_key(user.pk), sign_in_limits.PIN):
        User.objects.filter(pk=user.pk, pin_locked_at=None).update(pin_locked_at=Now())
    return is_right


def locked() -> Throttled:
    """The refusal of a locked PIN."""
    return Throttled(_("This PIN is locked after too many wrong attempts. Signing in with the password unlocks it."))


def signed_in_by_password(request: HttpRequest, user: User) -> None:
    """Open a locked PIN again: its owner has signed in in full, and is told that it was locked."""
    since = User.objects.filter(pk=user.pk).values_list("pin_locked_at", flat=True).get()
    if since is None:
        return
    User.objects.filter(pk=user.pk).update(pin_locked_at=None)
    sign_in_limits.forget_pin(user)
    request.session[LOCKED_AT] = since.isoformat()
