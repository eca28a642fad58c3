"""What django-htmx's middleware knows of a request."""

from typing import cast

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails


class HtmxRequest(HttpRequest):
    """A request that has been through `HtmxMiddleware`."""

    htmx: HtmxDetails


def htmx_of(request: HttpRequest) -> HtmxDetails:
    """Whether htmx sent it, true or false, and from which page."""
    return cast("HtmxRequest", request).htmx
