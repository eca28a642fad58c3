"""T25: workers are killed while they send; no delivery is lost, and what goes out twice carries the same uuid."""

import os
import random
import signal
import subprocess
import time

import psycopg
import pytest
from django.db.models import F
from django.db.models.functions import Now

from clickcollect.accounts.models import User
from clickcollect.whisperer.models import Delivery, Event
from tests.postgres import SUPERUSER_URL
from tests.whisperer.conftest import Filler
from tests.whisperer.dispatch import make_hook, publish_many
from tests.whisperer.processes import WORKER_NAME, receiver_process, worker_process
from tests.whisperer.receivers import wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(1800)]


def delivered() -> int:
    return Delivery.objects.filter(state="delivered").count()


def kill_with_deliveries_on_the_wire(worker: "subprocess.Popen[bytes]") -> None:
    """At some moment; but not at one when it has nothing to lose."""
    time.sleep(random.random() * 0.1)
    for _turn in range(1000):
        worker.send_signal(signal.SIGSTOP)
        if Delivery.objects.filter(state="delivering").exists():
            break
        worker.send_signal(signal.SIGCONT)
        time.sleep(random.random() * 0.01)
    worker.kill()
    worker.wait()
    wait_until(lambda: not connections_left())


def connections_left() -> bool:
    """PostgreSQL finishes what the worker told it, also when nobody listens any more."""
    with psycopg.connect(os.environ[SUPERUSER_URL]) as connection:
        asked = "SELECT count(*) FROM pg_stat_activity WHERE application_name = %s"
        row = connection.execute(asked, [WORKER_NAME]).fetchone()
    return row is not None and row[0] > 0


def let_leases_run_out() -> None:
    """25 seconds pass: the worker that held these is dead."""
    Delivery.objects.filter(state="delivering").update(lease_until=Now())


def kill_workers(user: User, *, events: int, kills: int) -> tuple[int, int]:
    """Send everything through that many kills; how many deliveries came back, and how many arrived more than once."""
    back = 0
    with receiver_process(delay=0.1) as receiver:
        make_hook(user, url=receiver.url)
        for _kill in range(kills):
            publish_many(events // kills)  # in portions, so that there is always something left to lose
            with worker_process() as worker:
                before = delivered()
                wait_until(lambda before=before: delivered() > before)  # type: ignore[misc]
                kill_with_deliveries_on_the_wire(worker)
            back += Delivery.objects.filter(state="delivering").count()
            let_leases_run_out()
        with worker_process():
            wait_until(lambda: delivered() == events, seconds=120)
        arrived = receiver.received()["uuids"]
    assert set(arrived) == set(Event.objects.values_list("uuid", flat=True))
    assert not Delivery.objects.filter(fencing_token__lt=F("attempts")).exists()
    return back, sum(times - 1 for times in arrived.values())


def test_t25_killed_workers_lose_nothing(user: User, filler: Filler) -> None:
    back, _twice = kill_workers(user, events=900, kills=3)
    assert back >= 3


@pytest.mark.soak
def test_t25_a_hundred_kills_during_ten_thousand_events_lose_nothing(user: User, filler: Filler) -> None:
    back, twice = kill_workers(user, events=10_000, kills=100)
    print(f"\n100 kills, 10,000 events: 0 lost, {back} taken up again, {twice} arrived twice")  # noqa: T201
    assert back > 0
