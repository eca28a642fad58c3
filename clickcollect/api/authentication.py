"""Who is calling: a token in the Authorization header, or the browser's session with its CSRF token."""

from typing import Any, Final

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja.utils import check_csrf

from clickcollect.accounts.idempotency import Once
from clickcollect.accounts.models import User
from clickcollect.accounts.tokens import note_use
from clickcollect.errors import Forbidden, NotAuthenticated
from clickcollect.oms.access import RIGHTS, Actor, actor_for
from clickcollect.oms.callers import caller_of

SCHEMES: Final = frozenset({"token", "bearer"})
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


class ApiRequest(HttpRequest):
    """A request whose caller is known.

    ``caller`` names whose Idempotency-Keys it uses; ``once``: its Idempotency-Key, where the work itself keeps it.
    """

    actor: Actor
    caller: str
    once: Once | None


def signed_in(request: HttpRequest) -> Actor:
    """The caller of every address that needs one. Raises NotAuthenticated, or Forbidden without a CSRF token.

    A request with an Authorization header is judged by that header alone, whatever cookies come with it.
    """
    known: Actor | None = getattr(request, "actor", None)
    if known is not None:
        return known
    header = request.headers.get("Authorization")
    actor = by_session(request) if header is None else by_token(header)
    attach_caller(request, actor=actor)
    return actor


def attach_caller(request: HttpRequest, *, actor: Actor) -> None:
    """Put the caller on the request."""
    request.actor = actor  # type: ignore[attr-defined]
    request.caller = f"user:{actor.user_id}"  # type: ignore[attr-defined]
    request.once = None  # type: ignore[attr-defined]


def effective_rights(actor: Actor) -> dict[str, Any]:
    """What decides which answers a caller may get."""
    return {
        "channel": str(actor.channel),
        "stores": None if actor.store_ids is None else sorted(actor.store_ids),
        "rights": sorted(right for right in RIGHTS if actor.may(right)),
    }


def by_token(header: str) -> Actor:
    """`Token <key>` and `Bearer <key>` both work."""
    scheme, _space, key = header.strip().partition(" ")
    caller = caller_of(key.strip()) if scheme.lower() in SCHEMES else None
    if caller is None:
        raise NotAuthenticated(_("This token is unknown, revoked or expired. Send a valid one."))
    if caller.use_is_to_be_noted:
        note_use(caller.token_id)
    return caller.actor


def by_session(request: HttpRequest) -> Actor:
    """Somebody who signed in with a browser; whatever changes something needs the CSRF token too."""
    if not isinstance(request.user, User):
        raise NotAuthenticated
    if request.method not in SAFE_METHODS and check_csrf(request) is not None:
        raise Forbidden(_("The CSRF token is missing or wrong. Reload the page, or use an API token."))
    return actor_for(request.user)
