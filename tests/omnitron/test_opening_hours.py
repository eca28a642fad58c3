"""Opening hours as people write them, a night that ends on the next day among them."""

import pytest

from clickcollect.errors import ValidationFailed
from clickcollect.omnitron.opening_hours import format_spans, read_day, read_week


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("", []),
        ("10:00-20:00", [["10:00", "20:00"]]),
        ("9.30–13.00; 14:00 - 24:00", [["09:30", "13:00"], ["14:00", "24:00"]]),
        ("00:00-24:00", [["00:00", "24:00"]]),
        ("18:00-02:00", [["18:00", "02:00"]]),
        ("18:00-00:00", [["18:00", "00:00"]]),
        ("11:00-15:00, 18:00-06:00", [["11:00", "15:00"], ["18:00", "06:00"]]),
    ],
)
def test_hours_are_read_and_written_again(text: str, spans: list[list[str]]) -> None:
    assert read_day(text, loc="mon") == spans
    assert read_day(format_spans(spans), loc="mon") == spans


@pytest.mark.parametrize(
    "text",
    [
        "late", "25:00-26:00", "10:00-24:30", "24:00-24:00", "24:00-02:00", "10:00-10:00", "00:00-00:00",
        "20:00-10:00", "18:00-06:01",  # more likely a slip than a night
        "10:00-14:00, 13:00-15:00", "18:00-02:00, 20:00-22:00", "18:00-02:00, 03:00-04:00",
        "1:00-2:00, 3:00-4:00, 5:00-6:00, 7:00-8:00, 9:00-10:00",
    ],
)  # fmt: skip
def test_hours_that_make_no_sense_are_refused(text: str) -> None:
    with pytest.raises(ValidationFailed) as refusal:
        read_day(text, loc="mon")
    assert [fault["loc"] for fault in refusal.value.errors] == ["mon"]


@pytest.mark.parametrize(
    ("week", "wrong"),
    [
        ({"fri": "18:00-02:00", "sat": "02:00-04:00"}, []),
        ({"fri": "18:00-02:00", "sat": "01:00-04:00"}, ["sat"]),
        ({"sun": "18:00-02:00", "mon": "00:00-24:00"}, ["mon"]),
        ({"fri": "18:00-24:00", "sat": "00:00-24:00"}, []),
        ({"fri": "18:00-00:00", "sat": "00:00-24:00"}, []),
        ({"mon": "late", "tue": "18:00-03:00", "wed": "02:00-09:00"}, ["mon", "wed"]),
    ],
)
def test_a_night_that_is_not_over_when_the_next_day_opens_is_told_at_that_day(
    week: dict[str, str], wrong: list[str]
) -> None:
    assert faults_of(week) == wrong


def faults_of(week: dict[str, str]) -> list[str]:
    try:
        read_week(week)
    except ValidationFailed as refusal:
        return [fault["loc"] for fault in refusal.errors]
    return []
