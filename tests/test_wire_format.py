"""Timestamps and whole numbers as other programs write and read them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clickcollect.wire_format import LARGEST_ID, utc, whole_number


@given(st.datetimes(min_value=datetime(1970, 1, 2), timezones=st.just(timezone(timedelta(hours=5, minutes=30)))))  # noqa: DTZ001
def test_a_moment_is_written_in_utc_and_read_back_as_the_same(moment: datetime) -> None:
    text = utc(moment)
    assert text.endswith("Z")
    assert datetime.fromisoformat(text) == moment
    assert datetime.fromisoformat(text).tzinfo == UTC


def test_no_moment_is_no_text() -> None:
    assert utc(None) is None


@pytest.mark.parametrize(
    "text", ["", "-1", "+1", " 1", "1 ", "1.0", "1e3", "٣", "²", "0x1", "1_000", "9" * 5000, "\x00"]
)
def test_what_is_no_whole_number_is_none(text: str) -> None:
    assert whole_number(text) is None


@given(st.integers(min_value=0, max_value=2 * LARGEST_ID))
def test_a_whole_number_reaches_to_the_largest_id(number: int) -> None:
    assert whole_number(str(number)) == (number if number <= LARGEST_ID else None)
    assert whole_number(str(number), least=5, most=9) == (number if 5 <= number <= 9 else None)


@given(st.text())
def test_no_text_raises(text: str) -> None:
    found = whole_number(text)
    assert found is None or text.lstrip("0") in (str(found), "")
