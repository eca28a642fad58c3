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
