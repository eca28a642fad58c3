"""Who works in OMS WEB: the signed-in person as the rights table sees them, read once for a request."""

from typing import cast

from django.http import HttpRequest

from clickcollect.accounts.models import Channel, User
from clickcollect.oms.access import Actor, actor_for


def actor_of(request: HttpRequest) -> Actor:
    """The actor behind a request to OMS WEB."""
    known: Actor | None = getattr(request, "omsweb_actor", None)
    if known is None:
        known = actor_for(cast("User", request.user), channel=Channel.OMS_WEB)
        request.omsweb_actor = known  # type: ignore[attr-defined]
    return known


def may(request: HttpRequest, right: str) -> bool:
    """Whether OMS WEB is open to this person at all, and this right is theirs."""
    user = request.user
    return user.is_authenticated and bool(user.is_staff) and actor_of(request).may(right)
