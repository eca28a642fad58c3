"""Clients that ask over kept-alive connections, and cost little themselves: they share the machine with the shop."""

import heapq
import re
import selectors
import socket
import time
from collections.abc import Sequence
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


class Client:
    """One kept-alive connection that sends its share, one request after the other."""

    def __init__(self, port: int, share: Sequence[Request], *, start: float, every: float) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        self.share, self.start, self.every = share, start, every
        self.got, self.began = b"", 0.0
        self.took: list[float] = []
        self.answers: list[bytes] = []

    @property
    def is_done(self) -> bool:
        return len(self.answers) == len(self.share)

    @property
    def due(self) -> float:
        """When its next request is to be sent."""
        return self.start + len(self.answers) * self.every

    def ask(self) -> None:
        """Send the next request; it fits into the connection's buffer."""
        self.began = time.perf_counter()
        self.socket.sendall(self.share[len(self.answers)].raw)

    def listen(self) -> bool:
        """Take what has arrived; whether an answer is complete. Raises SystemExit when it is another one."""
        part = self.socket.recv(65536)
        if not part:
            raise SystemExit("The web server closed the connection.")
        self.got += part
        end = self.got.find(b"\r\n\r\n")
        found = LENGTH.search(self.got, 0, end) if end >= 0 else None
        if end < 0 or len(self.got) < end + 4 + (int(found[1]) if found else 0):
            return False
        if int(self.got[9:12]) != self.share[len(self.answers)].status:
            raise SystemExit(f"Not the answer that is measured: {self.got[:2000].decode(errors='replace')}")
        self.took.append(time.perf_counter() - self.began)
        self.answers.append(self.got[end + 4 :])
        self.got = b""
        return True


def drive(port: int, shares: Sequence[Sequence[Request]], *, every: float = 0.0) -> tuple[Timing, list[list[bytes]]]:
    """Send each share over a connection of its own, all at once, one request of a share after the other.

    ``every`` so many seconds each client sends its next one, the clients evenly one after the other; 0 is as fast as
    they are answered. Gives the times, and the answers share by share. One thread serves them all: threads of their own
    would cost as much as the shop.
    """
    start = time.perf_counter() + 0.02
    clients = [
        Client(port, share, start=start + every * place / len(shares), every=every)
        for place, share in enumerate(shares)
    ]
    waiting = [(client.due, place) for place, client in enumerate(clients) if not client.is_done]
    heapq.heapify(waiting)
    with selectors.DefaultSelector() as selector:
        for place, client in enumerate(clients):
            selector.register(client.socket, selectors.EVENT_READ, place)
        while not all(client.is_done for client in clients):
            while waiting and waiting[0][0] <= time.perf_counter():
                clients[heapq.heappop(waiting)[1]].ask()
            pause = max(0.0, waiting[0][0] - time.perf_counter()) if waiting else PATIENCE_SECONDS
            for key, _events in selector.select(pause):
                client = clients[key.data]
                if client.listen() and not client.is_done:
                    heapq.heappush(waiting, (client.due, key.data))
    seconds = time.perf_counter() - start
    for client in clients:
        client.socket.close()
    latencies = sorted(latency for client in clients for latency in client.took)
    return Timing(len(latencies), seconds, latencies), [client.answers for client in clients]
