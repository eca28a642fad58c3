"""Headers on every answer that a program makes: nothing personal is kept, and a page may use no more than it needs."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_cache_control

GetResponse = Callable[[HttpRequest], HttpResponse]

HEADERS = {
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=(), payment=(), usb=()",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


def careful_headers(get_response: GetResponse) -> GetResponse:
    """Middleware: an answer that does not say otherwise is not stored anywhere; static files never come by here."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if not response.has_header("Cache-Control"):
            patch_cache_control(response, no_store=True, private=True)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    return middleware
