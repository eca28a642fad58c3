"""A short PIN to come back to a shared device where one has signed in before. Hashed, few tries, never the only key."""

from itertools import pairwise
from typing import Final

from django.contrib.auth.hashers import check_password, make_password
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from clickcollect.accounts import sign_in_limits
from clickcollect.accounts.models import User
from clickcollect.errors import NotAuthenticated, Throttled, ValidationFailed

SHORTEST: Final = 4
LONGEST: Final = 8


@sensitive_variables("pin", "password")
def set_pin(request: HttpRequest, *, user: User, pin: str, password: str) -> None:
    """Set a person's PIN; the password says that it is really them.

    Raises ValidationFailed, Throttled, and NotAuthenticated for whose access was ended meanwhile.
    """
    if not sign_in_limits.prove(request, account=user, door="PIN", proof=lambda: user.check_password(password)):
        raise ValidationFailed.of("password", _("This is not your password."))
    if not (pin.isascii() and pin.isdigit() and SHORTEST <= len(pin) <= LONGEST):
        words = {"low": SHORTEST, "high": LONGEST}
        raise ValidationFailed.of("pin", _("A PIN has %(low)d to %(high)d digits.") % words)
    if is_easy(pin):
        raise ValidationFailed.of("pin", _("This PIN is too easy to guess. Do not repeat one digit or count up."))
    if User.objects.filter(pk=user.pk, access_version=user.access_version).update(pin=make_password(pin)) != 1:
        raise NotAuthenticated


def is_easy(pin: str) -> bool:
    """One digit again and again, or counting up or down."""
    steps = {int(later) - int(earlier) for earlier, later in pairwise(pin)}
    return steps in ({0}, {1}, {-1})


@sensitive_variables("pin")
def check_pin(request: HttpRequest, *, user: User, pin: str) -> bool:
    """Whether this is the person's PIN. Counted before it is compared. Raises Throttled."""

    def proof() -> bool:
        return bool(user.pin) and check_password(pin, user.pin)

    try:
        return sign_in_limits.prove(request, account=user, door="PIN", proof=proof, is_pin=True)
    except Throttled as refusal:
        words = _("Too many wrong PINs. Sign in with your password.")
        raise Throttled(words, **refusal.extra) from None
