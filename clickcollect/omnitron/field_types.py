"""The kinds of value an order is made of: how each is written, and what it is read as.

A reader raises ``PydanticCustomError`` with a type that `sentences.py` has words for; it never echoes what was sent.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Final, LiteralString

from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator, URLValidator
from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

LARGEST_PRICE: Final = Decimal("9999999999.99")
LARGEST_AMOUNT: Final = Decimal("999999999999.99")
LARGEST_QUANTITY: Final = 9999
LARGEST_PARCEL: Final = 20
EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(2100, 1, 1, tzinfo=UTC)

WRITTEN_AMOUNT: Final = re.compile(r"[0-9]{1,20}(\.[0-9]{1,20})?")
WRITTEN_NUMBER: Final = re.compile(r"[0-9]{1,9}")
WRITTEN_LANGUAGE: Final = re.compile(r"([A-Za-z]{2,3})((?:[-_][A-Za-z0-9]{2,8})*)")
CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
CURRENCY: Final = re.compile(r"[A-Z]{3}")
CENT: Final = Decimal("0.01")

read_email = EmailValidator()
read_url = URLValidator(schemes=["http", "https"])


def fault(kind: LiteralString) -> PydanticCustomError:
    """An error of a kind that `sentences.py` knows."""
    return PydanticCustomError(kind, "refused")


def read_line(value: Any) -> str:
    """One line of text: spaces at the ends go, tabs and line breaks become spaces, control characters are refused.

    PostgreSQL cannot store NUL, and half a surrogate pair cannot be encoded at all.
    """
    if not isinstance(value, str):
        raise fault("string_type")
    line = re.sub(r"[\t\r\n]+", " ", value).strip()
    if CONTROL.search(line):
        raise fault("control_characters")
    return line


def read_amount(value: Any) -> Decimal:
    """An amount of money with at most two places, as a decimal string or a JSON number."""
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise fault("amount")
    written = str(value).strip() if not isinstance(value, int) else ""
    try:
        amount = Decimal(value) if isinstance(value, int) else Decimal(written)
    except InvalidOperation:
        raise fault("amount") from None
    if amount.is_finite() and amount < 0:
        raise fault("amount_negative")
    if not amount.is_finite() or (isinstance(value, str) and not WRITTEN_AMOUNT.fullmatch(written)):
        raise fault("amount")
    if amount > LARGEST_AMOUNT:
        raise fault("amount_too_large")
    if amount != amount.quantize(CENT):
        raise fault("amount_places")
    return amount.quantize(CENT).copy_abs()


def read_price(value: Any) -> Decimal:
    """The price of one piece."""
    price = read_amount(value)
    if price > LARGEST_PRICE:
        raise fault("amount_too_large")
    return price


def read_count(largest: int) -> Callable[[Any], int]:
    """A whole number from 1 to the largest; 2.0 is a whole number in JSON."""

    def read(value: Any) -> int:
        whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
        if isinstance(value, bool) or not whole:
            raise fault("whole_number")
        if not 1 <= value <= largest:
            raise PydanticCustomError("count", "refused", {"largest": largest})
        return int(value)

    return read


def read_moment(value: Any) -> datetime:
    """A date and time in ISO 8601; without a zone it is UTC."""
    if not isinstance(value, str) or len(value) > 40:
        raise fault("moment")
    try:
        moment = datetime.fromisoformat(value.strip())
    except ValueError:
        raise fault("moment") from None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if not EARLIEST <= aware <= LATEST:
        raise fault("moment_far")
    return aware.astimezone(UTC)


def read_language(value: Any) -> str:
    """A language tag such as ``tr``, ``pt-BR`` or ``zh_Hant`` (BCP 47), written the usual way."""
    match = WRITTEN_LANGUAGE.fullmatch(value.strip()) if isinstance(value, str) else None
    if not match or len(match[0]) > 16:
        raise fault("language")
    parts = [part for part in re.split("[-_]", match[2]) if part]
    usual = {2: str.upper, 4: str.title}
    return "-".join([match[1].lower(), *(usual.get(len(part), str.lower)(part) for part in parts)])


def read_currency(value: Any) -> str:
    """Three letters in the form of ISO 4217."""
    if not isinstance(value, str) or not value.isascii() or not CURRENCY.fullmatch(value.strip().upper()):
        raise fault("currency")
    return value.strip().upper()


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
    return None if isinstance(value, str) and not value.strip() else value


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
    "pattern": r"^[0-9]{1,10}(\.[0-9]{1,2})?$",
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
    str,
    BeforeValidator(read_language),
    WithJsonSchema({"type": "string", "pattern": "^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,4})*$", "maxLength": 16}),
]
Currency = Annotated[
    str, BeforeValidator(read_currency), WithJsonSchema({"type": "string", "pattern": "^[A-Za-z]{3}$"})
]
