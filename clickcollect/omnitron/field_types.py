"""The kinds of value an order is made of: how each is written, and what it is read as.

A reader raises ``PydanticCustomError`` with a type that `error_messages.py` has words for; what was sent is not echoed.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Final, LiteralString

from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator, URLValidator
from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, WithJsonSchema
from pydantic_core import PydanticCustomError

from clickcollect.omnitron.languages import language_tag
from clickcollect.omnitron.money import decimal_point
from clickcollect.omnitron.plain_text import plain_line, shorten_text

LARGEST_PRICE: Final = Decimal("9999999999.99")
LARGEST_AMOUNT: Final = Decimal("999999999999.99")
LARGEST_QUANTITY: Final = 9999
LARGEST_PARCEL: Final = 20
EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(2100, 1, 1, tzinfo=UTC)

WRITTEN_AMOUNT: Final = re.compile(r"[0-9]{1,20}(\.[0-9]{1,20})?")
# Whole numbers, also as programs and spreadsheets write them: 2, 2.0, 2.0000, 2,00. Behind a comma three zeros may be
# a thousand's.
WRITTEN_NUMBER: Final = re.compile(r"([0-9]{1,9})(?:\.0{1,20}|,0{1,2}|,0{4,20})?")
CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
CURRENCY: Final = re.compile(r"[A-Z]{3}")
THOUSAND: Final = re.compile(r"[1-9][0-9]{0,2}[.,]000")
# In the context of a validation: a sender that cannot shorten what it sends; numbers that a person wrote.
CUTS_TITLES: Final = "cuts_titles"
IS_TYPED: Final = "is_typed"

read_email = EmailValidator()
read_url = URLValidator(schemes=["http", "https"])


def fault(kind: LiteralString) -> PydanticCustomError:
    """An error of a kind that `error_messages.py` knows."""
    return PydanticCustomError(kind, "refused")


def read_line(value: Any) -> str:
    """One line of text, as `plain_line` has it; control characters are refused.

    PostgreSQL cannot store NUL, and half a surrogate pair cannot be encoded at all.
    """
    if not isinstance(value, str):
        raise fault("string_type")
    line = plain_line(value)
    if CONTROL.search(line):
        raise fault("control_characters")
    return line


def cut_to(longest: int) -> BeforeValidator:
    """A name or a title that is too long for its column is cut, where the sender is a connector."""

    def cut_title(value: Any, info: ValidationInfo) -> Any:
        cuts = isinstance(value, str) and (info.context or {}).get(CUTS_TITLES)
        return shorten_text(plain_line(value), longest) if cuts else value

    return BeforeValidator(cut_title)


def read_amount(value: Any) -> Decimal:
    """An amount of money, exactly as written: a JSON number, or text with a decimal point or comma.

    How many places it may have depends on the currency.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise fault("amount")
    written = (
        decimal_point(plain_line(value)) if isinstance(value, str) else str(value) if isinstance(value, float) else ""
    )
    try:
        amount = Decimal(written or value)
    except InvalidOperation:
        raise fault("amount") from None
    if amount.is_finite() and amount < 0:
        raise fault("amount_negative")
    if not amount.is_finite() or (isinstance(value, str) and not WRITTEN_AMOUNT.fullmatch(written)):
        raise fault("amount")
    if amount > LARGEST_AMOUNT:
        raise fault("amount_too_large")
    return amount.copy_abs()


def read_price(value: Any) -> Decimal:
    """The price of one piece."""
    price = read_amount(value)
    if price > LARGEST_PRICE:
        raise fault("amount_too_large")
    return price


def read_count(largest: int) -> Callable[[Any, ValidationInfo], int]:
    """A whole number from 1 to the largest."""

    def read_whole_number(value: Any, info: ValidationInfo) -> int:
        number = whole_number(value)
        is_typed = (info.context or {}).get(IS_TYPED)
        if isinstance(value, str) and (number is None or is_typed) and THOUSAND.fullmatch(plain_line(value)):
            raise fault("whole_number_unclear")
        if number is None:
            raise fault("whole_number")
        if not 1 <= number <= largest:
            raise PydanticCustomError("count", "refused", {"largest": largest})
        return number

    return read_whole_number


