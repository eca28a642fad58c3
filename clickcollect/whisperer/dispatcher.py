"""The post round: claim, fill, post, record, many letters at once, until it is told to stop.

Nothing is lost when a worker dies: its leases run out and the letters go out again, with the same uuid. An outcome
is recorded after the post, so a letter is delivered at least once.
"""

import asyncio
import contextlib
import gc
import logging
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from time import monotonic
from typing import Any, Final, TypeVar

import aiohttp
from django.db import DatabaseError, connection, connections
from django.db.utils import InterfaceError

from clickcollect.whisperer import claims, filling, outcomes
from clickcollect.whisperer.claims import Claimed
from clickcollect.whisperer.delivery import Filled, FillFailed, deliver, new_session, released
from clickcollect.whisperer.models import DeliveryState, Reason
from clickcollect.whisperer.outcomes import Outcome
from clickcollect.whisperer.wakeup import Bell, within

AT_ONCE: Final = 512
FILLED_TOGETHER: Final = 8
POLL_SECONDS: Final = 1.0
GATHER_SECONDS: Final = 0.010  # lets claims and records come in batches
MANY: Final = 32  # half of what may be on the wire to one endpoint: it is written down while the other half travels
ROOM: Final = 16  # so many are back: time to claim more, before the wire is empty
PLANS_LAST_SECONDS: Final = 1.0  # tables grow
PAUSE_AFTER_ERROR_SECONDS: Final = 1.0
GRACE_SECONDS: Final = 5.0
TURN_SECONDS: Final = 0.0005  # a thread that has its answer wants Python for microseconds; by default it waits 5 ms
LITTER: Final = 20_000  # new objects until Python looks for circles; at its own 700 it looks too often

T = TypeVar("T")
logger = logging.getLogger(__name__)


async def run(stop: asyncio.Event) -> None:
    """Deliver letters until ``stop`` is set; then let what is on the wire finish, for five seconds at most."""
    gc.set_threshold(LITTER)
    sys.setswitchinterval(TURN_SECONDS)
    bell = Bell()
    ringing = asyncio.create_task(bell.listen())
    try:
        async with new_session() as session:
            await Dispatcher(session=session, bell=bell).work(stop)
    finally:
        ringing.cancel()
        await asyncio.gather(ringing, return_exceptions=True)


class OwnThread:
    """One thread with its own database connection, which is closed with it."""

    def __init__(self, name: str) -> None:
        self.executor = ThreadPoolExecutor(1, thread_name_prefix=f"whisperer-{name}")
        self.planned_at = monotonic()

    async def call(self, deed: Callable[..., T], *args: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self.executor, partial(self.guarded, deed, *args))

    def guarded(self, deed: Callable[..., T], *args: Any) -> T:
        """After an error the next call begins with a fresh connection; after a second, with fresh plans."""
        try:
            if monotonic() - self.planned_at > PLANS_LAST_SECONDS:
                self.planned_at = monotonic()
                with connection.cursor() as cursor:
                    cursor.execute("DISCARD PLANS")
            return deed(*args)
        except Exception:
            connections.close_all()
            raise

    async def close(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self.executor, connections.close_all)
        self.executor.shutdown(wait=False)


