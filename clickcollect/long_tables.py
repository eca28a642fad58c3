"""Steps of a migration for tables that are long: nobody waits for them longer than a moment.

Each leaves off where it was broken off when it runs again, because a migration of such steps is no transaction
(`atomic = False`): what a lock timeout or a power cut has ended is simply migrated once more (docs/upgrading.md).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import models
from django.db.migrations import AddField, CreateModel
from django.db.migrations.operations.base import Operation
from django.db.utils import NotSupportedError

BATCH: Final = 5_000  # rows that an order which wants one of them waits for

INDEX: Final = """
SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(quote_ident(current_schema()) || '.' || quote_ident(%s))
"""
COLUMN: Final = "SELECT count(*) FROM pg_attribute WHERE attrelid = %s::regclass AND attname = %s"
CONSTRAINT: Final = "SELECT count(*) FROM pg_constraint WHERE conrelid = %s::regclass AND conname = %s"


class AddColumn(AddField):
    """Add a column without a default, or with a constant one: no row is touched."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        model = to_state.apps.get_model(app_label, self.model_name)
        values = [model._meta.db_table, model._meta.get_field(self.name).column]  # noqa: SLF001
        if schema_editor.collect_sql or fetched(schema_editor, COLUMN, values) == (0,):
            super().database_forwards(app_label, schema_editor, from_state, to_state)


class AddTable(CreateModel):
    """Make a table, unless it was made by a migration that broke off later on."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        table = to_state.apps.get_model(app_label, self.name)._meta.db_table  # noqa: SLF001
        if schema_editor.collect_sql or table not in schema_editor.connection.introspection.table_names():
            super().database_forwards(app_label, schema_editor, from_state, to_state)


class AddIndex(AddIndexConcurrently):
    """Build an index while rows come in. What a broken build has left is dropped first; a whole one stays."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        if not schema_editor.collect_sql:
            found = fetched(schema_editor, INDEX, [self.index.name])
            if found and found[0]:
                return
            if found:
                schema_editor.execute(f'DROP INDEX CONCURRENTLY "{self.index.name}"')
        with patience(schema_editor):
            super().database_forwards(app_label, schema_editor, from_state, to_state)


class AddCheck(Operation):
    """Add a check: for new rows at once, then for those that are there, which locks nobody out."""

    reversible = True

    def __init__(self, model_name: str, constraint: models.CheckConstraint) -> None:
        self.model_name, self.constraint = model_name, constraint

    def state_forwards(self, app_label: str, state: Any) -> None:
        state.add_constraint(app_label, self.model_name.lower(), self.constraint)

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        model = to_state.apps.get_model(app_label, self.model_name)
        table, name = model._meta.db_table, self.constraint.name  # noqa: SLF001
        is_there = not schema_editor.collect_sql and fetched(schema_editor, CONSTRAINT, [table, name]) == (1,)
        if not is_there:
            schema_editor.execute(f"{self.constraint.create_sql(model, schema_editor)} NOT VALID", params=None)
        schema_editor.execute(f'ALTER TABLE "{table}" VALIDATE CONSTRAINT "{name}"', params=None)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        model = to_state.apps.get_model(app_label, self.model_name)
        schema_editor.remove_constraint(model, self.constraint)

    def describe(self) -> str:
        return f"Check {self.constraint.name} on {self.model_name}, while rows come in"


