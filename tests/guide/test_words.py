"""The guide calls things by their names on the screen: each of its words in italics stands in a page or a message."""

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

import pytest

from clickcollect.guide.files import SOURCE
from clickcollect.guide.pages import PAGES
from tests.house.files import ROOT, text, tracked

SAID_BY_OTHERS: Final = {"italics", "CSV UTF-8", "Unicode text"}  # of the guide itself, and of spreadsheet programs
ITALICS: Final = re.compile(r"(?<!\*)\*(?!\*)([^*\n]+?)\*(?!\*)")
VARIABLE: Final = re.compile(r"…|\d+(?: ×)?|PK-\S+|by Ayla")  # what a screen fills in


@cache
def screens() -> str:
    """Everything that pages and messages are made of, as one line: strings in pieces are put together."""
    sources = [
        re.sub(r'"\s*\n\s*f?"', "", text(path))
        for path in tracked()
        if path.suffix in (".py", ".html", ".js") and path.relative_to(ROOT).parts[0] in ("clickcollect", "extension")
    ]
    return re.sub(r"\s+", " ", "\n".join(sources)).replace("’", "'").lower()


def unknown_words(words: str) -> Iterator[str]:
    """Words in italics of which a part is on no screen."""
    for said in ITALICS.findall(words):
        pieces = (piece.strip(" .:,") for piece in VARIABLE.split(said))
        if said not in SAID_BY_OTHERS and not all(piece.lower() in screens() for piece in pieces):
            yield said


@pytest.mark.parametrize("name", PAGES)
def test_every_word_in_italics_is_on_a_screen(name: str) -> None:
    assert list(unknown_words(text(SOURCE / f"{name}.md"))) == []


def test_control_a_word_that_no_screen_has_is_found() -> None:
    words = "Press *Complete packaging*, then *Wave goodbye*; *Continue with 3 packages* comes later."
    assert list(unknown_words(words)) == ["Wave goodbye"]
