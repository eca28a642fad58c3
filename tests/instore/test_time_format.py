"""Times are put together from remembered words of a day; they read as Django's own format writes them."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone, translation
from django.utils.formats import date_format

from clickcollect.instore import time_format

NOW = datetime(2026, 3, 28, 21, 30, tzinfo=UTC)
ZONES = ("UTC", "Europe/Istanbul", "America/St_Johns", "Europe/Berlin")  # Berlin's clock changes in this night
DISTANCES = [timedelta(minutes=minutes * 337) for minutes in range(-60, 60)]


@pytest.mark.parametrize("language", ["en", "tr", "de", "ar"])
@pytest.mark.parametrize("zone", ZONES)
def test_every_time_reads_as_djangos_format(language: str, zone: str) -> None:
    with translation.override(language), timezone.override(ZoneInfo(zone)):
        today = timezone.localdate(NOW)
        for moment in (NOW + distance for distance in DISTANCES):
            local = timezone.localtime(moment)
            is_today, is_near = local.date() == today, abs(local.date() - today) <= timedelta(days=6)
            assert time_format.hour(moment) == date_format(local, "H:i")
            assert time_format.day(moment) == date_format(local, "D j M")
            assert time_format.full(moment) == date_format(local, "D j M H:i")
            short = "H:i" if is_today else "D H:i" if is_near else "D j M"
            assert time_format.short(moment, now=NOW) == date_format(local, short)
            spoken = "H:i" if is_today else "l H:i" if is_near else "l j F H:i"
            assert time_format.weekday(moment, now=NOW) == date_format(local, spoken)


def test_a_day_is_remembered_in_each_language_by_itself() -> None:
    said = []
    for language in ("en", "de", "en"):
        with translation.override(language):
            said.append(time_format.day(NOW))
    assert said[0] == said[2] != said[1]
