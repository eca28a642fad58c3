"""Where the pages are served: the ports, and whether they are free."""

import errno
import os
import socket
import time
from dataclasses import dataclass

from clickcollect.processes.problem import Problem

ADDRESS = "127.0.0.1"  # others reach it through a proxy of yours


@dataclass(frozen=True)
class Ports:
    """The two ports of contract section 7."""

    web: int
    extension: int

    @classmethod
    def from_environment(cls) -> "Ports":
        """`PORT`, or 8000; `EXTENSION_PORT`, or the one after it. Raises Problem."""
        web = _port("PORT", 8000)
        ports = cls(web=web, extension=_port("EXTENSION_PORT", web + 1))
        if ports.web == ports.extension:
            raise Problem(f"PORT and EXTENSION_PORT must differ; both are {web}.")
        return ports

    @property
    def web_address(self) -> str:
        return f"http://{ADDRESS}:{self.web}"

    @property
    def extension_address(self) -> str:
        return f"http://{ADDRESS}:{self.extension}"

    def check_free(self, *, seconds: float) -> None:
        """Both must be free; a run that was killed is given a moment to let go of them. Raises Problem."""
        deadline = time.monotonic() + seconds
        for name, port in (("PORT", self.web), ("EXTENSION_PORT", self.extension)):
            while refusal := _refusal(port):
                if time.monotonic() > deadline:
                    raise Problem(f"Port {port} cannot be used: {refusal}. Choose another: set {name}.")
                time.sleep(0.1)


def _port(name: str, default: int) -> int:
    text = os.environ.get(name) or str(default)
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < 65536:
        raise Problem(f"{name} must be a number from 1 to 65535, not {text!r}.")
    return int(text)


def _refusal(port: int) -> str:
    """Why a server cannot listen here. Granian itself would start beside another server without a word."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections that just ended do not count
        try:
            probe.bind((ADDRESS, port))
        except OSError as error:
            return "another program uses it" if error.errno == errno.EADDRINUSE else str(error.strerror)
    return ""