def whole_number(value: Any) -> int | None:
    """A whole number in any of its spellings: 2, 2.0, "2", "2.0000", "2,00"; None if it is none."""
    if isinstance(value, str):
        match = WRITTEN_NUMBER.fullmatch(plain_line(value))
        return int(match[1]) if match else None
    whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    return int(value) if whole and not isinstance(value, bool) else None


def read_moment(value: Any) -> datetime:
    """A date and time in ISO 8601; without a zone it is UTC."""
    if not isinstance(value, str) or len(value) > 40:
        raise fault("moment")
    try:
        moment = datetime.fromisoformat(plain_line(value))
    except ValueError:
        raise fault("moment") from None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if not EARLIEST <= aware <= LATEST:
        raise fault("moment_far")
    return aware.astimezone(UTC)


def read_language(value: Any) -> str | None:
    """A language tag such as ``tr``, ``pt-BR`` or ``zh_Hant``, written the usual way; one nobody knows was left out."""
    if value is not None and not isinstance(value, str):
        raise fault("language")
    return language_tag(value) if value else None


def read_currency(value: Any) -> str:
    """Three letters in the form of ISO 4217."""
    code = plain_line(value) if isinstance(value, str) else ""
    if not code.isascii() or not CURRENCY.fullmatch(code.upper()):
        raise fault("currency")
    return code.upper()


def check_email(value: str) -> str:
    """Something that can be an e-mail address."""
    try:
        read_email(value)
    except ValidationError:
        raise fault("email") from None
    return value


def check_url(value: str) -> str:
    """The address of a picture on the web; no other scheme ever reaches a page."""
    try:
        read_url(value)
    except (ValidationError, ValueError):
        raise fault("url") from None
    return value


def empty_is_none(value: Any) -> Any:
    """Spreadsheets and shops send an empty text for what they do not have."""
    return None if isinstance(value, str) and not plain_line(value) else value


def none_is_empty(value: Any) -> Any:
    """Text that may be left out may also be null."""
    return "" if value is None else value


def sized(longest: int, *, shortest: int = 1) -> Any:
    """How long a line may be; the same as its column."""
    return Field(min_length=shortest, max_length=longest)


Line = Annotated[str, BeforeValidator(read_line)]
LooseLine = Annotated[str, BeforeValidator(read_line), BeforeValidator(none_is_empty)]
Email = Annotated[
    Annotated[Line, sized(254), AfterValidator(check_email)] | None,
    BeforeValidator(empty_is_none),
]
Picture = Annotated[
    Annotated[Line, sized(500), AfterValidator(check_url)] | None,
    BeforeValidator(empty_is_none),
]
StoreCode = Annotated[Annotated[Line, sized(64)] | None, BeforeValidator(empty_is_none)]

# The documented form; a JSON number is taken too.
_MONEY_SCHEMA: Final[dict[str, Any]] = {
    "type": "string",
    "pattern": r"^[0-9]{1,10}(\.[0-9]{1,4})?$",
    "examples": ["34.95"],
}
Amount = Annotated[Decimal, BeforeValidator(read_amount), WithJsonSchema(_MONEY_SCHEMA)]
Price = Annotated[Decimal, BeforeValidator(read_price), WithJsonSchema(_MONEY_SCHEMA)]
Quantity = Annotated[
    int,
    BeforeValidator(read_count(LARGEST_QUANTITY)),
    WithJsonSchema({"type": "integer", "minimum": 1, "maximum": LARGEST_QUANTITY}),
]
Parcel = Annotated[
    int,
    BeforeValidator(read_count(LARGEST_PARCEL)),
    WithJsonSchema({"type": "integer", "minimum": 1, "maximum": LARGEST_PARCEL}),
]
Moment = Annotated[
    datetime,
    BeforeValidator(read_moment),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-11-17T17:02:56Z"]}),
]
Language = Annotated[
    str | None,
    BeforeValidator(read_language),
    WithJsonSchema({"type": "string", "pattern": "^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,4})*$", "maxLength": 16}),
]
Currency = Annotated[
    str, BeforeValidator(read_currency), WithJsonSchema({"type": "string", "pattern": "^[A-Za-z]{3}$"})
]
