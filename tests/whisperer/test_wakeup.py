"""Waiting for something, but not for ever: nothing that was said meanwhile is lost."""

import asyncio

import pytest

from clickcollect.whisperer.wakeup import wait_at_most


async def cancelled_in_the_moment_it_happens(turns: int) -> None:
    """Let the loop turn so many times between what was waited for and the cancellation."""
    event = asyncio.Event()
    waiting = asyncio.create_task(for_ever(event))
    await asyncio.sleep(0.01)
    event.set()
    for _turn in range(turns):
        await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait([waiting], timeout=60)
    ended = waiting.cancelled()
    waiting.cancel()
    assert ended


async def for_ever(event: asyncio.Event) -> None:
    while True:
        await wait_at_most(5, event)
        event.clear()


@pytest.mark.parametrize("turns", range(5))
def test_a_worker_that_is_told_to_stop_while_it_waits_stops(turns: int) -> None:
    asyncio.run(cancelled_in_the_moment_it_happens(turns))


def test_a_wait_that_nothing_ends_ends_by_itself() -> None:
    async def wait() -> float:
        start = asyncio.get_running_loop().time()
        await wait_at_most(0.05, asyncio.Event())
        return asyncio.get_running_loop().time() - start

    assert asyncio.run(wait()) > 0.04
