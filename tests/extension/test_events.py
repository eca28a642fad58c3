"""`POST /events/`: one SMS per event, whoever posts it, however often, in whatever order."""

import base64
import json
import time
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from extension.signature import sign_body
from tests.extension.conftest import Carried, Start
from tests.extension.running import SECRET, Answer, Running, call, database, event, signature
from tests.whisperer.receivers import wait_until

STANDARD = "whsec_" + base64.b64encode(b"thirty-two bytes of real secret!").decode()


def test_a_signed_event_becomes_one_message(extension: Running) -> None:
    document = event()
    answer = extension.post(document)
    assert (answer.status, answer.json["status"]) == (200, "sent")
    (text,) = extension.texts(document)
    assert "482913" in text
    shown = next(one for one in extension.messages() if one["event_uuid"] == document["event"]["uuid"])
    assert set(shown) == {"to", "text", "sent_at", "event_uuid"}
    assert shown["to"] == "+447700900123"
    assert datetime.fromisoformat(shown["sent_at"]).tzinfo == UTC


def test_a_finished_event_is_not_sent_again(extension: Running) -> None:
    document = event()
    answers = [extension.post(document) for _copy in range(3)]
    assert [answer.json["status"] for answer in answers] == ["sent", "finished", "finished"]
    assert [answer.status for answer in answers] == [200, 200, 200]
    assert len(extension.texts(document)) == 1


def test_fifty_copies_at_once_become_one_message(extension: Running) -> None:
    document = event()
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(extension.post, [document] * 50))
    assert len(extension.texts(document)) == 1
    assert {answer.status for answer in answers} <= {200, 503}
    assert sum(answer.status == 200 and answer.json["status"] == "sent" for answer in answers) == 1
    assert extension.post(document).json["status"] == "finished"


def test_fifty_copies_at_once_meet_a_slow_provider_once(carried: Carried) -> None:
    carried.provider.may_answer.clear()
    document = event()
    with ThreadPoolExecutor(50) as pool:
        posts = [pool.submit(carried.extension.post, document) for _copy in range(50)]
        first_done, _others = wait(posts, return_when=FIRST_COMPLETED)
        carried.provider.may_answer.set()
        answers = [post.result() for post in posts]
    assert all(post.result().status == 503 for post in first_done), "somebody has the event and waits for the provider"
    assert len(carried.provider.received) == 1
    busy = [answer for answer in answers if answer.status == 503]
    assert busy
    assert all(answer.headers["retry-after"] == "2" for answer in busy)


def test_other_types_are_taken_and_ignored(extension: Running) -> None:
    for kind in ("package.created", "package.status.delivered", "order.updated", "something.new"):
        document = event(kind)
        assert extension.post(document).json["status"] == "ignored"
        assert extension.texts(document) == []


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("package.status.ready_for_pickup", "is ready at Galata"),
        ("package.pickup.code_resent", "once more: 482913"),
        ("package.pickup.reminder", "still waiting"),
        ("package.pickup.overridden", "handed over at Galata without a pickup code"),
        ("package.pickup.phone_changed", "The phone number for order WEB-100093 at Galata was changed."),
    ],
)
def test_each_type_has_its_message(extension: Running, kind: str, words: str) -> None:
    otp = {} if "code" in kind or "ready" in kind else {"otp": None}
    document = event(kind, **otp)
    extension.post(document)
    (text,) = extension.texts(document)
    assert words in text


def test_a_packed_package_has_a_message_only_where_it_had_been_ready_before(extension: Running) -> None:
    first = event("package.status.packed", otp=None, ready_at=None)
    assert extension.post(first).json["status"] == "ignored"
    back = event("package.status.packed", otp=None, ready_at="2026-11-18T09:12:00Z")
    assert extension.post(back).json["status"] == "sent"
    (text,) = extension.texts(back)
    assert "is not ready at Galata yet after all; a code we sent no longer works." in text


def test_an_older_code_never_follows_a_newer_one(extension: Running) -> None:
    first, second = (event(id=4711, otp={"code": f"11111{issue}", "issue": issue}) for issue in (1, 2))
    assert extension.post(second).json["status"] == "sent"
    assert extension.post(first).json["status"] == "superseded"
    again = event("package.pickup.code_resent", id=4711, otp={"code": "111112", "issue": 2})
    assert extension.post(again).json["status"] == "sent"
    assert extension.texts(first) == []
    assert extension.post(first).json["status"] == "finished"


def test_a_reminder_after_a_newer_code_is_sent(extension: Running) -> None:
    extension.post(event(id=4712, otp={"code": "111112", "issue": 2}))
    assert extension.post(event("package.pickup.reminder", id=4712, otp=None)).json["status"] == "sent"


def test_a_code_that_has_expired_is_not_sent(extension: Running) -> None:
    past = (datetime.now(UTC) - timedelta(minutes=1)).isoformat()
    document = event(otp={"code": "482913", "issue": 1, "expires_at": past})
    assert extension.post(document).json["status"] == "too_late"
    assert extension.texts(document) == []


