"""How much a request may carry before anybody works on it."""

from typing import Any, Final

from django.contrib.auth import get_user
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.handlers.wsgi import WSGIRequest
from django.db import DatabaseError, connections
from django.http import Http404, HttpResponse
from django.urls import resolve

LARGEST: Final = 1024 * 1024  # bytes; contract section 2
LARGEST_UPLOAD: Final = 20 * 1024 * 1024
UPLOADS: Final = frozenset({"omsweb:workflow_file", "omsweb:oms_orderupload_changelist"})  # the pages that take a file


def takes_a_file(request: WSGIRequest) -> bool:
    """Whether the address is that of an upload. Only there may a body lie in a temporary file while it is read."""
    try:
        return resolve(request.path_info).view_name in UPLOADS
    except Http404:
        return False


def largest_body(environ: dict[str, Any]) -> int:
    """A person who is signed in may hand a file of up to 20 MiB to an upload; everything else has at most 1 MiB.

    Asked by the web server, on a working thread, when a request announces more than 1 MiB, or no
    length, and none of it was read.
    """
    request = WSGIRequest(environ)
    if request.method != "POST" or request.content_type != "multipart/form-data" or not takes_a_file(request):
        return LARGEST
    try:
        SessionMiddleware(lambda _request: HttpResponse()).process_request(request)
        return LARGEST_UPLOAD if get_user(request).is_authenticated else LARGEST
    except DatabaseError:
        return LARGEST
    finally:
        connections.close_all()  # no request follows that would give the connection back
