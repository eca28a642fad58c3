"""What a worker has claimed is never lost and never sent twice: late deliveries, failed records, a clean stop."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from aiohttp import web
from django.db import connection, transaction
from django.db.models.functions import Now

from clickcollect.accounts.models import User
from clickcollect.whisperer import claims, dispatcher, outbox, outcomes
from clickcollect.whisperer import delivery as sending
from clickcollect.whisperer.claims import Claimed
from clickcollect.whisperer.models import Attempt, Delivery, Event
from clickcollect.whisperer.wakeup import Wakeup
from tests.whisperer.conftest import Filler
from tests.whisperer.dispatch import CODE, NEWS, make_hook, publish, states
from tests.whisperer.receivers import BUSY, Loop, Received, Receiver, receiving, wait_until, working

pytestmark = pytest.mark.django_db(transaction=True)


def of_long_ago(delivery: Claimed) -> Claimed:
    """As if the worker had been frozen since the claim, a little longer than it may."""
    return delivery._replace(at=delivery.at - claims.START_WITHIN_SECONDS - 0.1)


def deliver(delivery: Claimed) -> outcomes.Outcome:
    async def once() -> outcomes.Outcome:
        async with sending.new_session() as session:
            return await sending.make_attempt(delivery, session=session)

    outcome: outcomes.Outcome = asyncio.run(once())
    return outcome


def test_a_delivery_that_could_outlive_its_lease_is_given_back_and_posted_once(user: User, filler: Filler) -> None:
    with receiving(Receiver()) as (receiver,):
        make_hook(user, url=receiver.url)
        publish()
        (delivery,) = claims.claim(1)
        assert outcomes.record_outcomes([deliver(of_long_ago(delivery))]) == 1
        assert receiver.got == []
        assert (states(), Delivery.objects.get().attempts, Attempt.objects.count()) == ({"queued": 1}, 0, 0)
        (delivery,) = claims.claim(1)
        outcomes.record_outcomes([deliver(delivery)])
    assert len(receiver.got) == 1
    assert (states(), Delivery.objects.get().attempts) == ({"delivered": 1}, 1)


def test_a_worker_that_wakes_up_after_its_lease_posts_nothing(user: User, filler: Filler) -> None:
    with receiving(Receiver()) as (receiver,):
        make_hook(user, url=receiver.url)
        publish()
        (frozen,) = claims.claim(1)
        Delivery.objects.update(lease_until=Now())
        assert claims.requeue_expired_leases() == 1
        (delivery,) = claims.claim(1)
        outcomes.record_outcomes([deliver(delivery)])
        assert outcomes.record_outcomes([deliver(of_long_ago(frozen))]) == 0
    assert len(receiver.got) == 1
    assert states() == {"delivered": 1}


def test_a_delivery_whose_code_took_too_long_to_fill_in_is_given_back_too(
    user: User, filler: Filler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims, "START_WITHIN_SECONDS", 2.0)
    may_fill = threading.Event()

    def slow_the_first_time(_event: Event) -> dict[str, Any]:
        if len(filler.asked) == 1:
            may_fill.wait(timeout=2.5)
        return {"otp": {"code": "482913"}}

    filler.answer = slow_the_first_time
    with receiving(Receiver()) as (receiver,), working():
        make_hook(user, url=receiver.url, type=CODE)
        publish(type=CODE)
        wait_until(lambda: states() == {"delivered": 1})
    assert len(filler.asked) > 1
    assert len(receiver.got) == 1
    assert Delivery.objects.get().attempts == 1


class Watched(dispatcher.Dispatcher):
    """Tells when it begins to put down what it holds."""

    finishing = False

    async def finish(self) -> None:
        self.finishing = True
        await super().finish()


@contextmanager
def worker() -> Iterator[tuple[Watched, Callable[[], None]]]:
    """A dispatcher whose work can be looked at, and the way to stop it."""
    loop, stop = Loop(), asyncio.Event()
    made: list[Watched] = []

    async def work() -> None:
        async with sending.new_session() as session:
            made.append(Watched(session=session, wakeup=Wakeup()))
            await made[0].work(stop)

    end = asyncio.run_coroutine_threadsafe(work(), loop.loop)
    wait_until(lambda: made)

    def stop_it() -> None:
        loop.loop.call_soon_threadsafe(stop.set)

    try:
        yield made[0], stop_it
    finally:
        stop_it()
        end.result(timeout=20 * BUSY)
        loop.close()


WAIT_FOR_US = "FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))"


def who_waits_for_us(*, cut: bool = False) -> int:
    """How many wait for a lock of ours; and cut their connections."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {'pg_terminate_backend(pid)' if cut else 'pid'} {WAIT_FOR_US}")
        return len(cursor.fetchall())


