"""Every e-mail address and phone number in an order of any shape is found, however it was written."""

from typing import Any

import pytest

from clickcollect.oms.personal_terms import email_term, personal_terms, phone_term


@pytest.mark.parametrize(
    "document",
    [
        {"phone": "0532 123 45 67"},
        {"customer": {"default_address": {"phone": "+90 (532) 123-45-67"}}},
        {"note_attributes": [{"name": "Phone", "value": "call 05321234567 after six"}]},
        {"phone_number": 5321234567},
        {"mobile": "905321234567.0"},
        {"tel": "٠٥٣٢١٢٣٤٥٦٧"},
        {"x": [[{"y": "532-123-45-67"}]]},
        {"customer": {"phone_number": "0532/1234567 x"}},
        {"note": "My son collects it, his number is +90 532 123 45 67, thank you."},
        {"body": "<order><phone>0532 123-45-67</phone></order>"},
        {"body": '{"customer": {"phone": "+905321234567"'},
    ],
)
def test_a_phone_number_is_found_in_any_spelling_and_place(document: Any) -> None:
    assert phone_term("+905321234567") in set(personal_terms(document))


@pytest.mark.parametrize(
    "document",
    [
        {"email": "Z@Example.com"},
        {"a": [{"note": " z@example.com "}]},
        {"note": "Write to Z@example.com, please."},
        {"body": "<order><email>z@example.com</email></order>"},
        {"from": "Zoe <z@example.com>"},
    ],
)
def test_an_email_address_is_found_in_any_case_and_place(document: Any) -> None:
    assert email_term("z@example.com") in set(personal_terms(document))


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"id": 5321234567},
        {"price": "79.00"},
        {"name": "Slim jeans 32/34"},
        {"phone": True},
        {"phone": "12"},
        None,
        {"at": "2026-11-28T10:00:00+03:00"},
        {"id": "gid://shopify/Order/5921147363001"},
        {"sku": "A5321234567"},
    ],
)
def test_what_is_neither_is_no_term(document: Any) -> None:
    assert list(personal_terms(document)) == []


def test_what_is_too_short_to_be_a_number_is_no_term() -> None:
    assert phone_term("123456") == ""
    assert phone_term("9" * 21) == ""