@pytest.mark.parametrize(
    ("kind", "status"), [("reminder", "too_late"), ("overridden", "sent"), ("phone_changed", "sent")]
)
def test_news_of_what_was_done_is_sent_after_the_pickup_time_too(extension: Running, kind: str, status: str) -> None:
    past = (datetime.now(UTC) - timedelta(minutes=1)).isoformat()
    document = event(f"package.pickup.{kind}", otp=None, pickup_deadline=past)
    assert extension.post(document).json["status"] == status


def test_an_event_older_than_our_memory_is_not_sent(extension: Running) -> None:
    document = event("package.pickup.overridden", otp=None)
    document["event"]["issued_at"] = (datetime.now(UTC) - timedelta(days=61)).isoformat()
    assert extension.post(document).json["status"] == "ignored"
    assert extension.texts(document) == []


@pytest.mark.parametrize("number", ["", "12345", "+0123456789", "+44 7700", "+44x7700900123", "+" + "1" * 30, "482913"])
def test_a_number_that_is_none_is_refused_once_and_for_all(extension: Running, number: str) -> None:
    document = event(customer={"phone_number": number, "language_code": "en"})
    answer = extension.post(document)
    assert (answer.status, answer.json["status"]) == (200, "refused")
    assert "looks wrong" in answer.json["detail"]


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Whisperer-Signature": ""},
        {"X-Whisperer-Signature": "sha256=" + "0" * 64},
        {"X-Whisperer-Signature": "sha256="},
        {"X-Whisperer-Signature": "nonsense"},
        {"X-Whisperer-Signature": signature(b"another body")},
    ],
)
def test_a_wrong_signature_is_refused(extension: Running, headers: dict[str, str]) -> None:
    document = event()
    answer = extension.post(document, headers=headers)
    assert answer.status == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json["code"] == "not_authenticated"
    assert extension.texts(document) == []
    assert extension.rows(f"SELECT 1 FROM extension_message WHERE uuid = '{document['event']['uuid']}'") == []


def test_another_ones_secret_is_refused(extension: Running) -> None:
    answer = extension.post(event(), secret="guessed")
    assert answer.status == 401
    assert "EXTENSION_WEBHOOK_SECRET" in answer.json["detail"]


def test_without_any_signature_it_is_refused(extension: Running) -> None:
    assert call(f"{extension.url}/events/", body=json.dumps(event()).encode()).status == 401


BAD_CODES = ("", "123", "123456789", "48a913", "½½½½")
BAD_IDS: tuple[object, ...] = (0, -1, 2**63, True, "1", 1.5, [], {})
BAD_OTPS: tuple[object, ...] = ([], "482913", {}, {"code": 482913, "issue": 1})
BAD_ISSUES: tuple[object, ...] = (0, None, "1", 2**40, True)
GARBAGE: list[bytes] = [
    b"",
    b"\x00",
    b"\xff\xfe",
    b"null",
    b"[]",
    b"1",
    b'"text"',
    b"{",
    b"[" * 100_000,
    b'{"event":' * 5_000,
    b"1" * 10_000,
    b"{}",
    b'{"event": null}',
    b'{"event": []}',
    b'{"event": {"type": 1, "uuid": 2}}',
    json.dumps({"event": {"type": "package.status.ready_for_pickup", "uuid": "a\x00b"}}).encode(),
    json.dumps({"event": {"type": "package.status.ready_for_pickup", "uuid": "a" * 65}}).encode(),
    json.dumps({"event": {"type": "x y", "uuid": "a"}}).encode(),
    json.dumps({"event": {"type": "package.status.ready_for_pickup", "uuid": "a"}, "payload": []}).encode(),
    json.dumps({"event": {"type": "package.status.ready_for_pickup", "uuid": "a"}}).encode(),
    *(json.dumps(event(id=wrong)).encode() for wrong in BAD_IDS),
    *(json.dumps(event(otp=wrong)).encode() for wrong in BAD_OTPS),
    *(json.dumps(event(otp={"code": "482913", "issue": wrong})).encode() for wrong in BAD_ISSUES),
    *(
        json.dumps(event(otp={"code": wrong, "issue": 1})).encode()
        for wrong in ("", "123", "123456789", "48a913", "½½½½")
    ),
]


@pytest.mark.parametrize("body", GARBAGE, ids=range(len(GARBAGE)))
def test_signed_garbage_is_refused_in_words(extension: Running, body: bytes) -> None:
    before = len(extension.messages())
    answer = extension.post(body)
    assert answer.status == 400
    assert answer.json["code"] == "unreadable"
    assert b"482913" not in answer.body
    assert len(extension.messages()) == before


ODD: list[dict[str, Any]] = [
    {"customer": None},
    {"customer": [], "stock_location": 7},
    {"customer": {"phone_number": 5, "first_name": {}, "language_code": []}},
    {"customer": {"phone_number": "+447700900123", "first_name": "\ud800", "language_code": "\x00"}},
    {"stock_location": {"name": "\x00\ud800", "erp_code": "x" * 500, "time_zone": "\ud800", "language_code": 5}},
    {"stock_location": None, "pickup_deadline": None},
    {"pickup_deadline": "tomorrow"},
    {"pickup_deadline": "9999-12-31T23:59:59-14:00"},
    {"pickup_deadline": "0001-01-01T00:00:00+14:00"},
    {"otp": {"code": "482913", "issue": 1, "expires_at": 5}},
    {"order_number": ["x"]},
]


