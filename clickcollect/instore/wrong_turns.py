"""Pages for people who went wrong: not found, refused, no store. Each says what to do next."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from clickcollect.errors import DomainError, NotFound, PayloadTooLarge

PROGRAMS = ("/api/", "/whisperer/")


def is_secure() -> bool:
    """Whether the site runs on HTTPS, so that cookies may insist on it."""
    return bool(settings.SECURE)


def refused(request: HttpRequest, error: DomainError) -> HttpResponse:
    """A refusal as a page of its own."""
    context = {"title": error.title, "sentence": error.detail, "is_missing": isinstance(error, NotFound)}
    return render(request, "instore/refused.html", context, status=error.status)


def refuse_too_large(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: what the web server did not let in is a page for people; the API says so in its own way."""

    def middleware(request: HttpRequest) -> HttpResponse:
        for_people = not request.path_info.startswith(PROGRAMS)
        if for_people and request.META.get("webserver.too_large"):
            words = _("Nothing was changed. A form may be 1 MiB large, a file in OMS WEB 20 MiB: send less at once.")
            return refused(request, PayloadTooLarge(words))
        return get_response(request)

    return middleware


def no_store(request: HttpRequest) -> HttpResponse:
    """Somebody who works in no store yet."""
    context = {
        "title": _("No store yet"),
        "sentence": _("Your account belongs to no store. Ask an administrator to add you to one, then sign in again."),
    }
    return render(request, "instore/refused.html", context, status=403)


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001
    """A form that was too old, or not ours."""
    context = {
        "title": _("This page was open too long"),
        "sentence": _("Nothing was changed. Load the page again and repeat what you did."),
    }
    return render(request, "instore/refused.html", context, status=403)
