"""A store's opening hours as people write them ("10:00-13:00, 14:00-20:00") and as the store keeps them.

The last span of a day may end after midnight ("18:00-02:00"): it belongs to the day on which it begins.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clickcollect.errors import Fault, ValidationFailed

DAYS: Final = (
    ("mon", gettext_lazy("Monday")),
    ("tue", gettext_lazy("Tuesday")),
    ("wed", gettext_lazy("Wednesday")),
    ("thu", gettext_lazy("Thursday")),
    ("fri", gettext_lazy("Friday")),
    ("sat", gettext_lazy("Saturday")),
    ("sun", gettext_lazy("Sunday")),
)
SPAN: Final = re.compile(r"([01]?\d|2[0-4])[:.]([0-5]\d)\s*[-–—]\s*([01]?\d|2[0-4])[:.]([0-5]\d)")
MOST_SPANS: Final = 4
LATEST_END: Final = "06:00"  # past midnight; later is more likely a slip of the pen than a night


def read_day(text: str, *, loc: str) -> list[list[str]]:
    """The spans of one day, in order; nothing = closed. Raises ValidationFailed at ``loc``."""
    spans: list[list[str]] = []
    for part in filter(None, (piece.strip() for piece in re.split(r"[,;]", text))):
        match = SPAN.fullmatch(part)
        if match is None:
            raise ValidationFailed.of(
                loc, _("Enter hours as 10:00-20:00, or 10:00-13:00, 14:00-20:00. Leave empty if closed.")
            )
        first, last = f"{int(match[1]):02}:{match[2]}", f"{int(match[3]):02}:{match[4]}"
        if last > "24:00" or first in (last, "24:00") or (LATEST_END < last < first):
            raise ValidationFailed.of(
                loc, _("Closing time must be after opening time; past midnight, 06:00 at the latest.")
            )
        if spans and (first < spans[-1][1] or is_past_midnight(spans[-1])):
            raise ValidationFailed.of(loc, _("These hours overlap. Enter them from morning to evening."))
        spans.append([first, last])
    if len(spans) > MOST_SPANS:
        raise ValidationFailed.of(loc, _("Enter at most four periods a day."))
    return spans


def format_spans(spans: Sequence[Sequence[str]]) -> str:
    """The spans of a day as `read_day` reads them."""
    return ", ".join(f"{first}-{last}" for first, last in spans)


def is_past_midnight(span: Sequence[str]) -> bool:
    """Whether a span ends on the day after the one that it belongs to."""
    return span[1] < span[0]


def read_week(texts: Mapping[str, str]) -> dict[str, list[list[str]]]:
    """The spans of every open day, by its short name. Raises ValidationFailed with every fault, each at its day.

    A night that is not over when the next day opens is told at that next day.
    """
    week: dict[str, list[list[str]]] = {}
    faults: list[Fault] = []
    for day, _name in DAYS:
        try:
            week[day] = read_day(texts.get(day, ""), loc=day)
        except ValidationFailed as wrong:
            faults += wrong.errors
    names = [day for day, _name in DAYS]
    for day, after in zip(names, names[1:] + names[:1], strict=True):
        night, morning = week.get(day, [])[-1:], week.get(after, [])[:1]
        if night and morning and is_past_midnight(night[0]) and morning[0][0] < night[0][1]:
            words = _("The day before closes at %(time)s. Open later, or close it earlier.")
            faults.append({"loc": after, "msg": words % {"time": night[0][1]}})
    if faults:
        raise ValidationFailed(faults)
    return {day: spans for day, spans in week.items() if spans}
