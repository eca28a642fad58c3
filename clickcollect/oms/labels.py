"""The package number on a label, however a scanner delivers it. Pure.

A scanner is a keyboard with a layout of its own, which need not be the machine's: set to the United States, it
delivers `PK-10059` to a German machine as `PKß10059` and to a French one as `PK)&àà(ç`. It may say first what kind of
symbol it has read (ISO/IEC 15424: `]C1`), send GS1's separators along, and read an address that ends in the number.
"""

import re
import unicodedata
from collections.abc import Iterator
from itertools import chain
from typing import Final
from urllib.parse import unquote

from clickcollect.oms.keyboard_layouts import LAYOUTS

LONGEST: Final = 400  # characters; whoever cuts a text cuts it later, so that no number is read from a part of it

PREFIX: Final = r"(?:\][a-z][0-9a-z]\s*|[a-z](?:\d\d)?)?"  # AIM's symbology identifier, or a maker's own code
TYPED: Final = re.compile(PREFIX + r"pk[\s_-]*(\d{1,18})")
SENT: Final = re.compile(PREFIX + r"pk[_-](\d{1,18})")  # as it is printed: in another layout nobody types it
ADDRESS: Final = re.compile(r"(?:\][a-z][0-9a-z])?\s*[a-z][a-z0-9+.-]*://\S*[/=?&#:]pk-?(\d{1,18})/?")
IN_ADDRESS: Final = re.compile(r"(?<![a-z0-9])pk-?(\d{1,18})(?![a-z0-9])")
SEPARATOR: Final = re.compile(r"[<{\[](?:gs|fnc1)[>}\]]|[\x00-\x1f\x7f\u2400-\u241f]", re.IGNORECASE)
DASHES: Final = dict.fromkeys(map(ord, "‐‑‒–—―−"), "-")


def package_numbers(text: str) -> list[str]:
    """Every package number that a scanned or typed text can mean, `PK-20481`; none if it is something else."""
    if len(text) > LONGEST:
        return []
    raw = latin_digits(SEPARATOR.sub(" ", text)).strip()
    plain = plain_label(raw)
    sent = chain.from_iterable(map(as_sent, {raw, plain}))
    found = [number_in(plain, TYPED), *(number_in(one, SENT) for one in sent)]
    return list(dict.fromkeys(f"PK-{digits}" for digits in found if digits))


def plain_label(text: str) -> str:
    """One form of every character, one kind of dash, and nothing invisible."""
    seen = (char for char in text if unicodedata.category(char) != "Cf")
    return latin_digits(unicodedata.normalize("NFKC", "".join(seen)).translate(DASHES)).strip()


def latin_digits(text: str) -> str:
    return "".join(str(unicodedata.decimal(char, char)) for char in text)


def number_in(text: str, label: re.Pattern[str]) -> str | None:
    """The digits of the label that the text is, or of the one at the end of an address that names no other."""
    folded = text.casefold()
    if match := label.fullmatch(folded):
        return match[1]
    address = unquote(folded)
    match = ADDRESS.fullmatch(address)
    return match[1] if match and set(IN_ADDRESS.findall(address)) == {match[1]} else None


HOME, HOME_SHIFTED = LAYOUTS["United States"]
CAPS_LOCK: Final = str.maketrans(HOME + HOME_SHIFTED, HOME_SHIFTED + HOME)
TO_KEYS: Final = [
    {ord(char): key for char, key in zip(rows[0] + rows[1], HOME + HOME_SHIFTED, strict=True) if char != " "}
    for rows in LAYOUTS.values()
]
FROM_KEYS: Final = [str.maketrans(HOME + HOME_SHIFTED, rows[0] + rows[1]) for rows in LAYOUTS.values()]


def as_sent(text: str) -> Iterator[str]:
    """The text as scanners of every layout meant it, if the machine reads it in any other, Caps Lock on or off."""
    chars = set(map(ord, text)) - {ord(" ")}
    pressed = {text.translate(table) for table in TO_KEYS if chars <= table.keys()}
    pressed |= {keys.translate(CAPS_LOCK) for keys in pressed}
    for keys in pressed:
        yield from (keys.translate(table) for table in FROM_KEYS)
