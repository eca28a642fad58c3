"""How fast events travel, beside the reference's own way; the figures are printed (`pytest -m soak -s`).

Times are the database's, read when it is over: looking all the time would slow down what is measured.
"""

import json
import os
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import psycopg
import pytest
from django.conf import settings
from django.db import connection

from clickcollect.accounts.models import User
from clickcollect.whisperer.models import Attempt, Delivery
from tests.compat import environment
from tests.postgres import SUPERUSER_URL
from tests.whisperer.conftest import Filler
from tests.whisperer.dispatch import CODE, NEWS, make_hook, publish, publish_many
from tests.whisperer.processes import receiver_process, worker_process
from tests.whisperer.test_hostile_receivers import hang, raw

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.soak, pytest.mark.timeout(1800)]
SECRET = "a secret of a usual length"
THEIR_DATABASE = "the_reference_s_way"
ROUNDS = 3


def rates(user: User, *, delay: float, events: int) -> list[float]:
    """Events a second of one worker process, from the first attempt's start to the last outcome's record."""
    found = []
    with receiver_process(delay=delay) as receiver:
        make_hook(user, url=receiver.url, secret_key=SECRET)
        for number in range(ROUNDS):
            publish_many(events)
            with worker_process() as worker:
                wait_for((number + 1) * events)
                cpu = psutil.Process(worker.pid).cpu_times()
            print(f"worker: {(cpu.user + cpu.system) / events * 1e6:.0f} µs of CPU an event, start included")  # noqa: T201
            found.append(events / seconds_taken(newest=events))
        assert len(receiver.received()["uuids"]) == ROUNDS * events
    assert Attempt.objects.count() == ROUNDS * events
    return found


def wait_for(delivered: int) -> None:
    deadline = time.monotonic() + 300
    while Delivery.objects.filter(state="delivered").count() < delivered:
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.5)


def seconds_taken(*, newest: int) -> float:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT extract(epoch FROM max(finished_at) - min(started_at))::float8 FROM whisperer_attempt a"
            " JOIN (SELECT id, finished_at FROM whisperer_delivery ORDER BY id DESC LIMIT %s) d"
            " ON d.id = a.delivery_id",
            [newest],
        )
        row = cursor.fetchone()
    assert row is not None
    return float(row[0])


def median_printed(name: str, found: list[float]) -> float:
    """Print the rounds and the load that other work put on the machine; the median."""
    load = os.getloadavg()[0]
    print(f"\n{name}: {[round(one) for one in found]} events/s, load {load:.1f}")  # noqa: T201
    return statistics.median(found)


@pytest.mark.parametrize("on_the_wire", ["64", "256"])  # the default, and what a fast receiver bears
def test_one_worker_sends_2000_events_a_second_to_a_receiver_that_answers_at_once(
    user: User, filler: Filler, monkeypatch: pytest.MonkeyPatch, on_the_wire: str
) -> None:
    monkeypatch.setenv("WEBHOOK_IN_FLIGHT_PER_ENDPOINT", on_the_wire)
    assert median_printed("at once", rates(user, delay=0.0, events=20_000)) >= 2_000


def test_one_worker_is_30_times_as_fast_as_the_reference_with_a_receiver_of_50_ms(user: User, filler: Filler) -> None:
    with receiver_process(delay=0.05) as receiver, their_database() as database:
        theirs = float(environment.ask("their_worker.py", database, receiver.url, "200"))
    ours = median_printed("50 ms", rates(user, delay=0.05, events=4_000))
    print(f"50 ms, dj-whisperer: {theirs:.1f} events/s, {ours / theirs:.0f} times")  # noqa: T201
    assert ours >= 30 * theirs


@contextmanager
def their_database() -> Iterator[str]:
    """An empty database on the same server, as Django's settings in JSON."""
    own = settings.DATABASES["owner"]
    with psycopg.connect(os.environ[SUPERUSER_URL], autocommit=True) as superuser:
        superuser.execute(f"CREATE DATABASE {THEIR_DATABASE} OWNER {own['USER']}")
        try:
            names = ("ENGINE", "USER", "PASSWORD", "HOST", "PORT")
            host = {"host": own["OPTIONS"]["host"]} if "host" in own["OPTIONS"] else {}
            yield json.dumps({name: own[name] for name in names} | {"NAME": THEIR_DATABASE, "OPTIONS": host})
        finally:
            superuser.execute(f"DROP DATABASE {THEIR_DATABASE} WITH (FORCE)")


def test_an_endpoint_that_hangs_does_not_slow_the_others_down(user: User, filler: Filler) -> None:
    with receiver_process() as receiver, raw(hang) as hanging, worker_process():
        make_hook(user, url=receiver.url, type=CODE, secret_key=SECRET)
        slowest_95()  # everything is warm now
        alone = slowest_95()
        make_hook(user, url=hanging, type=NEWS, retry_countdown_config={"choice": "fixed", "kwargs": {"seconds": 1}})
        publish_many(2_000)
        time.sleep(2)
        assert Delivery.objects.filter(state="delivering").count() == 64
        beside = slowest_95()
    load = os.getloadavg()[0]
    print(f"\nothers' p95: {alone * 1000:.1f} ms; beside one that hangs {beside * 1000:.1f} ms; load {load:.1f}")  # noqa: T201
    assert beside < 2 * alone


def slowest_95() -> float:
    """400 events with a code, 20 a second: the seconds from publishing to the answer.

    The p95 of each hundred, and of these the median: other work on the machine comes in bursts.
    """
    start = time.monotonic()
    uuids = [publish_in_time(number, start=start) for number in range(400)]
    time.sleep(1)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT extract(epoch FROM a.started_at - e.issued_at)::float8 + a.duration_ms / 1000.0::float8"
            " FROM whisperer_event e JOIN whisperer_delivery d ON d.event_id = e.id"
            " JOIN whisperer_attempt a ON a.delivery_id = d.id WHERE e.uuid = any(%s) AND a.status_code = 200"
            " ORDER BY e.id",
            [uuids],
        )
        took = [float(row[0]) for row in cursor.fetchall()]
    assert len(took) == len(uuids)
    slices = [sorted(took[start : start + 100]) for start in range(0, 400, 100)]
    return statistics.median(one[95] for one in slices)


def publish_in_time(number: int, *, start: float) -> str:
    """The event of this number, twenty a second."""
    time.sleep(max(0.0, start + number / 20 - time.monotonic()))
    return publish(subject=f"package:{number % 50}", type=CODE).uuid
