"""Free ports for the servers that tests start."""

import random
import socket
from pathlib import Path
from typing import Final

RANGE: Final = Path("/proc/sys/net/ipv4/ip_local_port_range")  # from here the system takes ports for connections
LOWEST: Final = 10_240
_kept: list[socket.socket] = []


def free_port() -> int:
    """A port of this machine that nobody uses, and that no other test process is given while this one lives.

    Not one of those that the system gives to outgoing connections: one of them might have it before the server does.
    The mark is a UDP socket of the same number, which is in no server's way.
    """
    first_of_system = int(RANGE.read_text().split()[0]) if RANGE.exists() else 32_768
    for port in random.sample(range(LOWEST, max(first_of_system, LOWEST + 10_000)), 500):
        mark = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with socket.socket() as probe:
            try:
                mark.bind(("127.0.0.1", port))
                probe.bind(("127.0.0.1", port))
            except OSError:
                mark.close()
                continue
        _kept.append(mark)
        return port
    raise AssertionError("no free port was found")
