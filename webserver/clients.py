"""Who asks, and how much of the server one client may hold at once."""

import asyncio
import ipaddress
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def client_address(*, peer: str, forwarded: str | None, proxies: int) -> Address | None:
    """Who really asks; None where it is not known: behind a proxy that nobody announced, or over a Unix socket.

    ``peer`` is the other end of the connection, ``forwarded`` the header X-Forwarded-For, ``proxies`` how many proxies
    of yours stand in front (TRUSTED_PROXIES). Each of them adds the address that it was asked from; what a client
    writes into the header itself stands further left and never counts.
    """
    if forwarded is None:
        return read_address(peer)
    hops = forwarded.split(",")
    return read_address(hops[-proxies]) if 0 < proxies <= len(hops) else None


@lru_cache(maxsize=1024)
def read_address(text: str) -> Address | None:
    """An address as servers and proxies write it, also with brackets and a port; an IPv4 one in disguise is itself."""
    host = text.strip()
    if host.startswith("["):
        host = host[1:].partition("]")[0]
    elif host.count(":") == 1:
        host = host.partition(":")[0]
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def as_one_client(address: Address | None) -> str:
    """What counts as one client: an IPv4 address, or an IPv6 /64, from which a single customer may choose freely."""
    if isinstance(address, ipaddress.IPv6Address):
        return f"{int(address) >> 64:x}/64"
    return str(address)


class TooMany(Exception):
    """This client already has as many requests under way as it may."""


@dataclass
class Share:
    """What one client holds now."""

    turns: asyncio.Semaphore  # working threads it may have
    requests: int = 0


@dataclass
class Clients:
    """How many requests each client has under way, and how many working threads it may take."""

    most_requests: int
    most_threads: int
    shares: dict[str, Share] = field(default_factory=dict)

    @contextmanager
    def share(self, client: str) -> Iterator[asyncio.Semaphore]:
        """Count one request for as long as the block lasts. Raises TooMany."""
        share = self.shares.get(client)
        if share is None:
            share = self.shares[client] = Share(asyncio.Semaphore(self.most_threads))
        elif share.requests >= self.most_requests:
            raise TooMany
        share.requests += 1
        try:
            yield share.turns
        finally:
            share.requests -= 1
            if not share.requests:
                del self.shares[client]
