"""Objects of a model from rows of fixed SQL: columns from the model's own description, so that none is forgotten."""

import json
from collections.abc import Iterator, Sequence
from typing import Any, Generic, TypeVar

from django.db import connection, models

Row = TypeVar("Row", bound=models.Model)


class Columns(Generic[Row]):
    """The columns of a model in a SELECT, and the object that they make."""

    def __init__(self, model: type[Row], alias: str, *, without: Sequence[str] = ()) -> None:
        self.model = model
        fields = [field for field in model._meta.concrete_fields if field.attname not in without]  # noqa: SLF001
        self.names = [field.attname for field in fields]
        self.sql = ", ".join(f"{alias}.{field.column}" for field in fields)
        self.as_json = [at for at, field in enumerate(fields) if isinstance(field, models.JSONField)]

    def made(self, values: Sequence[Any]) -> Row:
        row = list(values)
        for at in self.as_json:
            row[at] = json.loads(row[at]) if isinstance(row[at], str) else row[at]
        return self.model.from_db(connection.alias, self.names, row)


def take(values: Iterator[Any], columns: Columns[Any]) -> list[Any]:
    return [next(values) for _name in columns.names]


def listed(text: str | None) -> list[Any]:
    found: list[Any] = json.loads(text or "[]")
    return found


def prefetched(row: models.Model, name: str, items: list[Any]) -> None:
    """As if `prefetch_related` had read them."""
    row._prefetched_objects_cache = {name: items}  # type: ignore[attr-defined]  # noqa: SLF001
