"""Objects of a model from rows of fixed SQL: columns from the model's own description, so that none is forgotten.

Times travel as text: a driver's own way to make them costs twenty times as much. Each role's sessions begin with the
DateStyle that `fromisoformat` reads (`runtime/roles.py`).
"""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Generic, TypeVar

import orjson
from django.db import DEFAULT_DB_ALIAS, models
from django.db.models.base import ModelState

Row = TypeVar("Row", bound=models.Model)


class Columns(Generic[Row]):
    """The columns of a model in a SELECT, and the object that they make; of ``only`` these, or of all but some."""

    def __init__(self, model: type[Row], alias: str, *, only: Sequence[str] = (), without: Sequence[str] = ()) -> None:
        self.model = model
        every = [field for field in model._meta.concrete_fields if field.attname not in without]  # noqa: SLF001
        fields = [field for field in every if not only or field.attname in only]
        self.names = [field.attname for field in fields]
        self.as_json = [at for at, field in enumerate(fields) if isinstance(field, models.JSONField)]
        self.as_time = [at for at, field in enumerate(fields) if isinstance(field, models.DateTimeField)]
        self.sql = ", ".join(
            f"{alias}.{field.column}{'::text' if at in self.as_time else ''}" for at, field in enumerate(fields)
        )

    def made(self, values: Sequence[Any]) -> Row:
        """The object as `from_db` makes it, at a third of its cost: no model of ours listens to how it is made."""
        row = list(values)
        for at in self.as_json:
            row[at] = json.loads(row[at]) if isinstance(row[at], str) else row[at]
        for at in self.as_time:
            row[at] = moment(row[at])
        made = self.model.__new__(self.model)
        made._state = ModelState()  # noqa: SLF001
        made._state.db, made._state.adding = DEFAULT_DB_ALIAS, False  # noqa: SLF001
        made.__dict__.update(zip(self.names, row, strict=True))
        return made


def moment(text: str | None) -> datetime | None:
    """A `timestamptz` that was read as text."""
    return datetime.fromisoformat(text) if text else None


def moments(text: str | None) -> list[datetime]:
    """An array of them that was read as JSON."""
    return [datetime.fromisoformat(moment) for moment in listed(text)]


def take(values: Iterator[Any], columns: Columns[Any]) -> list[Any]:
    return [next(values) for _name in columns.names]


def listed(text: str | None) -> list[Any]:
    found: list[Any] = orjson.loads(text or "[]")
    return found


def selected(row: models.Model, name: str, related: models.Model) -> None:
    """As if `select_related` had read it."""
    type(row)._meta.get_field(name).set_cached_value(row, related)  # type: ignore[union-attr]  # noqa: SLF001


def prefetched(row: models.Model, name: str, items: list[Any]) -> None:
    """As if `prefetch_related` had read them."""
    row._prefetched_objects_cache = {name: items}  # type: ignore[attr-defined]  # noqa: SLF001
