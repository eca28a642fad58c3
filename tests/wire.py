"""What a connection really sends to PostgreSQL, by libpq's own trace: round trips and statements."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import connection
from psycopg.pq import Trace

WAITS = ("Sync", "Query")  # messages after which a client waits for the server
RUNS = ("Execute", "Query")


@dataclass
class Sent:
    """Counted when the block has ended."""

    round_trips: int = 0
    statements: int = 0
    log: str = ""


@contextmanager
def watched() -> Iterator[Sent]:
    """Count what is sent on this thread's connection within the block."""
    connection.ensure_connection()
    sent = Sent()
    with tempfile.TemporaryFile("w+") as log:
        wire = connection.connection.pgconn
        wire.trace(log.fileno())
        wire.set_trace_flags(Trace.SUPPRESS_TIMESTAMPS)
        try:
            yield sent
        finally:
            wire.untrace()
        log.seek(0)
        sent.log = log.read()
    kinds = [line.split("\t")[2].strip() for line in sent.log.splitlines() if line.startswith("F\t")]
    sent.round_trips = sum(kind in WAITS for kind in kinds)
    sent.statements = sum(kind in RUNS for kind in kinds)
