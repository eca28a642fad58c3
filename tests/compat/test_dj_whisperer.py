"""What is written for the reference's Whisperer works here: its published package, dj-whisperer 0.5.3, is the judge."""

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

import pytest
from django.db import transaction
from pytest_django.live_server_helper import LiveServer

from clickcollect.accounts.models import Role
from clickcollect.accounts.tokens import create_token
from clickcollect.api.hooks import hook_event_document
from clickcollect.oms import states
from clickcollect.oms.events import types as events
from clickcollect.oms.events.types import EVENTS, OutgoingEvent
from clickcollect.whisperer import hooks, redelivery, retry, signing
from clickcollect.whisperer.documents import hook_document
from clickcollect.whisperer.models import Attempt, Delivery, Event
from tests import shop
from tests.compat import environment
from tests.whisperer.dispatch import states as delivery_states
from tests.whisperer.receivers import Received, Receiver, receiving, wait_until, working

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
SECRETS = ["s3cret", "ein Schlüssel mit ş und 鍵", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]


def post_every_type() -> None:
    """Every type of event there is, about one order and its package."""
    package = shop.make_package(states.READY)
    subjects = [
        {"order": package.order} if kind.of_order else {"package": shop.reread(package)} for kind in EVENTS.values()
    ]
    with transaction.atomic():
        events.publish(
            OutgoingEvent(event=kind, **about) for kind, about in zip(EVENTS.values(), subjects, strict=True)
        )


def subscribe(url: str, *, secret: str) -> None:
    """One hook for every type."""
    user = shop.make_user(Role.ADMIN)
    for name in EVENTS:
        hooks.create_hook(user_id=user.pk, fields={"event_type": name, "target_url": url, "secret_key": secret})


def send_every_type(url: str, *, secret: str) -> None:
    shop.make_package(states.READY)  # before anybody listens
    subscribe(url, secret=secret)
    with working():
        post_every_type()
        wait_until(lambda: not set(delivery_states()) & {"queued", "delivering", "retrying"}, seconds=60)


def reported(url: str) -> dict[str, Any]:
    with urllib.request.urlopen(url, timeout=30) as response:
        found: dict[str, Any] = json.load(response)
    return found


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("secret", SECRETS)
def test_a_receiver_with_their_signing_code_takes_every_type_of_event(secret: str) -> None:
    with environment.running("their_receiver.py", secret) as port:
        url = f"http://127.0.0.1:{port}/whisperer"
        send_every_type(url, secret=secret)
        seen = reported(url)
    assert seen["refused"] == []
    assert {one["type"] for one in seen["taken"]} == set(EVENTS)
    assert all(one["header"] == one["type"] for one in seen["taken"])
    assert {one["uuid"] for one in seen["taken"]} <= set(Event.objects.values_list("uuid", flat=True))
    assert not Attempt.objects.exclude(status_code=204).exists()


