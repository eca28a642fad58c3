"""Hooks over HTTP, to the delivery of the contract."""

import json
from typing import Any

import pytest
from django.test import Client

from clickcollect.accounts import tokens
from clickcollect.accounts.models import Role, User
from clickcollect.whisperer import custom_headers, encryption
from clickcollect.whisperer.models import HOOK_PASSWORD, HOOK_SECRET, Delivery, Hook
from tests.whisperer.conftest import Filler
from tests.whisperer.dispatch import CODE, NEWS, make_hook, make_user, publish

pytestmark = pytest.mark.django_db

HOOK = {"event_type": NEWS, "target_url": "http://127.0.0.1:9/hook"}


class Caller:
    """Somebody with a token."""

    def __init__(self, user: User) -> None:
        token = tokens.create_token(user=user, name="test", scopes=["hooks:read", "hooks:write", "hooks:code-bearing"])
        self.client = Client(headers={"Authorization": f"Token {token.key}"})

    def __call__(self, method: str, path: str, body: Any = None) -> Any:
        data = "" if body is None else json.dumps(body)
        return self.client.generic(method, f"/whisperer{path}", data, content_type="application/json")


@pytest.fixture
def admin(user: User, filler: Filler) -> Caller:
    return Caller(user)


@pytest.fixture
def operator(user: User) -> Caller:
    return Caller(make_user("operator", role=Role.OPERATOR))


def test_a_hook_is_created_and_its_secrets_are_never_shown(admin: Caller) -> None:
    auth = {"auth_type": "basic", "username": "me", "password": "pass-word"}
    answer = admin("POST", "/hooks/", HOOK | {"secret_key": "s3cret-key", "config": {"auth": auth}})
    assert answer.status_code == 201
    document = answer.json()
    assert document["target_url"] == HOOK["target_url"]
    assert document["config"] == {"auth": {"auth_type": "basic", "username": "me"}}
    assert "secret_key" not in document
    for text in (answer.content, admin("GET", "/hooks/").content, admin("GET", f"/hooks/{document['id']}/").content):
        assert b"s3cret-key" not in text
        assert b"pass-word" not in text
    hook = Hook.objects.get()
    assert "s3cret-key" not in hook.secret
    assert encryption.unseal(hook.secret, purpose=HOOK_SECRET) == "s3cret-key"
    assert encryption.unseal(hook.auth_password, purpose=HOOK_PASSWORD) == "pass-word"


def test_own_headers_lie_sealed_and_their_values_are_for_owner_and_administrator(
    admin: Caller, operator: Caller
) -> None:
    owned = operator("POST", "/hooks/", HOOK | {"additional_headers": {"X-Api-Key": "k3y-of-theirs"}}).json()
    other = admin("POST", "/hooks/", HOOK | {"additional_headers": {"X-Api-Key": "k3y", "X-Tenant": "shop-1"}}).json()
    assert not Hook.objects.filter(sealed_headers__contains="k3y").exists()
    assert {caller("GET", f"/hooks/{owned['id']}/").json()["additional_headers"]["X-Api-Key"] for caller in (
        operator, admin,
    )} == {"k3y-of-theirs"}  # fmt: skip
    seen = operator("GET", f"/hooks/{other['id']}/").json()["additional_headers"]
    assert seen == {"X-Api-Key": custom_headers.MASK, "X-Tenant": custom_headers.MASK}
    assert b"k3y" not in operator("GET", f"/hooks/?event_type={NEWS}").content.replace(b"k3y-of-theirs", b"")
    changed = {"additional_headers": seen | {"X-Tenant": "shop-2"}}
    assert operator("PATCH", f"/hooks/{other['id']}/", changed).status_code == 200
    kept = admin("GET", f"/hooks/{other['id']}/").json()["additional_headers"]
    assert kept == {"X-Api-Key": "k3y", "X-Tenant": "shop-2"}, "a mask that comes back leaves the value as it is"
    invented = {"additional_headers": {"X-New": custom_headers.MASK}}
    assert operator("PATCH", f"/hooks/{other['id']}/", invented).status_code == 400


