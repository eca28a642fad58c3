"""One client holds a bounded number of connections. Granian accepts whatever comes; too much is ended here."""

import os
import socket
import threading
import time
from collections import Counter
from contextlib import ExitStack, suppress
from pathlib import Path

from webserver.clients import as_one_client, read_address

PER_CLIENT = 128  # a store behind one address has some dozen devices
PER_PROCESS = 900  # below the 1,024 files that a process may commonly open
EVERY_SECONDS = 0.25
OPEN_FILES = next((folder for folder in (Path("/proc/self/fd"), Path("/dev/fd")) if folder.exists()), None)

Peer = tuple[str, int]


class Connections:
    """The connections of this process that came to one port."""

    def __init__(self, port: int, *, most: int = PER_CLIENT) -> None:
        """``most`` connections are left to each client, the oldest ones."""
        self.port = port
        self.most = most
        self.known: set[Peer] = set()

    def watch(self) -> None:
        """End what is too much, four times a second, for as long as the process lives."""

        def watch() -> None:
            while True:
                time.sleep(EVERY_SECONDS)
                self.end_surplus()

        threading.Thread(target=watch, name="connections", daemon=True).start()

    def end_surplus(self) -> int:
        """End the newest connections of every client that has more than ``most``; how many were ended."""
        files = [file.name for file in OPEN_FILES.iterdir()] if OPEN_FILES else []
        if len(files) <= self.most:
            self.known.clear()
            return 0
        with ExitStack() as stack:
            found: dict[Peer, socket.socket] = {}
            for file in files:
                if connection := _socket_of(int(file)):
                    stack.enter_context(connection)
                    if peer := self._peer(connection):
                        found[peer] = connection
            kept, surplus = self._judge(found)
            for peer in surplus:
                with suppress(OSError):  # it has ended by itself
                    found[peer].shutdown(socket.SHUT_RDWR)
            self.known = kept
            return len(surplus)

    def _judge(self, found: dict[Peer, socket.socket]) -> tuple[set[Peer], set[Peer]]:
        counts: Counter[str] = Counter()
        kept: set[Peer] = set()
        for peer in sorted(found, key=lambda peer: peer not in self.known):
            client = as_one_client(read_address(peer[0].partition("%")[0]))
            counts[client] += 1
            if counts[client] <= self.most:
                kept.add(peer)
        return kept, set(found) - kept

    def _peer(self, connection: socket.socket) -> Peer | None:
        """Who is at the other end; nobody where it is not a connection that came to our port."""
        if connection.family not in (socket.AF_INET, socket.AF_INET6):
            return None
        try:
            ours, theirs = connection.getsockname(), connection.getpeername()
        except OSError:
            return None
        return (theirs[0], theirs[1]) if ours[1] == self.port else None


def _socket_of(file: int) -> socket.socket | None:
    """Another handle on an open file, if it is a socket: closing it closes nothing of the server's."""
    try:
        copy = os.dup(file)
    except OSError:  # closed meanwhile
        return None
    try:
        return socket.socket(fileno=copy)
    except OSError:
        os.close(copy)
        return None
