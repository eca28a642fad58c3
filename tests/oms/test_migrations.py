"""A shop that is older than a migration keeps everything when it is brought up to date, and stays open meanwhile."""

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from django.db import NotSupportedError, connections
from psycopg import errors, sql

from clickcollect import long_tables
from clickcollect.long_tables import UpdateInBatches
from clickcollect.oms import states
from clickcollect.oms.models import Package
from clickcollect.runtime import prepare
from clickcollect.runtime.errors import Problem
from tests import database_reset, shop
from tests.postgres import SUPERUSER_URL
from tests.whisperer.receivers import wait_until

OLD = "0003"  # before any of the migrations that change rows of long tables
CHANGE_WAITS = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock' AND query ~ '^(UPDATE oms_package|ALTER TABLE)'
"""


@pytest.mark.django_db(transaction=True)
def test_packages_that_were_there_before_get_what_they_are_filtered_by() -> None:
    ready, home = shop.make_package(states.READY), shop.make_package(delivery_type="home_delivery")
    database_reset.migrate_there_and_back("oms", OLD)
    found = Package.objects.order_by("id").values_list("order_number", "delivery_type")
    assert list(found) == [(ready.order.number, "in_store"), (home.order.number, "home_delivery")]
    assert shop.state_of(ready) == states.READY


def connect() -> "psycopg.Connection[Any]":
    """A session in the test's database that nobody's rights stop."""
    return psycopg.connect(os.environ[SUPERUSER_URL], dbname=str(connections["default"].settings_dict["NAME"]))


def copy_of(connection: "psycopg.Connection[Any]", table: str, row_id: int, **changes: Any) -> int:
    """A new row like another one, whatever columns the table has at the moment; its id."""
    query = """SELECT column_name FROM information_schema.columns
        WHERE table_name = %s AND is_generated = 'NEVER' AND column_name <> 'id'"""
    names = [name for (name,) in connection.execute(query, [table]).fetchall()]
    values = [sql.Literal(changes[name]) if name in changes else sql.Identifier(name) for name in names]
    insert = sql.SQL("INSERT INTO {0} ({1}) SELECT {2} FROM {0} WHERE id = {3} RETURNING id").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, names)), sql.SQL(", ").join(values), row_id
    )
    made = connection.execute(insert).fetchone()
    assert made
    return int(made[0])


def take_order_in(package_id: int, number: str, *, patience: str) -> float:
    """An order with its package, as a program that knows nothing of the migration writes them; seconds it took."""
    began = time.monotonic()
    with connect() as till:
        till.execute("SELECT set_config('lock_timeout', %s, true)", [patience])
        row = till.execute("SELECT order_id FROM oms_package WHERE id = %s", [package_id]).fetchone()
        assert row
        copy_of(till, "oms_package", package_id, order_id=copy_of(till, "omnitron_order", row[0], number=number))
    return time.monotonic() - began


@contextmanager
def running(work: Callable[[], object], *, then: Callable[[], object] = lambda: None) -> Iterator[threading.Thread]:
    """Work in a thread of its own, whose connections are closed with it; ``then`` lets go of what it waits for."""

    def run() -> None:
        try:
            work()
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield thread
    finally:
        then()
        thread.join()


def somebody_waits() -> bool:
    with connect() as connection:
        found = connection.execute(CHANGE_WAITS.encode()).fetchone()
        return found is not None and found[0] > 0


@pytest.mark.django_db(transaction=True)
def test_orders_come_in_while_rows_of_a_long_table_are_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody works on one package for long: the batch that holds it waits, what came before it is done already."""
    monkeypatch.setattr(long_tables, "BATCH", 10)
    packages = [shop.make_package().pk for _ in range(25)]
    step = UpdateInBatches("oms_package", sets="shelf = 'A1'", where="shelf = ''", back=("shelf = ''", "shelf = 'A1'"))

    def change() -> None:
        with connections["owner"].schema_editor(atomic=False) as editor:
            step.database_forwards("oms", editor, None, None)

    with connect() as holder:
        holder.execute("SELECT FROM oms_package WHERE id = %s FOR UPDATE", [packages[15]])
        with running(change, then=holder.rollback):
            wait_until(somebody_waits)
            take_order_in(packages[0], "MEANWHILE", patience="30s")
            with connect() as reader:
                assert reader.execute("SELECT count(*) FROM oms_package WHERE shelf = 'A1'").fetchone() == (11,)
    assert Package.objects.exclude(shelf="A1").count() == 0
    with connections["owner"].schema_editor(atomic=False) as editor:
        step.database_backwards("oms", editor, None, None)
    assert Package.objects.filter(shelf="").count() == 26
    with pytest.raises(NotSupportedError, match="atomic = False"), connections["owner"].schema_editor() as editor:
        step.database_forwards("oms", editor, None, None)


@pytest.mark.django_db(transaction=True)
def test_control_the_same_change_in_one_transaction_shuts_orders_out() -> None:
    packages = [shop.make_package().pk for _ in range(3)]

    def in_one_transaction() -> None:
        with connect() as connection:
            connection.execute("ALTER TABLE oms_package ADD COLUMN added varchar DEFAULT ''")
            connection.execute("UPDATE oms_package SET order_id = order_id")
            connection.rollback()

    with connect() as holder:
        holder.execute("SELECT FROM omnitron_order FOR UPDATE")
        holder.execute("SELECT FROM oms_package WHERE id = %s FOR UPDATE", [packages[1]])
        # The lock on the table cannot be had while the row's transaction lasts, and everybody stands behind it.
        with running(in_one_transaction, then=holder.rollback):
            wait_until(somebody_waits)
            with pytest.raises(errors.LockNotAvailable):
                take_order_in(packages[0], "MEANWHILE", patience="200ms")


