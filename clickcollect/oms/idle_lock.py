"""A device that nobody touches locks itself: its session ends, for every page and for the API alike.

The browser counts too, so that the screen is locked as well; what counts is counted here.
"""

import time
from collections.abc import Callable
from typing import Any, Final

from django.contrib.auth import SESSION_KEY, logout
from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse

from clickcollect.oms import app_settings

SEEN: Final = "last_touch"
MINUTES: Final = "idle_minutes"
SETTING: Final = "INSTORE_IDLE_LOCK_MINUTES"
SHORTEST: Final = app_settings.SETTINGS[SETTING].minimum * 60  # seconds; no need to look the setting up before
WRITTEN_EVERY: Final = 30  # seconds; not every click is worth a write
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
WITHOUT_SESSION: Final = frozenset({"/healthz", "/readyz", "/metrics"})  # they answer without a database
BY_TOKEN: Final = ("/api/", "/whisperer/")  # where an Authorization header decides; pages never read it

GetResponse = Callable[[HttpRequest], HttpResponse]


def idle_lock(get_response: GetResponse) -> GetResponse:
    """Middleware, behind the one that knows who asks: who was away for too long is nobody in particular.

    A request of the API with an Authorization header is judged by that header alone, and is no touch of a device.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        by_token = "Authorization" in request.headers and request.path.startswith(BY_TOKEN)
        if not by_token and request.path not in WITHOUT_SESSION and request.COOKIES and is_over(request):
            logout(request)
            request.is_idle_locked = True  # type: ignore[attr-defined]
        response = get_response(request)
        if not by_token and request.session.accessed and SESSION_KEY in request.session:
            note_touch(request)
        return response

    return middleware


def is_over(request: HttpRequest) -> bool:
    """Whether somebody is signed in here, and nobody has touched the device for too long."""
    seen = request.session.get(SEEN)
    if SESSION_KEY not in request.session or not isinstance(seen, int):
        return False
    away = time.time() - seen
    return away > SHORTEST and away > lock_minutes() * 60


def lock_minutes() -> int:
    """How long a device may stay untouched."""
    return int(app_settings.settings_in_force()[SETTING])


def note_touch(request: HttpRequest) -> None:
    """Remember that somebody is at the device, and for the page, how long it may wait for the next touch."""
    seen = request.session.get(SEEN)
    if not isinstance(seen, int) or (time.time() - seen >= WRITTEN_EVERY and is_touch(request)):
        record_touch(request)


def record_touch(request: HttpRequest) -> None:
    request.session[SEEN] = int(time.time())
    request.session[MINUTES] = lock_minutes()


@receiver(user_logged_in)
def signed_in(request: HttpRequest, **_: Any) -> None:
    """A sign-in, through whichever door, is the first touch."""
    record_touch(request)


def is_touch(request: HttpRequest) -> bool:
    """Looking for news by itself is no touch, and neither is a script that reads through the API."""
    if request.method not in SAFE_METHODS:
        return True
    return not request.path.endswith("/live/") and not request.path.startswith(BY_TOKEN)


def shown_minutes(request: HttpRequest) -> int:
    """The same for the browser, as of the last touch."""
    return int(request.session.get(MINUTES, app_settings.SETTINGS[SETTING].default))


def is_device_locked(request: HttpRequest) -> bool:
    """Whether this very request found the device locked."""
    return bool(getattr(request, "is_idle_locked", False))
