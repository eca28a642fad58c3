"""Pages for people who went wrong: not found, refused, no store. Each says what to do next."""

import logging
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import REASON_BAD_ORIGIN
from django.shortcuts import render
from django.utils.translation import gettext as _

from clickcollect.errors import DomainError, NotFound, PayloadTooLarge

logger = logging.getLogger(__name__)

PROGRAMS = ("/api/", "/whisperer/")
FOREIGN_ORIGIN = REASON_BAD_ORIGIN.partition("%s")[0]


def is_secure() -> bool:
    """Whether the site runs on HTTPS, so that cookies may insist on it."""
    return bool(settings.SECURE)


def refusal_page(request: HttpRequest, error: DomainError) -> HttpResponse:
    """A refusal as a page of its own."""
    context = {"title": error.title, "sentence": error.detail, "is_missing": isinstance(error, NotFound)}
    return render(request, "instore/refused.html", context, status=error.status)


def refuse_too_large(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: what the web server did not let in is a page for people; the API says so in its own way."""

    def middleware(request: HttpRequest) -> HttpResponse:
        for_people = not request.path_info.startswith(PROGRAMS)
        if for_people and request.META.get("webserver.too_large"):
            words = _(
                "Nothing was changed. The limit is 1 MiB for a form and 20 MiB for a file in OMS WEB. Send less at "
                "a time."
            )
            return refusal_page(request, PayloadTooLarge(words))
        return get_response(request)

    return middleware


def no_store(request: HttpRequest) -> HttpResponse:
    """Somebody who works in no store yet."""
    context = {
        "title": _("No store yet"),
        "sentence": _("Your account has no store yet. Ask an administrator to add you to one, then sign in again."),
    }
    return render(request, "instore/refused.html", context, status=403)


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form that was too old or not ours; or one of a page under an address that the server does not know as its own.

    The second one is for an administrator: no person can put it right by loading the page again.
    """
    came, known = request.headers.get("Origin", "")[:200], ", ".join(settings.CSRF_TRUSTED_ORIGINS)
    if reason.startswith(FOREIGN_ORIGIN) and came != "null":  # `null` is a page without an address: not ours
        logger.warning("a form was refused: it came from %s, PUBLIC_URL is %s", came, known)
        words = _(
            "Nothing was changed. You opened this page at %(came)s, but the server expects %(known)s. An "
            "administrator can fix this: PUBLIC_URL must be the address in the browser's address bar, and "
            "proxies must pass on Host and X-Forwarded-Proto and be counted in TRUSTED_PROXIES."
        )
        context = {
            "title": _("This is not the site's address"),
            "sentence": words % {"came": came, "known": known},
        }
        return render(request, "instore/refused.html", context, status=403)
    context = {
        "title": _("This page was open for too long"),
        "sentence": _("Nothing was changed. Reload the page and try again."),
    }
    return render(request, "instore/refused.html", context, status=403)
