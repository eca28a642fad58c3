"""How many SMS a text costs, and where the network cuts it (3GPP TS 23.038 and 23.040)."""

from dataclasses import dataclass
from itertools import chain

GSM7 = "GSM-7"
UCS2 = "UCS-2"
BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà",
)
EXTENDED = frozenset("\f^{}\\[~]|€")  # two places each
SEGMENT_UNITS = {GSM7: (160, 153), UCS2: (70, 67)}  # alone, and as a part of several


@dataclass(frozen=True, kw_only=True)
class Length:
    """A text as the network counts it. ``units`` are septets in GSM-7 and 16-bit units in UCS-2."""

    encoding: str
    units: int
    parts: tuple[str, ...]

    @property
    def segments(self) -> int:
        """SMS to pay for."""
        return len(self.parts)

    @property
    def capacity(self) -> int:
        """Units that fit into these segments."""
        alone, together = SEGMENT_UNITS[self.encoding]
        return alone if self.segments <= 1 else together * self.segments


def measure_text(text: str) -> Length:
    """Count a text and cut it as a phone network would: never inside a character."""
    encoding = GSM7 if all(sign in BASIC or sign in EXTENDED for sign in text) else UCS2
    sizes = [_size(sign, encoding) for sign in text]
    alone, together = SEGMENT_UNITS[encoding]
    parts = (text,) if sum(sizes) <= alone else tuple(_cut(text, sizes, together))
    return Length(encoding=encoding, units=sum(sizes), parts=parts)


def _size(sign: str, encoding: str) -> int:
    if encoding == GSM7:
        return 2 if sign in EXTENDED else 1
    return 2 if ord(sign) > 0xFFFF else 1


def _cut(text: str, sizes: list[int], size_limit: int) -> list[str]:
    parts, start, used = [], 0, 0
    for place, size in chain(enumerate(sizes), [(len(text), size_limit + 1)]):
        if used + size > size_limit:
            parts.append(text[start:place])
            start, used = place, 0
        used += size
    return parts
