"""T27: no delivery twice at once, one at a time per subject and endpoint, and nothing a dead worker held is lost."""

import json
from datetime import timedelta
from threading import Event as Signal
from threading import Thread
from time import sleep
from typing import Any

import pytest
from django.db import IntegrityError, OperationalError, connection, transaction
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext

from clickcollect.accounts.models import User
from clickcollect.whisperer import claims, dispatcher, outbox, outcomes
from clickcollect.whisperer import delivery as sending
from clickcollect.whisperer.claims import Claimed
from clickcollect.whisperer.models import Attempt, Delivery, DeliveryState, Endpoint, Event, Hook, Reason
from clickcollect.whisperer.outcomes import Outcome
from tests.concurrency import at_once
from tests.whisperer.conftest import Filler
from tests.whisperer.dispatch import CODE, NEWS, make_hook, publish, publish_many, states

pytestmark = pytest.mark.django_db(transaction=True)


def outcome(delivery: Claimed, **fields: Any) -> Outcome:
    told: dict[str, Any] = {"state": DeliveryState.DELIVERED, "answered": True, "started_at": delivery.clock} | fields
    return Outcome(delivery=delivery, **told)


def failed(delivery: Claimed, *, wait: float = 0.0) -> Outcome:
    return outcome(delivery, state=DeliveryState.RETRYING, reason="timeout", wait=wait, answered=False)


def subjects(deliveries: list[Claimed]) -> list[str]:
    return sorted(delivery.subject for delivery in deliveries)


def test_one_delivery_at_a_time_per_subject_the_oldest_first(hook: Hook) -> None:
    events = [publish(subject="package:1"), publish(subject="package:1"), publish(subject="package:2")]
    (first, other) = sorted(claims.claim(10), key=lambda delivery: delivery.subject)
    assert (first.uuid, other.uuid) == (events[0].uuid, events[2].uuid)
    assert claims.claim(10) == []
    outcomes.record_outcomes([outcome(first)])
    (second,) = claims.claim(10)
    assert second.uuid == events[1].uuid


def test_a_claim_hands_over_all_that_the_sender_needs(user: User, filler: Filler) -> None:
    make_hook(user)
    make_hook(user, type=CODE)
    hook = make_hook(user, url="http://127.0.0.1:10/hook")
    for _ in range(4):
        publish(subject="package:7", payload={"number": "P-ü"})
    event = Event.objects.latest("pk")
    Delivery.objects.exclude(hook=hook, event=event).update(state=DeliveryState.DELIVERED, finished_at=Now())
    Delivery.objects.update(fencing_token=20, attempts=11, queued_at=Now() - timedelta(seconds=100))
    (delivery,) = claims.claim(10)
    kept = Delivery.objects.annotate(now=Now()).get(state=DeliveryState.DELIVERING)
    assert len({kept.pk, event.pk, hook.pk, hook.endpoint_id, 21, 12}) == 6
    assert delivery._replace(age=0, clock=event.issued_at, at=0, payload=None) == (
        *(kept.pk, 21, 12, hook, hook.endpoint_id, "package:7", False, 0, event.issued_at, 0),
        *(event.pk, event.uuid, "test.news", 4, event.issued_at, None, False),
    )
    assert json.loads(delivery.payload or "") == {"number": "P-ü"}
    assert 100 <= delivery.age < 1_000
    assert abs(kept.now - delivery.clock) < timedelta(seconds=100)


def test_a_hook_is_read_again_only_when_it_has_changed(hook: Hook) -> None:
    for subject in ("package:1", "package:2", "package:3"):
        publish(subject=subject)
    known: claims.KnownHooks = {}
    (first,), (second,) = claims.claim(1, known), claims.claim(1, known)
    assert second.hook is first.hook
    Hook.objects.update(callback="another")
    (third,) = claims.claim(1, known)
    assert (first.hook.callback, third.hook.callback) == ("", "another")


def test_two_hooks_at_one_address_share_the_subjects_turn(user: User, filler: Filler) -> None:
    make_hook(user)
    make_hook(user, type=CODE)
    publish(subject="package:1")
    publish(subject="package:1", type=CODE)
    assert len(claims.claim(10)) == 1


def test_two_addresses_do_not_wait_for_each_other(user: User, filler: Filler) -> None:
    make_hook(user)
    make_hook(user, url="http://127.0.0.1:10/hook")
    publish(subject="package:1")
    assert len(claims.claim(10)) == 2


def test_a_delivery_that_waits_for_its_retry_is_overtaken(hook: Hook) -> None:
    old = publish(subject="package:1")
    (delivery,) = claims.claim(10)
    outcomes.record_outcomes([failed(delivery, wait=60)])
    new = publish(subject="package:1")
    (delivery,) = claims.claim(10)
    assert delivery.uuid == new.uuid
    outcomes.record_outcomes([outcome(delivery)])
    Delivery.objects.update(next_attempt_at=Now())
    (delivery,) = claims.claim(10)
    assert delivery.uuid == old.uuid
    assert delivery.attempts == 2


