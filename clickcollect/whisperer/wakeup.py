"""The bell: PostgreSQL says that letters were dropped in. It only saves waiting; we look every second all the same."""

import asyncio
import contextlib
import logging
from typing import Final

import psycopg

from clickcollect.database import libpq_parameters
from clickcollect.whisperer.outbox import CHANNEL

AGAIN_AFTER_SECONDS: Final = 1.0
logger = logging.getLogger(__name__)


class Bell:
    """Rung by a commit anywhere, or by hand."""

    def __init__(self) -> None:
        self.rung = asyncio.Event()

    def ring(self) -> None:
        self.rung.set()

    async def wait(self, seconds: float) -> None:
        """Until it rings, or so many seconds at most."""
        await within(seconds, self.rung)

    async def listen(self) -> None:
        """Listen for ever; a lost connection is made anew, and rings once for what was missed."""
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(**libpq_parameters(), autocommit=True) as connection:
                    await connection.execute(f"LISTEN {CHANNEL}")
                    self.ring()
                    async for _notice in connection.notifies():
                        self.ring()
            except (psycopg.Error, OSError) as error:
                logger.warning("the bell is silent (%s); listening again", type(error).__name__)
            await asyncio.sleep(AGAIN_AFTER_SECONDS)


async def within(seconds: float, event: asyncio.Event) -> None:
    """Wait until it happens, or so many seconds at most. Never loses a cancellation, as `wait_for` may before 3.12."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
