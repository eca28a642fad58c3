"""Who signed in on this device today. The device keeps ids, times and access versions, signed, and no names."""

import time
from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from clickcollect.accounts.models import User

PEOPLE_COOKIE: Final = "instore_people"
BY_PIN: Final = "instore_by_pin"  # in the session of whoever came back with a PIN
HOURS: Final = 12
MOST_PEOPLE: Final = 8


@dataclass(frozen=True, kw_only=True)
class Visit:
    """That somebody signed in here in full: when, and with which version of their access."""

    at: int
    access_version: int


def visits_on_device(request: HttpRequest) -> dict[int, Visit]:
    """Who signed in on this device."""
    text = request.get_signed_cookie(PEOPLE_COOKIE, default="", max_age=HOURS * 3600) or ""
    parts = [part.split(":") for part in str(text).split(",") if part.count(":") == 2]
    visits = {int(pk): Visit(at=int(at), access_version=int(version)) for pk, at, version in parts}
    fresh = time.time() - HOURS * 3600
    return {pk: visit for pk, visit in visits.items() if visit.at > fresh}


def is_known(request: HttpRequest, user: User) -> bool:
    """Whether this person signed in here in full, and nothing has ended their access since then."""
    visit = visits_on_device(request).get(user.pk)
    return visit is not None and visit.access_version == user.access_version


def remember(request: HttpRequest, response: HttpResponse, user: User) -> None:
    """Note that this person signed in here in full; whoever came back by PIN stays with the time of their password."""
    if is_known(request, user) or request.session.get(BY_PIN):
        return
    visits = {**visits_on_device(request), user.pk: Visit(at=int(time.time()), access_version=user.access_version)}
    newest = sorted(visits.items(), key=lambda pair: -pair[1].at)[:MOST_PEOPLE]
    response.set_signed_cookie(
        PEOPLE_COOKIE,
        ",".join(f"{pk}:{visit.at}:{visit.access_version}" for pk, visit in newest),
        max_age=HOURS * 3600,
        httponly=True,
        samesite="Lax",
        secure=settings.SECURE,
    )
