"""What it means that the database is away, and how long a page waits to find out.

A server that was stopped refuses or cuts connections, which is an error at once. One that is paused, or whose machine
hangs, says nothing at all: then a statement would wait for ever. So a statement that has had no answer for
``PROBE_AFTER_SECONDS`` tries to open a connection of its own, and gives up when the server takes none. One that is
only slow, or waits for a lock, goes on waiting.
"""

import select
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from time import monotonic
from typing import Any, Final, Self, TypeVar

import psycopg
from django.db import DEFAULT_DB_ALIAS, InterfaceError, OperationalError, connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.postgresql.base import DatabaseWrapper
from django.db.backends.utils import CursorWrapper
from psycopg.abc import Params, PQGen
from psycopg.rows import TupleRow
from psycopg.waiting import Wait

PROBE_AFTER_SECONDS: Final = 2.0
PROBE_SECONDS: Final = 2  # the least that libpq knows
RETRY_AFTER_SECONDS: Final = 5
WAIT_SECONDS: Final = 0.2  # for what somebody else is finding out; a server that was stopped says so at once
AWAY: Final = (OperationalError, InterfaceError, psycopg.OperationalError, psycopg.InterfaceError)
NOT_LIBPQ: Final = frozenset({"cursor_factory", "context", "prepare_threshold"})

PLAN_ONCE: Final = "SELECT set_config('plan_cache_mode', 'force_generic_plan', true)"

RV = TypeVar("RV")
Values = Mapping[str, Any] | Sequence[Any] | None
Statement = tuple[str, Values]


def libpq_parameters() -> dict[str, Any]:
    """Django's own connection parameters, as libpq knows them."""
    parameters = connections["default"].get_connection_params()
    return {name: value for name, value in parameters.items() if name not in NOT_LIBPQ}


def is_away(error: BaseException | None) -> bool:
    """Whether an error, or one that it came from, says that the database cannot be worked with at the moment."""
    seen = 0
    while error is not None and seen < 50:
        if isinstance(error, AWAY):
            return True
        error, seen = error.__cause__ or error.__context__, seen + 1
    return False


def accepts_connections() -> bool:
    """Whether the database takes a new connection within ``PROBE_SECONDS``. One that is full does: it is there."""
    try:
        psycopg.connect(**libpq_parameters() | {"connect_timeout": PROBE_SECONDS}).close()
    except psycopg.OperationalError as error:
        return "too many" in str(error)
    return True


class ProbingConnection(psycopg.Connection[TupleRow]):
    """A connection whose statements do not wait for a server that is not there any more.

    Raises OperationalError, and is closed: what it was asked may or may not have happened.
    """

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

    def execute(self, query: Any, params: Params | None = None, **options: Any) -> psycopg.Cursor[TupleRow]:
        """The same. The pool asks by an empty statement whether the connection is good before it gives it out.

        That the server has closed it stands in its socket, and is seen without asking; nothing else is to be read there
        between two requests.
        """
        if query == "" and not self.closed and not is_readable(self.fileno()):
            return self.cursor()
        return super().execute(query, params, **options)

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        """The same. What waits for nothing, such as a statement that joins a pipeline, is done at once."""
        try:
            wish = next(gen)
        except StopIteration as end:
            found: RV = end.value
            return found
        return super().wait(self._with_probes(gen, wish), interval, timeout)

    def _with_probes(self, gen: PQGen[RV], wish: Wait) -> PQGen[RV]:
        """The same steps from its first wish on; psycopg comes by every ``interval``, also when nothing has arrived."""
        deadline = monotonic() + PROBE_AFTER_SECONDS
        try:
            while True:
                ready = yield wish
                if ready:
                    deadline = monotonic() + PROBE_AFTER_SECONDS
                elif monotonic() > deadline:
                    self._give_up_if_server_is_gone()
                    deadline = monotonic() + PROBE_AFTER_SECONDS
                wish = gen.send(ready)
        except StopIteration as end:
            found: RV = end.value
            return found

    def _give_up_if_server_is_gone(self) -> None:
        if not accepts_connections():
            self.close()
            raise psycopg.OperationalError("The database server does not answer.")


