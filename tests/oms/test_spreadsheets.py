"""Whatever a cell holds, no spreadsheet takes it for a formula, and every export asks for that."""

import re
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import clickcollect
from clickcollect.oms.spreadsheets import safe

SIGNS = ["=", "+", "-", "@", "＝", "＋", "－", "＠", "﹢", "﹣", "﹦", "﹫", "−"]
BEFORE = ["", " ", "\t", "\n", "\r", "\r\n", "\x00", "\x1b", "\x7f", "\x85", "\u00a0", "\u00ad", "\u200b", "\u200e"]
BEFORE += ["\u202e", "\u2028", "\u2060", "\u3000", "\ufeff", "\U000e0020", "\ufe0f", " \u200b\t "]


def could_run(text: str) -> bool:
    """Whether a spreadsheet could take a part of this for a formula, whatever it parts cells at."""
    for part in re.split(r"[;,|\t\r\n]", text):
        shown = [char for char in part if unicodedata.category(char)[0] not in "CZM"]
        if shown and unicodedata.normalize("NFKC", shown[0])[0] in "=+-@\u2212":
            return True
    return text.startswith(("\t", "\r", "\n"))


@pytest.mark.parametrize("before", BEFORE, ids=ascii)
def test_a_sign_is_quoted_in_any_width_behind_whatever_is_not_seen(before: str) -> None:
    for sign in SIGNS:
        for start in ("", "a;", "a,", "a|", "a\t", "a\n", "a\r"):
            text = f"{start}{before}{sign}HYPERLINK(1)"
            assert could_run(text)
            assert not could_run(safe(text)), ascii(text)


@pytest.mark.parametrize("text", ["\tDeniz", "\nDeniz", "\rDeniz"])
def test_a_tab_or_line_break_at_the_start_is_quoted(text: str) -> None:
    assert safe(text) == f"'{text}"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("Deniz Yılmaz", "Deniz Yılmaz"),
        ("Anne-Marie", "Anne-Marie"),
        ("a=b; c=d", "a=b; c=d"),
        ("a\nb", "a\nb"),
        ("a\x00\x07\x1b\x85b\ufffe\ud800", "ab"),
        ("２", "２"),
        (None, ""),
        (0, "0"),
        (59.8, "59.8"),
    ],
)
def test_anything_else_stays_as_it_is_without_what_no_file_can_hold(value: object, text: str) -> None:
    assert safe(value) == text


@given(st.text(st.one_of(st.sampled_from("".join([*SIGNS, *BEFORE, ";,|"])), st.characters())))
def test_no_text_at_all_could_run(text: str) -> None:
    assert not could_run(safe(text))
    safe(text).encode()


def test_whoever_writes_a_csv_makes_its_cells_safe() -> None:
    modules = [path.read_text() for path in Path(clickcollect.__file__).parent.rglob("*.py")]
    writing = [text for text in modules if "csv.writer(" in text]
    assert writing
    assert all(text.count(".writerow(") <= text.count("safe(cell)") + text.count('writerow(["') for text in writing)
