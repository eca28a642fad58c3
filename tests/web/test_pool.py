"""A pool whose server takes no connection tells whoever waits at once, and does not wait for its own next try."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db.backends.postgresql.base import DatabaseWrapper
from psycopg_pool import ConnectionPool, PoolClosed, PoolTimeout

from clickcollect import database
from extension import outage
from tests.ports import free_port

POOLS: dict[str, Any] = DatabaseWrapper._connection_pools  # type: ignore[attr-defined]
PROGRAMS = {"web": database, "extension": outage}


@pytest.fixture(params=PROGRAMS)
def program(request: pytest.FixtureRequest) -> Iterator[Any]:
    yield PROGRAMS[request.param]
    PROGRAMS[request.param].availability.is_away = False
    POOLS.pop("default", None)


def pool_to_nowhere(kind: type[psycopg.Connection[Any]]) -> ConnectionPool[Any]:
    where = {"host": "127.0.0.1", "port": free_port(), "dbname": "nowhere", "user": "nobody"}
    return ConnectionPool(kwargs=where, connection_class=kind, min_size=1, open=True)


def test_who_waits_is_told_at_once_and_the_next_ask_themselves(program: Any) -> None:
    pool = POOLS["default"] = pool_to_nowhere(program.ProbingConnection)
    with pytest.raises(PoolClosed):
        pool.getconn(timeout=60)
    deadline = time.monotonic() + 30
    while not program.availability.is_away:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert "default" not in POOLS


def test_control_without_that_it_waits_as_long_as_it_may() -> None:
    pool = pool_to_nowhere(psycopg.Connection)
    try:
        with pytest.raises(PoolTimeout):
            pool.getconn(timeout=0.5)
    finally:
        pool.close()


def test_a_pool_that_was_given_up_before_proves_nothing(program: Any) -> None:
    good = POOLS["default"] = pool_to_nowhere(psycopg.Connection)
    older = pool_to_nowhere(psycopg.Connection)
    program.availability.pool_failed(older)
    assert not program.availability.is_away
    assert POOLS["default"] is good
    for pool in (good, older):
        pool.close()


@pytest.fixture
def pool() -> Iterator[ConnectionPool[Any]]:
    """One connection, which is checked before it is given out, as Django sets it up."""
    one = ConnectionPool(
        kwargs=database.libpq_parameters(),
        connection_class=database.ProbingConnection,
        min_size=1,
        max_size=1,
        check=ConnectionPool.check_connection,
        open=True,
    )
    yield one
    one.close()


@pytest.mark.django_db
def test_a_connection_that_the_server_closed_is_not_given_out(pool: ConnectionPool[Any]) -> None:
    with pool.connection() as first:
        pid = first.info.backend_pid
    with psycopg.connect(**database.libpq_parameters(), autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s)", [pid])
        while other.execute("SELECT 1 FROM pg_stat_activity WHERE pid = %s", [pid]).fetchone():
            time.sleep(0.01)
    with pool.connection() as next_one:
        assert next_one.execute("SELECT 1").fetchone() == (1,)
        assert next_one.info.backend_pid != pid


@pytest.mark.django_db
def test_a_good_connection_is_given_out_without_asking_the_server(pool: ConnectionPool[Any], tmp_path: Path) -> None:
    with pool.connection() as first, (tmp_path / "wire").open("w") as log:
        first.pgconn.trace(log.fileno())
    with pool.connection() as again:
        assert again is first
        again.pgconn.untrace()
    assert (tmp_path / "wire").read_text() == ""
