"""LISTEN/NOTIFY wakes the dispatcher when deliveries were queued; polling every second is the fallback."""

import asyncio
import contextlib
import logging
from typing import Final

import psycopg

from clickcollect.database import libpq_parameters
from clickcollect.whisperer.outbox import CHANNEL

RECONNECT_SECONDS: Final = 1.0
logger = logging.getLogger(__name__)


class Wakeup:
    """Set by a commit anywhere that queued deliveries, or by this process itself."""

    def __init__(self) -> None:
        self.notified = asyncio.Event()

    def notify(self) -> None:
        self.notified.set()

    def clear(self) -> None:
        self.notified.clear()

    async def wait(self, seconds: float) -> None:
        """Until it is notified, or so many seconds at most."""
        await wait_at_most(seconds, self.notified)

    async def listen(self) -> None:
        """Listen for ever. A lost connection is made anew, and notifies once for what was missed."""
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(**libpq_parameters(), autocommit=True) as connection:
                    await connection.execute(f"LISTEN {CHANNEL}")
                    self.notify()
                    async for _notification in connection.notifies():
                        self.notify()
            except (psycopg.Error, OSError) as error:
                logger.warning("LISTEN was interrupted (%s); listening again", type(error).__name__)
            await asyncio.sleep(RECONNECT_SECONDS)


async def wait_at_most(seconds: float, event: asyncio.Event) -> None:
    """Wait until it happens, or so many seconds at most. Never loses a cancellation, as `wait_for` may before 3.12."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
