"""The catalogue of safety: every proof that was promised stands in a test that carries its number."""

import re
from typing import Final

import pytest

from tests.house.files import python

PROMISED: Final = (
    1, 3, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 18, 19, 20, 21, 24, 25, 26, 27,
    29, 30, 31, 32, 33, 36, 37, 39, 40, 42, 45, 46, 47, 48, 50, 52, 53, 55, 57, 62,
)  # fmt: skip


@pytest.mark.parametrize("number", PROMISED)
def test_every_proof_has_a_test_of_its_number(number: int) -> None:
    named = re.compile(rf"def test_t{number:02}_|\bT{number:02}\b")
    assert any(named.search(path.read_text()) for path in python("tests"))
