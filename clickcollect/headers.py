"""Headers on every answer that a program makes: nothing personal is kept, and a page may use no more than it needs.

And one of requests: machines may call this one by any name.
"""

from collections.abc import Callable
from functools import cached_property

from csp.constants import HEADER
from csp.middleware import CSPMiddleware
from csp.utils import build_policy
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import patch_cache_control

GetResponse = Callable[[HttpRequest], HttpResponse]

HEADERS = {
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=(), payment=(), usb=()",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}

# Load balancers, Prometheus and the Extension call by address, or by a name that no person uses. None of these
# answers names a host, or does what a cookie allows.
FOR_MACHINES = ("/healthz", "/readyz", "/metrics", "/api/v1/oms/message-receipts/")


def called_by_any_name(get_response: GetResponse) -> GetResponse:
    """Middleware: an address for machines is answered whatever the Host header says."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.path_info in FOR_MACHINES:
            request.META["HTTP_HOST"] = "localhost"
        return get_response(request)

    return middleware


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


class PolicyMiddleware(CSPMiddleware):
    """Content-Security-Policy: where nothing asks for another one, the settings' own, which is written out once."""

    @cached_property
    def policy(self) -> str:
        return build_policy()

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if "_csp" in " ".join((*vars(request), *vars(response))):  # a name that begins so: nonce, update, replace …
            return super().process_response(request, response)
        response.headers.setdefault(HEADER, self.policy)
        return response
