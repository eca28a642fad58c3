"""While the database is away every address says so: 503 with `Retry-After` (contract section 2), never a 500.

A person sees a page in the look of where they are. A script of ours gets the sentence alone, and leaves the page with
what was typed as it is. Nothing here asks the database, not even through a session or a template.
"""

import logging
import sys
from collections.abc import Callable
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.views import defaults

from clickcollect.api.problems import problem_response
from clickcollect.database import RETRY_AFTER_SECONDS, availability, is_away
from clickcollect.errors import DatabaseAway

ALWAYS_ANSWERED: Final = frozenset({"/healthz", "/readyz"})  # the second one asks the database by itself
PROGRAMS: Final = ("/api/", "/whisperer/", "/metrics")
BACK_OFFICE: Final = "/oms/"
SAFE_METHODS: Final = frozenset({"GET", "HEAD"})

logger = logging.getLogger(__name__)


def refuse_while_away(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: once a request has found the database away, others do not stand in line to find the same."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.path_info not in ALWAYS_ANSWERED and availability.still_away():
            return unavailable_response(request, begun=False)
        return get_response(request)

    return middleware


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's handler of whatever nobody caught."""
    return unavailable_response(request) if is_away(sys.exc_info()[1]) else defaults.server_error(request)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler of bad requests: it takes a session that could not be saved for one that was deleted."""
    return unavailable_response(request) if is_away(exception) else defaults.bad_request(request, exception)


def unavailable_response(request: HttpRequest, *, begun: bool = True) -> HttpResponse:
    """503, in the form that whoever asks can read. What was ``begun`` may have been done: its answer was lost."""
    availability.mark_away()
    error = DatabaseAway(retry_after=RETRY_AFTER_SECONDS)
    if request.path_info.startswith(PROGRAMS):
        response = problem_response(error)
    elif request.headers.get("HX-Request") == "true":
        response = HttpResponse(error.detail, content_type="text/plain; charset=utf-8", status=error.status)
    else:
        can_reload = request.method in SAFE_METHODS
        context = {"title": error.title, "can_reload": can_reload, "begun": begun, "seconds": RETRY_AFTER_SECONDS}
        template = "omsweb/away.html" if request.path_info.startswith(BACK_OFFICE) else "instore/away.html"
        response = HttpResponse(render_to_string(template, context), status=error.status)
    response["Retry-After"] = str(RETRY_AFTER_SECONDS)
    response["Cache-Control"] = "no-store"
    return response