@pytest.mark.parametrize("changes", ODD, ids=range(len(ODD)))
def test_odd_payloads_are_answered(extension: Running, changes: dict[str, Any]) -> None:
    assert extension.post(event(**changes)).status == 200


def test_a_body_over_one_mebibyte_is_refused(extension: Running) -> None:
    assert extension.post(event(note="x" * 1_000_000)).status == 200
    answer = extension.post(event(note="x" * 1024 * 1024))
    assert (answer.status, answer.json["code"]) == (413, "payload_too_large")


def test_only_post(extension: Running) -> None:
    for method in ("GET", "PUT", "DELETE"):
        answer = call(f"{extension.url}/events/", method=method)
        assert (answer.status, answer.headers["allow"]) == (405, "POST")


def test_a_standard_webhooks_secret_refuses_what_was_recorded(start_extension: Start) -> None:
    extension = start_extension(EXTENSION_WEBHOOK_SECRET=f"{STANDARD},{SECRET}")
    document = event()
    body = json.dumps(document).encode()
    uuid = document["event"]["uuid"]

    def post(now: float) -> Answer:
        headers = sign_body(body=body, secret=STANDARD, message_id=uuid, now=now)
        return call(f"{extension.url}/events/", body=body, headers=headers)

    for difference in (-301, 310):
        answer = post(time.time() + difference)
        assert answer.status == 401
        assert "The signature is right" in answer.json["detail"], "a clock that is wrong looks like a wrong secret"
    assert "Set the clocks of both machines." in extension.log_text()
    assert extension.texts(document) == []
    assert post(time.time()).status == 200
    assert post(time.time()).status == 200
    assert len(extension.texts(document)) == 1
    assert extension.post(event()).status == 200  # the other secret is good at the same time


def test_an_attempt_that_died_is_made_again_when_its_claim_has_run_out(extension: Running) -> None:
    document = event()
    uuid = document["event"]["uuid"]
    claim = (
        "INSERT INTO extension_message (uuid, type, package_id, outcome, attempts, claim, claimed_until) "
        f"VALUES ('{uuid}', 'x', {document['payload']['id']}, '', 1, gen_random_uuid(), now() + interval '1 minute') "
        "RETURNING 1"
    )
    extension.rows(claim)
    assert extension.post(document).status == 503
    assert extension.texts(document) == []
    extension.rows(f"UPDATE extension_message SET claimed_until = now() WHERE uuid = '{uuid}' RETURNING 1")
    assert extension.post(document).json["status"] == "sent"
    assert len(extension.texts(document)) == 1


def test_a_second_start_keeps_what_was_finished_for_ninety_days(start_extension: Start) -> None:
    document, old = event(), event()
    with database() as url:
        first = start_extension(database_url=url)
        assert [first.post(one).json["status"] for one in (document, old)] == ["sent", "sent"]
        age = "UPDATE extension_message SET received_at = now() - interval '91 days' WHERE uuid = '{}' RETURNING 1"
        first.rows(age.format(old["event"]["uuid"]))
        second = start_extension(database_url=url)
        assert second.post(document).json["status"] == "finished"
        assert second.messages() == []
        wait_until(lambda: second.rows("SELECT uuid FROM extension_message") == [(document["event"]["uuid"],)])
        assert second.rows("SELECT id FROM extension_package") == [(document["payload"]["id"],)]


def test_a_database_that_goes_away_is_a_retry_and_not_a_traceback(start_extension: Start) -> None:
    with database() as url:
        extension = start_extension(database_url=url)
    answer = extension.post(event())
    assert (answer.status, answer.json["code"]) == (503, "not_now")
    assert "482913" not in extension.log_text()


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("1e999", "id is not a number"),
        ("NaN", "id is not a number"),
        ("-Infinity", "id is not a number"),
        ("9" * 5000, "id is not a number"),
        ("9" * 20, "id is not a number"),
        ('"\\ud800"', "id is not a number"),
        ('{"a": 1, "a": 2}', "a stands twice"),
        ('1, "id": 2', "id stands twice"),
        ('{"482913": 1, "482913": 2}', "A field stands twice"),
        ("[" * 100_000, "nested too deeply"),
        ("[" * 100_000 + "]" * 100_000, "nested too deeply"),
        ("[" * 50 + "]" * 50, "id is not a number"),
        ("{", "not JSON"),
    ],
    ids=lambda text: text[:12],
)
def test_json_that_makes_no_sense_is_named_and_not_sent(extension: Running, written: str, words: str) -> None:
    document = event()
    body = json.dumps(document | {"payload": document["payload"] | {"id": "the-hole"}})
    answer = extension.post(body.replace('"the-hole"', written).encode())
    assert (answer.status, answer.json["code"]) == (400, "unreadable")
    assert words in answer.json["detail"]
    assert "482913" not in answer.json["detail"]
    assert extension.texts(document) == []
