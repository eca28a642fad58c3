"""The small figures in the sidebar: one bounded statement for all of them, on every page."""

from collections import Counter
from dataclasses import replace
from functools import lru_cache
from typing import Any, Final

from django.db import connection
from django.db.models import Value
from django.http import HttpRequest

from clickcollect.oms import reviews
from clickcollect.oms.access import SYSTEM
from clickcollect.oms.repair_models import WAITING, OrderToRepair
from clickcollect.omsweb.actor import actor_of

MOST: Final = 99


def orders_to_repair(request: HttpRequest) -> str:
    """How many orders wait to be repaired; nothing where none does."""
    return figure(waiting(request)["repairs"])


def open_reviews(request: HttpRequest) -> str:
    """How many handovers wait for a look; nothing where none does."""
    return figure(waiting(request)["reviews"])


def waiting(request: HttpRequest) -> Counter[str]:
    """How many of each wait, each to one more than `MOST`; asked once for a request."""
    known: Counter[str] | None = getattr(request, "omsweb_waiting", None)
    if known is None:
        with connection.cursor() as cursor:
            cursor.execute(*statement(actor_of(request).store_ids))
            known = Counter(name for (name,) in cursor)
        request.omsweb_waiting = known  # type: ignore[attr-defined]
    return known


@lru_cache(maxsize=64)
def statement(store_ids: frozenset[int] | None) -> tuple[str, tuple[Any, ...]]:
    """What asks for both, of these stores; put together once."""
    actor = replace(SYSTEM, store_ids=store_ids)
    to_review = reviews.to_review(actor).values_list(Value("reviews"))[: MOST + 1]
    to_repair = OrderToRepair.objects.filter(WAITING).order_by().values_list(Value("repairs"))[: MOST + 1]
    sql, parameters = to_review.union(to_repair, all=True).query.sql_with_params()
    return sql, tuple(parameters)


def figure(count: int) -> str:
    if count > MOST:
        return f"{MOST}+"
    return str(count) if count else ""
