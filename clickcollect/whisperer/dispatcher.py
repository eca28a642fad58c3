"""The dispatcher: claim, add codes, POST, record, many deliveries at once, until it is stopped.

Nothing is lost when a worker dies: its leases run out and the deliveries go out again, with the same uuid. An outcome
is recorded after the post, so a delivery is delivered at least once.
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

from clickcollect.whisperer import claims, outcomes
from clickcollect.whisperer.claims import Claimed
from clickcollect.whisperer.delivery import AddedCode, CodeNotAdded, add_codes, make_attempt, new_session, released
from clickcollect.whisperer.models import DeliveryState, Reason
from clickcollect.whisperer.outcomes import Outcome
from clickcollect.whisperer.wakeup import Wakeup, wait_at_most

MAX_IN_FLIGHT: Final = 512
CODES_PER_BATCH: Final = 32  # one statement for all of them
POLL_SECONDS: Final = 1.0
BATCH_WINDOW_SECONDS: Final = 0.010  # lets claims and records come in batches
RECORD_BATCH: Final = 32  # half the limit per endpoint: recorded while the other half is in flight
CLAIM_WHEN_FREE: Final = 16  # answers since the last claim after which the next one does not wait
PLANS_LAST_SECONDS: Final = 1.0  # tables grow
PAUSE_AFTER_ERROR_SECONDS: Final = 1.0
GRACE_SECONDS: Final = 5.0
GIL_SWITCH_INTERVAL: Final = 0.0005  # seconds; Python's default is 5 ms
GC_THRESHOLD: Final = 20_000  # gc threshold 0; Python's default is 700

T = TypeVar("T")
logger = logging.getLogger(__name__)


async def run(stop: asyncio.Event) -> None:
    """Deliver deliveries until ``stop`` is set; then wait for what is in flight, five seconds at most."""
    gc.set_threshold(GC_THRESHOLD)
    sys.setswitchinterval(GIL_SWITCH_INTERVAL)
    wakeup = Wakeup()
    listening = asyncio.create_task(wakeup.listen())
    try:
        async with new_session() as session:
            await Dispatcher(session=session, wakeup=wakeup).work(stop)
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)


class DatabaseThread:
    """One thread with its own database connection, which is closed with it."""

    def __init__(self, name: str) -> None:
        self.executor = ThreadPoolExecutor(1, thread_name_prefix=f"whisperer-{name}")
        self.planned_at = monotonic()

    async def call(self, function: Callable[..., T], *args: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self.executor, partial(self.guarded, function, *args))

    def guarded(self, function: Callable[..., T], *args: Any) -> T:
        """After an error the next call begins with a fresh connection; after a second, with fresh plans."""
        try:
            if monotonic() - self.planned_at > PLANS_LAST_SECONDS:
                self.planned_at = monotonic()
                with connection.cursor() as cursor:
                    cursor.execute("DISCARD PLANS")
            return function(*args)
        except Exception:
            connections.close_all()
            raise

    async def close(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self.executor, connections.close_all)
        self.executor.shutdown(wait=False)


class Dispatcher:
    """One worker's deliveries in flight, and its threads with database connections."""

    def __init__(self, *, session: aiohttp.ClientSession, wakeup: Wakeup) -> None:
        self.session = session
        self.wakeup = wakeup
        self.claiming, self.adding_codes, self.recording = (
            DatabaseThread(name) for name in ("claim", "code", "record")
        )
        self.posts: set[asyncio.Task[None]] = set()
        self.outcomes: list[Outcome] = []
        self.something_to_record, self.batch_is_full, self.slots_free = (asyncio.Event() for _ in range(3))
        self.answered = 0  # since the last claim
        self.last_look_at_leases = 0.0
        self.hooks: claims.KnownHooks = {}

    async def work(self, stop: asyncio.Event) -> None:
        recorder = asyncio.create_task(self.record_continuously())
        stopping = asyncio.create_task(self.wake_when_stopped(stop))
        try:
            while not stop.is_set() and not recorder.done():
                await self.claim_and_start()
            if recorder.done():
                await recorder  # raises what ended it: nothing may be sent that cannot be recorded
        finally:
            stopping.cancel()
            await self.finish()
            recorder.cancel()
            await asyncio.gather(recorder, stopping, return_exceptions=True)
            with contextlib.suppress(DatabaseError, InterfaceError):
                await self.record()
            for thread in (self.claiming, self.adding_codes, self.recording):
                await thread.close()

    async def wake_when_stopped(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self.wakeup.notify()

    async def claim_and_start(self) -> None:
        """Claim what there are slots for and start it; when that was all that may go now, wait for the wake-up."""
        self.wakeup.clear()
        self.slots_free.clear()
        self.answered = 0
        free = MAX_IN_FLIGHT - len(self.posts) - len(self.outcomes)
        try:
            deliveries = await self.claim(free) if free > 0 else []
        except (DatabaseError, InterfaceError) as error:
            logger.warning("the database did not answer (%s); trying again", type(error).__name__)
            await asyncio.sleep(PAUSE_AFTER_ERROR_SECONDS)
            return
        self.start(deliveries)
        if deliveries:
            await wait_at_most(BATCH_WINDOW_SECONDS, self.slots_free)
        if len(deliveries) < free or not deliveries:
            await self.wakeup.wait(POLL_SECONDS)  # new events, free slots and free ordering keys ring it

    async def claim(self, most: int) -> list[Claimed]:
        if monotonic() - self.last_look_at_leases > POLL_SECONDS:
            self.last_look_at_leases = monotonic()
            lost = await self.claiming.call(claims.requeue_expired_leases)
            if lost:
                logger.warning("%s deliveries of a lost worker are queued again", lost)
        acknowledged = [outcome.delivery for outcome in self.outcomes if outcome.answered]
        return await self.claiming.call(claims.claim, most, self.hooks, acknowledged)

    def start(self, deliveries: Sequence[Claimed]) -> None:
        codes = [delivery for delivery in deliveries if delivery.code_bearing]
        for first in range(0, len(codes), CODES_PER_BATCH):
            self.spawn(self.add_codes_and_deliver(codes[first : first + CODES_PER_BATCH]))
        for delivery in deliveries:
            if not delivery.code_bearing:
                self.spawn(self.deliver(delivery))

    def spawn(self, work: Any) -> None:
        task: asyncio.Task[None] = asyncio.create_task(work)
        self.posts.add(task)
        task.add_done_callback(self.posts.discard)

    async def add_codes_and_deliver(self, deliveries: Sequence[Claimed]) -> None:
        """Add the codes of a few deliveries together, and send them at once."""
        try:
            added: Sequence[AddedCode] = await self.adding_codes.call(add_codes, deliveries)
        except (DatabaseError, InterfaceError):
            added = [CodeNotAdded() for _delivery in deliveries]
        except asyncio.CancelledError:
            for delivery in deliveries:
                self.add_outcome(released(delivery))
            raise
        for delivery, extra in zip(deliveries, added, strict=True):
            self.spawn(self.deliver(delivery, extra))

    async def deliver(self, delivery: Claimed, added: AddedCode | None = None) -> None:
        try:
            self.add_outcome(await make_attempt(delivery, session=self.session, added=added))
        except asyncio.CancelledError:
            self.add_outcome(interrupted(delivery))
            raise

    def add_outcome(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)
        self.something_to_record.set()
        if len(self.outcomes) >= RECORD_BATCH:
            self.batch_is_full.set()
        self.answered += 1
        if self.answered >= CLAIM_WHEN_FREE:
            self.slots_free.set()
            self.wakeup.notify()

    async def record_continuously(self) -> None:
        while True:
            await self.something_to_record.wait()
            await wait_at_most(BATCH_WINDOW_SECONDS, self.batch_is_full)
            try:
                await self.record()
            except (DatabaseError, InterfaceError) as error:
                logger.warning("outcomes could not be recorded (%s); trying again", type(error).__name__)
                await asyncio.sleep(PAUSE_AFTER_ERROR_SECONDS)

    async def record(self) -> None:
        """Write down all outcomes there are; they are forgotten only after that."""
        self.something_to_record.clear()
        self.batch_is_full.clear()
        batch = list(self.outcomes)
        if not batch:
            return
        try:
            await self.recording.call(outcomes.record_outcomes, batch)
        except BaseException:
            self.something_to_record.set()
            raise
        del self.outcomes[: len(batch)]
        self.wakeup.notify()  # their ordering keys and endpoint slots are free again

    async def finish(self) -> None:
        """Wait for deliveries in flight; what takes too long is cancelled and sent again later."""
        deadline = monotonic() + GRACE_SECONDS
        while self.posts and monotonic() < deadline:
            await asyncio.wait(set(self.posts), timeout=deadline - monotonic())
        for task in set(self.posts):
            task.cancel()
        await asyncio.gather(*self.posts, return_exceptions=True)


def interrupted(delivery: Claimed) -> Outcome:
    """Cut off: perhaps it arrived, perhaps not, so it goes out again."""
    return Outcome(
        delivery=delivery, state=DeliveryState.RETRYING, reason=Reason.INTERRUPTED, wait=0.0, started_at=delivery.clock
    )
