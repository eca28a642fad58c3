"""A store's opening hours as people write them ("10:00-13:00, 14:00-20:00") and as the store keeps them."""

import re
from collections.abc import Sequence
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clickcollect.errors import ValidationFailed

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


def read_day(text: str, *, loc: str) -> list[list[str]]:
    """The spans of one day, in order; nothing = closed. Raises ValidationFailed at ``loc``."""
    spans: list[list[str]] = []
    for part in filter(None, (piece.strip() for piece in re.split(r"[,;]", text))):
        match = SPAN.fullmatch(part)
        if match is None:
            raise ValidationFailed.of(loc, _("Write it as 10:00-20:00, or 10:00-13:00, 14:00-20:00; empty is closed."))
        first, last = f"{int(match[1]):02}:{match[2]}", f"{int(match[3]):02}:{match[4]}"
        if not first < last <= "24:00":
            raise ValidationFailed.of(loc, _("A store opens before it closes, and closes at 24:00 at the latest."))
        if spans and first < spans[-1][1]:
            raise ValidationFailed.of(loc, _("These hours overlap. Write them from morning to evening."))
        spans.append([first, last])
    if len(spans) > MOST_SPANS:
        raise ValidationFailed.of(loc, _("At most four spans a day."))
    return spans


def written(spans: Sequence[Sequence[str]]) -> str:
    """The spans of a day as `read_day` reads them."""
    return ", ".join(f"{first}-{last}" for first, last in spans)