class MovePrimaryKey(Operation):
    """Make other columns the primary key, by an index that is built while rows come in.

    Arguments: ``table``; ``key``, the columns that become it, and its name; ``drops``, the constraints that go at the
    same moment, the old key among them; ``back``, the old key's columns and name; ``besides``, what comes back with it.
    """

    reversible = True

    def __init__(
        self, table: str, *, key: tuple[str, str], drops: tuple[str, ...], back: tuple[str, str], besides: str
    ) -> None:
        self.table, self.key, self.drops, self.back, self.besides = table, key, drops, back, besides

    def state_forwards(self, app_label: str, state: Any) -> None:
        """What the model knows of it is said beside it."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        self.move(schema_editor, self.key, [f'DROP CONSTRAINT "{name}"' for name in self.drops])

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        self.move(schema_editor, self.back, [f'DROP CONSTRAINT "{self.key[1]}"', self.besides])

    def move(self, schema_editor: Any, key: tuple[str, str], changes: list[str]) -> None:
        columns, name = key
        if not schema_editor.collect_sql:
            if fetched(schema_editor, CONSTRAINT, [self.table, name]) == (1,):
                return
            if fetched(schema_editor, INDEX, [name]) == (False,):
                schema_editor.execute(f'DROP INDEX CONCURRENTLY "{name}"')
        with patience(schema_editor):
            build = f'CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS "{name}" ON "{self.table}" ({columns})'
            schema_editor.execute(build)
        changes = [*changes, f'ADD CONSTRAINT "{name}" PRIMARY KEY USING INDEX "{name}"']
        schema_editor.execute(f'ALTER TABLE "{self.table}" {", ".join(changes)}')

    def describe(self) -> str:
        return f"Make {self.key[0]} the key of {self.table}, while rows come in"


class RunInBatches(Operation):
    """Run a statement for a few thousand rows of a table at a time, each batch a transaction of its own.

    Arguments: ``table``; ``statement``, which takes the id before the first row and that of the last one, and finds
    only what is left when it runs again. There is nothing to take back.
    """

    reduces_to_sql = True
    reversible = True

    def __init__(self, table: str, statement: str) -> None:
        self.table, self.statement = table, statement

    def state_forwards(self, app_label: str, state: Any) -> None:
        """Rows are no part of the state."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        run_in_batches(schema_editor, self.table, self.statement)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """What it has made goes with its table."""

    def describe(self) -> str:
        return f"Go through {self.table}, {BATCH} rows at a time"


class UpdateInBatches(Operation):
    """Change rows a few thousand at a time, each batch a transaction of its own.

    Arguments: ``table``; ``sets``, the new values as SQL; ``where``, which rows still have the old ones, so that a
    second run finds only what is left; ``back``, the same pair for the way back, None = there is nothing to take back.
    """

    reduces_to_sql = True
    reversible = True

    def __init__(self, table: str, *, sets: str, where: str, back: tuple[str, str] | None) -> None:
        self.table, self.sets, self.where, self.back = table, sets, where, back

    def state_forwards(self, app_label: str, state: Any) -> None:
        """Rows are no part of the state."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        self.run(schema_editor, self.sets, self.where)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        if self.back is not None:
            self.run(schema_editor, *self.back)

    def run(self, schema_editor: Any, sets: str, where: str) -> None:
        update = f"UPDATE {self.table} SET {sets} WHERE id > %s AND id <= %s AND ({where})"  # noqa: S608
        run_in_batches(schema_editor, self.table, update)

    def describe(self) -> str:
        return f"Change rows of {self.table}, {BATCH} at a time"


def run_in_batches(schema_editor: Any, table: str, statement: str) -> None:
    """Run a statement for each batch of a table's ids, the id before its first and its last."""
    if schema_editor.collect_sql:
        schema_editor.execute(f"-- in batches of {BATCH}: {' '.join(statement.split())}", params=None)
        return
    if schema_editor.connection.in_atomic_block:
        raise NotSupportedError("A migration that changes rows in batches is not atomic: set atomic = False.")
    (last,) = fetched(schema_editor, f"SELECT coalesce(max(id), 0) FROM {table}", [])  # noqa: S608
    for done in range(0, last, BATCH):
        with schema_editor.connection.cursor() as cursor:
            cursor.execute(statement, [done, done + BATCH])


@contextmanager
def patience(schema_editor: Any) -> Iterator[None]:
    """Wait for other transactions however long they take: building an index concurrently keeps nobody waiting."""
    if schema_editor.collect_sql:
        yield
        return
    (before,) = fetched(schema_editor, "SELECT current_setting('lock_timeout')", [])
    set_to(schema_editor, "0")
    try:
        yield
    finally:
        set_to(schema_editor, before)


def set_to(schema_editor: Any, value: str) -> None:
    fetched(schema_editor, "SELECT set_config('lock_timeout', %s, false)", [value])


def fetched(schema_editor: Any, query: str, values: list[Any]) -> tuple[Any, ...]:
    """The first row, or an empty one."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(query, values)
        return tuple(cursor.fetchone() or ())
