"""Figures of the outbox: what waits and for how long, which endpoint backs off, what is dead. Bounded reads."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import connection
from django.db.models import Count, QuerySet

from clickcollect.whisperer.models import IS_UNDELIVERED, UNDELIVERED, Attempt, Delivery, DeliveryState, Endpoint

COUNTED_UP_TO: Final = 10_001
MOST_ENDPOINTS: Final = 100
OLDEST: Final = f"""
SELECT statement_timestamp() - queued_at FROM whisperer_delivery
WHERE event_type = ANY (%(types)s::text[]) AND code_bearing
    AND state IN ({", ".join(f"'{state.value}'" for state in UNDELIVERED)})
ORDER BY queued_at LIMIT 1
"""  # noqa: S608  every page of Instore asks; the states are those of the index `delivery_code_undelivered`


@dataclass(frozen=True, kw_only=True)
class BackingOff:
    """An endpoint that failed ten times in a row or more, and since when it is backed off."""

    target_url: str
    since: datetime
    failures: int
    reason: str
    waiting: int


def endpoints_backing_off() -> list[BackingOff]:
    """For the banner: the longest first, at most 100, each with how many deliveries wait for it (up to 10,001)."""
    failing = Endpoint.objects.filter(failing_since__isnull=False).order_by("failing_since")[:MOST_ENDPOINTS]
    return [
        BackingOff(
            target_url=endpoint.target_url,
            since=endpoint.failing_since,
            failures=endpoint.failures,
            reason=endpoint.last_reason,
            waiting=Delivery.objects.filter(IS_UNDELIVERED, endpoint=endpoint)[:COUNTED_UP_TO].count(),
        )
        for endpoint in failing
        if endpoint.failing_since is not None
    ]


def oldest_undelivered(types: Collection[str]) -> timedelta | None:
    """The age of the oldest event of these types, which carry a code, that some hook still shall get; None if none."""
    with connection.cursor() as cursor:
        cursor.execute(OLDEST, {"types": list(types)})
        row = cursor.fetchone()
    return row[0] if row else None


def counts_by_state() -> dict[str, int]:
    """Deliveries that are not delivered, by state: exact for what is on its way, up to 10,001 for dead letters."""
    found = dict.fromkeys([*map(str, UNDELIVERED), DeliveryState.DEAD.value], 0)
    rows = Delivery.objects.filter(IS_UNDELIVERED).order_by().values("state").annotate(number=Count("pk"))
    found |= {row["state"]: row["number"] for row in rows}
    dead = Delivery.objects.filter(state=DeliveryState.DEAD).order_by()
    found[DeliveryState.DEAD.value] = dead[:COUNTED_UP_TO].count()
    return found


def dead_letters() -> QuerySet[Delivery]:
    """For the list with filters and bulk redelivery: the newest first."""
    return Delivery.objects.filter(state=DeliveryState.DEAD).select_related("event", "hook").order_by("-id")


def deliveries_of_subject(subject: str, *, at_most: int = 200) -> list[Delivery]:
    """One subject's deliveries with their attempts, the newest first."""
    rows = Delivery.objects.filter(event__subject=subject).select_related("event", "hook").order_by("-id")
    return list(rows.defer("event__payload").prefetch_related("tries")[:at_most])


def attempts_of(delivery_id: int, *, at_most: int = 200) -> list[Attempt]:
    return list(Attempt.objects.filter(delivery_id=delivery_id).order_by("-id")[:at_most])
