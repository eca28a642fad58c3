"""No cell of a file that people open in a spreadsheet is ever run as a formula (OWASP, CSV injection)."""

import re
import unicodedata
from typing import Final

SIGNS: Final = frozenset("=+-@\N{MINUS SIGN}")
LINE_AND_TAB: Final = ("\t", "\r", "\n")
UNSEEN: Final = frozenset({"Cc", "Cf", "Cn", "Co", "Zs", "Zl", "Zp", "Mn", "Me"})
# A spreadsheet may part cells at any of these, whatever the file is parted with: Excel goes by the country.
SEPARATORS: Final = re.compile(r"([;,|\t\r\n]+)")


def plain(value: object) -> str:
    """The text of a cell, without what neither XML nor a spreadsheet can hold: controls, halves of a surrogate pair."""
    text = "" if value is None else str(value)
    if text.isprintable():
        return text
    return "".join(char for char in text if char in LINE_AND_TAB or not is_unfit(char))


def safe(value: object) -> str:
    """The text of a cell with an apostrophe before whatever a spreadsheet could take for the start of a formula.

    That is a sign, in any width, at the start or behind a separator, also where blanks or unseen characters stand
    before it; and a tab or a line break at the start.
    """
    text = plain(value)
    guarded = "".join(f"'{part}" if begins_with_sign(part) else part for part in SEPARATORS.split(text))
    return f"'{guarded}" if guarded.startswith(LINE_AND_TAB) else guarded


def begins_with_sign(text: str) -> bool:
    """Whether the first character that is seen is a sign; a full-width one counts as the narrow one (NFKC)."""
    seen = next((char for char in text if unicodedata.category(char) not in UNSEEN), "")
    return unicodedata.normalize("NFKC", seen)[:1] in SIGNS if seen else False


def is_unfit(char: str) -> bool:
    return unicodedata.category(char) in ("Cc", "Cs") or char in "\ufffe\uffff"
