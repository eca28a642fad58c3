"""When a package must be packed and collected, counted in the store's opening hours and its own time.

An opening day is named by the date on which the store opens: Friday 18:00-02:00 is Friday's to its end, and a date in
``closed_dates`` closes the opening day of that date, not the last hours of the one before.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from typing import Any, Final
from zoneinfo import ZoneInfo

from clickcollect.omnitron.models import RetailStore
from clickcollect.oms import states
from clickcollect.oms.models import Package

WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LONGEST_CLOSURE: Final = 366
ONE_DAY: Final = timedelta(days=1)

Span = tuple[datetime, datetime]


def is_past_pickup(package: Package) -> bool:
    """Ready, and its pickup time is over, by the database's clock at which it was read."""
    is_ready = package.state.enum_value == states.READY
    return is_ready and package.pickup_deadline is not None and package.pickup_deadline <= package.clock


def opening_spans(store_hours: Mapping[str, Any], day: date) -> Sequence[Sequence[str]]:
    """The opening times of a weekday, such as `[["10:00", "20:00"]]`; a store without hours is always open."""
    if not store_hours:
        return [["00:00", "24:00"]]
    spans: Sequence[Sequence[str]] = store_hours.get(WEEKDAYS[day.weekday()], [])
    return spans


def moment_of_day(day: date, clock: str, zone: ZoneInfo) -> datetime:
    """A time of a day in UTC; 24:00 is the first moment of the next day, also where the clock changes that night."""
    if clock >= "24:00":
        return moment_of_day(day + ONE_DAY, "00:00", zone)
    return datetime.combine(day, time.fromisoformat(clock), tzinfo=zone).astimezone(UTC)


def spans_of(day: date, *, store_hours: Mapping[str, Any], zone: ZoneInfo) -> list[Span]:
    """When the store is really open on an opening day, in UTC; a span that ends before it begins ends the next day."""
    return [
        (moment_of_day(day, first, zone), moment_of_day(day if first < last else day + ONE_DAY, last, zone))
        for first, last in opening_spans(store_hours, day)
    ]


def opening_day(
    since: datetime, *, store_hours: Mapping[str, Any], closed_dates: Collection[date], zone: ZoneInfo
) -> date:
    """The opening day that a moment belongs to: its date, or the day before up to the end of that day's last span."""
    today = since.astimezone(zone).date()
    yesterday = today - ONE_DAY
    late = yesterday not in closed_dates and any(
        first < since <= last for first, last in spans_of(yesterday, store_hours=store_hours, zone=zone)
    )
    return yesterday if late else today


def pickup_deadline(
    *,
    since: datetime,
    open_days: int,
    store_hours: Mapping[str, Any],
    closed_dates: Collection[date],
    time_zone: str,
) -> datetime:
    """Closing time of the nth open day after the opening day of ``since`` (contract section 5).

    Arguments: ``since``, an aware time by the database's clock; ``open_days``, how many days the store must have
    been open; ``time_zone``, an IANA name. A store that never opens within a year counts every day.
    """
    zone = ZoneInfo(time_zone)
    start = opening_day(since, store_hours=store_hours, closed_dates=closed_dates, zone=zone)
    opened = 0
    for offset in count(1):
        day = start + timedelta(days=offset)
        never_opens = offset > LONGEST_CLOSURE
        if never_opens or (opening_spans(store_hours, day) and day not in closed_dates):
            opened += 1
        if opened >= open_days:
            spans = spans_of(day, store_hours={} if never_opens else store_hours, zone=zone)
            return max(last for _first, last in spans).astimezone(zone)
    raise AssertionError


def packing_due(
    *,
    since: datetime,
    hours: int,
    store_hours: Mapping[str, Any],
    closed_dates: Collection[date],
    time_zone: str,
) -> datetime:
    """When so many opening hours have passed since a package came in; while the store is closed no time passes.

    Arguments: ``since``, an aware time by the database's clock; ``hours``, real hours, also in the night of the clock
    change; ``time_zone``, an IANA name. A store without hours is always open. After a year every hour counts.
    """
    zone = ZoneInfo(time_zone)
    first_day = since.astimezone(zone).date() - ONE_DAY
    left, now = timedelta(hours=hours), since.astimezone(UTC)
    for opens, ends in open_from(first_day, store_hours=store_hours, closed_dates=closed_dates, zone=zone):
        begins = max(opens, now)
        if ends - begins >= left:
            return (begins + left).astimezone(zone)
        if ends > begins:
            left, now = left - (ends - begins), ends
    return (max(now, moment_of_day(first_day + LONGEST_CLOSURE * ONE_DAY, "24:00", zone)) + left).astimezone(zone)


def open_from(
    day: date, *, store_hours: Mapping[str, Any], closed_dates: Collection[date], zone: ZoneInfo
) -> Iterator[Span]:
    """Every span of a year from an opening day on, in order."""
    for offset in range(LONGEST_CLOSURE + 1):
        if (here := day + timedelta(days=offset)) not in closed_dates:
            yield from spans_of(here, store_hours=store_hours, zone=zone)


def for_store(store: RetailStore, *, since: datetime, open_days: int) -> datetime:
    """The pickup deadline of a package in this store."""
    return pickup_deadline(
        since=since,
        open_days=open_days,
        store_hours=store.store_hours,
        closed_dates=store.closed_dates,
        time_zone=store.time_zone,
    )


def packing_due_in(store: RetailStore, *, since: datetime, hours: int) -> datetime:
    """When a package that came in then is due to be packed in this store."""
    return packing_due(
        since=since,
        hours=hours,
        store_hours=store.store_hours,
        closed_dates=store.closed_dates,
        time_zone=store.time_zone,
    )
