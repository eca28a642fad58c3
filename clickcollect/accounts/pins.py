"""A short PIN to come back to a shared device where one has signed in before. Hashed, few tries, never the only key."""

from itertools import pairwise
from typing import Final

from allauth.core import ratelimit
from django.contrib.auth.hashers import check_password, make_password
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from clickcollect.accounts.models import User
from clickcollect.errors import Throttled, ValidationFailed

SHORTEST: Final = 4
LONGEST: Final = 8
ACTION: Final = "pin"  # settings.ACCOUNT_RATE_LIMITS says how many tries


@sensitive_variables("pin", "password")
def choose(request: HttpRequest, *, user: User, pin: str, password: str) -> None:
    """Set a person's PIN; the password says that it is really them. Raises ValidationFailed, Throttled."""
    if not ratelimit.consume(request, action="reauthenticate", user=user):
        raise Throttled(_("Too many tries. Wait a minute, then try again."), retry_after=60)
    if not user.check_password(password):
        raise ValidationFailed.of("password", _("This is not your password."))
    if not (pin.isascii() and pin.isdigit() and SHORTEST <= len(pin) <= LONGEST):
        words = {"low": SHORTEST, "high": LONGEST}
        raise ValidationFailed.of("pin", _("A PIN has %(low)d to %(high)d digits.") % words)
    if is_easy(pin):
        raise ValidationFailed.of("pin", _("This PIN is too easy to guess. Do not repeat one digit or count up."))
    User.objects.filter(pk=user.pk).update(pin=make_password(pin))


def is_easy(pin: str) -> bool:
    """One digit again and again, or counting up or down."""
    steps = {int(later) - int(earlier) for earlier, later in pairwise(pin)}
    return steps in ({0}, {1}, {-1})


@sensitive_variables("pin")
def fits(request: HttpRequest, *, user: User, pin: str) -> bool:
    """Whether this is the person's PIN. Counted before it is compared. Raises Throttled."""
    if not ratelimit.consume(request, action=ACTION, key=str(user.pk)):
        raise Throttled(_("Too many wrong PINs. Sign in with your password."), retry_after=3600)
    if not user.pin or not check_password(pin, user.pin):
        return False
    ratelimit.clear(request, action=ACTION, key=str(user.pk))
    return True
