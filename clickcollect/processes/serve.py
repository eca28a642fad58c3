"""One HTTP server on the loopback address: granian in front of a WSGI application.

Its master imports no Django; `python -m clickcollect.processes.serve clickcollect.wsgi:application 8000 8`.
"""

import ctypes
import signal
import sys
from importlib import import_module
from typing import Any

from granian import Granian
from granian.constants import Interfaces

from clickcollect.processes.children import PR_SET_PDEATHSIG
from clickcollect.processes.ports import ADDRESS


def load_in_worker(target: str) -> Any:
    """A worker whose master was killed would keep the port for ever: it goes with its master."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    module, _colon, name = target.partition(":")
    return getattr(import_module(module), name)


def serve(*, target: str, port: int, threads: int) -> None:
    """Serve until SIGTERM; a worker that dies is replaced."""
    server = Granian(
        target,
        address=ADDRESS,
        port=port,
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=threads,
        respawn_failed_workers=True,
        workers_kill_timeout=2,
        websockets=False,
    )
    server.serve(target_loader=load_in_worker)


if __name__ == "__main__":
    serve(target=sys.argv[1], port=int(sys.argv[2]), threads=int(sys.argv[3]))