class Dispatcher:
    """One worker's letters in flight, and the threads that speak to the database."""

    def __init__(self, *, session: aiohttp.ClientSession, bell: Bell) -> None:
        self.session = session
        self.bell = bell
        self.claiming, self.filling, self.recording = (OwnThread(name) for name in ("claim", "fill", "record"))
        self.posts: set[asyncio.Task[None]] = set()
        self.outcomes: list[Outcome] = []
        self.something_to_record, self.much_to_record, self.room = (asyncio.Event() for _ in range(3))
        self.back = 0  # letters that came back since the last claim
        self.last_look_at_leases = 0.0
        self.hooks: claims.KnownHooks = {}

    async def work(self, stop: asyncio.Event) -> None:
        recorder = asyncio.create_task(self.record_for_ever())
        stopping = asyncio.create_task(self.ring_when_stopped(stop))
        try:
            while not stop.is_set() and not recorder.done():
                await self.round()
            if recorder.done():
                await recorder  # raises what ended it: without records nothing may be sent
        finally:
            stopping.cancel()
            await self.finish()
            recorder.cancel()
            await asyncio.gather(recorder, stopping, return_exceptions=True)
            with contextlib.suppress(DatabaseError, InterfaceError):
                await self.record()
            for thread in (self.claiming, self.filling, self.recording):
                await thread.close()

    async def ring_when_stopped(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self.bell.ring()

    async def round(self) -> None:
        """Claim what there is room for and start it; with nothing to do, wait for the bell."""
        self.bell.rung.clear()
        self.room.clear()
        self.back = 0
        free = AT_ONCE - len(self.posts) - len(self.outcomes)
        try:
            letters = await self.claim(free) if free > 0 else []
        except (DatabaseError, InterfaceError) as error:
            logger.warning("the database did not answer (%s); trying again", type(error).__name__)
            await asyncio.sleep(PAUSE_AFTER_ERROR_SECONDS)
            return
        self.start(letters)
        if letters:
            await within(GATHER_SECONDS, self.room)
        else:
            await self.bell.wait(POLL_SECONDS)

    async def claim(self, most: int) -> list[Claimed]:
        if monotonic() - self.last_look_at_leases > POLL_SECONDS:
            self.last_look_at_leases = monotonic()
            lost = await self.claiming.call(claims.take_back)
            if lost:
                logger.warning("%s letters of a lost worker are taken up again", lost)
        taken = [outcome.letter for outcome in self.outcomes if outcome.answered]
        return await self.claiming.call(claims.claim, most, self.hooks, taken)

    def start(self, letters: Sequence[Claimed]) -> None:
        codes = [letter for letter in letters if letter.code_bearing]
        for first in range(0, len(codes), FILLED_TOGETHER):
            self.spawn(self.fill_and_deliver(codes[first : first + FILLED_TOGETHER]))
        for letter in letters:
            if not letter.code_bearing:
                self.spawn(self.deliver(letter))

    def spawn(self, deed: Any) -> None:
        task: asyncio.Task[None] = asyncio.create_task(deed)
        self.posts.add(task)
        task.add_done_callback(self.posts.discard)

    async def fill_and_deliver(self, letters: Sequence[Claimed]) -> None:
        """Fill a few letters together and send them off at once."""
        try:
            filled: Sequence[Filled] = await self.filling.call(filling.fill_all, letters)
        except (DatabaseError, InterfaceError):
            filled = [FillFailed() for _letter in letters]
        except asyncio.CancelledError:
            for letter in letters:
                self.note(released(letter))
            raise
        for letter, extra in zip(letters, filled, strict=True):
            self.spawn(self.deliver(letter, extra))

    async def deliver(self, letter: Claimed, filled: Filled | None = None) -> None:
        try:
            self.note(await deliver(letter, session=self.session, filled=filled))
        except asyncio.CancelledError:
            self.note(interrupted(letter))
            raise

    def note(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)
        self.something_to_record.set()
        if len(self.outcomes) >= MANY:
            self.much_to_record.set()
        self.back += 1
        if self.back >= ROOM:
            self.room.set()
            self.bell.ring()

    async def record_for_ever(self) -> None:
        while True:
            await self.something_to_record.wait()
            await within(GATHER_SECONDS, self.much_to_record)
            try:
                await self.record()
            except (DatabaseError, InterfaceError) as error:
                logger.warning("outcomes could not be recorded (%s); trying again", type(error).__name__)
                await asyncio.sleep(PAUSE_AFTER_ERROR_SECONDS)

    async def record(self) -> None:
        """Write down all outcomes there are; they are forgotten only after that."""
        self.something_to_record.clear()
        self.much_to_record.clear()
        batch = list(self.outcomes)
        if not batch:
            return
        try:
            await self.recording.call(outcomes.record, batch)
        except BaseException:
            self.something_to_record.set()
            raise
        del self.outcomes[: len(batch)]
        self.bell.ring()  # their subjects have room again, and what failed is off the wire

    async def finish(self) -> None:
        """Let letters on the wire arrive; what takes too long is cut off and goes out again later."""
        deadline = monotonic() + GRACE_SECONDS
        while self.posts and monotonic() < deadline:
            await asyncio.wait(set(self.posts), timeout=deadline - monotonic())
        for task in set(self.posts):
            task.cancel()
        await asyncio.gather(*self.posts, return_exceptions=True)


def interrupted(letter: Claimed) -> Outcome:
    """Cut off: perhaps it arrived, perhaps not, so it goes out again."""
    return Outcome(
        letter=letter, state=DeliveryState.RETRYING, reason=Reason.INTERRUPTED, wait=0.0, started_at=letter.clock
    )
