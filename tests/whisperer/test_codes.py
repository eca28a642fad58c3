"""T31, T33: a code is added in in the last moment, never outdated, and sent again only while it counts."""

import json
from typing import Any

import pytest
from aiohttp import web
from django.db.models.functions import Now

from clickcollect.accounts.models import User
from clickcollect.whisperer import redelivery, registry
from clickcollect.whisperer.models import Attempt, Delivery, Event
from clickcollect.whisperer.registry import DeliveryEnded, Expired, Superseded
from tests.whisperer.conftest import Filler
from tests.whisperer.dispatch import CODE, make_hook, publish, states
from tests.whisperer.receivers import Received, Receiver, receiving, wait_until, working

pytestmark = pytest.mark.django_db(transaction=True)

MAX_IN_FLIGHT = {"choice": "fixed", "kwargs": {"seconds": 0}}
MUCH_LATER = {"choice": "fixed", "kwargs": {"seconds": 3600}}


def codes(receiver: Receiver) -> list[str]:
    return [json.loads(request.body)["payload"]["otp"]["code"] for request in receiver.got]


def wait_until_more_than(number: int, receiver: Receiver) -> None:
    wait_until(lambda: len(receiver.got) > number)


class Issues:
    """The OMS in small: issue n has the code n n n n n n, and only the newest counts."""

    def __init__(self) -> None:
        self.newest = 0
        self.of_event: dict[str, int] = {}

    def issue(self) -> None:
        self.newest += 1
        event = publish(subject="package:1", type=CODE, payload={"issue": self.newest})
        self.of_event[event.uuid] = self.newest

    def __call__(self, event: Event) -> dict[str, Any]:
        number = (event.payload or {})["issue"]
        if number < self.newest:
            raise Superseded("newer_code")
        return {"otp": {"code": str(number) * 6, "issue": number}}


def test_t31_an_older_code_never_arrives_after_a_newer_one(user: User, filler: Filler) -> None:
    filler.answer = issues = Issues()
    statuses = iter([500, 200, 500, 500, 200, 500, 200])

    def answer(_received: Received) -> web.Response:
        return web.Response(status=next(statuses, 200))

    with receiving(Receiver(answer)) as (receiver,), working(workers=2):
        make_hook(user, url=receiver.url, type=CODE, retry_countdown_config=MAX_IN_FLIGHT)
        for number in range(1, 5):
            issues.issue()
            wait_until_more_than(number, receiver)
        wait_until(lambda: set(states()) <= {"delivered", "superseded"})
    arrived = codes(receiver)
    assert arrived == sorted(arrived)
    assert arrived[-1] == "444444"


def test_t31_control_without_the_look_before_each_attempt_an_older_code_follows(user: User, filler: Filler) -> None:
    issues = Issues()
    filler.answer = lambda event: {"otp": {"code": str((event.payload or {})["issue"]) * 6}}
    statuses = iter([500, 200])

    def answer(_received: Received) -> web.Response:
        return web.Response(status=next(statuses, 200))

    with receiving(Receiver(answer)) as (receiver,), working():
        make_hook(user, url=receiver.url, type=CODE, retry_countdown_config=MUCH_LATER)
        issues.issue()
        wait_until(lambda: states() == {"retrying": 1})
        issues.issue()
        wait_until(lambda: states() == {"retrying": 1, "delivered": 1})
        Delivery.objects.filter(state="retrying").update(next_attempt_at=Now())
        wait_until(lambda: states() == {"delivered": 2})
    assert codes(receiver) == ["111111", "222222", "111111"]


def test_a_delivery_that_is_not_wanted_any_more_is_never_sent(user: User, filler: Filler) -> None:
    def refuse(_event: Event) -> dict[str, Any]:
        raise Superseded("delivered_meanwhile")

    filler.answer = refuse
    with receiving(Receiver()) as (receiver,), working():
        make_hook(user, url=receiver.url, type=CODE)
        publish(type=CODE)
        wait_until(lambda: states() == {"superseded": 1})
    assert receiver.got == []
    delivery = Delivery.objects.get()
    assert (delivery.reason, delivery.attempts, Attempt.objects.count()) == ("delivered_meanwhile", 0, 0)


def test_retries_of_a_code_end_with_the_code(user: User, filler: Filler) -> None:
    def expire(_event: Event) -> dict[str, Any]:
        if filler.asked[2:]:
            raise Expired
        return {"otp": {"code": "482913"}}

    filler.answer = expire
    with receiving(Receiver(500)) as (receiver,), working():
        make_hook(user, url=receiver.url, type=CODE, retry_countdown_config=MAX_IN_FLIGHT)
        publish(type=CODE)
        wait_until(lambda: states() == {"dead": 1})
    assert len(receiver.got) == 2
    assert Delivery.objects.get().reason == "expired"


