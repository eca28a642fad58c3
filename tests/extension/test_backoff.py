"""When the Extension tries again: what a provider asks for, in seconds or as a date (RFC 9110)."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extension.backoff import LONGEST_PAUSE, USUAL_PAUSE, asked_for, pause
from extension.sms import RetryLater, answer_to

NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("retry_after", "seconds"),
    [
        ("7", 7),
        (" 7 ", 7),
        ("0", 1),
        ("600", 600),
        ("86400", LONGEST_PAUSE),
        ("9" * 64, LONGEST_PAUSE),
        ("Sat, 28 Nov 2026 12:02:00 GMT", 120),
        ("Saturday, 28-Nov-26 12:02:00 GMT", 120),  # RFC 850, still to be read
        ("Sat Nov 28 12:02:00 2026", 120),  # asctime, likewise
        ("Sat, 28 Nov 2026 15:02:00 +0300", 120),
        ("Sat, 28 Nov 2026 12:02:00 -0000", 120),
        ("Sun, 29 Nov 2026 12:00:00 GMT", LONGEST_PAUSE),
        ("Sat, 28 Nov 2026 11:00:00 GMT", 1),  # that time has come
        ("Fri, 01 Jan 1500 00:00:00 GMT", 1),
        ("", USUAL_PAUSE),
        ("soon", USUAL_PAUSE),
        ("-5", USUAL_PAUSE),
        ("1.5", USUAL_PAUSE),
        ("٧", USUAL_PAUSE),
        ("Sat, 99 Nov 2026 12:02:00 GMT", USUAL_PAUSE),
        ("Sat, 28 Nov 99999999 12:02:00 GMT", USUAL_PAUSE),
    ],
)
def test_what_a_provider_asks_for(retry_after: str, seconds: int) -> None:
    assert asked_for(retry_after, now=NOW) == seconds


@given(st.integers(1, LONGEST_PAUSE))
def test_a_date_asks_for_as_much_as_its_seconds(seconds: int) -> None:
    date = format_datetime(NOW + timedelta(seconds=seconds), usegmt=True)
    assert asked_for(date, now=NOW) == asked_for(str(seconds), now=NOW) == seconds


@given(
    st.text(max_size=80)
    | st.from_regex(r"[A-Z][a-z]{2}, [0-9]{1,4} [A-Z][a-z]{2} [0-9]{1,9} [0-9:]{1,9} [A-Z+0-9-]{1,6}")
)
def test_whatever_it_says_the_pause_is_within_reason(retry_after: str) -> None:
    assert 1 <= asked_for(retry_after, now=NOW) <= LONGEST_PAUSE


@pytest.mark.parametrize("status", [408, 425, 429, 500, 503])
def test_the_answer_of_a_provider_is_read_so(status: int) -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=300), usegmt=True)
    answer = answer_to(status, retry_after=date)
    assert isinstance(answer, RetryLater)
    assert 240 < answer.seconds <= 300


def test_pauses_grow_to_ten_minutes() -> None:
    assert [pause(attempts) for attempts in (0, 1, 5, 9, 10, 99)] == [1, 2, 32, 512, 600, 600]
