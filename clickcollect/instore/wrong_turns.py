"""Pages for people who went wrong: not found, refused, no store. Each says what to do next."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from clickcollect.errors import DomainError, NotFound


def is_secure() -> bool:
    """Whether the site runs on HTTPS, so that cookies may insist on it."""
    return bool(settings.SECURE)


def refused(request: HttpRequest, error: DomainError) -> HttpResponse:
    """A refusal as a page of its own."""
    context = {"title": error.title, "sentence": error.detail, "is_missing": isinstance(error, NotFound)}
    return render(request, "instore/refused.html", context, status=error.status)


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
