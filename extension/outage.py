"""While the database is away every page says so: 503 with `Retry-After`, within seconds, and never a 500.

A paused server says nothing at all: a statement without an answer asks by a connection of its own whether anybody is
there, and gives up when nobody is. One that is only slow goes on waiting.
"""

import sys
import threading
from collections.abc import Callable
from time import monotonic
from typing import Any, Final, Self, TypeVar

import psycopg
from django.db import Error, connections
from django.db.backends.postgresql.base import DatabaseWrapper
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.views import defaults
from psycopg.abc import PQGen
from psycopg.rows import TupleRow

from extension.problem import problem

PROBE_AFTER_SECONDS: Final = 2.0
PROBE_SECONDS: Final = 2  # the least that libpq knows
RETRY_AFTER_SECONDS: Final = 1
WAIT_SECONDS: Final = 0.2  # for what somebody else is finding out; a server that was stopped says so at once
NEED_IT: Final = ("/events/", "/templates/")
PROGRAMS: Final = ("/events/", "/templates/preview/")
NOT_LIBPQ: Final = frozenset({"cursor_factory", "context", "prepare_threshold"})

RV = TypeVar("RV")


def accepts_connections() -> bool:
    """Whether the database takes a new connection in time. One that is full does: it is there."""
    parameters = connections["default"].get_connection_params()
    own = {name: value for name, value in parameters.items() if name not in NOT_LIBPQ}
    try:
        psycopg.connect(**own | {"connect_timeout": PROBE_SECONDS}).close()
    except psycopg.OperationalError as error:
        return "too many" in str(error)
    return True


class ProbingConnection(psycopg.Connection[TupleRow]):
    """Its statements do not wait for a server that is not there. Raises OperationalError, and is closed then."""

    @classmethod
    def connect(cls, conninfo: str = "", **options: Any) -> Self:
        """The same, for a pool: when the server takes no connection, whoever waits for one is told at once."""
        pool = DatabaseWrapper._connection_pools.get("default")  # type: ignore[attr-defined]  # noqa: SLF001
        try:
            return super().connect(conninfo, **options)
        except psycopg.OperationalError as error:
            if pool is not None and "too many" not in str(error):
                # A pool cannot be closed by its own thread.
                threading.Thread(target=availability.pool_failed, args=[pool]).start()
            raise

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        return super().wait(self._with_probes(gen), interval, timeout)

    def _with_probes(self, gen: PQGen[RV]) -> PQGen[RV]:
        """The same steps; psycopg comes by every ``interval``, also when nothing has arrived."""
        deadline = monotonic() + PROBE_AFTER_SECONDS
        try:
            wish = next(gen)
            while True:
                ready = yield wish
                if not ready and monotonic() > deadline and not accepts_connections():
                    self.close()
                    raise psycopg.OperationalError("The database server does not answer.")
                if ready or monotonic() > deadline:
                    deadline = monotonic() + PROBE_AFTER_SECONDS
                wish = gen.send(ready)
        except StopIteration as end:
            found: RV = end.value
            return found


def reset_pool(broken: object = None) -> bool:
    """Let go of the pool, or of this one only: its pauses between two tries grow. Whether it was there."""
    pools = DatabaseWrapper._connection_pools  # type: ignore[attr-defined]  # noqa: SLF001
    pool = pools.get("default")
    if pool is None or broken not in (None, pool):
        return False
    pools.pop("default", None)
    pool.close(timeout=0)  # its threads end by themselves
    return True


class Availability:
    """While the database is away one request at a time asks for it; the others are told at once."""

    def __init__(self) -> None:
        self.is_away = False
        self._probing = threading.Lock()

    def pool_failed(self, pool: object) -> None:
        """A pool in use could not connect. An older one proves nothing."""
        if reset_pool(pool):
            self.is_away = True

    def still_away(self) -> bool:
        """Whether there is no use in trying."""
        if self.is_away and self._probing.acquire(timeout=WAIT_SECONDS):
            try:
                if self.is_away and accepts_connections():
                    reset_pool()
                    self.is_away = False
            finally:
                self._probing.release()
        return self.is_away


availability: Final = Availability()


def refuse_while_away(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: once a request has found the database away, others do not stand in line to find the same."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.path_info.startswith(NEED_IT) and availability.still_away():
            return unavailable_response(request)
        return get_response(request)

    return middleware


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's handler of whatever nobody caught."""
    return unavailable_response(request) if is_away(sys.exc_info()[1]) else defaults.server_error(request)


def is_away(error: BaseException | None) -> bool:
    """Whether an error, or one that it came from, is the database's."""
    while error is not None and not isinstance(error, Error | psycopg.Error):
        error = error.__cause__ or error.__context__
    return error is not None


def unavailable_response(request: HttpRequest) -> HttpResponse:
    """503: a sentence for programs, a page for people."""
    availability.is_away = True
    response: HttpResponse
    if request.path_info.startswith(PROGRAMS):
        response = problem(status=503, code="not_now", detail="The database is not responding. Try again later.")
    else:
        can_reload = request.method in {"GET", "HEAD"}
        context = {"can_reload": can_reload, "seconds": RETRY_AFTER_SECONDS}
        response = HttpResponse(render_to_string("extension/away.html", context), status=503)
    response["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response
