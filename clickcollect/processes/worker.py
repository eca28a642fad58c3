"""The worker: posts the events and does the background jobs, in one loop, until it is told to stop."""

import asyncio
import signal

import procrastinate
import uvloop
from procrastinate.contrib.django import app
from procrastinate.contrib.django.django_connector import DjangoConnector

from clickcollect.whisperer import dispatcher

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)
GRACE_SECONDS = 5
STALLED_SECONDS = 30  # a worker that gave no sign of life for so long is dead; `/readyz` looks at the same row
STALLED_EVERY_SECONDS = 20


async def work(*, stop: asyncio.Event) -> None:
    """Run dispatcher and jobs side by side; when one of them fails, the whole worker ends and is started anew."""
    connector = app.connector
    assert isinstance(connector, DjangoConnector)  # noqa: S101 (for the type checker)
    async with app.with_connector(connector.get_worker_connector()).open_async() as worker_app:
        jobs = asyncio.create_task(
            worker_app.run_worker_async(
                install_signal_handlers=False,
                shutdown_graceful_timeout=GRACE_SECONDS,
                delete_jobs="successful",
            ),
        )
        rescue = asyncio.create_task(_rescue_jobs(worker_app))
        letters = asyncio.create_task(dispatcher.run(stop))
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait([jobs, rescue, letters, stopping], return_when=asyncio.FIRST_COMPLETED)
        stop.set()
        jobs.cancel()  # running jobs are let finish
        rescue.cancel()
        ends = await asyncio.gather(jobs, rescue, letters, return_exceptions=True)
    for end in ends:
        if isinstance(end, Exception):
            raise end


async def _rescue_jobs(worker_app: procrastinate.App) -> None:
    """A job whose worker was killed stays `doing` for ever: it goes back into the queue."""
    while True:
        for job in await worker_app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_SECONDS):
            await worker_app.job_manager.retry_job(job)
        await asyncio.sleep(STALLED_EVERY_SECONDS)


async def _until_told() -> None:
    stop = asyncio.Event()
    for signum in STOP_SIGNALS:
        asyncio.get_running_loop().add_signal_handler(signum, stop.set)
    await work(stop=stop)


def main() -> None:
    """Work until SIGTERM or Ctrl-C."""
    uvloop.run(_until_told())
