"""Migrations of long tables lock nobody out for long: what they say to the database is read, statement by statement.

A new migration that would is caught here. The steps that may be taken are in `clickcollect/long_tables.py`.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

import pytest
from django.apps import apps
from django.db import connections
from django.db.migrations import Migration, RunPython
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader

from tests.house.files import ROOT, text

OURS: Final = ("accounts", "oms", "omnitron", "omsweb", "whisperer")
# What has a row for each order, package, code, event or request.
LONG: Final = frozenset({
    "omnitron_order", "omnitron_orderinstatus", "omnitron_orderitem", "oms_package", "oms_packageitem",
    "oms_codeissue", "oms_commandlog", "oms_lognote", "oms_seal", "oms_ordertorepair", "oms_shoporder",
    "whisperer_event", "whisperer_delivery", "whisperer_attempt", "accounts_idempotencykey",
})  # fmt: skip
# What has one for each person, store, session, setting, hook or file: some thousands at the most.
SHORT: Final = frozenset({
    "accounts_apitoken", "accounts_browsersession", "accounts_signincounter", "accounts_user", "omnitron_retailstore",
    "omnitron_storemembership", "oms_appliedsetting", "oms_commandtransition", "oms_configurationversion",
    "oms_connectorcount", "oms_employeebudget", "oms_fileshape", "oms_locationrule", "oms_orderupload",
    "oms_overridereview", "oms_packagestate", "oms_programbudget", "omsweb_savedfilter", "whisperer_endpoint",
    "whisperer_hook", "whisperer_sendingpause",
})  # fmt: skip
# Python in a migration cannot be read by a rule: each was read by a person, and touches short tables only.
READ_BY_A_PERSON: Final = {
    "oms.0002_reference_rows": "states and commands",
    "oms.0006_program_budget_and_override_scope": "tokens",
    "oms.0012_after_restore": "commands",
    "oms.0014_ways_back": "commands",
    "oms.0018_what_the_shop_took_off": "commands",
    "whisperer.0002_sealed_headers": "hooks",
}
# Statements that look as if they wrote every row, and were found not to: a numeric of any scale is stored alike.
KEEPS_ROWS: Final = {
    'ALTER TABLE "omnitron_order" ALTER COLUMN "amount" TYPE numeric',
    'ALTER TABLE "omnitron_orderitem" ALTER COLUMN "price" TYPE numeric',
}
UPGRADING: Final = text(ROOT / "docs/upgrading.md")

RULES: Final = (
    (r"CREATE (UNIQUE )?INDEX (?!CONCURRENTLY)", "builds an index while nobody can write: AddIndex of long_tables"),
    (r"ADD CONSTRAINT(?!.*(NOT VALID|USING INDEX))", "checks every row under an exclusive lock: AddCheck"),
    (r"ALTER COLUMN \S+ (TYPE|SET NOT NULL)", "reads or writes every row under an exclusive lock"),
    (r"ADD COLUMN .*(GENERATED|DEFAULT (?!')\S*\()", "writes every row under an exclusive lock"),
    (r"^(UPDATE|DELETE FROM|INSERT INTO|TRUNCATE)", "changes all rows in one transaction: UpdateInBatches"),
    (r"^(CLUSTER|VACUUM FULL|REINDEX(?! .*CONCURRENTLY))", "writes the whole table under an exclusive lock"),
)


def loader() -> MigrationLoader:
    return MigrationLoader(None)


def ours() -> list[Migration]:
    found = loader()
    keys = [key for key in found.graph._generate_plan(found.graph.leaf_nodes(), at_end=True) if key[0] in OURS]
    return [found.graph.nodes[key] for key in keys]


def name_of(migration: Migration) -> str:
    return f"{migration.app_label}.{migration.name}"


def statements_of(migration: Migration) -> list[str]:
    """What it would say to the database."""
    executor = MigrationExecutor(connections["owner"])
    state = executor.loader.project_state((migration.app_label, migration.name), at_end=False)
    with connections["owner"].schema_editor(collect_sql=True, atomic=migration.atomic) as editor:
        migration.apply(state, editor, collect_sql=True)
    return list(statements(editor.collected_sql))


def statements(collected: list[str]) -> Iterator[str]:
    """One by one, each on one line, without comments; the bodies of functions are left whole."""
    lines = [line for entry in collected for line in entry.splitlines() if not line.lstrip().startswith("--")]
    for statement in re.split(r";\s*$|;\s*\n(?![^$]*\$\$ *;)", "\n".join(lines), flags=re.MULTILINE):
        if words := " ".join(statement.split()):
            yield words


def tables_of(words: str) -> set[str]:
    """The table that a statement changes; a foreign key's other side is locked for a moment only."""
    changed = re.search(r"ALTER TABLE (?:ONLY )?\"?(\w+)|^CREATE .*?INDEX .*? ON (?:ONLY )?\"?(\w+)", words)
    if changed:
        return {changed[1] or changed[2]}
    return set(re.findall(r"\w+", words.partition(" AS $$ ")[0]))


