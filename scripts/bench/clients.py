"""Clients that ask over kept-alive connections, and cost little themselves: they share the machine with the shop."""

import re
import socket
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from json import dumps
from typing import Any

LENGTH = re.compile(rb"\r\ncontent-length: (\d+)", re.IGNORECASE)
PATIENCE_SECONDS = 120


@dataclass(frozen=True)
class Request:
    """One request, ready to be sent, and the status that its answer must have."""

    raw: bytes
    status: int


@dataclass(frozen=True)
class Timing:
    """What the clients saw of one batch."""

    requests: int
    seconds: float  # of the whole batch
    latencies: list[float]  # seconds, one for each request, sorted

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.requests / self.seconds

    def percentile(self, percent: int) -> float:
        """In milliseconds."""
        return 1000 * self.latencies[min(len(self.latencies) - 1, len(self.latencies) * percent // 100)]


def request(method: str, path: str, *, status: int, headers: dict[str, str], body: Any = None) -> Request:
    """Put a request into bytes once, so that sending it costs no more than that."""
    content = b"" if body is None else dumps(body).encode()
    lines = {"Host": "127.0.0.1", "Content-Length": str(len(content)), **headers}
    if body is not None:
        lines["Content-Type"] = "application/json"
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return Request(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + content, status)


class Connection:
    """One kept-alive connection."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, wanted: Request) -> bytes:
        """The body of the answer. Raises SystemExit when it is another answer than the one that is measured."""
        self.socket.sendall(wanted.raw)
        got = b""
        while (end := got.find(b"\r\n\r\n")) < 0:
            got += self._more()
        found = LENGTH.search(got, 0, end)
        size = end + 4 + (int(found[1]) if found else 0)
        while len(got) < size:
            got += self._more()
        if int(got[9:12]) != wanted.status:
            raise SystemExit(f"Not the answer that is measured: {got[:2000].decode(errors='replace')}")
        return got[end + 4 :]

    def _more(self) -> bytes:
        if part := self.socket.recv(65536):
            return part
        raise SystemExit("The web server closed the connection.")

    def close(self) -> None:
        self.socket.close()


def drive(port: int, shares: Sequence[Sequence[Request]], *, every: float = 0.0) -> tuple[Timing, list[list[bytes]]]:
    """Send each share over a connection of its own, all at once, one request of a share after the other.

    ``every`` so many seconds each client sends its next one, the clients evenly one after the other; 0 is as fast as
    they are answered. Gives the times, and the answers share by share.
    """
    with ThreadPoolExecutor(len(shares)) as pool:
        connections = [Connection(port) for _share in shares]
        start = time.perf_counter() + 0.02
        try:
            begun = [
                pool.submit(_send, connection, share, start=start + every * place / len(shares), every=every)
                for place, (connection, share) in enumerate(zip(connections, shares, strict=True))
            ]
            done = [one.result() for one in begun]
        finally:
            for connection in connections:
                connection.close()
    seconds = time.perf_counter() - start
    latencies = sorted(latency for took, _answers in done for latency in took)
    return Timing(len(latencies), seconds, latencies), [answers for _took, answers in done]


def _send(
    connection: Connection, share: Sequence[Request], *, start: float, every: float
) -> tuple[list[float], list[bytes]]:
    took, answers = [], []
    for place, one in enumerate(share):
        due = start + place * every
        time.sleep(max(0.0, due - time.perf_counter()))
        began = time.perf_counter()
        answers.append(connection.ask(one))
        took.append(time.perf_counter() - began)
    return took, answers
