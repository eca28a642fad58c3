"""Pagination of every list: by page number near the front, by keyset everywhere (contract section 2).

`next` and `previous` continue from the values of the last and the first row, so that a deep page costs
what the first one does. `count` stops at 10,001 unless it is asked to be exact.
"""

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any, Final, Generic, Literal, Protocol, TypeVar
from urllib.parse import urlencode

from django.db.models import F, Model, OrderBy, Q, QuerySet
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Field, Schema
from pydantic import AfterValidator

from clickcollect.errors import ValidationFailed
from clickcollect.json_input import field_path
from clickcollect.oms.list_sql import ListPart
from clickcollect.wire_format import LARGEST_ID

COUNTED_UP_TO: Final = 10_001
PAGES_REACH: Final = 10_000
MOST_ROWS: Final = 100
EARLIEST_YEAR: Final = 1970

Row = TypeVar("Row")
Object = TypeVar("Object", bound=Model)


class Paging(Schema):
    """Which part of a list."""

    page: Annotated[int, Field(ge=1, le=PAGES_REACH, description="The page, within the first 10,000 rows.")] = 1
    limit: Annotated[
        int,
        AfterValidator(lambda limit: min(limit, MOST_ROWS)),
        Field(ge=1, description=f"Rows in one answer, at most {MOST_ROWS}; more is read as {MOST_ROWS}."),
    ] = 20
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


class Source(Protocol[Row]):
    """Where the rows of a list come from: fixed SQL, or objects of a model."""

    def count(self, *, most: int | None) -> int:
        """How many there are, counted no further than ``most``."""

    def page(self, part: ListPart) -> list[Row]:
        """The rows of this part in its order."""

    def counted_page(self, part: ListPart, *, most: int | None) -> tuple[int, list[Row]]:
        """How many there are, and the rows of this part."""

    def key_of(self, row: Row, columns: Sequence[str]) -> tuple[Any, ...]:
        """The values of the columns that the list is sorted by."""


@dataclass(frozen=True)
class Objects(Generic[Object]):
    """Objects of a model: for lists that nobody asks for a hundred times a minute."""

    found: QuerySet[Object]

    def count(self, *, most: int | None) -> int:
        plain = self.found.order_by()
        return plain.count() if most is None else plain.values("pk")[:most].count()

    def page(self, part: ListPart) -> list[Object]:
        """``past_indexes``: wrapped in COALESCE, so that the planner cannot use an index for the order."""
        columns = [Coalesce(name, name) if part.past_indexes else F(name) for name in part.key]
        ordered = self.found.order_by(*(OrderBy(column, descending=part.descending) for column in columns))
        if part.after is not None:
            ordered = ordered.filter(behind(part.key, part.after, toward="lt" if part.descending else "gt"))
        return list(ordered[part.start : part.start + part.limit])

    def counted_page(self, part: ListPart, *, most: int | None) -> tuple[int, list[Object]]:
        return self.count(most=most), self.page(part)

    def key_of(self, row: Object, columns: Sequence[str]) -> tuple[Any, ...]:
        return tuple(getattr(row, column) for column in columns)


def behind(columns: Sequence[str], values: Sequence[Any], *, toward: str) -> Q:
    """The rows behind these values. The first condition alone is what an index follows."""
    *leading, last = columns
    if not leading:
        return Q(**{f"{last}__{toward}": values[0]})
    first = leading[0]
    beyond = Q(**{f"{first}__{toward}": values[0]}) | Q(**{f"{last}__{toward}": values[1]})
    return Q(**{f"{first}__{toward}e": values[0]}) & beyond


def paginate(
    source: Source[Row],
    *,
    request: HttpRequest,
    paging: Paging,
    key: Key,
    document: Callable[[Row], dict[str, Any]],
    no_index_sorts: bool = False,
) -> dict[str, Any]:
    """One page of a list as a document. Raises ValidationFailed on ``page``, ``cursor`` or a filter nobody knows.

    ``no_index_sorts``: what is asked for has an index that finds it and none that sorts it. Then few rows are found
    first and sorted; looking for them along the list would read all of it.
    """
    refuse_unknown_filters(request, paging)
    most = None if paging.count == "exact" else COUNTED_UP_TO
    cursor = read_cursor(paging.cursor, key=key)
    part = part_of(paging, key=key, cursor=cursor)
    if no_index_sorts:
        count = source.count(most=most)
        rows = source.page(replace(part, past_indexes=count < COUNTED_UP_TO))
    else:
        count, rows = source.counted_page(part, most=most)
    found, cursors = page_of(rows, source=source, part=part, cursor=cursor)
    return {
        "count": count,
        "next": link_to_cursor(request, cursors[1]),
        "previous": link_to_cursor(request, cursors[0]),
        "results": [document(row) for row in found],
    }


def refuse_unknown_filters(request: HttpRequest, paging: Paging) -> None:
    """A filter that is ignored would answer with rows that nobody asked for. Raises ValidationFailed on each."""
    known = type(paging).model_fields
    if unknown := [name for name in request.GET if name not in known]:
        words = _("Unknown filter. Available filters: %(names)s.") % {"names": ", ".join(sorted(known))}
        raise ValidationFailed({"loc": field_path((name,), root="query"), "msg": words} for name in unknown)


def part_of(paging: Paging, *, key: Key, cursor: Cursor | None) -> ListPart:
    """Which rows a page has, and one more, which tells whether it goes on."""
    return ListPart(
        key=key.columns,
        descending=key.descending != (cursor is not None and cursor.backward),
        after=cursor.values if cursor else None,
        start=0 if cursor else offset_of(paging),
        limit=paging.limit + 1,
    )


def page_of(
    rows: list[Row], *, source: Source[Row], part: ListPart, cursor: Cursor | None
) -> tuple[list[Row], tuple[Cursor | None, Cursor | None]]:
    """The rows of one page, and where the pages before and behind it begin."""
    backward = cursor is not None and cursor.backward
    more = len(rows) == part.limit
    found = rows[: part.limit - 1]
    if backward:
        found.reverse()
    if not found:
        return [], (None, None)
    before = more if backward else (cursor is not None or part.start > 0)
    goes_on = more or backward
    return found, (
        Cursor(values=source.key_of(found[0], part.key), backward=True) if before else None,
        Cursor(values=source.key_of(found[-1], part.key), backward=False) if goes_on else None,
    )


def offset_of(paging: Paging) -> int:
    if paging.page * paging.limit > PAGES_REACH:
        raise ValidationFailed.of("page", _("Page numbers work for the first 10,000 rows. Follow “next” to continue."))
    return (paging.page - 1) * paging.limit


def link_to_cursor(request: HttpRequest, cursor: Cursor | None) -> str | None:
    """The address of a page, with everything else that was asked for."""
    if cursor is None:
        return None
    query = {name: texts for name, texts in request.GET.lists() if name not in ("page", "cursor")}
    query["cursor"] = [cursor.written()]
    return request.build_absolute_uri(f"{request.path}?{urlencode(query, doseq=True)}")


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
            "cursor", _("This cursor does not belong to this list. Start at the first page.")
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
    "event_id": read_id,
    "created_date": read_moment,
    "due_at": read_moment,
    "at": read_moment,
    "erp_code": read_text,
}
