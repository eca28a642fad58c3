"""How values are written for other programs and read back: timestamps in UTC, and whole numbers as large as an id."""

from datetime import UTC, datetime
from typing import Final, overload

LARGEST_ID: Final = 2**63 - 1  # PostgreSQL's bigint


@overload
def utc(moment: datetime) -> str: ...
@overload
def utc(moment: datetime | None) -> str | None: ...
def utc(moment: datetime | None) -> str | None:
    """ISO 8601 in UTC with a Z, to the microsecond. Arguments: ``moment``, an aware time."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def whole_number(text: str, *, least: int = 0, most: int = LARGEST_ID) -> int | None:
    """The whole number that a query or a form names in ASCII digits; None where it is none, or out of bounds."""
    if not (text.isascii() and text.isdigit()) or len(text) > len(str(LARGEST_ID)):
        return None
    number = int(text)
    return number if least <= number <= most else None
