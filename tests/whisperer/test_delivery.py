"""A delivery's way: signed, once, in order, and what each answer makes of it."""

import asyncio
import json

import pytest
from aiohttp import web
from django.test import override_settings

from clickcollect.accounts.models import User
from clickcollect.whisperer import signing
from clickcollect.whisperer.models import Attempt, Delivery
from tests.whisperer.conftest import Filler
from tests.whisperer.dispatch import CODE, make_hook, publish, publish_many, states
from tests.whisperer.receivers import Received, Receiver, receiving, wait_until, working

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_delivery_arrives_signed_and_its_attempt_is_kept(user: User, filler: Filler) -> None:
    with receiving(Receiver()) as (receiver,), working():
        make_hook(user, url=receiver.url, secret_key="s3cret")
        event = publish(payload={"number": "P-ü"})
        wait_until(lambda: states() == {"delivered": 1})
    (request,) = receiver.got
    assert json.loads(request.body) == {
        "event": {
            "type": "test.news",
            "uuid": event.uuid,
            "issued_at": event.issued_at.isoformat().replace("+00:00", "Z"),
            "sequence": 1,
        },
        "payload": {"number": "P-ü"},
    }
    assert request.headers["content-type"] == "application/json"
    assert request.headers["x-whisperer-event"] == "test.news"
    assert request.headers["x-whisperer-signature"] == signing.whisperer_signature("s3cret", body=request.body)
    attempt = Attempt.objects.get()
    assert (attempt.number, attempt.status_code, attempt.reason) == (1, 200, "")
    assert Delivery.objects.get().attempts == 1


def test_the_code_is_added_while_sending_and_kept_nowhere(user: User, filler: Filler) -> None:
    with receiving(Receiver()) as (receiver,), working():
        make_hook(user, url=receiver.url, type=CODE)
        publish(type=CODE)
        wait_until(lambda: states() == {"delivered": 1})
    assert json.loads(receiver.got[0].body)["payload"] == {"number": "P1", "otp": {"code": "482913", "issue": 1}}


async def together_at_least(count: int, receiver: Receiver) -> None:
    """Hold the first answers until so many requests are here at once, and then a little, for one more to show."""
    for _turn in range(6000):
        if receiver.most_at_once >= count:
            break
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.005)


def test_two_workers_at_once_send_nothing_twice(user: User, filler: Filler) -> None:
    """Neither a delivery twice, nor two of one package at the same time, though both workers always have room."""
    in_flight: list[str] = []
    together: list[str] = []

    async def slowly(received: Received) -> web.Response:
        number = json.loads(received.body)["payload"]["subject"]
        together.extend(one for one in in_flight if one == number)
        in_flight.append(number)
        await together_at_least(2, receiver)
        in_flight.remove(number)
        return web.Response()

    with receiving(Receiver(slowly)) as (receiver,), working(workers=2):
        make_hook(user, url=receiver.url)
        for number in range(400):
            publish(subject=f"package:{number % 20}", payload={"subject": number % 20})
        wait_until(lambda: states() == {"delivered": 400}, seconds=60)
    uuids = [json.loads(received.body)["event"]["uuid"] for received in receiver.got]
    assert len(uuids) == len(set(uuids)) == 400
    assert together == []
    assert receiver.most_at_once > 1


@override_settings(WEBHOOK_IN_FLIGHT_PER_ENDPOINT=8)
def test_two_workers_together_keep_to_what_one_address_may_get_at_once(user: User, filler: Filler) -> None:
    """Though both claim again before the answers that came in are written down."""

    async def slowly(_received: Received) -> web.Response:
        await together_at_least(8, receiver)
        return web.Response()

    with receiving(Receiver(slowly)) as (receiver,), working(workers=2):
        make_hook(user, url=receiver.url)
        publish_many(600)
        wait_until(lambda: states() == {"delivered": 600}, seconds=60)
    assert receiver.most_at_once == 8


def test_a_failure_is_tried_again_with_the_same_uuid(user: User, filler: Filler) -> None:
    answers = [500, 503, 200]
    with receiving(Receiver(lambda _request: web.Response(status=answers.pop(0)))) as (receiver,), working():
        make_hook(user, url=receiver.url, retry_countdown_config={"choice": "fixed", "kwargs": {"seconds": 0}})
        publish()
        wait_until(lambda: states() == {"delivered": 1})
    assert len({json.loads(request.body)["event"]["uuid"] for request in receiver.got}) == 1
    assert list(Attempt.objects.values_list("status_code", "reason")) == [
        (500, "server_error"),
        (503, "server_error"),
        (200, ""),
    ]
