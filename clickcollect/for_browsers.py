"""Middleware for browsers, which a program passes by: session, CSRF token, messages and htmx are nothing to it.

A program is whoever shows a token, brings no cookie and asks for packages or orders. Django's own classes stay what
they are for everybody else; language, headers and limits are for both.
"""

from typing import Any, Final

from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.csrf import CsrfViewMiddleware
from django_htmx.middleware import HtmxMiddleware

OF_PROGRAMS: Final = ("/api/v1/oms/", "/api/v1/omnitron/")  # addresses that know no session where there is a token


def is_program(request: HttpRequest) -> bool:
    """Whether a token alone says who asks."""
    shows_token = "HTTP_AUTHORIZATION" in request.META and not request.META.get("HTTP_COOKIE")
    return shows_token and request.path_info.startswith(OF_PROGRAMS)


class ForBrowsers:
    """Put before a middleware class: programs go straight to what comes after it."""

    get_response: Any

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        after: Any = self.get_response if is_program(request) else super().__call__  # type: ignore[misc]
        response: HttpResponseBase = after(request)
        return response


class Sessions(ForBrowsers, SessionMiddleware):
    """Django's."""


class CsrfTokens(ForBrowsers, CsrfViewMiddleware):
    """Django's."""


class Messages(ForBrowsers, MessageMiddleware):
    """Django's."""


class Htmx(ForBrowsers, HtmxMiddleware):
    """That of django-htmx."""