def test_at_most_64_deliveries_are_in_flight_per_endpoint(user: User, filler: Filler) -> None:
    make_hook(user)
    publish_many(100)
    first = claims.claim(500)
    assert len(first) == 64
    assert claims.claim(500) == []
    outcomes.record_outcomes([outcome(delivery) for delivery in first[:10]])
    assert len(claims.claim(500)) == 10


def test_a_delivery_that_was_taken_leaves_room_before_that_is_written_down(user: User, filler: Filler) -> None:
    make_hook(user)
    publish_many(100)
    publish_many(100)  # of the same subjects
    first = claims.claim(500)
    taken = first[:10]
    second = claims.claim(500, acknowledged=taken)
    assert len(second) == 10
    assert not set(subjects(first)) & set(subjects(second))  # their subjects still wait for the record
    assert claims.claim(500, acknowledged=taken) == []
    outcomes.record_outcomes([outcome(delivery) for delivery in taken])
    assert claims.claim(500, acknowledged=taken) == []  # no room is given twice


def test_a_delivery_that_is_another_workers_by_now_leaves_no_room(user: User, filler: Filler) -> None:
    make_hook(user)
    publish_many(100)
    stale = claims.claim(500)
    Delivery.objects.filter(state=DeliveryState.DELIVERING).update(lease_until=Now() - timedelta(seconds=1))
    claims.requeue_expired_leases()
    assert len(claims.claim(500)) == 64
    assert claims.claim(500, acknowledged=stale) == []


def test_an_endpoint_with_much_to_do_leaves_room_for_the_others(user: User, filler: Filler) -> None:
    make_hook(user)
    publish_many(50)
    Hook.objects.update(is_active=False)
    other = make_hook(user, url="http://127.0.0.1:10/hook")
    publish(subject="package:999")
    assert other.endpoint_id in {delivery.endpoint_id for delivery in claims.claim(10)}


def test_codes_go_before_everything_else(user: User, filler: Filler) -> None:
    make_hook(user)
    make_hook(user, type=CODE)
    publish_many(100)
    code = publish(subject="package:999", type=CODE)
    assert code.uuid in {delivery.uuid for delivery in claims.claim(5)}


def test_many_workers_never_get_the_same_delivery(user: User, filler: Filler) -> None:
    make_hook(user)
    publish_many(60, per_subject=3)
    rounds = [lambda: claims.claim(7) for _worker in range(16)]
    taken = [delivery for answer in at_once(rounds) if isinstance(answer, list) for delivery in answer]
    assert len({delivery.id for delivery in taken}) == len(taken) == 20
    assert len(set(subjects(taken))) == 20


def test_the_database_itself_refuses_two_at_once(hook: Hook) -> None:
    publish(subject="package:1")
    publish(subject="package:1")
    in_flight = {"state": DeliveryState.DELIVERING, "lease_until": Now() + timedelta(seconds=9)}
    with pytest.raises(IntegrityError), transaction.atomic():
        Delivery.objects.update(**in_flight)


def test_a_lost_workers_deliveries_come_back_and_its_word_counts_no_more(hook: Hook) -> None:
    publish()
    (stale,) = claims.claim(10)
    assert claims.requeue_expired_leases() == 0
    Delivery.objects.update(lease_until=Now() - timedelta(seconds=1))
    assert claims.requeue_expired_leases() == 1
    (fresh,) = claims.claim(10)
    assert (fresh.uuid, fresh.attempts) == (stale.uuid, 2)
    assert outcomes.record_outcomes([outcome(stale)]) == 0
    assert states() == {"delivering": 1}
    assert outcomes.record_outcomes([failed(fresh)]) == 1
    assert outcomes.record_outcomes([outcome(fresh)]) == 0
    assert states() == {"retrying": 1}
    assert list(Attempt.objects.values_list("number", "reason")) == [(1, "worker_lost"), (2, "timeout")]


def test_a_lease_ends_within_30_seconds_and_outlives_a_post(hook: Hook) -> None:
    publish()
    claims.claim(1)
    left = Delivery.objects.annotate(clock=Now()).get()
    seconds = (left.lease_until - left.clock).total_seconds()  # type: ignore[operator]
    assert seconds + dispatcher.POLL_SECONDS < 30
    assert seconds > claims.START_WITHIN_SECONDS + sending.TOTAL_SECONDS


def cursor_over_ids(after: int) -> list[int]:
    """The usual way, which is not ours: whatever has a higher number than the last one seen."""
    return list(Delivery.objects.filter(pk__gt=after).order_by("pk").values_list("pk", flat=True))


def test_t27_a_low_number_that_commits_late_is_delivered(hook: Hook) -> None:
    """Control: a cursor over ids, asked at the same moments, never sees it."""
    written, may_commit = Signal(), Signal()

    def slow() -> None:
        try:
            with transaction.atomic():
                outbox.publish(type=NEWS, subject="package:1", payload={})
                written.set()
                may_commit.wait(60)
        finally:
            connection.close()

    thread = Thread(target=slow)
    thread.start()
    assert written.wait(60)
    quick = publish(subject="package:2")
    (second,) = claims.claim(10)
    assert second.uuid == quick.uuid
    seen = cursor_over_ids(after=0)
    outcomes.record_outcomes([outcome(second)])
    may_commit.set()
    thread.join()
    (first,) = claims.claim(10)
    assert first.subject == "package:1"
    assert first.id < second.id
    assert seen == [second.id]
    assert cursor_over_ids(after=seen[-1]) == []


