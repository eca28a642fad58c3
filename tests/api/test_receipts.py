"""Receipts: only who got the event may say what became of it, and only the newest message counts."""

import itertools
import json
import threading
import time
from collections.abc import Sequence
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from clickcollect.oms import states
from clickcollect.oms.events.message_status import MOST_RECEIPTS, MessageReceipt, Receipt, record_receipts
from clickcollect.oms.models import MessageState, Package
from clickcollect.whisperer import signing
from clickcollect.whisperer.hooks import create_hook, delete_hook
from clickcollect.whisperer.models import Event, Hook
from clickcollect.whisperer.outbox import publish
from tests import shop
from tests.api.caller import code_of
from tests.whisperer.receivers import wait_until

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


def test_a_whsec_secret_is_not_proved_by_the_older_header_and_the_answer_says_what_is_missing() -> None:
    """An integrator who signs as events are signed with a plain secret would not find out why."""
    hook_with(SECRET)
    package, uuid = ready_package()
    raw = json.dumps({"event_uuid": uuid, "status": "delivered"}).encode()
    older = {signing.SIGNATURE_HEADER: signing.whisperer_signature(SECRET, body=raw)}

    answer = Client().post(ADDRESS, raw, content_type="application/json", headers=older)

    assert answer.status_code == 401
    assert message(package)[0] != "delivered"
    assert "webhook-signature" in answer.json()["detail"]


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


def created_event(package: Package) -> str:
    """The uuid of another event of this package, of a type that another hook gets."""
    with transaction.atomic():
        return publish(type="package.created", subject=f"package:{package.pk}", payload={}).uuid


def receipts_of(uuids: Sequence[str], status: str = "delivered") -> dict[str, Any]:
    return {"receipts": [{"event_uuid": uuid, "status": status} for uuid in uuids]}


@pytest.mark.parametrize("secret", ["a-plain-secret", SECRET])
def test_many_receipts_come_in_one_call_and_are_recorded_by_one_statement(secret: str) -> None:
    hook_with(secret)
    told = [ready_package() for _ in range(4)]
    body = receipts_of([uuid for _package, uuid in told])
    body["receipts"][1] |= {"status": "failed", "reason": "No such number: 90 555 000 01 01", "channel": "sms"}
    body["receipts"].insert(0, {"event_uuid": told[2][1], "status": "accepted"})
    with CaptureQueriesContext(connection) as statements:
        answer = send(body, secret=secret)
    assert (answer.status_code, answer.content) == (204, b"")
    assert len([one for one in statements if "UPDATE oms_package" in one["sql"]]) == 1
    assert len(statements) <= 3
    assert [message(package)[0] for package, _uuid in told] == ["delivered", "failed", "delivered", "delivered"]
    assert message(told[1][0])[1] == "No such number: …"


def test_a_batch_is_worth_what_its_receipts_are_one_by_one(hook: Hook) -> None:
    """Every series of three, from every state."""
    package, uuid = ready_package()
    row = Package.objects.filter(pk=package.pk)
    for state in MessageState:
        for length in (1, 2, 3):
            for words in itertools.product(Receipt, repeat=length):
                series = [
                    MessageReceipt(event_uuid=uuid, status=word, reason=f"reason {place}")
                    for place, word in enumerate(words)
                ]
                ends = []
                for batches in ([[one] for one in series], [series]):
                    row.update(message_state=state, message_reason="before")
                    for batch in batches:
                        record_receipts(batch, hook_ids=[hook.pk])
                    ends.append(message(package))
                assert ends[0] == ends[1], (state, words)


def test_an_event_of_another_secret_is_passed_over(hook: Hook) -> None:
    hook_with("another-secret", event_type="package.created", port=9998)
    package, ready = ready_package()
    created = created_event(package)
    Package.objects.filter(pk=package.pk).update(message_uuid=created)
    assert send(receipts_of([ready, created, "0" * 32])).status_code == 204
    assert message(package)[0] == "queued"
    assert send(receipts_of([ready, created]), secret="another-secret").status_code == 204
    assert message(package)[0] == "delivered"


def test_hooks_with_the_same_secret_speak_with_one_voice(hook: Hook) -> None:
    hook_with("a-plain-secret", event_type="package.created", port=9998)
    (one, ready), (other, _uuid) = ready_package(), ready_package()
    created = created_event(other)
    Package.objects.filter(pk=other.pk).update(message_uuid=created)
    assert send(receipts_of([ready, created])).status_code == 204
    assert [message(package)[0] for package in (one, other)] == ["delivered", "delivered"]


def test_a_batch_that_nobody_signed_changes_nothing(hook: Hook) -> None:
    package, uuid = ready_package()
    bodies: list[dict[str, Any]] = [
        {"receipts": []},
        {"receipts": uuid},
        {"receipts": [uuid, [uuid], {"event_uuid": [uuid]}, None]},
        receipts_of(["0" * 32]),
    ]
    for answer in [send(body) for body in bodies] + [send(receipts_of([uuid]), secret="another")]:
        assert (answer.status_code, code_of(answer)) == (401, "not_authenticated")
    assert message(package)[0] == "queued"


def test_every_bad_receipt_of_a_batch_is_named_and_none_is_recorded(hook: Hook) -> None:
    package, uuid = ready_package()
    body = receipts_of([uuid] * 4)
    body["receipts"][1]["status"] = "read"
    body["receipts"][2]["reason"] = 7
    del body["receipts"][3]["event_uuid"]
    answer = send(body)
    assert (answer.status_code, code_of(answer)) == (400, "validation_error")
    assert [row["loc"] for row in answer.json()["errors"]] == [
        "receipts.1.status",
        "receipts.2.reason",
        "receipts.3.event_uuid",
    ]
    assert message(package)[0] == "queued"


def test_a_single_receipt_is_named_without_a_place(hook: Hook) -> None:
    _package, uuid = ready_package()
    answer = send({"event_uuid": uuid, "status": "read"})
    assert [row["loc"] for row in answer.json()["errors"]] == ["status"]


def test_a_batch_has_a_bound(hook: Hook) -> None:
    package, uuid = ready_package()
    too_many = send(receipts_of([uuid] * (MOST_RECEIPTS + 1)))
    assert [row["loc"] for row in too_many.json()["errors"]] == ["receipts"]
    assert message(package)[0] == "queued"
    assert send(receipts_of([uuid] * MOST_RECEIPTS)).status_code == 204
    assert message(package)[0] == "delivered"


@pytest.mark.django_db(transaction=True)
def test_batches_lock_packages_by_id_so_that_two_never_wait_for_each_other(hook: Hook) -> None:
    (low, low_uuid), (high, high_uuid) = ready_package(), ready_package()
    answers: list[int] = []

    def report() -> None:
        answers.append(send(receipts_of([high_uuid, low_uuid])).status_code)
        connection.close()

    reporter = threading.Thread(target=report)
    with transaction.atomic():
        Package.objects.select_for_update().get(pk=low.pk)
        reporter.start()
        with connection.cursor() as cursor:
            wait_until(lambda: somebody_waits(cursor))
        Package.objects.select_for_update(nowait=True).get(pk=high.pk)
    reporter.join()
    assert answers == [204]
    assert [message(package)[0] for package in (low, high)] == ["delivered", "delivered"]


def somebody_waits(cursor: Any) -> bool:
    cursor.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")
    return bool(cursor.fetchone()[0])
