"""The catalogue of safety: every proof that was promised stands in a test that carries its number."""

import re
from typing import Final

import pytest

from tests.house.files import ROOT

PROMISED: Final = (
    "T01 T03 T05 T07 T08 T09 T10 T11 T12 T13 T14 T15 T16 T18 T19 T20 T21 T24 T25 T26 T27 T29 T30 T31 T32 T33 T36 T37"
    " T39 T40 T42 T45 T46 T47 T48 T50 T52 T53 T55 T57 T62"
).split()


@pytest.mark.parametrize("number", PROMISED)
def test_every_proof_has_a_test_of_its_number(number: str) -> None:
    named = re.compile(rf"def test_{number.lower()}_|\b{number}\b")
    texts = [
        path.read_text() for path in (ROOT / "tests").rglob("test_*.py") if path.name != "test_catalogue_of_proofs.py"
    ]
    assert any(named.search(text) for text in texts)
