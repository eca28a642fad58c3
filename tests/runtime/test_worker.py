"""The worker stops cleanly when told, and takes up the jobs of a worker that was killed."""

import asyncio
import os
from collections.abc import Callable

import psycopg
import pytest
from django.db import connection
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob, ProcrastinateWorker

from clickcollect.runtime import worker
from tests import postgres

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def no_worker_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "STEADY_SECONDS", 0.1)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_workers")


async def work_until(is_true: str, *, seconds: float = 100) -> bool:
    """Run the worker until this SQL is true, then tell it to stop; whether it came true in time."""
    stop = asyncio.Event()
    working = asyncio.create_task(worker.run_parts(stop=stop))
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


STARTED = (
    "SELECT count(*) > 0 FROM pg_stat_activity WHERE datname = current_database()"
    " AND query = 'LISTEN whisperer' AND state_change < clock_timestamp() - interval '1 second'"
)


def test_one_that_dies_at_once_has_given_no_sign_of_life(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else it would pass for one that works for 30 s after each new start."""
    monkeypatch.setattr(worker, "STEADY_SECONDS", 3600.0)
    registered = "SELECT last_value FROM procrastinate_workers_id_seq"
    before = as_superuser(registered)
    assert asyncio.run(work_until(STARTED))
    assert as_superuser(registered) == before


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


TASK = "test_begin_then_fail"
runs: list[str] = []


def begin_then_fail() -> None:
    """The first time it is done every connection to the database is cut, and none is taken for a moment."""
    runs.append("begun")
    if len(runs) == 1:
        as_superuser("REVOKE CONNECT ON DATABASE {} FROM PUBLIC")
        as_superuser(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def let_in() -> None:
    as_superuser("GRANT CONNECT ON DATABASE {} TO PUBLIC")


def as_superuser(statement: str) -> str:
    """Run it in the test's database, whose name stands for {}; the first value that it gives."""
    name = str(connection.settings_dict["NAME"])
    with psycopg.connect(os.environ[postgres.SUPERUSER_URL], dbname=name, autocommit=True) as superuser:
        done = superuser.execute(statement.format(name).encode())
        row = done.fetchone() if done.description else None
        return str(row[0]) if row else ""


def test_a_job_whose_end_could_not_be_written_is_taken_up_again_in_the_same_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """procrastinate forgets such a failure; the job would be `doing` as long as its worker lives."""
    monkeypatch.setattr(worker, "STALLED_EVERY_SECONDS", 0.2)
    runs.clear()
    app.task(name=TASK)(begin_then_fail)
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO procrastinate_jobs (queue_name, task_name) VALUES ('default', %s)", [TASK])
    connection.close()
    try:
        asyncio.run(lose_the_end_of_a_job())
    finally:
        let_in()
        del app.tasks[TASK]
    assert runs == ["begun", "begun"]


async def lose_the_end_of_a_job() -> None:
    stop = asyncio.Event()
    working = asyncio.create_task(worker.run_parts(stop=stop))
    try:
        await until(lambda: len(runs) == 1)
        await asyncio.sleep(1)
        status = f"SELECT status FROM procrastinate_jobs WHERE task_name = '{TASK}'"
        assert await asyncio.to_thread(as_superuser, status) == "doing"
        # Half a minute passes for the worker that lost it; should it still live, its heart beats again.
        old = "UPDATE procrastinate_workers SET last_heartbeat = now() - interval '31 seconds'"
        await asyncio.to_thread(as_superuser, old)
        await asyncio.to_thread(let_in)
        await until(lambda: len(runs) == 2)
    finally:
        stop.set()
        await asyncio.wait_for(working, timeout=20)


async def until(true: Callable[[], bool], *, seconds: float = 30) -> None:
    deadline = asyncio.get_running_loop().time() + seconds
    while not true():
        assert asyncio.get_running_loop().time() < deadline, "it did not come true in time"
        await asyncio.sleep(0.1)


def test_a_part_that_ends_whatever_the_reason_begins_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "AGAIN_AFTER_SECONDS", 0.01)
    ends: list[Exception | None] = [None, ValueError("a fault"), None, OSError(), MemoryError()]

    async def run() -> None:
        stop = asyncio.Event()

        async def part(stop: asyncio.Event) -> None:
            if not ends:
                stop.set()
            elif (end := ends.pop()) is not None:
                raise end

        await asyncio.wait_for(worker.keep_going("A part", part, stop=stop), timeout=10)

    asyncio.run(run())
    assert not ends
