"""Receipts: only who got the event may say what became of it, and only the newest message counts."""

import json
import time
from typing import Any

import pytest
from django.test import Client

from clickcollect.oms import states
from clickcollect.oms.models import Package
from clickcollect.whisperer import signing
from clickcollect.whisperer.hooks import create_hook, delete_hook
from clickcollect.whisperer.models import Event, Hook
from tests import shop
from tests.api.caller import code_of

pytestmark = pytest.mark.django_db

ADDRESS = "/api/v1/oms/message-receipts/"
READY = "package.status.ready_for_pickup"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.fixture
def hook() -> Hook:
    return hook_with("a-plain-secret")


def hook_with(secret: str, *, event_type: str = READY, port: int = 9999) -> Hook:
    fields = {"event_type": event_type, "target_url": f"http://127.0.0.1:{port}/in", "secret_key": secret}
    return create_hook(user_id=shop.make_user("admin").pk, fields=fields)


def ready_package() -> tuple[Package, str]:
    """A ready package, and the uuid of the event that told of it."""
    package = shop.make_package(states.READY)
    return package, Event.objects.get(type=READY, subject=f"package:{package.pk}").uuid


def send(body: Any, *, secret: str = "a-plain-secret", **headers: str) -> Any:
    raw = json.dumps(body).encode()
    uuid = body["event_uuid"] if isinstance(body, dict) and isinstance(body.get("event_uuid"), str) else "x"
    signed = signing.sign(body=raw, uuid=uuid, now=time.time(), secret=secret) | headers
    return Client().post(ADDRESS, raw, content_type="application/json", headers=signed)


def message(package: Package) -> tuple[str, str]:
    now = shop.reread(package)
    return now.message_state, now.message_reason


@pytest.mark.parametrize("secret", ["a-plain-secret", SECRET])
def test_a_signed_receipt_shows_on_the_package(secret: str) -> None:
    hook_with(secret)
    package, uuid = ready_package()
    answer = send({"event_uuid": uuid, "status": "accepted"}, secret=secret)
    assert (answer.status_code, answer.content) == (204, b"")
    assert message(package) == ("accepted", "")
    assert send({"event_uuid": uuid, "status": "delivered"}, secret=secret).status_code == 204
    assert message(package) == ("delivered", "")


def test_a_failure_keeps_its_reason_but_no_long_number(hook: Hook) -> None:
    package, uuid = ready_package()
    reason = "Rejected: “Your code is 482 913”, +90 555 000 01 01, error 42"
    assert send({"event_uuid": uuid, "status": "failed", "reason": reason}).status_code == 204
    assert message(package) == ("failed", "Rejected: “Your code is …”, +…, error 42")


@pytest.mark.parametrize(
    ("first", "then", "stays"),
    [("delivered", "accepted", "delivered"), ("delivered", "failed", "delivered"), ("failed", "accepted", "accepted")],
)
def test_a_message_that_has_arrived_does_not_unarrive(hook: Hook, first: str, then: str, stays: str) -> None:
    package, uuid = ready_package()
    for status in (first, then):
        assert send({"event_uuid": uuid, "status": status}).status_code == 204
    assert message(package)[0] == stays


def test_only_the_newest_message_counts(hook: Hook) -> None:
    package, old = ready_package()
    Package.objects.filter(pk=package.pk).update(message_uuid="f" * 32)
    assert send({"event_uuid": old, "status": "delivered"}).status_code == 204
    assert message(package)[0] == "queued"


def test_whoever_did_not_get_the_event_may_not_speak_of_it(hook: Hook) -> None:
    hook_with("another-secret", event_type="package.created", port=9998)
    package, uuid = ready_package()
    body = {"event_uuid": uuid, "status": "delivered"}
    for answer in (
        send(body, secret="another-secret"),
        send(body, secret=""),
        send(body | {"event_uuid": "0" * 32}),
        send(body, **{"X-Whisperer-Signature": "sha256="}),
        send(body, **{"X-Whisperer-Signature": "sha256=é"}),
        send(body | {"event_uuid": [uuid]}),
        send({}),
    ):
        assert (answer.status_code, code_of(answer)) == (401, "not_authenticated")
    assert message(package)[0] == "queued"


def test_a_changed_body_is_not_believed(hook: Hook) -> None:
    package, uuid = ready_package()
    good = json.dumps({"event_uuid": uuid, "status": "failed"}).encode()
    bad = json.dumps({"event_uuid": uuid, "status": "delivered"}).encode()
    headers = signing.sign(body=good, uuid=uuid, now=time.time(), secret="a-plain-secret")
    assert Client().post(ADDRESS, bad, content_type="application/json", headers=headers).status_code == 401
    assert message(package)[0] == "queued"


def test_a_deleted_hook_has_no_voice(hook: Hook) -> None:
    _package, uuid = ready_package()
    delete_hook(hook)
    assert send({"event_uuid": uuid, "status": "delivered"}).status_code == 401


@pytest.mark.parametrize("bad", [{"status": "read"}, {}, {"status": "failed", "reason": 7}, {"status": ["failed"]}])
def test_a_signed_receipt_that_makes_no_sense_is_named(hook: Hook, bad: dict[str, Any]) -> None:
    package, uuid = ready_package()
    answer = send({"event_uuid": uuid} | bad)
    assert (answer.status_code, code_of(answer)) == (400, "validation_error")
    assert message(package)[0] == "queued"


def test_receipts_take_an_idempotency_key_too(hook: Hook) -> None:
    _package, uuid = ready_package()
    body = {"event_uuid": uuid, "status": "accepted"}
    answers = [send(body, **{"Idempotency-Key": "a"}) for _ in range(2)]
    assert [answer.get("Idempotency-Replayed") for answer in answers] == [None, "true"]
    other = send(body | {"status": "delivered"}, **{"Idempotency-Key": "a"})
    assert (other.status_code, code_of(other)) == (422, "idempotency_mismatch")
