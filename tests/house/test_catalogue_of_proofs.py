"""The table of proofs in docs/safety.md: each promise has its test, and each number in a test has its promise."""

import re

import pytest

from tests.house import pages
from tests.house.files import python, text


def test_the_table_is_read() -> None:
    assert len(pages.PROOFS) > 40
    assert list(pages.PROOFS) == sorted(pages.PROOFS)


@pytest.mark.parametrize("number", pages.PROOFS)
def test_every_promise_names_its_tests(number: str) -> None:
    promise, tests = pages.PROOFS[number]
    assert promise
    assert pages.NAMED_TEST.findall(tests), "name the test, as `tests/….py::test_…`"


@pytest.mark.parametrize("number", sorted(pages.PROOFS))
def test_every_number_is_carried_by_a_test(number: str) -> None:
    named = re.compile(rf"def test_{number.lower()}_|\b{number}\b")
    assert any(named.search(text(path)) for path in python("tests"))


def test_every_number_in_a_test_has_its_promise() -> None:
    carried = {number.upper() for path in python("tests") for number in re.findall(r"def test_(t\d\d)_", text(path))}
    assert carried <= pages.PROOFS.keys()
