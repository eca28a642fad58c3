"""Several web processes on one port: each answers, none is missed for long, and limits hold in each of them."""

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.webserver.serving import Served, dripping, head, read_answer, serving, slow_heads
from tests.webserver.test_slow_clients import OTHER, SMALL, open_ones
from tests.whisperer.receivers import wait_until
from webserver.connections import PER_CLIENT

PROCESSES = 2


@pytest.fixture
def two(tmp_path: Path) -> Iterator[Served]:
    with serving(SMALL, tmp_path / "log", processes=PROCESSES) as served:
        wait_until(lambda: len(who_answers(served)) == PROCESSES)
        yield served


def who_answers(served: Served, source: str = "127.0.0.1") -> set[int]:
    """The processes that answered some requests, each on a connection of its own."""
    return {served.get("/", source).json["pid"] for _ in range(12)}


def children_of(served: Served) -> set[int]:
    return {child.pid for child in psutil.Process(served.process.pid).children()}


def test_each_process_answers(two: Served) -> None:
    wait_until(lambda: who_answers(two) == children_of(two))


def test_one_that_is_killed_is_replaced_while_the_other_answers(two: Served) -> None:
    before = children_of(two)
    killed, other = sorted(before)
    with kept(two, other) as connection:
        os.kill(killed, signal.SIGKILL)
        wait_until(lambda: len(who_answers_now(two) - before) == 1)
        connection.sendall(head("GET", "/"))
        assert read_answer(connection).json["pid"] == other
    assert two.process.poll() is None


def kept(served: Served, wanted: int) -> socket.socket:
    """A connection to this process; which one takes it is the system's to say."""
    for _try in range(1000):
        connection = served.connect()
        connection.sendall(head("GET", "/"))
        if read_answer(connection).json["pid"] == wanted:
            return connection
        connection.close()
    raise AssertionError(f"{wanted} takes no connection")


def who_answers_now(served: Served) -> set[int]:
    """The same, while a process may just be gone, and its connections with it."""
    try:
        return who_answers(served)
    except OSError:
        return set()


def test_no_process_outlives_the_one_that_started_it(two: Served) -> None:
    children = psutil.Process(two.process.pid).children()
    assert len(children) >= PROCESSES
    two.process.kill()
    assert psutil.wait_procs(children, timeout=60)[1] == []


def test_a_client_holds_so_many_connections_to_each_and_keeps_nobody_out(two: Served) -> None:
    idle = slow_heads(two, 6 * PER_CLIENT)
    with dripping(idle, every=1):
        wait_until(lambda: open_ones(idle) <= PROCESSES * PER_CLIENT)
        assert open_ones(idle) > PROCESSES * PER_CLIENT - 20, "no more are closed than must be"
        wait_until(lambda: len(who_answers(two, OTHER)) == PROCESSES)
