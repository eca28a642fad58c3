"""How fast one worker process is; the figures are printed (`pytest -m soak -s`)."""

import time

import pytest

from clickcollect.accounts.models import User
from clickcollect.whisperer.models import Attempt, Delivery
from tests.whisperer.conftest import Filler
from tests.whisperer.field import wait_until
from tests.whisperer.post import make_hook, publish_many
from tests.whisperer.processes import receiver_process, worker_process

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.soak, pytest.mark.timeout(900)]


def delivered() -> int:
    return Delivery.objects.filter(state="delivered").count()


def rate(user: User, *, events: int, delay: float) -> float:
    """Events a second, attempts recorded, from the first outcome to the last."""
    with receiver_process(delay=delay) as receiver:
        make_hook(user, url=receiver.url, secret_key="a secret of a usual length")
        publish_many(events)
        with worker_process():
            wait_until(lambda: delivered() > 0, seconds=30)
            first, start = delivered(), time.perf_counter()
            wait_until(lambda: delivered() == events, seconds=300)
            seconds = time.perf_counter() - start
        assert len(receiver.told()["uuids"]) == events
        assert Attempt.objects.count() == events
    return (events - first) / seconds


def test_one_worker_sends_2000_events_a_second_to_a_receiver_that_answers_at_once(user: User, filler: Filler) -> None:
    found = rate(user, events=20_000, delay=0.0)
    print(f"\nat once: {found:.0f} events/s")  # noqa: T201
    assert found >= 2_000


def test_one_worker_is_30_times_as_fast_as_one_at_a_time_with_a_receiver_of_50_ms(user: User, filler: Filler) -> None:
    found = rate(user, events=8_000, delay=0.05)
    print(f"\n50 ms: {found:.0f} events/s")  # noqa: T201
    assert found >= 30 * 18
