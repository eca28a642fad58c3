"""A pool whose server takes no connection tells whoever waits at once, and does not wait for its own next try."""

import time
from collections.abc import Iterator
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
