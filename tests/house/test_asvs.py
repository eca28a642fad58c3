"""docs/asvs.md is complete: no requirement of ASVS 5.0.0, level 2, is left out, and each says how it stands and why."""

import re
from collections import Counter
from typing import Final

from tests.house.files import ROOT

PAGE: Final = (ROOT / "docs" / "asvs.md").read_text()
ROWS: Final = re.findall(r"^\| (\d+\.\d+\.\d+(?:, \d+\.\d+\.\d+)*) \|([^|]*)\|([^|]*)\|(.*)\|$", PAGE, re.MULTILINE)

# How many requirements of levels 1 and 2 each section has. Chapters 10 and 17 do not apply as a whole.
SECTIONS: Final = {
    "1.1": 2, "1.2": 9, "1.3": 11, "1.4": 3, "1.5": 2, "2.1": 3, "2.2": 3, "2.3": 4, "2.4": 1, "3.2": 2, "3.3": 4,
    "3.4": 6, "3.5": 5, "3.7": 2, "4.1": 3, "4.2": 1, "4.3": 2, "4.4": 4, "5.1": 1, "5.2": 3, "5.3": 2, "5.4": 3,
    "6.1": 3, "6.2": 12, "6.3": 4, "6.4": 4, "6.5": 5, "6.6": 3, "6.8": 4, "7.1": 3, "7.2": 4, "7.3": 2, "7.4": 5,
    "7.5": 2, "7.6": 2, "8.1": 2, "8.2": 3, "8.3": 1, "8.4": 1, "9.1": 3, "9.2": 4, "11.1": 2, "11.2": 3, "11.3": 3,
    "11.4": 4, "11.5": 1, "11.6": 1, "12.1": 3, "12.2": 2, "12.3": 4, "13.1": 1, "13.2": 5, "13.3": 2, "13.4": 5,
    "14.1": 2, "14.2": 4, "14.3": 3, "15.1": 3, "15.2": 3, "15.3": 7, "16.1": 1, "16.2": 5, "16.3": 4, "16.4": 3,
    "16.5": 3,
}  # fmt: skip


def test_every_requirement_has_its_place_once() -> None:
    numbers = Counter(number for row in ROWS for number in row[0].split(", "))
    wanted = {f"{section}.{number}" for section, most in SECTIONS.items() for number in range(1, most + 1)}
    assert numbers == Counter(wanted)


def test_every_row_says_how_it_stands_and_why() -> None:
    assert {answer.strip() for _numbers, _about, answer, _why in ROWS} == {"met", "not met", "not applicable"}
    assert [row for row in ROWS if not row[1].strip() or not row[3].strip()] == []


def test_most_of_what_is_met_names_its_test() -> None:
    assert len(set(re.findall(r"`tests/[\w/]+\.py::\w+`", PAGE))) > 100
