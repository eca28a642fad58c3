"""Many at once: threads that start together, each with its own connection, and what became of each."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

from django.db import connection

from clickcollect.errors import DomainError

T = TypeVar("T")
THREADS = 16


def at_once(deeds: Sequence[Callable[[], T]], *, threads: int = THREADS) -> list[T | DomainError]:
    """Run every deed, at most ``threads`` at a time, the first ones at the very same moment. In the order given.

    A DomainError is an answer; any other exception is raised: it would be a server error.
    """
    together = min(threads, len(deeds))
    start = Barrier(together)

    def one(index: int, deed: Callable[[], T]) -> T | DomainError:
        if index < together:
            start.wait(timeout=30)
        try:
            return deed()
        except DomainError as refusal:
            return refusal
        finally:
            connection.close()

    with ThreadPoolExecutor(together) as pool:
        return list(pool.map(one, range(len(deeds)), deeds))


def codes(answers: Sequence[object]) -> dict[str, int]:
    """How often each answer came: an error's code, or `ok`."""
    counted: dict[str, int] = {}
    for answer in answers:
        key = answer.code if isinstance(answer, DomainError) else "ok"
        counted[key] = counted.get(key, 0) + 1
    return counted
