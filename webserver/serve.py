"""Serve a WSGI application: granian in worker processes, in each of them a Front.

    python -m webserver.serve clickcollect.wsgi:application 127.0.0.1 8000 8 2

After the application come the address to listen on, the port, the working threads of each process and the number of
processes. The kernel deals new connections out among them; they share nothing, so limits hold in each of them. The
process that starts them loads nothing of the application.
"""

import ctypes
import os
import signal
import sys
from functools import partial
from importlib import import_module
from typing import Any

from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings

from webserver.connections import PER_PROCESS, Connections
from webserver.front import Front

HEAD_SECONDS = 10  # for a request's head, and for a connection that asks nothing
HEAD_BYTES = 64 * 1024
PR_SET_PDEATHSIG = 1


def load_in_worker(target: str, *, port: int, threads: int, proxies: int) -> Any:
    """What a worker process serves."""
    if sys.platform.startswith("linux"):  # a worker whose master was killed would keep the port for ever
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    module_name, _colon, name = target.partition(":")
    module = import_module(module_name)
    if not proxies:  # otherwise connections are the proxies' own, and each holds those of many clients
        Connections(port).watch()
    return Front(
        getattr(module, name),
        threads=threads,
        proxies=proxies,
        largest_body=getattr(module, "largest_body", None),
    )


def serve(*, target: str, address: str, port: int, threads: int, processes: int) -> None:
    """Serve until SIGTERM; a worker that dies is replaced. Ends with a sentence where TRUSTED_PROXIES is no number."""
    proxies = os.environ.get("TRUSTED_PROXIES") or "0"
    if not proxies.isascii() or not proxies.isdigit():
        sys.exit(f"TRUSTED_PROXIES must be a whole number: how many proxies of yours stand in front, not {proxies!r}.")
    server = Granian(
        target,
        address=address,
        port=port,
        interface=Interfaces.RSGI,
        http=HTTPModes.http1,
        workers=processes,
        backpressure=PER_PROCESS,
        http1_settings=HTTP1Settings(header_read_timeout=HEAD_SECONDS * 1000, max_buffer_size=HEAD_BYTES),
        respawn_failed_workers=True,
        workers_kill_timeout=2,
        websockets=False,
    )
    server.serve(target_loader=partial(load_in_worker, port=port, threads=threads, proxies=int(proxies)))


if __name__ == "__main__":
    port, threads, processes = map(int, sys.argv[3:])
    serve(target=sys.argv[1], address=sys.argv[2], port=port, threads=threads, processes=processes)
