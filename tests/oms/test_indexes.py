"""Each index has its reason beside it, and a move of a package writes few entries."""

import re
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.db import connections

from clickcollect.accounts.models import Role
from clickcollect.omnitron import models as omnitron_models
from clickcollect.oms import log_models, repair_models, states
from clickcollect.oms import models as oms_models
from clickcollect.oms.commands.run import run_command
from clickcollect.whisperer import models as whisperer_models
from tests import shop
from tests.oms.test_statements import listen

pytestmark = pytest.mark.django_db(transaction=True)

ALL_MODELS = (oms_models, log_models, repair_models, omnitron_models, whisperer_models)
MODELS = [Path(str(one.__file__)) for one in ALL_MODELS]

# A BRIN index has no entry for a row.
INDEXES = """
SELECT t.relname, x.relname, pg_get_expr(i.indpred, i.indrelid) FROM pg_index i
JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid
JOIN pg_namespace n ON n.oid = t.relnamespace
JOIN pg_am m ON m.oid = x.relam
WHERE n.nspname = 'public' AND m.amname <> 'brin'
"""
WRITTEN = """
SELECT relname, n_tup_ins + n_tup_upd, n_tup_ins + n_tup_upd - n_tup_hot_upd FROM pg_stat_user_tables
"""


def entries_written(deed: Callable[[], object]) -> Counter[str]:
    """How many index entries a piece of work writes, by index: each row version that is not a HOT update, one each.

    Of a table whose rows were written several times the last version says which conditions hold.
    """
    with connections["owner"].cursor() as cursor:

        def ask(statement: str) -> list[tuple[Any, ...]]:
            cursor.execute(statement)
            return list(cursor.fetchall())

        def written() -> dict[str, tuple[int, int]]:
            cursor.execute("SELECT pg_stat_clear_snapshot()")
            return {table: (every, cold) for table, every, cold in ask(WRITTEN)}

        flush()
        before = written()
        ((begun,),) = ask("SELECT pg_current_xact_id()::text::bigint")
        deed()
        flush()
        after = written()
        found: Counter[str] = Counter()
        for table, index, condition in ask(INDEXES):
            every, cold = (now - then for now, then in zip(after[table], before[table], strict=True))
            if cold:
                where = f"xmin::text::bigint > {begun}"
                ((rows, matching),) = ask(
                    f'SELECT count(*), count(*) FILTER (WHERE {condition or "true"}) FROM "{table}" WHERE {where}'
                )
                assert every >= rows
                found[f"{table}.{index}"] = round(cold * matching / rows) if rows else 0
        return +found


def flush() -> None:
    """Let this process's own connections tell what they have done."""
    for alias in ("default", "owner"):
        with connections[alias].cursor() as cursor:
            cursor.execute("SELECT pg_stat_force_next_flush()")
        with connections[alias].cursor() as cursor:
            cursor.execute("SELECT 1")


def by_table(found: Counter[str]) -> Counter[str]:
    tables: Counter[str] = Counter()
    for name, entries in found.items():
        tables[name.partition(".")[0]] += entries
    return tables


# Entries of a move with three events, each for one subscriber, at the commit before indexes were given their reasons:
# 81 and 78 (of packages 18, log 10, orders 8, issues 5 and 3, events 15, deliveries 25 and 24).
# Now: packages 9, log 3 and 4, the order 1, issues 2 and 1, events 12, deliveries 13 and 12 (docs/decisions/0018).
AT_MOST = {"READY_FOR_PICKUP": 40, "SELF_SERVICE_PACKAGE_DELIVERY_COMMAND": 39}


def test_a_move_writes_few_index_entries() -> None:
    actor = shop.make_actor(Role.ASSOCIATE, shop.make_store())
    own = ("package.status.ready_for_pickup", "package.status.delivered")
    listen(actor, *own, "package.status.transitioned", "order.updated")
    package = shop.make_package(states.PACKED)
    for command, at_most in AT_MOST.items():
        data = {} if command == "READY_FOR_PICKUP" else {"otp": shop.right_code(package)}
        found = entries_written(partial(run_command, package_id=package.pk, transition=command, actor=actor, data=data))
        tables = by_table(found)
        assert tables["oms_package"] >= 5, "it was not seen"
        assert sum(tables.values()) <= at_most, (command, tables, found)


def test_control_one_more_index_is_seen() -> None:
    actor = shop.make_actor(Role.ASSOCIATE, shop.make_store())
    package = shop.make_package(states.WAITING)
    with connections["owner"].cursor() as cursor:
        cursor.execute("CREATE INDEX one_more ON oms_package (shelf)")
    try:
        found = entries_written(
            partial(run_command, package_id=package.pk, transition="COMPLETE_PACKAGING_WITHOUT_SHIPMENT", actor=actor)
        )
    finally:
        with connections["owner"].cursor() as cursor:
            cursor.execute("DROP INDEX one_more")
    assert found["oms_package.one_more"] == 1


def test_each_index_of_the_fullest_tables_says_what_needs_it() -> None:
    """A comment stands above each, or a run of them shares one."""
    for path in MODELS:
        lines = path.read_text().splitlines()
        for place, line in enumerate(lines):
            if re.search(r"(Index|GinIndex|BrinIndex)\($|(Index|GinIndex|BrinIndex)\(name=", line):
                above = next(one for one in reversed(lines[:place]) if not re.search(r"Index\(|^ {12,}\)|^ {16}", one))
                assert above.strip().startswith("#"), f"{path.name}:{place + 1} {line.strip()}"
