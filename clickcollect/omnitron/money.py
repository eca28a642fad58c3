"""Amounts of money: how people and programs write them, and how many places a currency has. Pure."""

import re
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

USUAL_PLACES: Final = 2
# ISO 4217, list one: the minor units that are not 2. Funds and metals have none, and nobody pays in them.
NOT_USUAL: Final = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
OTHER_PLACES: Final = {code: places for places, codes in NOT_USUAL.items() for code in codes.split()}
BLANKS_AND_APOSTROPHES: Final = re.compile(r"[\s'\u2019]")
UNCLEAR: Final = re.compile(r"[1-9][0-9]{0,2}([.,])[0-9]{3}")


def places_of(currency: str) -> int:
    """How many digits stand after the decimal point in this currency (ISO 4217)."""
    return OTHER_PLACES.get(currency, USUAL_PLACES)


def rounded(amount: Decimal, places: int) -> Decimal:
    """The amount with so many places, half a unit up."""
    return amount.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)


def decimal_point(text: str) -> str:
    """An amount with a decimal point: 34,95 and 1.234,50 and 1,234.50 and 1.234.567 are read as people mean them.

    One mark alone is the decimal mark; whether that is clear is for `is_unclear` to say.
    """
    plain = BLANKS_AND_APOSTROPHES.sub("", text)
    decimal = "," if plain.rfind(",") > plain.rfind(".") else "."
    if plain.count(decimal) > 1:
        return plain.replace(decimal, "") if is_grouped(plain, by=decimal) else plain
    whole, mark, places = plain.rpartition(decimal)
    thousand = "." if decimal == "," else ","
    if mark and is_grouped(whole, by=thousand):
        whole = whole.replace(thousand, "")
    return f"{whole}.{places}" if mark else plain


def is_grouped(digits: str, *, by: str) -> bool:
    """Whether digits are parted into thousands by this mark."""
    return re.fullmatch(rf"[0-9]{{1,3}}(?:{re.escape(by)}[0-9]{{3}})+", digits) is not None


def is_unclear(text: str, *, typed: bool) -> bool:
    """Whether one mark before three digits may part thousands: 1,234 always, 1.234 where a person or spreadsheet wrote.

    Programs write a decimal point and part no thousands.
    """
    match = UNCLEAR.fullmatch(BLANKS_AND_APOSTROPHES.sub("", text))
    return match is not None and (typed or match[1] == ",")
