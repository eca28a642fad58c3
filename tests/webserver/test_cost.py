"""What it costs to wait for whole requests: processor time beside granian's own WSGI interface."""

import statistics
import threading
from pathlib import Path

import psutil
import pytest

from tests.ports import free_port
from tests.webserver.serving import Served, head, read_answer, serving, started

SMALL = "tests.webserver.application:application"
MOST_MILLISECONDS = 0.2
REQUESTS = 4000
GET = head("GET", "/a/b?c=d", accept="*/*", authorization="Token abc")
POST = head("POST", "/a/b", accept="*/*", content_type="application/json", content_length="100") + b"x" * 100


def cost(served: Served, request: bytes, connections: int) -> float:
    """Milliseconds of processor time of the server's processes for one request."""

    def ask(number: int) -> None:
        with served.connect() as connection:
            for _ in range(number):
                connection.sendall(request)
                assert read_answer(connection).status == 200

    ask(200)
    processes = psutil.Process(served.process.pid).children(recursive=True)
    before = sum(sum(process.cpu_times()[:2]) for process in processes)
    threads = [threading.Thread(target=ask, args=(REQUESTS // connections,)) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return (sum(sum(process.cpu_times()[:2]) for process in processes) - before) / REQUESTS * 1000


@pytest.mark.soak
@pytest.mark.parametrize(("name", "request_sent"), [("GET", GET), ("POST", POST)])
@pytest.mark.parametrize("connections", [1, 8])
def test_waiting_for_whole_requests_costs_little(
    name: str, request_sent: bytes, connections: int, tmp_path: Path
) -> None:
    port = free_port()
    command = ["granian", "--interface", "wsgi", "--http", "1", "--blocking-threads", "8", "--port", str(port), SMALL]
    with (
        started(command, tmp_path / "plain", port=port, path="/") as plain,
        serving(SMALL, tmp_path / "front") as front,
    ):
        added = [cost(front, request_sent, connections) - cost(plain, request_sent, connections) for _ in range(5)]
    print(f"{name}, {connections} connections: {statistics.median(added):.3f} ms of {[f'{one:.3f}' for one in added]}")  # noqa: T201
    assert statistics.median(added) <= MOST_MILLISECONDS
