"""Who may edit the wording: whoever knows EXTENSION_ADMIN_PASSWORD. Without one the page does not exist."""

import base64
import binascii
import hmac
import threading
import time
from collections import deque
from collections.abc import Callable
from functools import wraps

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from extension.config import config
from extension.problem import problem

WRONG_ALLOWED = 10
WINDOW_SECONDS = 60

_wrong: deque[float] = deque(maxlen=WRONG_ALLOWED)
_lock = threading.Lock()

View = Callable[[HttpRequest], HttpResponse]


def staff_only(view: View) -> View:
    """HTTP Basic; the user's name does not matter. Ten wrong passwords a minute, then nobody gets in."""

    @wraps(view)
    def guarded(request: HttpRequest) -> HttpResponse:
        password = config().admin_password
        if not password:
            raise Http404
        if _is_throttled():
            title, detail = _("Too many wrong passwords"), _("Wait a minute, then try again.")
            response = _refused(request, status=429, code="throttled", title=title, detail=detail)
            response["Retry-After"] = str(WINDOW_SECONDS)
            return response
        given = _password(request.headers.get("Authorization", ""))
        if given is not None and hmac.compare_digest(given, password.encode()):
            return view(request)
        if given is not None:
            with _lock:
                _wrong.append(time.monotonic())
        title = _("This page needs the Extension's password")
        detail = _("Try again, and enter it when the browser asks. The username does not matter.")
        response = _refused(request, status=401, code="not_authenticated", title=title, detail=detail)
        response["WWW-Authenticate"] = 'Basic realm="Extension", charset="UTF-8"'
        return response

    return guarded


def _refused(request: HttpRequest, *, status: int, code: str, title: str, detail: str) -> HttpResponse:
    """A page for people, whose browser asks for one; a problem document for programs."""
    if "text/html" in request.headers.get("Accept", ""):
        return render(request, "extension/refused.html", {"title": title, "detail": detail}, status=status)
    return problem(status=status, code=code, detail=f"{title}. {detail}")


def _is_throttled() -> bool:
    with _lock:
        return len(_wrong) == WRONG_ALLOWED and time.monotonic() - _wrong[0] < WINDOW_SECONDS


def _password(header: str) -> bytes | None:
    """The password of a Basic header, or None when there is none."""
    scheme, _space, value = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        return base64.b64decode(value, validate=True).partition(b":")[2]
    except (binascii.Error, ValueError):
        return b""
