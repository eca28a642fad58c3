"""One clock for each page of OMS WEB: the person's own time zone where they chose one, else the store's.

A page about many stores goes by the time zone that all of them share, and by UTC where they share none.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponseBase
from django.template.response import SimpleTemplateResponse
from django.utils import timezone

from clickcollect.omnitron.models import RetailStore
from clickcollect.oms.clock import read_in
from clickcollect.oms.stores import shared_time_zone

View = Callable[..., HttpResponseBase]


def own_zone(request: HttpRequest) -> str:
    """The time zone that the person at the screen chose; empty where they go by the store's."""
    return str(getattr(request.user, "time_zone", ""))


def by_one_clock(view: View) -> View:
    """A view whose page is read in one time zone, to its last line."""

    @wraps(view)
    def timed(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        own = own_zone(request)
        with read_in(own), timezone.override(ZoneInfo(own or shared_time_zone())):
            response = view(request, *args, **kwargs)
            return response.render() if isinstance(response, SimpleTemplateResponse) else response

    return timed


def go_by_store(request: HttpRequest, store: RetailStore | None) -> None:
    """This page is about one store: it goes by the store's clock, unless the person prefers their own."""
    if store is not None and not own_zone(request):
        timezone.activate(ZoneInfo(store.time_zone))
