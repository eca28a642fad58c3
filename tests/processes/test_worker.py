"""The worker stops cleanly when told, and takes up the jobs of a worker that was killed."""

import asyncio

import pytest
from django.db import connection
from procrastinate.contrib.django.models import ProcrastinateJob, ProcrastinateWorker

from clickcollect.processes import worker

pytestmark = pytest.mark.django_db(transaction=True)


async def work_until(is_true: str, *, seconds: float = 100) -> bool:
    """Run the worker until this SQL is true, then tell it to stop; whether it came true in time."""
    stop = asyncio.Event()
    working = asyncio.create_task(worker.work(stop=stop))
    found = False
    for _round in range(int(seconds / 0.1)):
        await asyncio.sleep(0.1)
        found = await asyncio.to_thread(answer, is_true)
        if found or working.done():
            break
    stop.set()
    await asyncio.wait_for(working, timeout=60)
    return found


def answer(query: str) -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute(query)
            return bool(cursor.fetchone()[0])
    finally:
        connection.close()


def test_a_worker_gives_a_sign_of_life_and_stops_when_told() -> None:
    assert asyncio.run(
        work_until("SELECT count(*) = 1 FROM procrastinate_workers WHERE last_heartbeat > now() - interval '1 minute'")
    )
    assert not ProcrastinateWorker.objects.exists()


def test_the_job_of_a_killed_worker_is_done_by_the_next() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH dead AS (
                INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '10 minutes') RETURNING id
            )
            INSERT INTO procrastinate_jobs (queue_name, task_name, status, worker_id)
            SELECT 'default', 'builtin:procrastinate.builtin_tasks.remove_old_jobs', 'doing', id FROM dead
            """,
        )
    job = ProcrastinateJob.objects.get()
    assert asyncio.run(
        work_until(f"SELECT count(*) = 0 FROM procrastinate_jobs WHERE id = {job.pk} AND status = 'doing'")
    )
