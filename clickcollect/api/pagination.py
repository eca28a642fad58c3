"""Pagination of every list: by page number near the front, by keyset everywhere (contract section 2).

`next` and `previous` continue from the values of the last and the first row, so that a deep page costs
what the first one does. `count` stops at 10,001 unless it is asked to be exact.
"""

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final, Literal, TypeVar

from django.db.models import F, Model, OrderBy, Q, QuerySet
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Field, Schema

from clickcollect.errors import ValidationFailed
from clickcollect.wire_format import LARGEST_ID

COUNTED_UP_TO: Final = 10_001
PAGES_REACH: Final = 10_000
EARLIEST_YEAR: Final = 1970

Row = TypeVar("Row", bound=Model)


class Paging(Schema):
    """Which part of a list."""

    page: Annotated[int, Field(ge=1, le=PAGES_REACH, description="The page, within the first 10,000 rows.")] = 1
    limit: Annotated[int, Field(ge=1, le=100, description="Rows in one answer.")] = 20
    cursor: Annotated[
        str | None,
        Field(max_length=400, description="As it stands in `next` and `previous`; it wins over `page`."),
    ] = None
    count: Annotated[
        Literal["exact"] | None,
        Field(description="`exact` counts all rows; otherwise `count` stops at 10,001."),
    ] = None


@dataclass(frozen=True, kw_only=True)
class Key:
    """A unique key that a list is sorted by, such as creation date and then id, all in one direction."""

    columns: tuple[str, ...]
    descending: bool = False

    def order_by(self, *, backward: bool, past_indexes: bool = False) -> list[OrderBy]:
        """In SQL. ``past_indexes``: wrapped in COALESCE, so that the planner cannot use an index for the order."""
        columns = [Coalesce(column, column) if past_indexes else F(column) for column in self.columns]
        return [OrderBy(column, descending=self.descending != backward) for column in columns]

    def after(self, values: Sequence[Any], *, backward: bool) -> Q:
        """The rows behind these values. The first condition alone is what an index follows."""
        toward = "lt" if self.descending != backward else "gt"
        *leading, last = self.columns
        if not leading:
            return Q(**{f"{last}__{toward}": values[0]})
        first = leading[0]
        beyond = Q(**{f"{first}__{toward}": values[0]}) | Q(**{f"{last}__{toward}": values[1]})
        return Q(**{f"{first}__{toward}e": values[0]}) & beyond


NEWEST: Final = Key(columns=("id",), descending=True)


@dataclass(frozen=True, kw_only=True)
class Cursor:
    """A place in a list, and the direction to read in."""

    values: tuple[Any, ...]
    backward: bool

    def written(self) -> str:
        plain = [value.isoformat() if isinstance(value, datetime) else value for value in self.values]
        text = json.dumps(["<" if self.backward else ">", *plain], separators=(",", ":"))
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def paginate(
    rows: QuerySet[Row],
    *,
    request: HttpRequest,
    paging: Paging,
    key: Key,
    document: Callable[[Row], dict[str, Any]],
    no_index_sorts: bool = False,
) -> dict[str, Any]:
    """One page of a list as a document. Raises ValidationFailed on ``page`` or ``cursor``.

    ``no_index_sorts``: what is asked for has an index that finds it and none that sorts it. Then few rows are found
    first and sorted; looking for them along the list would read all of it.
    """
    count = counted(rows, exact=paging.count == "exact")
    few = no_index_sorts and count < COUNTED_UP_TO
    found, cursors = page_of(rows, paging=paging, key=key, past_indexes=few)
    return {
        "count": count,
        "next": link_to_cursor(request, cursors[1]),
        "previous": link_to_cursor(request, cursors[0]),
        "results": [document(row) for row in found],
    }


def page_of(
    rows: QuerySet[Row], *, paging: Paging, key: Key, past_indexes: bool
) -> tuple[list[Row], tuple[Cursor | None, Cursor | None]]:
    """The rows of one page, and where the pages before and behind it begin."""
    cursor = read_cursor(paging.cursor, key=key)
    backward = cursor is not None and cursor.backward
    ordered = rows.order_by(*key.order_by(backward=backward, past_indexes=past_indexes))
    start = 0
    if cursor:
        ordered = ordered.filter(key.after(cursor.values, backward=backward))
    else:
        start = offset_of(paging)
    found = list(ordered[start : start + paging.limit + 1])
    more = len(found) > paging.limit
    found = found[: paging.limit]
    if backward:
        found.reverse()
    if not found:
        return [], (None, None)
    before = more if backward else (cursor is not None or start > 0)
    behind = more or backward
    return found, (
        Cursor(values=values_of(found[0], key), backward=True) if before else None,
        Cursor(values=values_of(found[-1], key), backward=False) if behind else None,
    )


def offset_of(paging: Paging) -> int:
    if paging.page * paging.limit > PAGES_REACH:
        raise ValidationFailed.of("page", _("Pages reach the first 10,000 rows. Follow “next” to go on."))
    return (paging.page - 1) * paging.limit


def counted(rows: QuerySet[Row], *, exact: bool) -> int:
    """How many rows there are, counted no further than 10,001 unless exactly."""
    plain = rows.order_by()
    return plain.count() if exact else plain.values("pk")[:COUNTED_UP_TO].count()


def values_of(row: Model, key: Key) -> tuple[Any, ...]:
    return tuple(getattr(row, column) for column in key.columns)


def link_to_cursor(request: HttpRequest, cursor: Cursor | None) -> str | None:
    """The address of a page, with everything else that was asked for."""
    if cursor is None:
        return None
    query = request.GET.copy()
    query.pop("page", None)
    query["cursor"] = cursor.written()
    return request.build_absolute_uri(f"{request.path}?{query.urlencode()}")


def link_to_page(request: HttpRequest, page: int) -> str:
    """The same for a list that is short enough to need no cursor."""
    query = request.GET.copy()
    query.pop("cursor", None)
    query["page"] = str(page)
    return request.build_absolute_uri(f"{request.path}?{query.urlencode()}")


def read_cursor(written: str | None, *, key: Key) -> Cursor | None:
    """Read a cursor that this list gave out. Raises ValidationFailed on anything else."""
    if written is None:
        return None
    try:
        padded = written.encode("ascii") + b"=" * (-len(written) % 4)
        direction, *values = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        read = tuple(READERS[column](value) for column, value in zip(key.columns, values, strict=True))
    except (ValueError, TypeError, RecursionError):
        raise ValidationFailed.of(
            "cursor", _("This cursor is not one of this list. Start at the first page.")
        ) from None
    return Cursor(values=read, backward=direction == "<")


def read_id(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= LARGEST_ID:
        raise ValueError
    return value


def read_moment(value: Any) -> datetime:
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None or moment.year < EARLIEST_YEAR:
        raise ValueError
    return moment


def read_text(value: Any) -> str:
    if not isinstance(value, str) or not value.isprintable():
        raise ValueError
    return value


READERS: Final[dict[str, Callable[[Any], Any]]] = {
    "id": read_id,
    "created_date": read_moment,
    "due_at": read_moment,
    "at": read_moment,
    "erp_code": read_text,
}
