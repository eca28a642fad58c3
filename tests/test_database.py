"""The tests' own ground: two roles, one database, reference rows that survive every kind of test."""

from typing import Any

import psycopg
import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import DataError, ProgrammingError, connection, connections, transaction

from clickcollect.database import pipeline, read_by_key, sent_as_one
from clickcollect.oms.log.write import APPEND_ONLY_TABLES
from clickcollect.oms.models import PackageState
from tests import database_reset
from tests.wire import watched


def current_role() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        return str(cursor.fetchone()[0])


@pytest.mark.django_db
def test_code_under_test_runs_as_the_application() -> None:
    assert current_role() == "clickcollect_app"


@pytest.mark.django_db
@pytest.mark.parametrize("round_number", [1, 2])
def test_a_plain_test_is_rolled_back(round_number: int) -> None:
    assert not ContentType.objects.filter(app_label="rolled back").exists()
    ContentType.objects.create(app_label="rolled back", model=f"round {round_number}")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("round_number", [1, 2])
def test_a_committed_test_leaves_empty_tables(round_number: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM procrastinate_jobs")
        assert cursor.fetchone()[0] == 0
        cursor.execute(
            "INSERT INTO procrastinate_jobs (queue_name, task_name) VALUES ('default', %s)", [f"round {round_number}"]
        )


@pytest.mark.django_db(transaction=True)
def test_a_committed_test_counts_from_1_also_after_others_were_rolled_back() -> None:
    rolled_back = "SELECT nextval('oms_commandlog_id_seq'), nextval('oms_packagestate_id_seq')"
    with connection.cursor() as cursor:
        for _test in range(5):
            cursor.execute(rolled_back)
        database_reset.numbers_have_moved()
        database_reset.restart_moved_numbers()
        cursor.execute(rolled_back)
        assert cursor.fetchone() == (1, PackageState.objects.latest("id").pk + 1)


@pytest.mark.django_db(transaction=True)
def test_a_lock_left_open_does_not_hold_up_the_next_test() -> None:
    forgotten = connections.create_connection("default")
    forgotten.set_autocommit(False)
    with forgotten.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM procrastinate_jobs")


@pytest.mark.django_db
def test_the_application_cannot_change_tables() -> None:
    with connection.cursor() as cursor, pytest.raises(ProgrammingError, match="must be owner"):
        cursor.execute("DROP TABLE procrastinate_jobs CASCADE")


@pytest.mark.django_db
@pytest.mark.parametrize("table", APPEND_ONLY_TABLES)
@pytest.mark.parametrize("attack", ["UPDATE {} SET id = 0", "DELETE FROM {}", "TRUNCATE {}", "DROP TABLE {}"])
def test_the_application_cannot_rewrite_the_log(*, table: str, attack: str) -> None:
    with connection.cursor() as cursor, pytest.raises(ProgrammingError, match=r"permission denied|must be owner"):
        cursor.execute(attack.format(table))


@pytest.mark.django_db
@pytest.mark.parametrize("table", APPEND_ONLY_TABLES)
def test_the_application_can_read_the_log(table: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        assert cursor.fetchone()[0] == 0


@pytest.mark.django_db
def test_the_server_serves_as_the_application(live_server: object) -> None:
    import urllib.error
    import urllib.request

    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{live_server}/no-such-page/", timeout=10)
    assert refused.value.code == 404
    refused.value.close()


@pytest.mark.django_db(transaction=True)
def test_statements_of_any_size_leave_in_one_piece_and_their_rows_come_back() -> None:
    connection.ensure_connection()
    text = "x" * 200_000
    with sent_as_one(connection.connection):
        cursors = [connection.connection.execute("SELECT %s::text || %s::text", [text, str(n)]) for n in range(40)]
    assert [cursor.fetchone()[0] for cursor in cursors] == [f"{text}{number}" for number in range(40)]


def send(raw: psycopg.Connection[Any], *statements: str) -> None:
    with sent_as_one(raw):
        for statement in statements:
            raw.execute(statement.encode())


@pytest.mark.django_db(transaction=True)
def test_the_first_statement_that_fails_ends_all_that_follow() -> None:
    connection.ensure_connection()
    raw = connection.connection
    raw.execute("CREATE TEMP TABLE written (n int)")
    with pytest.raises(psycopg.errors.DivisionByZero):
        send(raw, "BEGIN", "INSERT INTO written VALUES (1)", "SELECT 1 / 0", "COMMIT")
    raw.rollback()
    assert raw.execute("SELECT count(*) FROM written").fetchone() == (0,)
    with pytest.raises(psycopg.errors.UndefinedTable):
        send(raw, "SELECT FROM nowhere")
    assert raw.execute("SELECT 1").fetchone() == (1,)  # and the connection goes on


def execute_all(*statements: str) -> None:
    with pipeline() as execute:
        for statement in statements:
            execute(statement)


@pytest.mark.django_db(transaction=True)
def test_one_cursor_sends_what_nobody_reads_and_an_error_in_it_is_told() -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE sent (n int)")
    with pipeline() as execute:
        for number in range(7):
            execute("INSERT INTO sent VALUES (%s::int)", [number])
        rows = execute.reading("SELECT array_agg(n ORDER BY n) FROM sent")
        execute("DELETE FROM sent WHERE n > 2")
    assert rows.fetchone() == ([0, 1, 2, 3, 4, 5, 6],)
    with pytest.raises(DataError):
        execute_all("INSERT INTO sent VALUES (9)", "SELECT 1 / 0", "INSERT INTO sent VALUES (10)")
    with connection.cursor() as cursor:
        cursor.execute("SELECT array_agg(n ORDER BY n) FROM sent")
        assert cursor.fetchone() == ([0, 1, 2],)


FIND_BY_KEY = "SELECT name FROM oms_packagestate WHERE id = %(id)s::bigint"


def plans() -> tuple[int, int]:
    """How often FIND_BY_KEY was planned for its values, and how often it was not."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sum(custom_plans), sum(generic_plans) FROM pg_prepared_statements WHERE statement LIKE %s",
            [FIND_BY_KEY.partition("%")[0] + "%"],
        )
        return tuple(map(int, cursor.fetchone()))  # type: ignore[return-value]


def session_plans() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SHOW plan_cache_mode")
        return str(cursor.fetchone()[0])


@pytest.mark.django_db(transaction=True)
def test_what_is_read_by_its_key_is_planned_once_in_one_round_trip_and_nothing_else_is() -> None:
    state = PackageState.objects.order_by("pk")[0]
    before = session_plans()
    for _turn in range(8):
        assert read_by_key(FIND_BY_KEY, {"id": state.pk}) == (state.name,)
    custom, generic = plans()
    assert (custom, generic > 0) == (0, True)
    with watched() as wire:
        assert read_by_key(FIND_BY_KEY, {"id": 0}) is None
    assert (wire.round_trips, wire.statements) == (1, 2), wire.log
    assert session_plans() == before == "force_custom_plan"
    with transaction.atomic():
        assert read_by_key(FIND_BY_KEY, {"id": state.pk}) == (state.name,)
        assert session_plans() == before
    assert plans()[0] == 1  # the one inside a transaction: nothing was said to it
