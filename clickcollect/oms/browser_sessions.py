"""Who is signed in with a browser: the session, its person and the stores they work in, in one statement.

Read anew for every request, so that a person whose access has ended is nobody in particular at the next one.
"""

from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.middleware import AuthenticationMiddleware, get_user
from django.contrib.auth.models import AnonymousUser
from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.db.models import OuterRef
from django.db.models.functions import Now
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare
from django.utils.functional import SimpleLazyObject

from clickcollect.accounts.models import BrowserSession, User
from clickcollect.omnitron.models import StoreMembership


class SessionStore(DatabaseStore):
    """Django's, which reads the person along with the session and keeps them beside it."""

    user: User | None = None

    @classmethod
    def get_model_class(cls) -> type[BrowserSession]:
        return BrowserSession

    def create_model_instance(self, data: dict[str, Any]) -> BrowserSession:
        row: BrowserSession = super().create_model_instance(data)  # type: ignore[assignment]
        row.user_id = int(data[SESSION_KEY]) if SESSION_KEY in data else None
        return row

    def _get_session_from_db(self) -> BrowserSession | None:
        stores = StoreMembership.objects.filter(user_id=OuterRef("user_id")).values("store_id")
        rows = BrowserSession.objects.select_related("user").annotate(store_ids=ArraySubquery(stores))
        row = rows.filter(session_key=self.session_key, expire_date__gt=Now()).first()
        if row is None:
            self._session_key = None
            return None
        self.user = row.user
        if self.user is not None:
            self.user.store_ids = frozenset(row.store_ids)
        return row


class SignedInMiddleware(AuthenticationMiddleware):
    """`request.user` is the person whom the session brought along, if the session is really theirs."""

    def process_request(self, request: HttpRequest) -> None:
        super().process_request(request)
        request.user = SimpleLazyObject(lambda: user_of(request))  # type: ignore[assignment]


def user_of(request: HttpRequest) -> User | AnonymousUser:
    """The person of a request; what the session does not settle, Django does."""
    if not hasattr(request, "_cached_user"):
        known = brought_along(request.session)
        if known is not None:
            request._cached_user = known  # type: ignore[attr-defined]  # noqa: SLF001  where Django keeps it
    return get_user(request)


def brought_along(session: SessionBase) -> User | None:
    """The person who was read with the session: active, signed in by a way of ours, and with the same password."""
    user_id, backend = session.get(SESSION_KEY), session.get(BACKEND_SESSION_KEY)
    user: User | None = getattr(session, "user", None)
    if user is None or str(user.pk) != user_id or not user.is_active or backend not in settings.AUTHENTICATION_BACKENDS:
        return None
    is_theirs = constant_time_compare(session.get(HASH_SESSION_KEY, ""), user.get_session_auth_hash())
    return user if is_theirs else None
