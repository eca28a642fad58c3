"""When a package must be collected, counted in the store's open days and its own time."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from itertools import count
from typing import Any, Final
from zoneinfo import ZoneInfo

from clickcollect.omnitron.models import RetailStore

WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LONGEST_CLOSURE: Final = 366


def opening_spans(store_hours: Mapping[str, Any], day: date) -> Sequence[Sequence[str]]:
    """The opening times of a weekday, such as `[["10:00", "20:00"]]`; a store without hours is always open."""
    if not store_hours:
        return [["00:00", "24:00"]]
    spans: Sequence[Sequence[str]] = store_hours.get(WEEKDAYS[day.weekday()], [])
    return spans


def closing_time(store_hours: Mapping[str, Any], day: date, zone: ZoneInfo) -> datetime:
    """When the store shuts on that day; 24:00 is the first moment of the next."""
    last = max(span[1] for span in opening_spans(store_hours, day))
    if last >= "24:00":
        return datetime.combine(day + timedelta(days=1), time.min, tzinfo=zone)
    return datetime.combine(day, time.fromisoformat(last), tzinfo=zone)


def pickup_deadline(
    *,
    since: datetime,
    open_days: int,
    store_hours: Mapping[str, Any],
    closed_dates: Collection[date],
    time_zone: str,
) -> datetime:
    """Closing time of the nth open day after ``since`` (contract section 5).

    Arguments: ``since``, an aware time by the database's clock; ``open_days``, how many days the store must have
    been open; ``time_zone``, an IANA name. A store that never opens within a year counts every day.
    """
    zone = ZoneInfo(time_zone)
    start = since.astimezone(zone).date()
    opened = 0
    for offset in count(1):
        day = start + timedelta(days=offset)
        never_opens = offset > LONGEST_CLOSURE
        if never_opens or (opening_spans(store_hours, day) and day not in closed_dates):
            opened += 1
        if opened >= open_days:
            return closing_time({} if never_opens else store_hours, day, zone)
    raise AssertionError


def for_store(store: RetailStore, *, since: datetime, open_days: int) -> datetime:
    """The pickup deadline of a package in this store."""
    return pickup_deadline(
        since=since,
        open_days=open_days,
        store_hours=store.store_hours,
        closed_dates=store.closed_dates,
        time_zone=store.time_zone,
    )
