"""Where the pages are served: addresses and ports, and whether they are free."""

import errno
import ipaddress
import os
import socket
import time
from dataclasses import dataclass

from clickcollect.runtime.errors import Problem

LOOPBACK = "127.0.0.1"  # others reach it through a proxy of yours
WEB, EXTENSION = "PORT", "EXTENSION_PORT"


@dataclass(frozen=True)
class Ports:
    """The two ports of contract section 7, and the addresses they are on."""

    web: int
    extension: int
    web_bind: str = LOOPBACK
    extension_bind: str = LOOPBACK

    @classmethod
    def from_environment(cls) -> "Ports":
        """`PORT`, or 8000, on `BIND`; `EXTENSION_PORT`, or the one after it, on `EXTENSION_HOST`. Raises Problem."""
        web = _port(WEB, 8000)
        ports = cls(
            web=web,
            extension=_port(EXTENSION, web + 1),
            web_bind=_address("BIND"),
            extension_bind=_address("EXTENSION_HOST"),
        )
        if ports.web == ports.extension:
            raise Problem(f"PORT and EXTENSION_PORT must differ; both are {web}.")
        return ports

    @property
    def web_host(self) -> str:
        """Where processes of this machine reach the web server."""
        return _reachable(self.web_bind)

    @property
    def web_address(self) -> str:
        return f"http://{_in_url(self.web_host)}:{self.web}"

    @property
    def extension_address(self) -> str:
        return f"http://{_in_url(_reachable(self.extension_bind))}:{self.extension}"

    def check_free(self, *names: str, seconds: float) -> None:
        """These ports must be free; a run that was killed is given a moment to let go of them. Raises Problem."""
        found = {
            WEB: ("BIND", self.web_bind, self.web),
            EXTENSION: ("EXTENSION_HOST", self.extension_bind, self.extension),
        }
        deadline = time.monotonic() + seconds
        for name in names:
            bind, address, port = found[name]
            while refusal := _refusal(address, port):
                if time.monotonic() > deadline:
                    raise Problem(_sentence(refusal, name=name, port=port, bind=bind, address=address))
                time.sleep(0.1)


def _port(name: str, default: int) -> int:
    text = os.environ.get(name) or str(default)
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < 65536:
        raise Problem(f"{name} must be a number from 1 to 65535, not {text!r}.")
    return int(text)


def _address(name: str) -> str:
    text = (os.environ.get(name) or LOOPBACK).strip("[]")
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise Problem(
            f"{name} must be an address of this machine, such as 127.0.0.1, or 0.0.0.0 for all of them, not {text!r}."
        ) from None


def _reachable(address: str) -> str:
    """An address of this very machine for one that may stand for all of them."""
    found = ipaddress.ip_address(address)
    if not found.is_unspecified:
        return address
    return LOOPBACK if found.version == 4 else "::1"


def _in_url(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def _refusal(address: str, port: int) -> OSError | None:
    """Why a server cannot listen here. Granian itself would start beside another server without a word."""
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections that just ended do not count
        try:
            probe.bind((address, port))
        except OSError as error:
            return error
    return None


def _sentence(refusal: OSError, *, name: str, port: int, bind: str, address: str) -> str:
    if refusal.errno == errno.EADDRNOTAVAIL:
        return f"This machine has no address {address}. Set {bind} to one that it has, or to 0.0.0.0 for all of them."
    why = "another program uses it" if refusal.errno == errno.EADDRINUSE else str(refusal.strerror)
    return f"Port {port} cannot be used: {why}. Choose another: set {name}."