@pytest.mark.parametrize("cut", [True, False])
def test_what_became_of_a_delivery_is_remembered_until_it_is_written_down(
    user: User,
    filler: Filler,
    cut: bool,  # noqa: FBT001
) -> None:
    """While the first is written down, which may break off, the second comes back: neither is forgotten."""
    may_come = {"first": threading.Event(), "second": threading.Event()}

    async def when_it_may(received: Received) -> web.Response:
        await asyncio.to_thread(may_come[json.loads(received.body)["payload"]["number"]].wait, 60)
        return web.Response()

    with receiving(Receiver(when_it_may)) as (receiver,), worker() as (dispatching, _stop):
        make_hook(user, url=receiver.url)
        with transaction.atomic():
            for number in ("first", "second"):
                outbox.publish(type=NEWS, subject=f"package:{number}", payload={"number": number})
        wait_until(lambda: states() == {"delivering": 2})
        with transaction.atomic():
            list(Delivery.objects.select_for_update())
            may_come["first"].set()
            wait_until(lambda: who_waits_for_us(cut=cut))
            may_come["second"].set()
            wait_until(lambda: len(dispatching.outcomes) == 2)
        wait_until(lambda: states() == {"delivered": 2})
        wait_until(lambda: dispatching.outcomes == [])
    assert len(receiver.got) == 2
    assert list(Attempt.objects.values_list("number", "status_code")) == [(1, 200), (1, 200)]


def test_a_clean_stop_gives_back_what_is_on_the_wire(
    user: User, filler: Filler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatcher, "GRACE_SECONDS", 0.1)
    answers = threading.Event()

    async def hold(_received: Received) -> web.Response:
        await asyncio.to_thread(answers.wait, 60)
        return web.Response()

    with receiving(Receiver(hold)) as (receiver,):
        with worker():
            make_hook(user, url=receiver.url)
            publish()
            wait_until(lambda: receiver.got)
        left = Delivery.objects.get()
        assert (left.state, left.reason, left.lease_until) == ("retrying", "interrupted", None)
        (delivery,) = claims.claim(1)
        assert delivery.attempts == 2
        answers.set()


def test_a_clean_stop_waits_for_what_is_about_to_arrive(user: User, filler: Filler) -> None:
    answers = threading.Event()

    async def hold(_received: Received) -> web.Response:
        await asyncio.to_thread(answers.wait, 60)
        return web.Response()

    with receiving(Receiver(hold)) as (receiver,):
        with worker() as (dispatching, stop):
            make_hook(user, url=receiver.url)
            publish()
            wait_until(lambda: receiver.got)
            stop()
            wait_until(lambda: dispatching.finishing)
            answers.set()
        assert states() == {"delivered": 1}
        assert len(receiver.got) == 1


def test_a_clean_stop_gives_back_what_is_still_being_filled_in(
    user: User, filler: Filler, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it was: nothing went out, so nothing is counted."""
    monkeypatch.setattr(dispatcher, "GRACE_SECONDS", 0.1)
    may_fill = threading.Event()

    def slow(_event: Event) -> dict[str, Any]:
        may_fill.wait(timeout=60)
        return {"otp": {"code": "482913"}}

    filler.answer = slow
    with receiving(Receiver()) as (receiver,):
        with worker() as (_dispatcher, stop):
            make_hook(user, url=receiver.url, type=CODE)
            publish(type=CODE)
            wait_until(lambda: filler.asked)
            stop()
            wait_until(lambda: states() == {"queued": 1})
            may_fill.set()
        assert receiver.got == []
    left = Delivery.objects.get()
    assert (left.attempts, left.lease_until, Attempt.objects.count()) == (0, None, 0)
