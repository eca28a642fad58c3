"""The worker: posts the events and does the background jobs, in one loop, until it is told to stop.

It never ends by itself. A part that ends, because the database went away or for any other reason, is begun again in
the same process, once a second until it lasts.
"""

import asyncio
import logging
import os
import signal
from collections.abc import Awaitable, Callable
from typing import Any, Final, LiteralString

import procrastinate
import uvloop
from asgiref.sync import sync_to_async
from django.db import connections
from procrastinate.contrib.django import app, connector_params
from procrastinate.psycopg_connector import PsycopgConnector
from psycopg_pool import AsyncNullConnectionPool

from clickcollect.whisperer import dispatcher
from clickcollect.whisperer.wakeup import wait_at_most

Part = Callable[[asyncio.Event], Awaitable[None]]

STOP_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)
GRACE_SECONDS: Final = 5
STOP_SECONDS: Final = 15  # for all that is still running when it is told to stop; a database may never answer
AGAIN_AFTER_SECONDS: Final = 1.0
STEADY_SECONDS: Final = 3.0  # a worker that dies sooner has given no sign of life, and does not pass for one that works
CONNECT_SECONDS: Final = 5.0
HEARTBEAT_SECONDS: Final = 5.0
STALLED_SECONDS: Final = 30  # a worker that gave no sign of life for so long is dead; `/readyz` looks at the same row
STALLED_EVERY_SECONDS: Final = 20

logger = logging.getLogger(__name__)


async def run_parts(*, stop: asyncio.Event) -> None:
    """Run dispatcher and jobs side by side, each begun again as often as it ends, until ``stop`` is set."""
    await asyncio.gather(
        keep_going("The dispatcher", dispatcher.run, stop=stop),
        _give_signs_of_life(stop),
    )


async def _give_signs_of_life(stop: asyncio.Event) -> None:
    """Do the jobs, whose heartbeat `/readyz` and the alarms look at, once this process has shown that it lasts."""
    await wait_at_most(STEADY_SECONDS, stop)
    await keep_going("The background jobs", run_jobs, stop=stop)


async def keep_going(name: str, part: Part, *, stop: asyncio.Event) -> None:
    """Run a part until ``stop`` is set. Whatever else ends it is logged, and a second later it begins again."""
    while not stop.is_set():
        reason = ""
        try:
            await part(stop)
        except Exception as error:  # noqa: BLE001  nothing but a stop may end the worker
            reason = f" ({type(error).__name__})"
        if not stop.is_set():
            logger.warning("%s ended%s and will begin again", name, reason)
            await wait_at_most(AGAIN_AFTER_SECONDS, stop)


class Connector(PsycopgConnector):
    """procrastinate's connector, which also tells when a statement has failed.

    procrastinate goes on after some of these failures with a job that it believes to be done and that is `doing` for
    ever: its worker lives. So the first failure ends that worker, and a new one takes the job up again.
    """

    def __init__(self) -> None:
        super().__init__()
        self.failed = asyncio.Event()

    async def execute_query_async(self, query: LiteralString, **arguments: Any) -> None:
        await self._watched(super().execute_query_async(query, **arguments))

    async def execute_query_one_async(self, query: LiteralString, **arguments: Any) -> dict[str, Any]:
        found: dict[str, Any] = await self._watched(super().execute_query_one_async(query, **arguments))
        return found

    async def execute_query_all_async(self, query: LiteralString, **arguments: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = await self._watched(super().execute_query_all_async(query, **arguments))
        return found

    async def _watched(self, statement: Awaitable[Any]) -> Any:
        try:
            return await statement
        except procrastinate.exceptions.ConnectorException as error:
            if not isinstance(error, procrastinate.exceptions.UniqueViolation | procrastinate.exceptions.NoResult):
                self.failed.set()
            raise


async def run_jobs(stop: asyncio.Event) -> None:
    """Run the jobs until ``stop`` is set or the database fails. Raises what ended them."""
    await sync_to_async(connections.close_all)()  # periodic jobs are queued over Django's connection of that thread
    # Without a pool a statement fails at once while the database is away, and works at once when it is back.
    async with AsyncNullConnectionPool(kwargs=connector_params(), timeout=CONNECT_SECONDS, open=False) as pool:
        connector = Connector()
        await connector.open_async(pool)
        worker_app = app.with_connector(connector)
        jobs = asyncio.create_task(
            worker_app.run_worker_async(
                install_signal_handlers=False,
                shutdown_graceful_timeout=GRACE_SECONDS,
                update_heartbeat_interval=HEARTBEAT_SECONDS,
                stalled_worker_timeout=STALLED_SECONDS,
                delete_jobs="successful",
            ),
        )
        tasks = [jobs, *map(asyncio.create_task, (_rescue_jobs(worker_app), stop.wait(), connector.failed.wait()))]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()  # running jobs are let finish
        ends = await asyncio.gather(*tasks, return_exceptions=True)
    for end in ends:
        if isinstance(end, Exception):
            raise end


async def _rescue_jobs(worker_app: procrastinate.App) -> None:
    """A job whose worker was killed stays `doing` for ever: it goes back into the queue."""
    while True:
        for job in await worker_app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_SECONDS):
            await worker_app.job_manager.retry_job(job)
        await asyncio.sleep(STALLED_EVERY_SECONDS)


async def _until_stopped() -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def signalled() -> None:
        stop.set()
        loop.call_later(STOP_SECONDS, _give_up)

    for signum in STOP_SIGNALS:
        loop.add_signal_handler(signum, signalled)
    await run_parts(stop=stop)


def _give_up() -> None:
    """A thread that waits for a database which will never answer does not hold up the end."""
    logger.error("not all could be ended in %s s; what was under way is taken up by the next worker", STOP_SECONDS)
    os._exit(1)


def main() -> None:
    """Work until SIGTERM or Ctrl-C."""
    uvloop.run(_until_stopped())
