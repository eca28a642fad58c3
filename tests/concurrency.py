"""Many at once: threads that start together, each with its own connection, and what became of each."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

from django.db import connection, transaction

from clickcollect.errors import DomainError

T = TypeVar("T")
THREADS = 16


def at_once(deeds: Sequence[Callable[[], T]], *, threads: int = THREADS) -> list[T | DomainError]:
    """Run every deed, at most ``threads`` at a time, the first ones at the very same moment. In the order given.

    A DomainError is an answer; any other exception is raised: it would be a server error.
    """
    together = min(threads, len(deeds))
    start = Barrier(together)
    places = iter(range(len(deeds)))
    answers: dict[int, T | DomainError] = {}

    def work() -> None:
        try:
            start.wait(timeout=30)
            for place in places:
                answers[place] = answer_of(deeds[place])
        finally:
            connection.close()

    with ThreadPoolExecutor(together) as pool:
        for worker in [pool.submit(work) for _ in range(together)]:
            worker.result()
    return [answers[place] for place in range(len(deeds))]


def side_by_side(pairs: Iterable[Sequence[Callable[[], T]]]) -> Iterator[list[T | DomainError]]:
    """Run the deeds of each pair at the very same moment, one pair after the other, and answer what became of them.

    Both threads keep their connection, so that nothing but the deeds takes time.
    """
    start = Barrier(2)

    def work(deed: Callable[[], T]) -> T | DomainError:
        start.wait(timeout=30)
        return answer_of(deed)

    def leave() -> None:
        start.wait(timeout=30)  # so that each thread does it once
        connection.close()

    with ThreadPoolExecutor(2) as pool:
        try:
            for pair in pairs:
                yield [future.result() for future in [pool.submit(work, deed) for deed in pair]]
        finally:
            for left in [pool.submit(leave), pool.submit(leave)]:
                left.result()


def answer_of(deed: Callable[[], T]) -> T | DomainError:
    try:
        return deed()
    except DomainError as refusal:
        return refusal


def codes(answers: Sequence[object]) -> dict[str, int]:
    """How often each answer came: an error's code, or `ok`."""
    counted: dict[str, int] = {}
    for answer in answers:
        key = answer.code if isinstance(answer, DomainError) else "ok"
        counted[key] = counted.get(key, 0) + 1
    return counted


def stopped_at(
    lock: Callable[[], object], *deeds: Callable[[], T], meanwhile: Callable[[], object] = lambda: None
) -> list[T | DomainError]:
    """Force an order of events: each deed comes as far as it can while the lock is held, one after the other.

    Then ``meanwhile`` happens beside them, the lock is let go, and what became of each deed is answered.
    """

    def work(deed: Callable[[], T]) -> T | DomainError:
        try:
            return answer_of(deed)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(deeds)) as pool:
        with transaction.atomic():
            lock()
            futures = []
            for number, deed in enumerate(deeds, start=1):
                futures.append(pool.submit(work, deed))
                wait_until_blocked(number)
            meanwhile()
        return [future.result() for future in futures]


def wait_until_blocked(number: int, *, seconds: float = 60) -> None:
    """Until so many connections wait for a lock; fail when that does not come true in time."""
    deadline = time.monotonic() + seconds
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    with connection.cursor() as cursor:
        while cursor.execute(waiting).fetchone()[0] < number:
            assert time.monotonic() < deadline, "nobody waits for the lock"
            time.sleep(0.01)
            cursor.execute("SELECT pg_stat_clear_snapshot()")
