"""Bars, drawn on the server: numbers to places in an SVG of a fixed height. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

BASE: Final = 186.0  # where the bars stand
TALLEST: Final = 160.0
LABEL: Final = 206.0
WIDEST: Final = 9.0  # percent of the chart: a single day is no wall


@dataclass(frozen=True, kw_only=True)
class Value:
    """One bar to be: its number, the label below it, the words above it, and whether it stands out."""

    number: float
    label: str = ""
    words: str = ""
    kind: str = "bar"


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One bar in its place: x, width and middle in percent, y and height in pixels."""

    x: str
    middle: str
    width: str
    y: str
    height: str
    above: str
    label: str
    words: str
    kind: str


@dataclass(frozen=True, kw_only=True)
class Chart:
    """The bars, and where the dotted line of a target runs."""

    bars: list[Bar]
    target: str = ""
    target_above: str = ""

    @property
    def is_empty(self) -> bool:
        return all(bar.height == "0.0" for bar in self.bars)


def chart(values: Sequence[Value], *, target: float | None = None) -> Chart:
    """Put bars side by side; the highest number, or the target, fills the height."""
    top = max([value.number for value in values] + [target or 0.0]) or 1.0
    slot = 100 / max(len(values), 1)
    bars = [bar(value, left=index * slot, slot=slot, top=top) for index, value in enumerate(values)]
    if target is None:
        return Chart(bars=bars)
    height = BASE - TALLEST * target / top
    return Chart(bars=bars, target=f"{height:.1f}", target_above=f"{height - 8:.1f}")


def bar(value: Value, *, left: float, slot: float, top: float) -> Bar:
    height = TALLEST * value.number / top
    width = min(slot * 0.56, WIDEST)
    return Bar(
        x=f"{left + (slot - width) / 2:.2f}%",
        middle=f"{left + slot / 2:.2f}%",
        width=f"{width:.2f}%",
        y=f"{BASE - height:.1f}",
        height=f"{height:.1f}",
        above=f"{BASE - height - 8:.1f}",
        label=value.label,
        words=value.words,
        kind=value.kind,
    )
