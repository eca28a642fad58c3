"""Who is signed in with a browser: the session, its person, the stores they work in and the configuration's version.

All in one statement, a row for each store.

Read anew for every request, so that a person whose access has ended is nobody in particular at the next one.
"""

from typing import Any, Final

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.middleware import AuthenticationMiddleware, get_user
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare
from django.utils.functional import SimpleLazyObject

from clickcollect.accounts.models import BrowserSession, User
from clickcollect.for_browsers import ForBrowsers
from clickcollect.omnitron.models import RetailStore
from clickcollect.oms import configuration
from clickcollect.oms.access import actor_for, stores_of
from clickcollect.oms.columns import Columns, take
from clickcollect.oms.configuration import Configuration
from clickcollect.oms.list_sql import fetched

SESSION: Final = Columns(BrowserSession, "session")
PERSON: Final = Columns(User, "person")
STORE: Final = Columns(RetailStore, "store")
SIGNED_IN: Final = f"""
SELECT (SELECT version::text FROM oms_configurationversion), {SESSION.sql}, {PERSON.sql}, {STORE.sql}
FROM accounts_browsersession session
LEFT JOIN accounts_user person ON person.id = session.user_id
LEFT JOIN omnitron_storemembership works ON works.user_id = person.id
LEFT JOIN omnitron_retailstore store ON store.id = works.store_id
WHERE session.session_key = %(key)s::text AND session.expire_date > statement_timestamp()
ORDER BY store.erp_code
"""  # noqa: S608


class SessionStore(DatabaseStore):
    """Django's, which reads the person along with the session and keeps them beside it, with ``stores`` of theirs.

    ``configuration_version``: what it was at that moment; None while nothing was read.
    """

    user: User | None = None
    stores: list[RetailStore] | None = None
    configuration_version: str | None = None

    @classmethod
    def get_model_class(cls) -> type[BrowserSession]:
        return BrowserSession

    def create_model_instance(self, data: dict[str, Any]) -> BrowserSession:
        row: BrowserSession = super().create_model_instance(data)  # type: ignore[assignment]
        row.user_id = int(data[SESSION_KEY]) if SESSION_KEY in data else None
        return row

    def _get_session_from_db(self) -> BrowserSession | None:
        rows = fetched(SIGNED_IN, {"key": self.session_key})
        if not rows:
            self._session_key = None
            return None
        version, session, person, _store = split_row(rows[0])
        stores = [store for *_, store in map(split_row, rows)]
        self.stores = [STORE.made(store) for store in stores if store[0] is not None]
        self.configuration_version = version
        if person[0] is not None:
            self.user = PERSON.made(person)
            self.user.store_ids = frozenset(store.pk for store in self.stores)
        return SESSION.made(session)


def split_row(row: tuple[Any, ...]) -> tuple[str | None, list[Any], list[Any], list[Any]]:
    """Version, session, person and store of one row."""
    values = iter(row)
    return next(values), take(values, SESSION), take(values, PERSON), take(values, STORE)


class SignedInMiddleware(ForBrowsers, AuthenticationMiddleware):
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


def stores_of_session(session: SessionBase, user: User) -> list[RetailStore]:
    """The stores in which a signed-in person works, as they were read with the session; in the order of their codes."""
    if isinstance(session, SessionStore) and session.stores is not None and session.user == user:
        return session.stores
    return list(stores_of(actor_for(user)))


def configuration_of(session: SessionBase) -> Configuration:
    """The configuration of the moment in which the session was read."""
    version = session.configuration_version if isinstance(session, SessionStore) else None
    return configuration.of_version(version) if version else configuration.current()