@pytest.mark.django_db(transaction=True)
def test_a_table_that_is_in_use_is_let_alone_and_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepare, "LOCK_TIMEOUT", "50ms")
    package = shop.make_package().pk
    tries: list[float] = []

    def others_come_through(_seconds: float) -> None:
        tries.append(take_order_in(package, f"MEANWHILE-{len(tries)}", patience="30s"))
        if len(tries) == 2:
            report.rollback()

    monkeypatch.setattr("clickcollect.runtime.prepare.time.sleep", others_come_through)
    with connect() as report:

        def meanwhile() -> None:
            report.execute("SELECT count(*) FROM oms_package")  # and its transaction goes on
            prepare.migrate_patiently()

        database_reset.migrate_there_and_back("oms", OLD, meanwhile)
    assert len(tries) == 2
    assert Package.objects.filter(order_number__startswith="MEANWHILE").count() == 2


@pytest.mark.django_db(transaction=True)
def test_a_table_that_is_never_free_is_a_sentence_and_nothing_is_half_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepare, "LOCK_TIMEOUT", "50ms")
    monkeypatch.setattr(prepare, "GIVE_UP_AFTER", 0.0)
    package = shop.make_package()

    def meanwhile() -> None:
        with connect() as report:
            report.execute("SELECT count(*) FROM oms_package")
            with pytest.raises(Problem, match="run `clickcollect migrate` again"):
                prepare.migrate_patiently()

    database_reset.migrate_there_and_back("oms", OLD, meanwhile)
    assert shop.reread(package).order_number == package.order.number


@pytest.mark.django_db(transaction=True)
def test_a_broken_index_is_built_anew() -> None:
    """What a build that was ended leaves behind is an index that is not valid, under the right name."""
    name = "package_store_ended"

    def meanwhile() -> None:
        with connect() as connection:
            connection.autocommit = True
            connection.execute(f"CREATE INDEX {name} ON oms_package (shelf)")
            connection.execute(f"UPDATE pg_index SET indisvalid = false WHERE indexrelid = '{name}'::regclass")

    database_reset.migrate_there_and_back("oms", "0002", meanwhile)
    with connect() as connection:
        query = "SELECT indisvalid, pg_get_indexdef(indexrelid) FROM pg_index WHERE indexrelid = %s::regclass"
        found = connection.execute(query, [name]).fetchone()
    assert found
    assert found[0]
    assert "state_changed_at" in found[1]


@pytest.mark.soak
@pytest.mark.django_db(transaction=True)
def test_orders_come_in_while_a_full_shop_is_brought_up_to_date(capsys: pytest.CaptureFixture[str]) -> None:
    packages = int(os.environ.get("CLICKCOLLECT_MANY_PACKAGES", "1000000"))
    model = shop.make_package()
    waits: list[float] = []

    def meanwhile() -> None:
        fill(model.pk, packages)
        with running(prepare.migrate_patiently) as migration:
            while migration.is_alive():
                waits.append(take_order_in(model.pk, f"MEANWHILE-{len(waits)}", patience="60s"))

    began = time.monotonic()
    database_reset.migrate_there_and_back("oms", OLD, meanwhile)
    took = time.monotonic() - began
    assert not Package.objects.filter(order_number="").exists()
    with capsys.disabled():
        sys.stdout.write(f"\n{packages} packages, {took:.0f} s, {len(waits)} orders, the longest {max(waits):.2f} s\n")
    assert max(waits) < 10


def fill(model: int, packages: int) -> None:
    """Orders, packages and a log such as a shop has after years; triggers and foreign keys let be for the time."""
    with database_reset.superuser(str(connections["default"].settings_dict["NAME"])) as connection:
        row = connection.execute("SELECT order_id FROM oms_package WHERE id = %s", [model]).fetchone()
        assert row
        for table, old, changes in (
            ("omnitron_order", row[0], {"id": "1000 + n", "number": "'OLD-' || n || '-A-' || n"}),
            ("oms_package", model, {"id": "1000 + n", "order_id": "1000 + n"}),
        ):
            query = """SELECT column_name FROM information_schema.columns
                WHERE table_name = %s AND is_generated = 'NEVER'"""
            names = [name for (name,) in connection.execute(query, [table]).fetchall()]
            values = ", ".join(changes.get(name, name) for name in names)
            connection.execute(
                f"INSERT INTO {table} ({', '.join(names)}) OVERRIDING SYSTEM VALUE SELECT {values} "
                f"FROM {table}, generate_series(1, {packages}) n WHERE {table}.id = {old}".encode()
            )
            connection.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), {packages + 2000})".encode())
        notes = (
            "INSERT INTO oms_commandlog (kind, package_id, old_state, new_state, channel, command_code, slug, code, "
        )
        notes += "attributes) SELECT 'note', n, '', '', '', '', '', 'shelved', '{}' FROM generate_series(1, %s) n"
        connection.execute(notes, [packages])
        connection.execute("ANALYZE")
