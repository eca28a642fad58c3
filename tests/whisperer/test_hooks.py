"""Hooks change without losing deliveries or leaking secrets; a lost key never means an unsigned delivery."""

import base64
import os
from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now

from clickcollect.accounts.models import User
from clickcollect.errors import ValidationFailed
from clickcollect.whisperer import custom_headers, encryption, hooks, signing, statistics
from clickcollect.whisperer.models import HOOK_SECRET, Attempt, Delivery, Endpoint, Hook
from tests.whisperer.conftest import Filler
from tests.whisperer.dispatch import CODE, NEWS, make_hook, publish, states
from tests.whisperer.receivers import Receiver, receiving, wait_until, working

pytestmark = pytest.mark.django_db(transaction=True)

OLD = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NEW = "whsec_aW5jb3JyZWN0LXNlY3JldC1mb3ItdGVzdHM="


def known_secrets(hook: Hook) -> list[str]:
    return hooks.secrets_of(hooks.with_clock().get(pk=hook.pk))


def test_a_changed_secret_overlaps_with_the_old_one_for_a_day(user: User, filler: Filler) -> None:
    with receiving(Receiver()) as (receiver,), working():
        hook = make_hook(user, url=receiver.url, secret_key=OLD)
        hooks.change_hook(hook, fields={"secret_key": NEW})
        publish()
        wait_until(lambda: receiver.got)
    request = receiver.got[0]
    now = float(request.headers["webhook-timestamp"])
    for secret in (OLD, NEW):
        assert signing.verify(secrets=[secret], headers=request.headers, body=request.body, now=now)
    assert request.headers["x-whisperer-signature"] == signing.whisperer_signature(NEW, body=request.body)
    assert known_secrets(hook) == [NEW, OLD]
    Hook.objects.update(previous_secret_until=Now() - timedelta(seconds=1))
    assert known_secrets(hook) == [NEW]


def test_a_lost_key_stops_the_delivery_and_never_sends_it_unsigned(user: User, filler: Filler, settings: Any) -> None:
    with receiving(Receiver()) as (receiver,):
        make_hook(user, url=receiver.url, secret_key="s3cret")
        settings.ENCRYPTION_KEYS = {"another": os.urandom(32)}
        with working():
            publish()
            wait_until(Attempt.objects.exists)
    assert receiver.got == []
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.reason) == ("retrying", "secret_unreadable")


def test_a_sealed_text_opens_for_its_purpose_only_and_not_when_it_was_touched() -> None:
    sealed = encryption.seal("s3cret", purpose=HOOK_SECRET)
    assert encryption.unseal(sealed, purpose=HOOK_SECRET) == "s3cret"
    key_id, _colon, text = sealed.partition(":")
    raw = bytearray(base64.b64decode(text))
    raw[-1] ^= 1
    for broken in (f"{key_id}:{base64.b64encode(raw).decode()}", f"{key_id}:", f"{key_id}:ü", "nokey", "x:y"):
        with pytest.raises(encryption.KeyLost):
            encryption.unseal(broken, purpose=HOOK_SECRET)
    with pytest.raises(encryption.KeyLost):
        encryption.unseal(sealed, purpose="something else")


def test_deliveries_follow_a_hook_to_its_new_address(user: User, filler: Filler) -> None:
    with receiving(Receiver()) as (receiver,):
        hook = make_hook(user, secret_key=OLD)
        publish()
        hooks.change_hook(hook, fields={"target_url": receiver.url, "secret_key": NEW})
        with working():
            wait_until(lambda: states() == {"delivered": 1})
    assert Delivery.objects.get().endpoint.target_url == receiver.url
    assert known_secrets(hook) == [NEW]


def test_a_new_address_needs_the_password_again(user: User, filler: Filler) -> None:
    auth = {"auth_type": "basic", "username": "me", "password": "old"}
    hook = make_hook(user, config={"auth": auth})
    with pytest.raises(ValidationFailed) as refusal:
        hooks.change_hook(hook, fields={"target_url": "http://127.0.0.1:10/"})
    assert [fault["loc"] for fault in refusal.value.errors] == ["config.auth.password"]
    hooks.change_hook(hook, fields={"target_url": "http://127.0.0.1:10/", "config": {"auth": auth | {"password": "x"}}})


def test_basic_auth_and_own_headers_are_sent_but_ours_stand(user: User, filler: Filler) -> None:
    with receiving(Receiver()) as (receiver,), working():
        auth = {"auth_type": "basic", "username": "me", "password": "pä:ss"}
        hook = make_hook(user, url=receiver.url, secret_key=OLD, config={"auth": auth}, additional_headers={"X-A": "b"})
        reserved = {"x-whisperer-signature": "mine", "HOST": "x", "Content-Type": "text/plain", "webhook-id": "1"}
        custom_headers.seal_headers(hook, reserved | {"X-A": "b"})
        hook.save()
        publish()
        wait_until(lambda: receiver.got)
    headers = receiver.got[0].headers
    assert headers["authorization"] == "Basic " + base64.b64encode("me:pä:ss".encode()).decode()
    assert headers["x-a"] == "b"
    assert headers["content-type"] == "application/json"
    assert headers["host"].startswith("127.0.0.1")
    assert headers["webhook-id"] != "1"
    assert headers["x-whisperer-signature"].startswith("sha256=")


def test_switching_a_hook_off_turns_waiting_deliveries_into_dead_ones(user: User, filler: Filler) -> None:
    hook = make_hook(user)
    publish()
    hook = hooks.change_hook(hook, fields={"is_active": False})
    publish()
    assert states() == {"dead": 1}
    assert Delivery.objects.get().reason == "hook_inactive"
    hooks.change_hook(hook, fields={"is_active": True})
    publish()
    assert states() == {"dead": 1, "queued": 1}


def test_the_overview_says_what_backs_off_waits_and_died(user: User, filler: Filler) -> None:
    assert statistics.oldest_undelivered([CODE]) is None
    make_hook(user)
    make_hook(user, type=CODE)
    publish(subject="package:1")
    publish(subject="package:2", type=CODE)
    Delivery.objects.filter(event_type=CODE).update(queued_at=Now() - timedelta(seconds=90))
    age = statistics.oldest_undelivered([CODE])
    assert age is not None
    assert 89 < age.total_seconds() < 100
    assert statistics.counts_by_state() == {"queued": 2, "retrying": 0, "delivering": 0, "dead": 0}
    assert statistics.endpoints_backing_off() == []
    Endpoint.objects.update(failures=12, failing_since=Now(), last_reason="timeout")
    (endpoint,) = statistics.endpoints_backing_off()
    assert (endpoint.failures, endpoint.waiting, endpoint.reason) == (12, 2, "timeout")
    Delivery.objects.filter(event_type=NEWS).update(state="dead")
    assert statistics.dead_letters().get().event_type == NEWS
    assert [delivery.event_type for delivery in statistics.deliveries_of_subject("package:2")] == [CODE]
