"""Four levels of urgency, by the day of the package's store."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from clickcollect.oms.urgency import Urgency, urgency_of

NOW = datetime(2026, 11, 23, 20, 30, tzinfo=UTC)  # 23:30 in Istanbul, 05:30 of the next day in Tokyo


@pytest.mark.parametrize(
    ("after", "zone", "level"),
    [
        (timedelta(minutes=-1), "Europe/Istanbul", Urgency.OVERDUE),
        (timedelta(0), "Europe/Istanbul", Urgency.OVERDUE),
        (timedelta(minutes=29), "Europe/Istanbul", Urgency.TODAY),
        (timedelta(minutes=31), "Europe/Istanbul", Urgency.SOON),
        (timedelta(minutes=31), "Asia/Tokyo", Urgency.TODAY),
        (timedelta(hours=36), "Europe/Istanbul", Urgency.SOON),
        (timedelta(hours=36, seconds=1), "Europe/Istanbul", Urgency.FINE),
    ],
)
def test_the_level_is_that_of_the_stores_day_and_the_setting(after: timedelta, zone: str, level: Urgency) -> None:
    assert urgency_of(NOW + after, now=NOW, soon_hours=36, zone=ZoneInfo(zone)) == level