def faults(said: list[str]) -> list[str]:
    """What would lock somebody out of a long table that is not made by these very statements."""
    new = set(re.findall(r"CREATE TABLE (?:IF NOT EXISTS )?\"?(\w+)", " ".join(said)))
    found = []
    for words in set(said) - KEEPS_ROWS:
        touched = tables_of(words) & LONG - new
        found += [f"{why}: {words[:100]}" for rule, why in RULES if touched and re.search(rule, words, re.IGNORECASE)]
    return found


def test_every_table_is_long_or_short() -> None:
    """A new table is one or the other: say which, and the rule below knows what may be done to it."""
    tables = {model._meta.db_table for model in apps.get_models() if model._meta.app_label in OURS}
    assert tables == LONG | SHORT
    assert not LONG & SHORT


@pytest.mark.django_db
@pytest.mark.parametrize("migration", ours(), ids=name_of)
def test_no_migration_locks_a_long_table_for_long(migration: Migration) -> None:
    assert faults(statements_of(migration)) == []
    python = [operation for operation in migration.operations if isinstance(operation, RunPython)]
    assert bool(python) is (name_of(migration) in READ_BY_A_PERSON), "read what its Python touches, and say it here"


@pytest.mark.parametrize(
    "statement",
    [
        'CREATE INDEX "package_new" ON "oms_package" ("shelf")',
        'CREATE UNIQUE INDEX "x" ON "whisperer_event" ("uuid")',
        'ALTER TABLE "oms_commandlog" ADD CONSTRAINT "c" CHECK ("code" = \'\')',
        'ALTER TABLE "oms_package" ALTER COLUMN "shelf" TYPE varchar(40) USING "shelf"::varchar(40)',
        'ALTER TABLE "oms_package" ALTER COLUMN "bags" SET NOT NULL',
        'ALTER TABLE "omnitron_order" ADD COLUMN "seen" timestamptz DEFAULT clock_timestamp() NOT NULL',
        'ALTER TABLE "omnitron_order" ADD COLUMN "n" bigint GENERATED ALWAYS AS ("id" + 1) STORED',
        "UPDATE oms_package SET shelf = ''",
        "DELETE FROM whisperer_attempt WHERE number > 9",
        "REINDEX TABLE oms_package",
    ],
)
def test_control_what_would_lock_it_is_found(statement: str) -> None:
    assert faults([statement]) != []


@pytest.mark.parametrize(
    "statement",
    [
        'CREATE INDEX CONCURRENTLY "package_new" ON "oms_package" ("shelf")',
        'ALTER TABLE "oms_package" ADD COLUMN "shelf_unconfirmed_since" timestamp with time zone NULL',
        'ALTER TABLE "oms_package" ADD COLUMN "order_number" varchar(64) DEFAULT \'\' NOT NULL',
        'ALTER TABLE "oms_package" ADD COLUMN "take_out" varchar(400)[] DEFAULT \'{}\'::varchar(400)[] NOT NULL',
        'ALTER TABLE "oms_commandlog" ADD CONSTRAINT "c" CHECK ("code" = \'\') NOT VALID',
        'CREATE INDEX "short" ON "oms_packagestate" ("name")',
    ],
)
def test_what_locks_nobody_out_is_let_pass(statement: str) -> None:
    assert faults([statement]) == []


def test_every_step_can_be_taken_back_or_the_page_of_upgrades_says_so() -> None:
    one_way = {
        name_of(migration)
        for migration in ours()
        if not all(operation.reversible for operation in migration.operations)
    }
    told = set(re.findall(r"^\| `(\w+)/(\d{4}\w+)` \| no", UPGRADING, re.MULTILINE))
    assert {f"{app}.{name}" for app, name in told} == one_way


def test_a_migration_of_several_steps_that_is_no_transaction_can_go_on_where_it_was_broken_off() -> None:
    resumable = {
        "AddColumn", "AddTable", "AddIndex", "AddCheck", "UpdateInBatches", "RunInBatches",
        "RemoveIndexConcurrently", "AlterField", "RunSQL", "RunPython", "SeparateDatabaseAndState",
    }  # fmt: skip
    found: dict[str, Any] = {
        name_of(migration): {type(operation).__name__ for operation in migration.operations} - resumable
        for migration in ours()
        if not migration.atomic
    }
    assert {name: steps for name, steps in found.items() if steps} == {}
