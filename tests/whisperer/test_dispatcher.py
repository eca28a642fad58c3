"""What the dispatcher does with what it has claimed: how many, when, in which thread, and what it outlives."""

import asyncio
import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from time import monotonic, sleep
from typing import Any

import pytest
from django.conf import settings
from django.db import OperationalError, connection, transaction
from django.db.models.functions import Now

from clickcollect.accounts.models import User
from clickcollect.whisperer import claims, dispatcher
from clickcollect.whisperer import delivery as sending
from clickcollect.whisperer.claims import Claimed
from clickcollect.whisperer.models import Attempt, Delivery, DeliveryState, Event
from clickcollect.whisperer.outcomes import Outcome
from clickcollect.whisperer.wakeup import Wakeup
from tests.whisperer.claimed import CLOCK, claimed
from tests.whisperer.conftest import Filler
from tests.whisperer.dispatch import CODE, make_hook, publish, states
from tests.whisperer.receivers import Receiver, receiving, wait_until, working
from tests.whisperer.test_stopping import who_waits_for_us


class Noted(dispatcher.Dispatcher):
    """Notes what it would claim and send."""

    def __init__(self, session: Any) -> None:
        super().__init__(session=session, wakeup=Wakeup())
        self.asked: list[int] = []
        self.due: list[Claimed] = []
        self.together: list[list[int]] = []

    async def claim(self, most: int) -> list[Claimed]:
        self.asked.append(most)
        return self.due

    async def add_codes_and_deliver(self, deliveries: Sequence[Claimed]) -> None:
        self.together.append([delivery.id for delivery in deliveries])

    async def deliver(self, delivery: Claimed, _added: Any = None) -> None:
        self.together.append([delivery.id])


def outcome() -> Outcome:
    return Outcome(delivery=claimed(), state=DeliveryState.DELIVERED, started_at=CLOCK)


def with_a_dispatcher(use: Any) -> Any:
    async def once() -> Any:
        async with sending.new_session() as session:
            return await use(Noted(session))

    return asyncio.run(once())


def test_codes_are_added_for_32_at_a_time_and_everything_else_goes_by_itself() -> None:
    deliveries = [claimed(id=number, code_bearing=number < 70) for number in range(72)]

    async def start(noted: Noted) -> list[list[int]]:
        noted.start(deliveries)
        await asyncio.gather(*noted.posts)
        return noted.together

    assert with_a_dispatcher(start) == [
        list(range(32)),
        list(range(32, 64)),
        list(range(64, 70)),
        [70],
        [71],
    ]


@pytest.mark.parametrize(("posts", "waiting", "asked"), [(0, 0, [0]), (5, 3, [8]), (500, 11, [511]), (500, 12, [])])
def test_no_more_is_claimed_than_fits_beside_what_is_in_flight_or_not_recorded(
    posts: int, waiting: int, asked: list[int]
) -> None:
    async def claim(noted: Noted) -> list[int]:
        noted.outcomes = [outcome()] * waiting
        noted.posts = {asyncio.create_task(asyncio.sleep(60)) for _ in range(posts)}
        noted.answered = 99
        asyncio.get_running_loop().call_later(0.1, noted.wakeup.notify)
        try:
            await noted.claim_and_start()
        finally:
            for task in noted.posts:
                task.cancel()
        assert noted.answered == 0
        return noted.asked

    found = with_a_dispatcher(claim)
    assert found == [dispatcher.MAX_IN_FLIGHT - one for one in asked]


def test_when_all_that_is_due_is_claimed_it_waits_and_else_it_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(dispatcher, "POLL_SECONDS", 600.0)

    async def claim(noted: Noted) -> None:
        for due in ([], [claimed()]):
            noted.due = due
            waiting = asyncio.create_task(noted.claim_and_start())
            await asyncio.sleep(20 * dispatcher.BATCH_WINDOW_SECONDS)
            assert not waiting.done()
            noted.wakeup.notify()
            await asyncio.wait_for(waiting, 60)
        noted.due = [claimed()] * (dispatcher.MAX_IN_FLIGHT - len(noted.posts))
        await asyncio.wait_for(noted.claim_and_start(), 60)

    with_a_dispatcher(claim)


def test_its_times_fit_each_other() -> None:
    assert 0 < dispatcher.GIL_SWITCH_INTERVAL < 0.005  # Python's default
    assert 0 < dispatcher.BATCH_WINDOW_SECONDS < dispatcher.POLL_SECONDS
    assert min(dispatcher.PLANS_LAST_SECONDS, dispatcher.PAUSE_AFTER_ERROR_SECONDS) > 0
    assert 0 < dispatcher.GRACE_SECONDS < sending.TOTAL_SECONDS


