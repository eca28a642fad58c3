"""Slow clients take no working thread, and one client takes neither all threads nor all connections."""

import socket
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from tests.ports import free_port
from tests.webserver.serving import Served, dripping, head, read_answer, serving, slow_bodies, slow_heads, started
from tests.whisperer.receivers import wait_until
from webserver.connections import PER_CLIENT
from webserver.front import REQUESTS_PER_CLIENT

OTHER = "127.0.0.2"  # another client: on Linux every address of this network is this machine's
SMALL = "tests.webserver.application:application"


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(SMALL, tmp_path_factory.mktemp("slow") / "log") as served:
        yield served


@pytest.fixture(scope="module")
def proxied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server behind one proxy of its own."""
    with serving(SMALL, tmp_path_factory.mktemp("proxied") / "log", TRUSTED_PROXIES="1") as served:
        yield served


def typical_seconds(served: Served, source: str, path: str = "/healthz") -> float:
    """The median of some requests; of the best round, when the machine does other things too."""
    rounds: list[float] = []
    while len(rounds) < 10 and (not rounds or rounds[-1] >= 1):
        rounds.append(statistics.median(served.seconds_to_answer(path, source) for _ in range(5)))
    return min(rounds)


def test_sixty_slow_bodies_and_sixty_slow_heads_hold_up_nobody(small: Served) -> None:
    with dripping([*slow_bodies(small, 60), *slow_heads(small, 60)]):
        for _ in range(3):
            assert typical_seconds(small, OTHER) < 1
            assert typical_seconds(small, "127.0.0.1") < 1
            time.sleep(0.3)


def test_control_without_the_front_nine_slow_bodies_hold_up_everybody(tmp_path: Path) -> None:
    port = free_port()
    command = ["granian", "--interface", "wsgi", "--blocking-threads", "8", "--port", str(port), SMALL]
    with (
        started(command, tmp_path / "log", port=port, path="/healthz") as plain,
        dripping(slow_bodies(plain, 9)),
    ):
        wait_until(lambda: not answers_within(plain, seconds=2))


def answers_within(served: Served, *, seconds: float) -> bool:
    with served.connect(OTHER) as connection:
        connection.settimeout(seconds)
        connection.sendall(head("GET", "/healthz"))
        try:
            return bool(connection.recv(1))
        except TimeoutError:
            return False


def test_a_client_that_reads_nothing_takes_no_thread(small: Served) -> None:
    with ExitStack() as stack:
        for _ in range(9):
            reader = stack.enter_context(socket.socket())
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            reader.connect(("127.0.0.1", small.port))
            reader.sendall(head("GET", "/large/8"))
        time.sleep(0.5)
        assert typical_seconds(small, OTHER) < 1
        assert typical_seconds(small, "127.0.0.1") < 1


def working(served: Served, gate: Path, number: int) -> list[socket.socket]:
    """Requests that keep a working thread busy until the gate is there."""
    connections = [served.connect() for _ in range(number)]
    for connection in connections:
        connection.sendall(head("GET", f"/gate{gate}"))
    return connections


def test_one_client_never_has_all_working_threads(small: Served, tmp_path: Path) -> None:
    """Twenty requests of one address, eight threads, and none of them goes on: another address is answered."""
    connections = working(small, tmp_path / "gate", 20)
    wait_until(lambda: any(tmp_path.glob("gate.*")))
    time.sleep(0.5)
    assert small.get("/", OTHER).status == 200
    (tmp_path / "gate").touch()
    for connection in connections:
        assert read_answer(connection).status == 200
        connection.close()


def test_what_one_client_has_under_way_is_bounded(small: Served) -> None:
    with dripping(slow_bodies(small, REQUESTS_PER_CLIENT)):
        wait_until(lambda: small.get("/").status == 429)
        answer = small.get("/")
        assert (answer.json["code"], answer.header("retry-after")) == ("throttled", "1")
        assert answer.header("content-type") == "application/problem+json"
        assert small.get("/", OTHER).status == 200
    wait_until(lambda: small.get("/").status == 200)


def test_behind_a_proxy_the_forwarded_address_is_the_client(proxied: Served) -> None:
    """What a client writes into the header itself stands to the left of the proxy's word, and counts for nothing."""
    claims = [f"{number}.9.9.9, 203.0.113.5" for number in range(REQUESTS_PER_CLIENT)]
    connections = [connection for claim in claims for connection in slow_bodies(proxied, 1, x_forwarded_for=claim)]
    with dripping(connections):
        wait_until(lambda: proxied.get("/", x_forwarded_for="1.2.3.4, 203.0.113.5").status == 429)
        assert proxied.get("/", x_forwarded_for="203.0.113.5, 203.0.113.6").status == 200
        assert proxied.get("/healthz").status == 200


def open_ones(connections: list[socket.socket]) -> int:
    """How many of these idle connections the server has not closed."""
    number = 0
    for connection in connections:
        connection.setblocking(False)
        try:
            number += bool(connection.recv(1))
        except BlockingIOError:
            number += 1
        except OSError:
            pass
    return number


def test_a_client_holds_a_bounded_number_of_connections(small: Served) -> None:
    with small.connect() as older:
        older.sendall(head("GET", "/"))
        assert read_answer(older).status == 200
        time.sleep(0.6)
        idle = slow_heads(small, 3 * PER_CLIENT)
        with dripping(idle, every=1):
            wait_until(lambda: open_ones(idle) <= PER_CLIENT)
            assert open_ones(idle) > PER_CLIENT - 10, "no more are closed than must be"
            assert small.get("/", OTHER).status == 200


def test_the_connections_of_a_proxy_are_not_counted(proxied: Served) -> None:
    idle = slow_heads(proxied, 2 * PER_CLIENT)
    with dripping(idle, every=1):
        time.sleep(1)
        assert open_ones(idle) == 2 * PER_CLIENT


def test_thousands_of_connections_of_one_client_keep_nobody_out(small: Served) -> None:
    done = threading.Event()

    def flood() -> None:
        held: list[socket.socket] = []
        while not done.is_set():
            with suppress(OSError):
                held.append(small.connect())
            if len(held) > 700:
                held.pop(0).close()
        for connection in held:
            connection.close()

    thread = threading.Thread(target=flood)
    thread.start()
    try:
        time.sleep(1)
        assert typical_seconds(small, OTHER) < 1
    finally:
        done.set()
        thread.join()


def test_requests_under_way_are_answered_when_it_is_told_to_stop(tmp_path: Path) -> None:
    with serving(SMALL, tmp_path / "log") as served:
        connections = working(served, tmp_path / "gate", 4)
        wait_until(lambda: len(list(tmp_path.glob("gate.*"))) == 4)
        served.process.terminate()
        time.sleep(0.5)
        (tmp_path / "gate").touch()
        assert [read_answer(connection).status for connection in connections] == [200] * 4
        served.process.wait(60)
        for connection in connections:
            connection.close()
