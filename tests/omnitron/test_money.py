"""Amounts are read as people and programs mean them, with the places of their currency, and nothing is guessed."""

from decimal import Decimal

import pytest

from clickcollect.omnitron.money import decimal_point, is_unclear, places_of, rounded


@pytest.mark.parametrize(
    ("written", "amount"),
    [
        ("34,95", "34.95"),
        ("34.95", "34.95"),
        ("34", "34"),
        ("1.234,50", "1234.50"),
        ("1,234.50", "1234.50"),
        ("1 234,50", "1234.50"),
        ("1\u202f234,50", "1234.50"),
        ("1'234.50", "1234.50"),
        ("1.234.567,89", "1234567.89"),
        ("1.234.567", "1234567"),
        ("1,234,567", "1234567"),
        ("1,23,4567", "1,23,4567"),
        ("1.234", "1.234"),
        ("-3,5", "-3.5"),
        ("abc", "abc"),
        ("", ""),
    ],
)
def test_decimal_commas_are_read(written: str, amount: str) -> None:
    assert decimal_point(written) == amount


@pytest.mark.parametrize(
    ("written", "of_a_program", "of_a_person"),
    [
        ("1,234", True, True),
        ("1.234", False, True),
        ("12 .345", False, True),
        ("0.125", False, False),
        ("0,125", False, False),
        ("1234.567", False, False),
        ("1.2345", False, False),
        ("1.23", False, False),
        ("1.234,50", False, False),
    ],
)
def test_one_mark_before_three_digits_may_part_thousands(
    written: str, *, of_a_program: bool, of_a_person: bool
) -> None:
    assert is_unclear(written, typed=False) is of_a_program
    assert is_unclear(written, typed=True) is of_a_person


@pytest.mark.parametrize(
    ("currency", "places"),
    [("EUR", 2), ("TRY", 2), ("KWD", 3), ("BHD", 3), ("TND", 3), ("JPY", 0), ("KRW", 0), ("CLF", 4), ("XYZ", 2)],
)
def test_places_are_those_of_iso_4217(currency: str, places: int) -> None:
    assert places_of(currency) == places


@pytest.mark.parametrize(
    ("amount", "places", "shown"),
    [
        ("16.666666666667", 2, "16.67"),
        ("0.005", 2, "0.01"),
        ("12.3", 3, "12.300"),
        ("1500.5", 0, "1501"),
        ("7", 2, "7.00"),
    ],
)
def test_half_a_unit_goes_up(amount: str, places: int, shown: str) -> None:
    assert str(rounded(Decimal(amount), places)) == shown
