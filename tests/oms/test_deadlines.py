"""When a package must be packed and collected, counted in the store's opening hours and its own time."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from clickcollect.errors import ValidationFailed
from clickcollect.omnitron.opening_hours import format_spans, read_week
from clickcollect.oms.deadlines import WEEKDAYS, opening_day, packing_due, pickup_deadline

WEEK = {day: [["10:00", "20:00"]] for day in ("mon", "tue", "wed", "thu", "fri", "sat")}
MONDAY_NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def deadline(**changes: object) -> datetime:
    case = {
        "since": MONDAY_NOON,
        "open_days": 7,
        "store_hours": WEEK,
        "closed_dates": [],
        "time_zone": "Europe/Istanbul",
    } | changes
    return pickup_deadline(**case)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "2026-12-01T20:00:00+03:00"),  # Sunday is closed and does not count
        ({"open_days": 1}, "2026-11-24T20:00:00+03:00"),
        ({"closed_dates": [date(2026, 11, 24)], "open_days": 1}, "2026-11-25T20:00:00+03:00"),
        ({"store_hours": {}, "open_days": 7}, "2026-12-01T00:00:00+03:00"),  # always open: the end of the day
        (
            {"store_hours": {"sat": [["09:00", "12:00"], ["13:00", "18:30"]]}, "open_days": 2},
            "2026-12-05T18:30:00+03:00",
        ),
        ({"store_hours": {"mon": []}, "open_days": 1}, "2027-11-26T00:00:00+03:00"),  # never opens: every day counts
        ({"since": datetime(2026, 11, 23, 22, tzinfo=UTC), "open_days": 1}, "2026-11-25T20:00:00+03:00"),
    ],
)
def test_deadline_is_the_closing_time_of_the_nth_open_day(changes: dict[str, object], expected: str) -> None:
    assert deadline(**changes).isoformat() == expected


def test_t62_the_night_of_the_clock_change_does_not_move_the_closing_time() -> None:
    friday_before = datetime(2026, 10, 23, 12, tzinfo=UTC)  # Berlin leaves summer time on 25 October 2026
    until = deadline(since=friday_before, open_days=3, time_zone="Europe/Berlin")
    assert until.isoformat() == "2026-10-27T20:00:00+01:00"
    assert until.astimezone(UTC).isoformat() == "2026-10-27T19:00:00+00:00"


# ---- Hours past midnight belong to the day on which they begin ---------------------------------------------

BAR = {day: [["18:00", "02:00"]] for day in ("thu", "fri", "sat")}


@pytest.mark.parametrize(
    ("since", "open_days", "expected"),
    [
        ("2026-11-27T19:00", 1, "2026-11-29T02:00"),  # Friday evening: Saturday's night
        ("2026-11-28T01:00", 1, "2026-11-29T02:00"),  # Saturday 01:00 is Friday still
        ("2026-11-28T02:00", 1, "2026-11-29T02:00"),  # and so is the minute in which it closes
        ("2026-11-28T02:01", 1, "2026-12-04T02:00"),  # Saturday before it opens: Thursday's night is the next
        ("2026-11-28T20:00", 1, "2026-12-04T02:00"),
        ("2026-11-29T01:59", 1, "2026-12-04T02:00"),  # Sunday 01:59 is Saturday
        ("2026-11-29T12:00", 1, "2026-12-04T02:00"),
        ("2026-11-26T17:00", 2, "2026-11-29T02:00"),
        ("2026-11-26T00:30", 3, "2026-12-04T02:00"),  # Thursday 00:30: Wednesday was closed
    ],
)
def test_saturday_one_o_clock_is_friday_s_opening_day(since: str, open_days: int, expected: str) -> None:
    until = deadline(since=local(since), open_days=open_days, store_hours=BAR)
    assert until == local(expected)


def local(text: str, zone: str = "Europe/Istanbul") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


def test_a_closed_date_closes_the_opening_day_of_that_date_and_not_the_night_before() -> None:
    saturday = [date(2026, 11, 28)]
    assert deadline(since=local("2026-11-26T19:00"), open_days=1, store_hours=BAR, closed_dates=saturday) == local(
        "2026-11-28T02:00"
    )
    assert deadline(since=local("2026-11-28T01:00"), open_days=1, store_hours=BAR, closed_dates=saturday) == local(
        "2026-12-04T02:00"
    )


@pytest.mark.parametrize("hours", [WEEK, BAR, {}, {"mon": [["00:00", "24:00"]], "tue": [["09:00", "17:00"]]}])
def test_extended_at_the_closing_time_it_is_the_next_open_day_s(hours: dict[str, list[list[str]]]) -> None:
    """A deadline that is extended by days ends where one of all these days would have ended at once."""
    for days in range(1, 9):
        step = deadline(open_days=days, store_hours=hours)
        assert deadline(since=step, open_days=3, store_hours=hours) == deadline(open_days=days + 3, store_hours=hours)


# ---- Packing due times count in opening hours --------------------------------------------------------------


def due(since: str, hours: int, store_hours: object, zone: str = "Europe/Istanbul", closed: object = ()) -> datetime:
    return packing_due(
        since=local(since, zone),
        hours=hours,
        store_hours=store_hours,  # type: ignore[arg-type]
        closed_dates=closed,  # type: ignore[arg-type]
        time_zone=zone,
    )


@pytest.mark.parametrize(
    ("since", "hours", "store_hours", "expected"),
    [
        ("2026-11-29T12:00", 2, WEEK, "2026-11-30T12:00"),  # Sunday is closed: two hours after Monday's opening
        ("2026-11-28T19:00", 2, WEEK, "2026-11-30T11:00"),  # an hour on Saturday, an hour on Monday
        ("2026-11-27T18:00", 2, WEEK, "2026-11-27T20:00"),  # the closing time itself is in time
        ("2026-11-27T08:00", 2, WEEK, "2026-11-27T12:00"),  # before the opening
        ("2026-11-27T21:00", 24, WEEK, "2026-12-01T14:00"),
        ("2026-11-27T12:00", 24, {}, "2026-11-28T12:00"),  # always open
        ("2026-11-27T23:00", 4, BAR, "2026-11-28T19:00"),  # three hours of Friday's night, one of Saturday's
        ("2026-11-28T01:30", 1, BAR, "2026-11-28T18:30"),
        ("2026-11-28T12:30", 1, {"sat": [["09:00", "13:00"], ["14:00", "18:00"]]}, "2026-11-28T14:30"),
    ],
)
def test_while_the_store_is_closed_no_time_passes(since: str, hours: int, store_hours: object, expected: str) -> None:
    assert due(since, hours, store_hours) == local(expected)


def test_a_holiday_counts_no_hours() -> None:
    monday = [date(2026, 11, 30)]
    assert due("2026-11-29T12:00", 2, WEEK, closed=monday) == local("2026-12-01T12:00")


def test_t62_in_the_night_of_the_clock_change_an_hour_is_an_hour() -> None:
    night = {"sat": [["22:00", "05:00"]]}  # Berlin: 25 October 2026 has 02:30 twice, 29 March 2026 has none
    assert due("2026-10-24T22:00", 5, night, "Europe/Berlin") == local("2026-10-25T02:00", "Europe/Berlin").replace(
        fold=1
    )
    assert due("2026-10-24T22:00", 8, night, "Europe/Berlin") == local("2026-10-25T05:00", "Europe/Berlin")
    assert due("2026-03-28T22:00", 5, night, "Europe/Berlin") == local("2026-03-29T04:00", "Europe/Berlin")
    assert due("2026-03-28T22:00", 6, night, "Europe/Berlin") == local("2026-03-29T05:00", "Europe/Berlin")


def test_a_store_that_never_opens_is_not_waited_for_for_ever() -> None:
    assert due("2026-11-27T12:00", 3, {"mon": []}).date() == date(2027, 11, 28)


CLOCKS = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.sampled_from([0, 15, 30, 45]))
BY_DAY = st.tuples(CLOCKS, CLOCKS).filter(lambda span: span[0] < span[1]) | st.tuples(CLOCKS, st.just("24:00"))
BY_NIGHT = st.tuples(
    st.sampled_from(["16:00", "20:30", "23:45"]), st.sampled_from(["00:00", "00:15", "02:00", "06:00"])
)
STORE_HOURS = st.dictionaries(
    st.sampled_from(WEEKDAYS), (BY_DAY | BY_NIGHT).map(lambda span: [list(span)]), max_size=7
).filter(lambda week: not week or nothing_overlaps(week))
QUARTERS = st.integers(0, 2 * 365 * 96).map(lambda n: datetime(2026, 1, 1, tzinfo=UTC) + n * timedelta(minutes=15))
DATES = st.sets(st.dates(date(2026, 1, 1), date(2028, 12, 31)), max_size=40)


def nothing_overlaps(week: dict[str, list[list[str]]]) -> bool:
    """Only what the form takes."""
    try:
        return read_week({day: format_spans(spans) for day, spans in week.items()}) == week
    except ValidationFailed:
        return False


def is_open(at: datetime, week: dict[str, list[list[str]]], closed: set[date]) -> bool:
    """Whether the store is open, by somebody who looks at the clock and at the sign on the door."""
    today, yesterday, clock = at.date(), at.date() - timedelta(days=1), f"{at:%H:%M}"
    if not week:
        return today not in closed
    of_today = [] if today in closed else week.get(WEEKDAYS[today.weekday()], [])
    of_the_night = [] if yesterday in closed else week.get(WEEKDAYS[yesterday.weekday()], [])
    return any(first <= clock < last or (last < first <= clock) for first, last in of_today) or any(
        last < first and clock < last for first, last in of_the_night
    )


@given(
    hours=st.integers(1, 12),
    since=QUARTERS,
    week=STORE_HOURS,
    closed=DATES,
    zone=st.sampled_from(["UTC", "Europe/Istanbul", "Asia/Kathmandu", "Pacific/Apia"]),
)
def test_until_it_is_due_the_store_is_open_for_just_so_long(
    hours: int, since: datetime, week: dict[str, list[list[str]]], closed: set[date], zone: str
) -> None:
    until = packing_due(since=since, hours=hours, store_hours=week, closed_dates=closed, time_zone=zone)
    assume(until - since < timedelta(days=100))
    quarters = int((until - since) / timedelta(minutes=15))
    here = [(since + n * timedelta(minutes=15)).astimezone(ZoneInfo(zone)) for n in range(quarters)]
    assert sum(is_open(at, week, closed) for at in here) == hours * 4
    assert is_open(here[-1], week, closed), "it is due while the store is open, or as it closes"


@given(days=st.integers(1, 10), since=QUARTERS, week=STORE_HOURS, closed=DATES)
def test_until_the_deadline_the_store_opens_on_just_so_many_days(
    days: int, since: datetime, week: dict[str, list[list[str]]], closed: set[date]
) -> None:
    zone = ZoneInfo("Europe/Istanbul")
    until = deadline(since=since, open_days=days, store_hours=week, closed_dates=closed)
    assume(until - since < timedelta(days=300))
    own = opening_day(since, store_hours=week, closed_dates=closed, zone=zone)
    last = opening_day(until, store_hours=week, closed_dates=closed, zone=zone)
    between = [own + timedelta(days=n) for n in range(1, (last - own).days + 1)]
    assert sum(day not in closed and (not week or WEEKDAYS[day.weekday()] in week) for day in between) == days
    assert is_open(until.astimezone(zone) - timedelta(minutes=15), week, closed), "the last moment is the closing time"
    assert not is_open(until.astimezone(zone), week, closed) or not week or touches(until.astimezone(zone), week)


def touches(at: datetime, week: dict[str, list[list[str]]]) -> bool:
    """Whether the next day opens in the very minute in which this one closes."""
    return any(first == f"{at:%H:%M}" for first, _last in week.get(WEEKDAYS[at.weekday()], []))