def answer_to(url: str, *, body: bytes, headers: Mapping[str, str]) -> int:
    request = urllib.request.Request(url, body, {"Content-Type": "application/json", **headers}, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def test_control_that_receiver_refuses_what_we_did_not_write() -> None:
    body = json.dumps({"event": {"type": "package.created", "uuid": "0" * 32}, "payload": {"id": 1}}).encode()
    event = {signing.EVENT_HEADER: "package.created"}
    genuine = event | signing.sign(body=body, uuid="0" * 32, now=0.0, secret=SECRETS[0])
    forged = event | signing.sign(body=body, uuid="0" * 32, now=0.0, secret="another")
    with environment.running("their_receiver.py", SECRETS[0]) as port:
        url = f"http://127.0.0.1:{port}/"
        assert answer_to(url, body=body, headers=genuine) == 204
        assert answer_to(url, body=body.replace(b'"id": 1', b'"id": 2'), headers=genuine) == 401
        assert answer_to(url, body=body + b" ", headers=genuine) == 401
        assert answer_to(url, body=body, headers=forged) == 401
        assert answer_to(url, body=body, headers=event) == 401


def shape(value: Any) -> Any:
    """The keys of an envelope, without what the payload holds."""
    return {key: sorted(inner) if key == "event" else None for key, inner in value.items()}


@pytest.mark.django_db(transaction=True)
def test_our_event_has_every_header_and_key_of_one_of_theirs() -> None:
    with receiving(Receiver()) as (receiver,):
        environment.ask("their_event.py", receiver.url, SECRETS[0])
        send_every_type(receiver.url, secret=SECRETS[0])
    theirs, ours = receiver.got[0], receiver.got[1]
    belongs_to_requests = {"accept", "accept-encoding", "connection", "user-agent", "content-length", "host"}
    assert set(theirs.headers) - belongs_to_requests <= set(ours.headers)
    assert ours.headers["content-type"] == theirs.headers["content-type"] == "application/json"
    assert same_form(theirs, ours)
    their_envelope, our_envelope = (shape(json.loads(one.body)) for one in (theirs, ours))
    assert list(their_envelope) == list(our_envelope) == ["event", "payload"]
    assert set(their_envelope["event"]) == {"type", "uuid"} <= set(our_envelope["event"])


def same_form(*requests: Received) -> bool:
    """Signed by the same rule: `sha256=` and the HMAC of the raw body in hexadecimal."""
    return all(
        one.headers["x-whisperer-signature"] == signing.whisperer_signature(SECRETS[0], body=one.body)
        for one in requests
    )


def test_the_nth_wait_is_theirs_where_ours_sets_no_bound() -> None:
    configs: list[dict[str, Any]] = [
        {"choice": "fixed", "kwargs": {"seconds": 30}},
        {"choice": "linear", "kwargs": {"base": 7}},
        {"choice": "linear", "kwargs": {"base": 7, "limit": 20}},
        {"choice": "exponential", "kwargs": {"base": 2}},
        {"choice": "exponential", "kwargs": {"base": 3, "factor": 5, "limit": 900}},
    ]
    cases = [(config, n) for config in configs for n in range(1, 12)]
    theirs = json.loads(environment.ask("their_countdown.py", json.dumps(cases)))
    ours = [retry.countdown(config, attempts=n, code_bearing=False, chance=lambda: 0.5) for config, n in cases]
    assert ours == theirs


@pytest.mark.django_db(transaction=True)
def test_hooks_and_their_events_have_their_names_but_no_secret_and_no_bodies() -> None:
    names = json.loads(environment.ask("their_names.py"))
    shop.make_package(states.READY)
    subscribe("http://127.0.0.1:9/", secret=SECRETS[0])
    post_every_type()
    delivery = Delivery.objects.first()
    assert delivery is not None
    assert set(names["hook"]) - set(hook_document(delivery.hook)) == {"secret_key"}
    shown = hook_event_document(delivery, reader=shop.make_actor(Role.ADMIN))
    assert set(names["hook_event"]) - set(shown) == {"request_payload", "response_content"}


def test_refusals_are_in_their_words() -> None:
    theirs = json.loads(environment.ask("their_names.py"))["refusals"]
    ours: list[tuple[str, str]] = [
        (hooks.HookExists.code, hooks.HookExists.words),
        (redelivery.AlreadyDelivered.code, redelivery.AlreadyDelivered.words),
        (redelivery.StillTrying.code, redelivery.StillTrying.words),
    ]
    assert [theirs[code] for code, _words in ours] == [{"code": code, "en": words} for code, words in ours]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("prefix", ["/whisperer/", "/api/v1/whisperer/"])
def test_an_integration_by_their_names_finds_what_it_knows(live_server: LiveServer, prefix: str) -> None:
    admin = shop.make_user(Role.ADMIN)
    for name in EVENTS:
        hooks.create_hook(user_id=admin.pk, fields={"event_type": name, "target_url": "http://127.0.0.1:9/"})
    post_every_type()
    key = create_token(user=admin, name="integration", scopes=["hooks:read", "hooks:write", "hooks:code-bearing"]).key
    arguments = (f"{live_server.url}{prefix}", key, "package.created", "http://127.0.0.1:9/theirs")
    Delivery.objects.update(status_code=503)
    said = json.loads(environment.ask("their_integration.py", *arguments))
    assert said["created"]["status"] == 201
    assert (said["replaced"]["status"], said["replaced"]["body"]["is_active"]) == (200, False)
    assert said["half"]["status"] == 400
    assert said["read"]["body"] == said["replaced"]["body"]
    assert said["retried"]["status"] == 200
    assert set(said["retry_keys"]) <= set(said["retried"]["body"])
    assert said["deleted"] == {"status": 204, "body": None}
    assert set(said["found"]) >= {"response_http_status", "content_type", "created_date__gt", "uuid", "webhook"}
    assert {name: answer["status"] for name, answer in said["found"].items()} == dict.fromkeys(said["found"], 200)
    finds_itself = {
        name: said["row"]["id"] in [row["id"] for row in answer["body"]["results"]]
        for name, answer in said["found"].items()
    }
    assert finds_itself == {name: not name.endswith(("__gt", "__lt")) for name in said["found"]}
    one = said["found"]["uuid"]["body"]
    assert (one["count"], one["results"]) == (1, [said["row"]]), "control: a filter leaves others out"
