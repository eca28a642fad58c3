"""Long lists by fixed SQL: a count and a page, each one statement, with times as text (contract section 2).

No model objects are made of the rows: an answer is written from them as they come. Conditions are constants of the
module that owns the table; what a caller sends is only ever a value.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from django.db import connection

from clickcollect.database import Statement, Values, read_together

KEY_TYPES: Final = {"id": "bigint", "created_date": "timestamptz", "due_at": "timestamptz", "at": "timestamptz"}


def utc(column: str) -> str:
    """SQL that writes a time as `wire_format.utc` does: ISO 8601 in UTC with a Z, microseconds if there are any."""
    return f"""replace(to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '.000000', '')"""


@dataclass(frozen=True, kw_only=True)
class ListPart:
    """Which part of a list. ``key``: the columns that it is sorted by, the last one unique, all in one direction.

    ``after``: the key of the row before the first one. ``past_indexes``: the planner shall find the rows and sort them
    instead of looking for them along an index that has the order.
    """

    key: Sequence[str]
    descending: bool
    after: Sequence[Any] | None = None
    start: int = 0
    limit: int
    past_indexes: bool = False


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Rows of one table, named by its alias in every piece of SQL.

    ``columns`` are those of a row in a page, of the table and of its ``joins``, which find one row each.
    ``led_by``: the column whose value all of them share, where they are met along an index that it leads.
    """

    table: str
    alias: str
    columns: str
    joins: str = ""
    conditions: tuple[str, ...] = ()
    values: Mapping[str, Any] = field(default_factory=dict)
    led_by: str = ""

    @property
    def condition(self) -> str:
        return " AND ".join(self.conditions) or "true"

    def where(self, condition: str, **values: Any) -> "Rows":
        """Those of them that also meet this condition."""
        return replace(self, conditions=(*self.conditions, condition), values={**self.values, **values})

    def in_stores(self, column: str, stores: frozenset[int] | None) -> "Rows":
        """Those of them in these stores; None is every store. One store is asked for as an index has it."""
        if stores is None:
            return self
        if len(stores) == 1:
            return self.where(f"{column} = %(only_store)s::bigint", only_store=next(iter(stores)))
        return self.where(f"{column} = ANY (%(stores)s::bigint[])", stores=sorted(stores))

    def all_with(self, column: str, value: int) -> "Rows":
        """Those of them with this value, if nothing else is asked for: planned once, whatever the value.

        A plan for no value in particular might look for the few rows of a small store among all others. So the order
        begins with the column, and only an index that begins with it has that order.
        """
        return replace(self.where(f"{column} = ANY (ARRAY[%(led_by)s::bigint])", led_by=value), led_by=column)

    def count(self, *, most: int | None) -> int:
        """How many there are, counted no further than ``most``."""
        return int(fetched(*self.counting(most))[0][0])

    def page(self, part: ListPart) -> list[tuple[Any, ...]]:
        """The rows of this part in its order, each followed by the values of the key."""
        return fetched(*self.reading(part))

    def counted_page(self, part: ListPart, *, most: int | None) -> tuple[int, list[tuple[Any, ...]]]:
        """Both, in one round trip."""
        counted, rows = read_together(self.counting(most), self.reading(part), plan_once=bool(self.led_by))
        return int(counted[0][0]), rows

    def counting(self, most: int | None) -> Statement:
        """What counts them."""
        order = f"ORDER BY {self.led_by}" if self.led_by else ""
        limit = "" if most is None else f"LIMIT {most:d}"
        inner = f"SELECT FROM {self.table} {self.alias} WHERE {self.condition} {order} {limit}"
        return f"SELECT count(*) FROM ({inner}) found", self.values  # noqa: S608

    def reading(self, part: ListPart) -> Statement:
        """What reads a page.

        Its rows are found before anything is joined to them, so that it costs the same however long the list is.
        """
        names = [f"{self.alias}.{name}" for name in part.key]
        types = [KEY_TYPES[name] for name in part.key]
        key = ", ".join(utc(name) if kind == "timestamptz" else name for name, kind in zip(names, types, strict=True))
        direction = "DESC" if part.descending else "ASC"
        order = ", ".join(
            f"coalesce({name}, {name}) {direction}" if part.past_indexes else f"{name} {direction}" for name in names
        )
        if self.led_by:
            order = f"{self.led_by} {'ASC' if part.descending else 'DESC'}, {order}"  # as its index has them
        asked = self
        if part.after is not None:
            places = ", ".join(f"%(after_{place})s::{kind}" for place, kind in enumerate(types))
            beyond = f"({', '.join(names)}) {'<' if part.descending else '>'} ({places})"
            asked = self.where(beyond, **{f"after_{place}": value for place, value in enumerate(part.after)})
        statement = f"""
            SELECT {self.columns}, {key} FROM (
                SELECT {self.alias}.* FROM {self.table} {self.alias} WHERE {asked.condition}
                ORDER BY {order} LIMIT {part.limit:d} OFFSET {part.start:d}
            ) {self.alias} {self.joins} ORDER BY {order}
        """  # noqa: S608
        return statement, asked.values

    def key_of(self, row: tuple[Any, ...], columns: Sequence[str]) -> tuple[Any, ...]:
        """The values at the end of a row of a page."""
        return row[-len(columns) :]


def fetched(statement: str, values: Values) -> list[tuple[Any, ...]]:
    """All rows of one statement."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found