def test_ten_failures_in_a_row_slow_an_endpoint_down_and_one_success_frees_it(user: User, filler: Filler) -> None:
    make_hook(user)
    publish_many(30)
    deliveries = claims.claim(12)
    outcomes.record_outcomes([failed(delivery) for delivery in deliveries[:9]])
    assert Endpoint.objects.get().failing_since is None
    outcomes.record_outcomes([failed(deliveries[9])])
    endpoint = Endpoint.objects.get()
    assert endpoint.failing_since is not None
    assert endpoint.last_reason == Reason.TIMEOUT
    outcomes.record_outcomes([failed(delivery) for delivery in deliveries[10:]])
    assert claims.claim(10) == []
    paused = Endpoint.objects.annotate(clock=Now()).get()
    seconds = (paused.paused_until - paused.clock).total_seconds()  # type: ignore[operator]
    assert 0 < seconds <= 30
    assert paused.failing_since == endpoint.failing_since
    Endpoint.objects.update(paused_until=Now())
    (probe,) = claims.claim(10)
    outcomes.record_outcomes([outcome(probe)])
    assert Endpoint.objects.get().failing_since is None
    assert len(claims.claim(10)) == 10


def test_a_pause_never_exceeds_30_seconds(user: User, filler: Filler) -> None:
    make_hook(user)
    publish()
    Endpoint.objects.update(failures=1_000_000)
    (delivery,) = claims.claim(1)
    outcomes.record_outcomes([failed(delivery)])
    paused = Endpoint.objects.annotate(clock=Now()).get()
    assert (paused.paused_until - paused.clock).total_seconds() <= 30  # type: ignore[operator]


def test_a_code_is_tried_once_even_while_its_endpoint_is_backing_off(user: User, filler: Filler) -> None:
    make_hook(user)
    make_hook(user, type=CODE)
    publish(subject="package:1")
    Endpoint.objects.update(failures=20, failing_since=Now(), paused_until=Now() + timedelta(seconds=30))
    assert claims.claim(10) == []
    code = publish(subject="package:2", type=CODE)
    (delivery,) = claims.claim(10)
    assert delivery.uuid == code.uuid
    outcomes.record_outcomes([failed(delivery)])
    assert claims.claim(10) == []


def test_a_lost_connection_is_a_trouble_of_the_database_which_the_worker_outlives() -> None:
    """The claim's two statements go in one; an error between them must not come out as the driver's own."""
    caught: list[BaseException] = []

    def claim() -> None:
        try:
            claims.claim(10)
        except OperationalError as error:
            caught.append(error)
        finally:
            connection.close()

    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [claims.ADVISORY_LOCK])
        waiting = Thread(target=claim)
        waiting.start()
        for _turn in range(1200):
            cursor.execute(  # of this database: other tests' claims wait on the same server
                "SELECT pg_terminate_backend(pid) FROM pg_locks JOIN pg_database d ON d.oid = database"
                " WHERE locktype = 'advisory' AND NOT granted AND datname = current_database()"
            )
            if cursor.fetchall():
                break
            sleep(0.05)
        waiting.join(timeout=60)
    assert len(caught) == 1


def test_a_hook_is_read_once_until_it_changes(hook: Hook) -> None:
    """``known`` goes from one claim to the next, and a hook that was changed in between is read anew."""
    known: claims.KnownHooks = {}

    def next_claim() -> tuple[Claimed, int]:
        publish()
        with CaptureQueriesContext(connection) as queries:
            (claimed,) = claims.claim(1, known)
        outcomes.record_outcomes([outcome(claimed)])
        return claimed, sum('FROM "whisperer_hook"' in query["sql"] for query in queries)

    first, reads = next_claim()
    assert reads == 1
    second, reads = next_claim()
    assert (second.hook is first.hook, reads) == (True, 0)
    Hook.objects.update(callback="changed")
    third, reads = next_claim()
    assert (third.hook.callback, reads) == ("changed", 1)


def test_a_claim_shows_its_id_and_token_and_nothing_of_what_it_carries(hook: Hook) -> None:
    publish(payload={"number": "P-SECRET"})
    (claimed,) = claims.claim(1)
    assert claimed.payload is not None
    assert "P-SECRET" in claimed.payload
    assert repr(claimed) == f"<Claimed {claimed.id} #{claimed.fencing_token}>"


def test_a_claim_is_late_when_a_post_that_starts_now_could_outlive_its_lease(hook: Hook) -> None:
    publish()
    (claimed,) = claims.claim(1)
    assert not claimed.is_late
    assert claimed._replace(at=claimed.at - claims.START_WITHIN_SECONDS - 0.1).is_late
