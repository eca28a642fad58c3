"""The rules of sign-in on top of django-allauth: staff only, no sign-up, secrets encrypted at rest."""

import base64
from typing import Any, Final

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from clickcollect.accounts import pins, sign_in_limits
from clickcollect.accounts.models import User
from clickcollect.errors import DomainError

INSTORE_HOME = "/instore/"
OMS_WEB_HOME = "/oms/"
BEGAN_WITH: Final = "sign_in_began_with"


def home_of(user: User) -> str:
    """Where a person works: store staff in Instore, the back office in OMS WEB."""
    return OMS_WEB_HOME if user.is_staff else INSTORE_HOME


class AccountAdapter(DefaultAccountAdapter):
    """Accounts are made by an administrator; people sign in and out, and that is all."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "username_password_mismatch": _("Username and password do not match. Check both and try again."),
    }

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        """The person behind a name and a password, within the one budget of wrong tries.

        Somebody who left is answered as a wrong password is. Raises ValidationError.
        """

        def proof() -> User | None:
            found = super(AccountAdapter, self).authenticate(request, **credentials)
            return found if isinstance(found, User) and found.is_active else None

        name = str(credentials.get("username", ""))
        try:
            return sign_in_limits.prove(request, account=name, door="password", proof=proof)
        except DomainError as refusal:
            raise ValidationError(refusal.detail, code=refusal.code) from None

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Counted in `authenticate`; allauth's own counters are off."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        user = request.user
        return home_of(user) if isinstance(user, User) else INSTORE_HOME

    def get_logout_redirect_url(self, request: HttpRequest) -> str:
        return reverse("account_login")

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        """The page that opens says it all."""

    def pre_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse | None:
        """Between password and second factor the sign-in remembers which access it began with."""
        request.session[BEGAN_WITH] = user.get_session_auth_hash()
        response: HttpResponse | None = super().pre_login(request, user, **kwargs)
        return response

    def login(self, request: HttpRequest, user: User) -> None:
        """A sign-in whose password was changed, or whose access was ended, before the second factor begins anew."""
        if request.session.pop(BEGAN_WITH, None) != user.get_session_auth_hash():
            raise ImmediateHttpResponse(HttpResponseRedirect(reverse("account_login")))
        super().login(request, user)
        pins.signed_in_by_password(request, user)

    def post_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse:
        """Speak the language the person chose for themselves."""
        response: HttpResponse = super().post_login(request, user, **kwargs)
        if user.language_code:
            response.set_cookie(
                settings.LANGUAGE_COOKIE_NAME,
                user.language_code,
                secure=settings.LANGUAGE_COOKIE_SECURE,
                samesite="Lax",
                httponly=True,
            )
        return response


class MFAAdapter(DefaultMFAAdapter):
    """Seeds and recovery codes are encrypted with a key that is not in the database."""

    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": _("That code didn't work. Try the latest code, or choose another way."),
    }

    def encrypt(self, text: str) -> str:
        return _safe().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return _safe().decrypt(encrypted_text.encode()).decode()


def encrypted_anew(encrypted_text: str) -> str:
    """The same seed, encrypted with the newest key. Raises InvalidToken when its key is gone."""
    return _safe().rotate(encrypted_text.encode()).decode()


def _safe() -> MultiFernet:
    """The newest key writes, every key reads."""
    return MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in settings.ENCRYPTION_KEYS.values()])
