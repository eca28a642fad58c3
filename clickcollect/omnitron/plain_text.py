"""Text as every door keeps it: one Unicode form, one line, nothing invisible; and when two texts are the same. Pure."""

import re
import unicodedata
from typing import Final

# "Default ignorable" in Unicode without being format marks (category Cf): joiners, fillers, variation selectors.
IGNORABLE: Final = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\uffa0\ufe00-\ufe0f\U000e0000-\U000e0fff]",
)
# Format marks that are seen: signs of Arabic, Syriac and Kaithi that stand around a number.
SEEN: Final = frozenset("\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd")
LINE_BREAKS: Final = re.compile("[\t\r\n\u2028\u2029]+")
ELLIPSIS: Final = "…"


def without_invisible(text: str) -> str:
    """The text without marks that nobody sees: direction marks, soft hyphens, zero-width blanks and joiners, BOMs."""
    if text.isascii():
        return text
    return "".join(char for char in IGNORABLE.sub("", text) if unicodedata.category(char) != "Cf" or char in SEEN)


def plain_line(text: str) -> str:
    """One line in Unicode's form NFC without invisible marks; line breaks and tabs are blanks, those at the ends go."""
    return LINE_BREAKS.sub(" ", unicodedata.normalize("NFC", without_invisible(text))).strip()


def comparable(text: str) -> str:
    """What two texts have in common that differ only in their Unicode form, in case, or in what nobody sees.

    Upper and lower case of a Turkish i are one letter: whoever writes YILDIZ may mean Yıldız.
    """
    folded = unicodedata.normalize("NFC", plain_line(text).casefold())
    return folded.replace("i\u0307", "i").replace("ı", "i")


def shorten_text(text: str, longest: int) -> str:
    """The beginning of a text that is too long, with a sign that it goes on; never half of a letter with its accent."""
    if len(text) <= longest:
        return text
    end = longest - len(ELLIPSIS)
    while end and unicodedata.combining(text[end]):
        end -= 1
    return text[:end].rstrip() + ELLIPSIS
