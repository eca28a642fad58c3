"""Who signed in on this device today. The device keeps ids and times, signed, and no names."""

import time
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from clickcollect.accounts.models import User

PEOPLE_COOKIE: Final = "instore_people"
BY_PIN: Final = "instore_by_pin"  # in the session of whoever came back with a PIN
HOURS: Final = 12
MOST_PEOPLE: Final = 8


def of(request: HttpRequest) -> dict[int, int]:
    """Who signed in on this device, and when."""
    text = request.get_signed_cookie(PEOPLE_COOKIE, default="", max_age=HOURS * 3600) or ""
    pairs = (part.split(":") for part in str(text).split(",") if ":" in part)
    fresh = time.time() - HOURS * 3600
    return {int(pk): int(at) for pk, at in pairs if int(at) > fresh}


def remember(request: HttpRequest, response: HttpResponse, user: User) -> None:
    """Note that this person signed in here in full; whoever came back by PIN stays with the time of their password."""
    if user.pk in of(request) or request.session.get(BY_PIN):
        return
    people = {**of(request), user.pk: int(time.time())}
    newest = sorted(people.items(), key=lambda pair: -pair[1])[:MOST_PEOPLE]
    response.set_signed_cookie(
        PEOPLE_COOKIE,
        ",".join(f"{pk}:{at}" for pk, at in newest),
        max_age=HOURS * 3600,
        httponly=True,
        samesite="Lax",
        secure=settings.SECURE,
    )