def is_readable(socket: int) -> bool:
    """Whether something has arrived, or the other side has closed."""
    poll = select.poll()
    poll.register(socket, select.POLLIN)
    return bool(poll.poll(0))


class SentAsOne(psycopg.Pipeline):
    """psycopg's pipeline, whose statements leave together: one by one each would wake the server for itself."""

    is_complete = False

    def _enqueue_sync(self) -> None:
        self.is_complete = True
        super()._enqueue_sync()

    def _communicate_gen(self) -> PQGen[None]:
        if self.is_complete:
            while len(self.command_queue) > 1:
                self.command_queue.popleft()()  # puts it into libpq's buffer
            yield from super()._communicate_gen()


@contextmanager
def sent_as_one(connection: psycopg.Connection[Any]) -> Iterator[None]:
    """Send the statements of this block in one piece when it ends; the first that fails ends all that follow."""
    connection._pipeline = SentAsOne(connection)  # noqa: SLF001  psycopg takes the one that is there
    with connection.pipeline():
        yield


class Execute:
    """Queue a statement of a pipeline. One cursor serves all whose rows nobody reads: making one costs, too.

    Django's cursors stand around psycopg's only where somebody watches what they do.
    """

    def __init__(self, here: BaseDatabaseWrapper) -> None:
        is_watched = here.execute_wrappers or here.queries_logged
        self.new_cursor: Callable[[], CursorWrapper] = (here if is_watched else here.connection).cursor
        self.cursor = self.new_cursor()
        self.cursors = [self.cursor]  # each must live until the pipeline is through

    def __call__(self, statement: str, values: Values = None) -> None:
        self.cursor.execute(statement, values)

    def reading(self, statement: str, values: Values = None) -> CursorWrapper:
        """The same for one whose rows are fetched, once the pipeline is through."""
        cursor = self.new_cursor()
        self.cursors.append(cursor)
        cursor.execute(statement, values)
        return cursor

    def reading_last(self, statement: str, values: Values = None) -> CursorWrapper:
        """The same for the pipeline's last: the cursor that serves the others keeps its rows."""
        self.cursor.execute(statement, values)
        return self.cursor


@contextmanager
def pipeline() -> Iterator[Execute]:
    """Statements that travel together, in one round trip; the first that fails ends all that follow."""
    here = connections[DEFAULT_DB_ALIAS]  # looked up once: Django's proxy does it for each of its members
    with here.wrap_database_errors, sent_as_one(here.connection):
        yield Execute(here)


def read_by_key(statement: str, values: Values) -> tuple[Any, ...] | None:
    """The one row of a statement that finds it by a key, whatever its values: each session plans it once.

    Sessions plan others for their values (docs/decisions/0004), which costs this kind more than running it. Both
    statements are a transaction of their own, so that the next one is planned as ever; an open one goes on as it is.
    """
    rows = read_together((statement, values), plan_once=True)[0]
    return rows[0] if rows else None


def read_together(*statements: Statement, plan_once: bool = False) -> list[list[tuple[Any, ...]]]:
    """All rows of each of these statements, in one round trip; with ``plan_once`` each session plans them once."""
    connection.ensure_connection()
    with pipeline() as execute:
        if plan_once and not connection.in_atomic_block:
            execute(PLAN_ONCE)
        cursors = [execute.reading(*statement) for statement in statements[:-1]]
        cursors.append(execute.reading_last(*statements[-1]))
    return [cursor.fetchall() for cursor in cursors]


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
    """What this process knows: while the database is away one request at a time asks for it, the others need not."""

    def __init__(self) -> None:
        self.is_away = False
        self._probing = threading.Lock()

    def mark_away(self) -> None:
        """A request found the database away."""
        self.is_away = True

    def pool_failed(self, pool: object) -> None:
        """A pool in use could not connect. An older one proves nothing."""
        if reset_pool(pool):
            self.mark_away()

    def still_away(self) -> bool:
        """Whether there is no use in trying. Asks the database, unless somebody else is asking it now."""
        if not self.is_away:
            return False
        if self._probing.acquire(timeout=WAIT_SECONDS):
            try:
                if self.is_away and accepts_connections():
                    reset_pool()
                    self.is_away = False
            finally:
                self._probing.release()
        return self.is_away


availability: Final = Availability()
