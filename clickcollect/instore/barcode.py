"""Code 128 (ISO/IEC 15417) and QR as SVG: the package number and nothing else. Pure."""

from dataclasses import dataclass
from typing import Final

import segno

# The widths of bars and gaps, six a symbol value from 0 to 105, as in table 1 of the standard.
WIDTHS: Final = (
    "212222222122222221121223121322131222122213122312132212221213221312231212112232122132122231113222123122"
    "123221223211221132221231213212223112312131311222321122321221312212322112322211212123212321232121111323"
    "131123131321112313132113132311211313231113231311112133112331132131113123113321133121313121211331231131"
    "213113213311213131311123311321331121312113312311332111314111221411431111111224111422121124121421141122"
    "141221112214112412122114122411142112142211241211221114413111241112134111111242121142121241114212124112"
    "124211411212421112421211212141214121412121111143111341131141114113114311411113411311113141114131311141"
    "411131211412211214211232"
)
STOP_WIDTHS: Final = "2331112"
START_B: Final = 104
STOP: Final = 106
QUIET: Final = 10  # modules of white on each side


@dataclass(frozen=True, kw_only=True)
class Bars:
    """Dark bars as (x, width) in modules, and the whole width with the quiet zones."""

    bars: list[tuple[int, int]]
    width: int


def values(text: str) -> list[int]:
    """Start B, the characters, the check symbol, stop. Raises ValueError for what code set B cannot say."""
    data = [ord(char) - 32 for char in text]
    if not data or any(not 0 <= value <= 94 for value in data):
        raise ValueError("Code 128 set B takes printable ASCII.")
    check = (START_B + sum(place * value for place, value in enumerate(data, start=1))) % 103
    return [START_B, *data, check, STOP]


def widths(value: int) -> str:
    """The widths of one symbol, bar first."""
    return STOP_WIDTHS if value == STOP else WIDTHS[6 * value : 6 * value + 6]


def code128(text: str) -> Bars:
    """The bars of a text."""
    bars, x = [], QUIET
    for value in values(text):
        for place, width in enumerate(map(int, widths(value))):
            if place % 2 == 0:
                bars.append((x, width))
            x += width
    return Bars(bars=bars, width=x + QUIET)


def qr(text: str) -> str:
    """A QR symbol as one inline SVG."""
    made: str = segno.make(text, error="m", micro=False).svg_inline(omitsize=True, border=2)
    return made
