"""The pickup deadline, counted in the store's open days and its own time."""

from datetime import UTC, date, datetime

import pytest

from clickcollect.oms.deadline import pickup_deadline

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