def test_own_headers_do_not_follow_a_hook_that_somebody_moves_who_may_not_know_them(
    admin: Caller, operator: Caller
) -> None:
    headers = {"additional_headers": {"X-Api-Key": "k3y"}}
    hook = admin("POST", "/hooks/", HOOK | headers).json()
    address = f"/hooks/{hook['id']}/"
    elsewhere = {"target_url": "http://127.0.0.1:9/elsewhere", "secret_key": "another-s3cret"}
    masked = elsewhere | {"additional_headers": {"X-Api-Key": custom_headers.MASK}}
    assert operator("PATCH", address, masked).status_code == 400, "a mask stands for nothing at a new address"
    assert admin("GET", address).json()["additional_headers"] == {"X-Api-Key": "k3y"}
    assert operator("PATCH", address, elsewhere).status_code == 200
    assert admin("GET", address).json()["additional_headers"] == {}


def test_own_headers_follow_a_hook_that_its_owner_moves(admin: Caller, operator: Caller) -> None:
    hook = operator("POST", "/hooks/", HOOK | {"additional_headers": {"X-Api-Key": "k3y"}}).json()
    elsewhere = {"target_url": "http://127.0.0.1:9/elsewhere", "secret_key": "another-s3cret"}
    moved = operator("PATCH", f"/hooks/{hook['id']}/", elsewhere)
    assert (moved.status_code, moved.json()["additional_headers"]) == (200, {"X-Api-Key": "k3y"})


def test_the_same_hook_twice_is_refused_in_the_words_of_the_reference(admin: Caller) -> None:
    first = admin("POST", "/hooks/", HOOK).json()
    again = admin("POST", "/hooks/", HOOK)
    assert again.status_code == 406
    assert again.json() == {"code": "webhook_100_2", "en": "Webhook already registered"}
    assert admin("DELETE", f"/hooks/{first['id']}/").status_code == 204
    assert admin("GET", f"/hooks/{first['id']}/").status_code == 404
    assert admin("POST", "/hooks/", HOOK).status_code == 201
    assert Hook.objects.count() == 2


@pytest.mark.parametrize(
    ("change", "loc"),
    [
        ({"event_type": "no.such"}, "event_type"),
        ({"target_url": "http://10.0.0.1/"}, "target_url"),
        ({"target_url": "ftp://example.com/"}, "target_url"),
        ({"secret_key": "whsec_!!"}, "secret_key"),
        ({"additional_headers": {"X-Whisperer-Signature": "x"}}, "additional_headers.X-Whisperer-Signature"),
        ({"additional_headers": {"X-A": "a\r\nHost: b"}}, "additional_headers.X-A"),
        ({"retry_countdown_config": {"choice": "fixed", "kwargs": {}}}, "retry_countdown_config.kwargs"),
        ({"config": {"auth": {"auth_type": "digest"}}}, "config.auth"),
        ({"callback": "x" * 65}, "callback"),
    ],
)
def test_a_bad_hook_is_refused_with_the_field_named(admin: Caller, change: dict[str, Any], loc: str) -> None:
    answer = admin("POST", "/hooks/", HOOK | change)
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert [fault["loc"] for fault in answer.json()["errors"]] == [loc]
    assert not Hook.objects.exists()


def test_a_new_address_needs_a_new_secret(admin: Caller) -> None:
    hook_id = admin("POST", "/hooks/", HOOK | {"secret_key": "old"}).json()["id"]
    moved = {"target_url": "http://127.0.0.1:10/elsewhere"}
    assert admin("PATCH", f"/hooks/{hook_id}/", moved).status_code == 400
    assert admin("PATCH", f"/hooks/{hook_id}/", moved | {"secret_key": "old"}).status_code == 400
    assert Hook.objects.get().target_url == HOOK["target_url"]
    assert admin("PATCH", f"/hooks/{hook_id}/", moved | {"secret_key": "new"}).status_code == 200
    hook = Hook.objects.get()
    assert hook.target_url == moved["target_url"]
    assert hook.previous_secret == ""


