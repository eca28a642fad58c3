"""allauth's forms for codes of an authenticator app and recovery codes: each wrong one counts as any wrong password."""

from typing import Any, Protocol

from allauth.core import context
from allauth.mfa.base import forms
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from django.core.exceptions import ValidationError

from clickcollect.accounts import sign_in_limits
from clickcollect.accounts.models import User
from clickcollect.errors import DomainError


def is_code_of(user: User, code: str) -> bool:
    """Whether this is what the person's authenticator app shows now; each code works once. Counted by who asks."""
    if not (code.isascii() and code.isdigit()):
        return False
    apps = Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP)
    return any(TOTP(app).validate_code(code) for app in apps)


class OfUser(Protocol):
    """A form about one person."""

    user: User


def counted(form: OfUser, proof: Any) -> Any:
    """What the form's own check finds, within the person's budget. Raises ValidationError."""
    try:
        return sign_in_limits.prove(context.request, account=form.user, door="second factor", proof=proof)
    except DomainError as refusal:
        raise ValidationError(refusal.detail) from None


class UseCode(forms.AuthenticateForm):  # type: ignore[misc]
    """A code at the sign-in."""

    def clean_code(self) -> str:
        return str(counted(self, super().clean_code))


class ConfirmByCode(forms.ReauthenticateForm):  # type: ignore[misc]
    """A code before a change of how one signs in."""

    def clean_code(self) -> str:
        return str(counted(self, super().clean_code))
