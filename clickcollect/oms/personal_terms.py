"""By which words a person's data is found in an order of any shape: every e-mail address and phone number in it.

A phone number that nobody could read is found by its last digits, however it was written.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

from clickcollect.oms.search import fold

FEWEST_DIGITS: Final = 7
MOST_DIGITS: Final = 20
TAIL: Final = 8  # the last digits of a number: the same with and without its country's code
LONGEST_EMAIL: Final = 254
OF_PHONES: Final = re.compile(r"phone|mobile|tel|gsm|sms|whatsapp|cep", re.IGNORECASE)
LETTERS: Final = re.compile(r"[^\W\d_]")


def email_term(address: str) -> str:
    """The word by which an e-mail address is found, in any case."""
    return f"mail:{fold(address.strip())}"


def phone_term(number: str) -> str:
    """The word by which a phone number is found, in any spelling; empty for what is too short to be one."""
    digits = digits_of(number)
    return f"tel:{digits[-TAIL:]}" if FEWEST_DIGITS <= len(digits) <= MOST_DIGITS else ""


def digits_of(text: str) -> str:
    """The Latin digits of a text, without the `.0` of a spreadsheet."""
    return "".join(char for char in fold(text.strip().removesuffix(".0")) if char.isascii() and char.isdigit())


def personal_terms(value: Any, name: str = "") -> Iterator[str]:
    """The words for every e-mail address and phone number in a document, the name of its field being ``name``.

    A text that has no letter may be a phone number wherever it stands; anything else where its field says so.
    """
    if isinstance(value, dict):
        told = value.get("name") if isinstance(value.get("name"), str) else ""  # {"name": "Phone", "value": …}
        for key, inner in value.items():
            yield from personal_terms(inner, f"{key} {told}" if key == "value" else str(key))
    elif isinstance(value, list):
        for inner in value:
            yield from personal_terms(inner, name)
    elif isinstance(value, str) and "@" in value and len(value) <= LONGEST_EMAIL:
        yield email_term(value)
    elif isinstance(value, str | int | float) and not isinstance(value, bool):
        text = str(value)
        is_phone = OF_PHONES.search(name) or (isinstance(value, str) and not LETTERS.search(text))
        if is_phone and (term := phone_term(text)):
            yield term
