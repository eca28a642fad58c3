"""A small WSGI application that says what it was given, served by the web server that the tests look at.

Limits that take long to reach are lowered here, where the worker process loads the application.
"""

import json
import os
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from webserver import bodies

bodies.SECONDS = float(os.environ.get("SMALL_BODY_SECONDS", "10"))
bodies.UPLOAD_SECONDS = bodies.SECONDS
Environ = dict[str, Any]


def application(environ: Environ, start_response: Callable[..., None]) -> Iterable[bytes]:
    """`/gate/PATH` works until that file is there, `/large/MIB` answers so much, `/pieces` streams, the rest tells."""
    _slash, name, *rest = environ["PATH_INFO"].split("/")
    body = environ["wsgi.input"].read()
    if name == "gate":
        wait_for(Path("/", *rest))
    if name == "raise":
        raise ValueError("482913")
    if name == "pieces":
        start_response("200 OK", [("Content-Type", "text/plain")])
        return pieces()
    if name == "large":
        answer = b"x" * (int(rest[0]) * 1024 * 1024)
    else:
        told: Environ = {key: value for key, value in environ.items() if isinstance(value, (str, bool))}
        answer = json.dumps(
            told | {"pid": os.getpid(), "read": len(body), "body": body[:100].decode("latin-1")}
        ).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(answer)))])
    return [answer]


def wait_for(gate: Path) -> None:
    """Leaves a mark beside the gate: somebody works here."""
    gate.with_name(f"{gate.name}.{time.monotonic_ns()}").touch()
    deadline = time.monotonic() + 60
    while not gate.exists() and time.monotonic() < deadline:
        time.sleep(0.02)


def pieces() -> Iterator[bytes]:
    for number in range(3):
        yield f"piece {number}\n".encode()


def largest_body(environ: Environ) -> int:
    """Who says so may send more."""
    return 20 * 1024 * 1024 if environ.get("HTTP_X_SIGNED_IN") else bodies.LARGEST