def test_types_with_codes_are_for_administrators(admin: Caller, operator: Caller, user: User) -> None:
    assert operator("POST", "/hooks/", HOOK | {"event_type": CODE}).status_code == 403
    code_hook = make_hook(user, type=CODE)
    news_hook = make_hook(user)
    assert operator("PATCH", f"/hooks/{news_hook.pk}/", {"event_type": CODE}).status_code == 403
    assert operator("PATCH", f"/hooks/{code_hook.pk}/", {"is_active": False}).status_code == 403
    assert operator("DELETE", f"/hooks/{code_hook.pk}/").status_code == 403
    assert operator("GET", "/hooks/").json()["count"] == 2
    assert operator("PATCH", f"/hooks/{news_hook.pk}/", {"is_active": False}).status_code == 200
    assert admin("PATCH", f"/hooks/{code_hook.pk}/", {"is_active": False}).status_code == 200


def test_store_staff_see_no_hooks(user: User, filler: Filler) -> None:
    associate = Caller(make_user("associate", role=Role.ASSOCIATE))
    hook = make_hook(user)
    calls = [("GET", "/hooks/"), ("GET", f"/hooks/{hook.pk}/"), ("GET", "/hooks/registry/"), ("GET", "/hook_events/")]
    for method, path in [*calls, ("DELETE", f"/hooks/{hook.pk}/")]:
        assert associate(method, path).status_code == 403
    assert associate("POST", "/hooks/", HOOK).status_code == 403


def test_the_registry_is_a_list_of_names(admin: Caller) -> None:
    assert admin("GET", "/hooks/registry/").json() == [NEWS, CODE]


def test_hook_events_show_no_bodies_and_page(admin: Caller, user: User) -> None:
    make_hook(user)
    events = [publish(subject=f"package:{number}", payload={"name": "Ayla"}) for number in range(5)]
    first = admin("GET", "/hook_events/?limit=2")
    page = first.json()
    assert b"Ayla" not in first.content
    assert page["count"] == 5
    assert [row["uuid"] for row in page["results"]] == [events[4].uuid, events[3].uuid]
    assert page["previous"] is None
    second = admin.client.get(page["next"]).json()
    assert [row["uuid"] for row in second["results"]] == [events[2].uuid, events[1].uuid]
    back = admin.client.get(second["previous"]).json()
    assert [row["uuid"] for row in back["results"]] == [events[4].uuid, events[3].uuid]
    third = admin.client.get(second["next"]).json()
    assert (len(third["results"]), third["next"]) == (1, None)
    assert admin("GET", f"/hook_events/?uuid={events[0].uuid}").json()["count"] == 1
    assert admin("GET", "/hook_events/?object_id=3&delivered=false").json()["count"] == 1
    assert admin("GET", "/hook_events/?cursor=bm8=").status_code == 400
    assert admin("GET", "/hook_events/?limit=101").status_code == 400


def test_retry_is_refused_while_it_still_tries_unless_forced(admin: Caller, user: User) -> None:
    make_hook(user)
    publish()
    delivery = Delivery.objects.get()
    path = f"/hook_events/{delivery.pk}/retry/"
    assert admin("POST", path).json() == {"code": "event_100_6", "en": "Event is still in retry process"}
    assert admin("POST", path, {"force": True}).status_code == 200
    Delivery.objects.update(state="delivered")
    answer = admin("POST", path, {"force": True})
    assert (answer.status_code, answer.json()["code"]) == (406, "event_100_3")
    Delivery.objects.update(state="dead", reason="too_old")
    assert admin("POST", path).status_code == 200
    assert Delivery.objects.get().state == "queued"


def test_what_nobody_has_is_not_found(admin: Caller) -> None:
    for path in ("/hooks/99/", f"/hooks/{10**30}/", "/hook_events/99/"):
        assert admin("GET", path).status_code == 404
    assert admin("POST", "/hook_events/99/retry/").status_code == 404
