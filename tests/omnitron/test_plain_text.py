"""Text in one Unicode form without what nobody sees; and when two texts are the same."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clickcollect.omnitron.plain_text import comparable, plain_line, shorten_text


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("Yılmaz", "Yılmaz"),
        ("Mu\u0308ller", "Müller"),
        ("\ufeffMina\u200b", "Mina"),
        ("\u202aMina\u202c", "Mina"),
        ("Test\u00adova", "Testova"),
        ("Mi\u2060na", "Mina"),
        ("u\u034f\u0308", "ü"),
        ("☎\ufe0f", "☎"),
        ("\u3164", ""),
        ("\u200b\u200d", ""),
        ("a\u2028b\tc\r\nd ", "a b c d"),
        ("\U000e0041x", "x"),
        ("\u0600١٢", "\u0600١٢"),  # a number sign that is seen
    ],
)
def test_text_is_kept_without_what_nobody_sees(sent: str, kept: str) -> None:
    assert plain_line(sent) == kept


@pytest.mark.parametrize(
    ("one", "other"),
    [("Müller", "MU\u0308LLER"), ("Yıldız", "YILDIZ"), ("İpek", "ipek"), ("Straße", "STRASSE"), ("a\u200bb", "AB")],
)
def test_form_and_case_make_no_other_text(one: str, other: str) -> None:
    assert comparable(one) == comparable(other)


@pytest.mark.parametrize(("one", "other"), [("Müller", "Muller"), ("Ali", "Alı x"), ("A-1", "A1")])
def test_another_letter_makes_another_text(one: str, other: str) -> None:
    assert comparable(one) != comparable(other)


@given(st.text())
def test_plain_text_is_plain_for_good(text: str) -> None:
    plain = plain_line(text)
    assert plain_line(plain) == plain
    assert unicodedata.is_normalized("NFC", plain)
    assert comparable(unicodedata.normalize("NFD", text)) == comparable(text)


@given(st.text(), st.integers(2, 40))
def test_what_is_shortened_fits_and_begins_the_same(text: str, longest: int) -> None:
    short = shorten_text(text, longest)
    assert len(short) <= longest
    assert short == text if len(text) <= longest else text.startswith(short[:-1])
