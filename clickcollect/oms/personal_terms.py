"""By which words a person's data is found in an order of any shape: every e-mail address and phone number in it.

A phone number that nobody could read is found by its last digits, however it was written.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

from clickcollect.oms import search

FEWEST_DIGITS: Final = 7
MOST_DIGITS: Final = 20
TAIL: Final = 8  # the last digits of a number: the same with and without its country's code
LONGEST_EMAIL: Final = 254
OF_PHONES: Final = re.compile(r"phone|mobile|tel|gsm|sms|whatsapp|cep", re.IGNORECASE)
LETTERS: Final = re.compile(r"[^\W\d_]")
# In the middle of a text: a note, or a message that nobody could read.
EMAIL_IN_TEXT: Final = re.compile(r"[\w.+-]{1,64}@[\w-]{1,64}(?:\.[\w-]{1,64}){1,8}")
PHONE_IN_TEXT: Final = re.compile(r"(?<![\w/])[+(]?\d(?:[ ()./-]{0,3}\d){9,14}(?![\w/])")


def email_term(address: str) -> str:
    """The word by which an e-mail address is found, in any case."""
    return f"mail:{search.fold(address.strip())}"


def phone_term(number: str) -> str:
    """The word by which a phone number is found, in any spelling; empty for what is too short to be one."""
    digits = digits_of(number)
    return f"tel:{digits[-TAIL:]}" if FEWEST_DIGITS <= len(digits) <= MOST_DIGITS else ""


def digits_of(text: str) -> str:
    """The Latin digits of a text, without the `.0` of a spreadsheet."""
    return "".join(char for char in search.fold(text.strip().removesuffix(".0")) if char.isascii() and char.isdigit())


def personal_terms(value: Any, name: str = "") -> Iterator[str]:
    """The words for every e-mail address and phone number in a document, the name of its field being ``name``.

    A text that has no letter may be a phone number wherever it stands; anything else where its field says so. In the
    middle of a text they are found too: a number there by its ten digits and more.
    """
    if isinstance(value, dict):
        told = value.get("name") if isinstance(value.get("name"), str) else ""  # {"name": "Phone", "value": …}
        for key, inner in value.items():
            yield from personal_terms(inner, f"{key} {told}" if key == "value" else str(key))
    elif isinstance(value, list):
        for inner in value:
            yield from personal_terms(inner, name)
    elif isinstance(value, str | int | float) and not isinstance(value, bool):
        yield from terms_of_text(str(value), may_be_phone=bool(OF_PHONES.search(name)) or is_bare(value))


def is_bare(value: str | float) -> bool:
    """Whether it is a text without any letter; a JSON number is an amount or an id, unless its field says otherwise."""
    return isinstance(value, str) and not LETTERS.search(value)


def terms_of_text(text: str, *, may_be_phone: bool) -> Iterator[str]:
    """The words for one value as a whole, and for what stands in the middle of it."""
    if "@" in text and len(text) <= LONGEST_EMAIL:
        yield email_term(text)
    elif may_be_phone and (term := phone_term(text)):
        yield term
    if LETTERS.search(text):
        yield from map(email_term, EMAIL_IN_TEXT.findall(text))
        yield from filter(None, map(phone_term, PHONE_IN_TEXT.findall(text)))