def test_many_answers_are_recorded_and_their_slots_claimed_without_waiting() -> None:
    """A record begins with half of what one endpoint may have in flight, so that the other half travels meanwhile."""

    async def add(noted: Noted) -> tuple[list[int], list[int]]:
        full, free = [], []
        for number in range(1, 65):
            noted.add_outcome(outcome())
            assert noted.something_to_record.is_set()
            full += [number] if noted.batch_is_full.is_set() else []
            free += [number] if noted.slots_free.is_set() else []
        return full, free

    full, free = with_a_dispatcher(add)
    assert full[0] == dispatcher.RECORD_BATCH == settings.WEBHOOK_IN_FLIGHT_PER_ENDPOINT // 2
    assert free[0] == dispatcher.CLAIM_WHEN_FREE < dispatcher.RECORD_BATCH


def test_a_thread_does_one_thing_after_another_so_that_one_connection_serves_it() -> None:
    async def both() -> set[int]:
        thread = dispatcher.DatabaseThread("test")

        def work() -> int:
            sleep(0.1)
            return threading.get_ident()

        try:
            return set(await asyncio.gather(thread.call(work), thread.call(work), thread.call(work)))
        finally:
            await thread.close()

    assert len(asyncio.run(both())) == 1


# --- with a database ---


@contextmanager
def counted_connections() -> Iterator[None]:
    """Fail if there are more connections to this database afterwards than before."""

    def count() -> int:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
            return int(cursor.fetchone()[0])

    before = count()
    yield
    wait_until(lambda: count() <= before)


@pytest.mark.django_db(transaction=True)
def test_a_worker_leaves_no_connection_behind(user: User, filler: Filler) -> None:
    with receiving(Receiver()) as (receiver,), counted_connections(), working():
        make_hook(user, url=receiver.url, type=CODE)
        publish(type=CODE)
        wait_until(lambda: states() == {"delivered": 1})


@pytest.mark.django_db(transaction=True)
def test_a_lost_worker_s_deliveries_are_sent_by_another(
    user: User, filler: Filler, caplog: pytest.LogCaptureFixture
) -> None:
    with receiving(Receiver()) as (receiver,):
        make_hook(user, url=receiver.url)
        for number in range(3):
            publish(subject=f"package:{number}")
        assert len(claims.claim(2)) == 2
        Delivery.objects.filter(state=DeliveryState.DELIVERING).update(lease_until=Now())
        with caplog.at_level(logging.WARNING), working():
            wait_until(lambda: states() == {"delivered": 3})
    assert "2 deliveries of a lost worker" in caplog.text
    assert caplog.text.count("of a lost worker") == 1


@pytest.mark.django_db(transaction=True)
def test_leases_are_looked_at_once_a_second_and_not_with_every_claim(user: User, filler: Filler) -> None:
    make_hook(user)
    publish()
    claims.claim(1)
    Delivery.objects.update(lease_until=Now())

    async def look(*, last: float) -> dict[str, int]:
        async with sending.new_session() as session:
            worker = dispatcher.Dispatcher(session=session, wakeup=Wakeup())
            worker.last_look_at_leases = last
            try:
                await worker.claim(0)
                return await asyncio.to_thread(seen)
            finally:
                await worker.claiming.close()

    assert asyncio.run(look(last=monotonic() + 3600)) == {"delivering": 1}
    assert asyncio.run(look(last=monotonic() - dispatcher.POLL_SECONDS - 0.1)) == {"retrying": 1}


def seen() -> dict[str, int]:
    try:
        return states()
    finally:
        connection.close()


@pytest.mark.django_db(transaction=True)
def test_a_worker_outlives_a_claim_that_breaks_off(user: User, filler: Filler) -> None:
    with receiving(Receiver()) as (receiver,), ExitStack() as stack:
        make_hook(user, url=receiver.url)
        publish()
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [claims.ADVISORY_LOCK])
            stack.enter_context(working())
            wait_until(lambda: who_waits_for_us(cut=True))
        wait_until(lambda: states() == {"delivered": 1})


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_is_lost_while_codes_are_added_delays_them_and_loses_none(user: User, filler: Filler) -> None:
    """The code that was being added when it broke, and the next one, whose event cannot be read, are tried again."""

    def cut(_event: Event) -> dict[str, Any]:
        if len(filler.asked) == 1:
            with pytest.raises(OperationalError), connection.cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
            raise RuntimeError
        return {"otp": {"code": "482913"}}

    filler.answer = cut
    at_once = {"choice": "fixed", "kwargs": {"seconds": 0}}
    with receiving(Receiver()) as (receiver,), working():
        make_hook(user, url=receiver.url, type=CODE, retry_countdown_config=at_once)
        publish(type=CODE)
        wait_until(lambda: states() == {"delivered": 1})
    assert list(Attempt.objects.values_list("number", "reason")) == [(1, "fill_failed"), (2, "fill_failed"), (3, "")]
