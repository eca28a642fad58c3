"""The web server as it really runs, and clients that speak to it byte by byte."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 180


@dataclass
class Served:
    """A server that runs, on a port of its own."""

    port: int
    process: "subprocess.Popen[bytes]"
    log: Path
    host: str = "127.0.0.1"

    def connect(self, source: str = "127.0.0.1", *, host: str = "") -> socket.socket:
        """A connection from an address of this machine."""
        return socket.create_connection((host or self.host, self.port), timeout=100, source_address=(source, 0))

    def ask(self, request: bytes, source: str = "127.0.0.1") -> "Answer":
        """One request, and the answer."""
        with self.connect(source) as connection:
            connection.sendall(request)
            return read_answer(connection)

    def get(self, path: str = "/", source: str = "127.0.0.1", **headers: str) -> "Answer":
        return self.ask(head("GET", path, **headers), source)

    def seconds_to_answer(self, path: str, source: str) -> float:
        began = time.monotonic()
        answer = self.get(path, source)
        assert answer.status == 200, answer
        return time.monotonic() - began


@dataclass
class Answer:
    """What came back: the head as it was written, and the body."""

    head: str
    body: bytes

    @property
    def status(self) -> int:
        return int(self.head.split()[1])

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    def header(self, name: str) -> str:
        lines = [line.partition(":") for line in self.head.splitlines()[1:]]
        return next((value.strip() for key, _colon, value in lines if key.lower() == name), "")


def head(method: str, path: str, version: str = "1.1", **headers: str) -> bytes:
    """A request's head; the names of headers with underscores for dashes."""
    lines = [f"{method} {path} HTTP/{version}", "Host: localhost"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return ("\r\n".join([*lines, "", ""])).encode("latin-1")


def read_answer(connection: socket.socket, *, without_body: bool = False) -> Answer:
    """One answer, with its body as long as it says."""
    got = b""
    while b"\r\n\r\n" not in got:
        piece = connection.recv(65536)
        if not piece:
            raise ConnectionError(f"closed after {got!r}")
        got += piece
    written, _blank, body = got.partition(b"\r\n\r\n")
    answer = Answer(written.decode("latin-1"), body)
    length = 0 if without_body else int(answer.header("content-length") or 0)
    chunked = answer.header("transfer-encoding") == "chunked"
    while len(answer.body) < length or (chunked and not answer.body.endswith(b"0\r\n\r\n")):
        piece = connection.recv(65536)
        if not piece:
            raise ConnectionError("closed within the body")
        answer.body += piece
    return answer


@contextmanager
def serving(
    target: str, log: Path, *, threads: int = 8, processes: int = 1, address: str = "127.0.0.1", **environment: str
) -> Iterator[Served]:
    """`python -m webserver.serve`, until the block ends."""
    port = free_port()
    command = ["webserver.serve", target, address, str(port), str(threads), str(processes)]
    with started(command, log, port=port, path="/healthz", **environment) as served:
        yield served


@contextmanager
def started(
    command: Sequence[str], log: Path, *, port: int, path: str, host: str = "127.0.0.1", **environment: str
) -> Iterator[Served]:
    """A Python program that serves on a port, in one process; it is ended with everything that it started."""
    home = Path(os.environ["CLICKCOLLECT_HOME"]).with_name("served")  # the first one collects the pages' files for all
    own = {"PYTHONPATH": str(ROOT), "CLICKCOLLECT_HOME": str(home), "WEB_PROCESSES": "1"}
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", *command],
            env=os.environ | own | environment,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    served = Served(port, process, log, host)
    try:
        wait_until_it_answers(served, path)
        yield served
    finally:
        process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(15)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def wait_until_it_answers(served: Served, path: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        assert served.process.poll() is None, served.log.read_text(errors="replace")
        try:
            served.get(path)
        except OSError:
            assert time.monotonic() < deadline, served.log.read_text(errors="replace")
            time.sleep(0.05)
        else:
            return


@contextmanager
def dripping(connections: Sequence[socket.socket], *, every: float = 0.3) -> Iterator[None]:
    """Each of these sends one byte after the other, for as long as the block lasts."""
    done = threading.Event()

    def drip() -> None:
        while not done.wait(every):
            for connection in connections:
                with suppress(OSError):
                    connection.sendall(b"x")

    thread = threading.Thread(target=drip)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
        for connection in connections:
            connection.close()


def slow_bodies(served: Served, number: int, path: str = "/", **headers: str) -> list[socket.socket]:
    """Connections that announce a body and have sent one byte of it."""
    begun = head("POST", path, content_type="application/json", content_length="1000", **headers) + b"{"
    return [_begun(served, begun) for _ in range(number)]


def slow_heads(served: Served, number: int) -> list[socket.socket]:
    """Connections that have sent half a head."""
    return [_begun(served, b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ") for _ in range(number)]


def _begun(served: Served, begun: bytes) -> socket.socket:
    connection = served.connect()
    connection.sendall(begun)
    return connection
