"""What OMS WEB's pages may do in a browser beyond the rest of clickcollect (docs/decisions/0003)."""

from collections.abc import Callable

from csp.constants import UNSAFE_EVAL, UNSAFE_INLINE
from django.http import HttpRequest, HttpResponse

PREFIX = "/oms/"


class AdminPolicyMiddleware:
    """Right after PolicyMiddleware: below /oms/ alone, Alpine may evaluate and styles may stand in the page."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.path_info.startswith(PREFIX):
            response._csp_update = {"script-src": [UNSAFE_EVAL], "style-src": [UNSAFE_INLINE]}  # type: ignore[attr-defined]  # noqa: SLF001
        return response