def test_t33_a_dead_letter_goes_out_again_with_its_uuid_and_a_new_signature(user: User, filler: Filler) -> None:
    with receiving(Receiver()) as (receiver,), working():
        make_hook(user, url=receiver.url, type=CODE, secret_key="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
        event = publish(type=CODE)
        wait_until(lambda: states() == {"delivered": 1})
        Delivery.objects.update(state="dead", reason="too_old")
        wait_until(lambda: Event.objects.annotate(clock=Now()).get().clock.timestamp() - receiver_time(receiver) > 1)
        (delivery,) = Delivery.objects.all()
        redelivery.redeliver_one(delivery.pk)
        wait_until(lambda: len(receiver.got) == 2)
    first, second = receiver.got
    assert first.headers["webhook-id"] == second.headers["webhook-id"] == event.uuid
    assert first.headers["webhook-timestamp"] < second.headers["webhook-timestamp"]
    assert first.headers["webhook-signature"] != second.headers["webhook-signature"]
    assert first.body == second.body


def receiver_time(receiver: Receiver) -> int:
    return int(receiver.got[0].headers["webhook-timestamp"])


@pytest.mark.parametrize(
    ("refusal", "error"), [(Superseded("newer"), redelivery.WasSuperseded), (Expired(), redelivery.HasExpired)]
)
def test_t33_an_outdated_code_is_not_sent_again(
    refusal: Exception, error: type[redelivery.RedeliveryRefused], user: User, filler: Filler
) -> None:
    def refuse(_event: Event) -> dict[str, Any]:
        raise refusal

    filler.answer = refuse
    make_hook(user, type=CODE)
    publish(type=CODE)
    Delivery.objects.update(state="dead", reason="too_many_attempts")
    (delivery,) = Delivery.objects.all()
    with pytest.raises(error):
        redelivery.redeliver_one(delivery.pk)
    assert states() == {"dead": 1}


@pytest.mark.parametrize(
    ("fields", "force", "error"),
    [
        ({"state": "delivered"}, True, redelivery.AlreadyDelivered),
        ({"state": "superseded"}, True, redelivery.WasSuperseded),
        ({"state": "dead", "reason": "expired"}, True, redelivery.HasExpired),
        ({"state": "queued"}, False, redelivery.StillTrying),
        ({"state": "delivering", "lease_until": Now()}, True, redelivery.StillTrying),
    ],
)
def test_what_is_done_or_on_its_way_is_not_sent_again(
    fields: dict[str, Any],
    force: bool,  # noqa: FBT001
    error: type[redelivery.RedeliveryRefused],
    user: User,
    filler: Filler,
) -> None:
    make_hook(user, type=CODE)
    publish(type=CODE)
    Delivery.objects.update(**fields)
    (delivery,) = Delivery.objects.all()
    before = Delivery.objects.values("attempts", *fields).get()
    with pytest.raises(error):
        redelivery.redeliver_one(delivery.pk, force=force)
    assert Delivery.objects.values("attempts", *fields).get() == before


def test_a_test_event_carries_a_made_up_code_and_says_that_it_is_a_test(user: User, filler: Filler) -> None:
    with receiving(Receiver()) as (receiver,), working():
        hook = make_hook(user, url=receiver.url, type=CODE)
        redelivery.send_test_event(hook)
        redelivery.send_test_event(hook)
        wait_until(lambda: states() == {"delivered": 2})
    body = json.loads(receiver.got[0].body)
    assert body["event"]["test"] is True
    assert body["payload"]["otp"]["code"] == "123456"
    assert sorted(json.loads(request.body)["event"]["sequence"] for request in receiver.got) == [1, 2]
    assert filler.asked == []
    assert "123456" not in str(Event.objects.values())


def test_listeners_hear_of_every_end_and_cannot_break_the_record(user: User, filler: Filler) -> None:
    heard: list[DeliveryEnded] = []

    def broken(_news: object) -> None:
        Event.objects.update(type="changed by a listener that fails")
        raise RuntimeError

    registry.register_outcome_listener(broken)
    registry.register_outcome_listener(heard.extend)
    with receiving(Receiver()) as (receiver,), working():
        make_hook(user, url=receiver.url)
        event = publish()
        wait_until(lambda: heard)
    assert [(one.event_uuid, one.state, one.subject) for one in heard] == [(event.uuid, "delivered", "package:1")]
    assert states() == {"delivered": 1}
    assert Event.objects.get().type == "test.news"
