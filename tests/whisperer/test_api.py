"""Hooks over HTTP, to the delivery of the contract."""

import json
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.contenttypes.models import ContentType
from django.test import Client

from clickcollect.accounts import tokens
from clickcollect.accounts.models import Role, User
from clickcollect.whisperer import custom_headers, encryption
from clickcollect.whisperer.models import HOOK_PASSWORD, HOOK_SECRET, Delivery, Event, Hook
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


def test_put_changes_what_is_sent_and_leaves_the_secret(admin: Caller) -> None:
    fields = {"secret_key": "s3cret-key", "is_active": False, "callback": "kept"}
    hook = admin("POST", "/hooks/", HOOK | fields).json()
    address = f"/hooks/{hook['id']}/"
    changed = admin("PUT", address, HOOK | {"is_active": True})
    assert (changed.status_code, changed.json()["is_active"], changed.json()["callback"]) == (200, True, "kept")
    assert changed.json()["has_secret_key"]
    half = admin("PUT", address, {"is_active": False})
    assert [fault["loc"] for fault in half.json()["errors"]] == ["event_type", "target_url"]
    assert Hook.objects.get().is_active, "half a hook changes nothing"
    moved = admin("PUT", address, HOOK | {"target_url": "http://127.0.0.1:10/elsewhere"})
    assert moved.status_code == 400, "a new address needs a new secret, as with PATCH"


def test_put_is_refused_as_patch_is(admin: Caller, operator: Caller, user: User) -> None:
    code_hook = make_hook(user, type=CODE)
    news_hook = make_hook(user)
    assert operator("PUT", f"/hooks/{code_hook.pk}/", HOOK).status_code == 403
    assert operator("PUT", f"/hooks/{news_hook.pk}/", HOOK | {"event_type": CODE}).status_code == 403
    admin("POST", "/hooks/", HOOK | {"target_url": "http://127.0.0.1:11/"})
    twice = admin("PUT", f"/hooks/{news_hook.pk}/", HOOK | {"target_url": "http://127.0.0.1:11/"})
    assert (twice.status_code, twice.json()["code"]) == (406, "webhook_100_2")
    assert admin("PUT", "/hooks/99/", HOOK).status_code == 404


@pytest.fixture
def hook_events(admin: Caller, user: User) -> list[dict[str, Any]]:
    """Six events, the newest first: two about orders, one of them dead with a 500, each an hour after the other."""
    make_hook(user)
    for place in range(6):
        event = publish(subject=f"{'order' if place in (1, 4) else 'package'}:{place}")
        Event.objects.filter(pk=event.pk).update(issued_at=event.issued_at - timedelta(hours=6 - place))
    Delivery.objects.filter(subject="order:4").update(state="dead", status_code=500, attempts=1)
    rows: list[dict[str, Any]] = admin("GET", "/hook_events/").json()["results"]
    assert [row["object_id"] for row in rows] == ["5", "4", "3", "2", "1", "0"]
    return rows


def found(admin: Caller, **filters: Any) -> list[int]:
    answer = admin("GET", f"/hook_events/?{urlencode(filters)}")
    assert answer.status_code == 200, answer.content
    assert answer.json()["count"] == len(answer.json()["results"])
    return [int(row["object_id"]) for row in answer.json()["results"]]


def test_hook_events_are_found_by_the_time_they_were_issued(admin: Caller, hook_events: list[dict[str, Any]]) -> None:
    third = hook_events[2]["created_date"]
    assert found(admin, created_date=third) == [3]
    assert found(admin, created_date__gt=third) == [5, 4]
    assert found(admin, created_date__gte=third) == [5, 4, 3]
    assert found(admin, created_date__lt=third) == [2, 1, 0]
    assert found(admin, created_date__lte=third) == [3, 2, 1, 0]
    assert found(admin, created_date__gt=hook_events[4]["created_date"], created_date__lt=third) == [2]
    assert admin("GET", "/hook_events/?created_date__gte=yesterday").status_code == 400


def test_a_list_by_time_goes_on_page_by_page(admin: Caller, hook_events: list[dict[str, Any]]) -> None:
    address, seen = f"/hook_events/?{urlencode({'created_date__lte': hook_events[0]['created_date'], 'limit': 2})}", []
    page = admin("GET", address).json()
    while True:
        seen += [row["id"] for row in page["results"]]
        if page["next"] is None:
            break
        page = admin.client.get(page["next"]).json()
    assert seen == [row["id"] for row in hook_events]


def test_hook_events_are_found_by_what_they_are_about_and_what_was_answered(
    admin: Caller, hook_events: list[dict[str, Any]]
) -> None:
    orders = ContentType.objects.get(app_label="omnitron", model="order").pk
    assert hook_events[1]["content_type"] == orders
    assert found(admin, content_type=orders) == found(admin, content_type="order") == [4, 1]
    assert found(admin, content_type=hook_events[0]["content_type"]) == found(admin, content_type="package")
    assert found(admin, content_type="package") == [5, 3, 2, 0]
    assert found(admin, content_type=orders, object_id=4) == [4]
    assert found(admin, content_type=orders, object_id=5) == found(admin, content_type=10**6) == []
    assert found(admin, response_http_status=500) == [4]
    assert found(admin, response_http_status=200) == []
    assert found(admin, event_type=NEWS.upper(), response_http_status=500) == [4]
    assert admin("GET", "/hook_events/?response_http_status=ok").status_code == 400
    assert admin("GET", "/hook_events/?content_type=person").status_code == 400


def test_a_retry_answers_with_the_keys_of_the_reference(admin: Caller, hook_events: list[dict[str, Any]]) -> None:
    dead = hook_events[1]
    assert admin("POST", f"/hook_events/{dead['id']}/retry/").json() == {
        "detail": "Webhook event is queued",
        "response_status": None,
        "response_content": "",
        "delivered": False,
        "response_time": None,
        "uuid": dead["uuid"],
    }


def test_the_hook_api_stands_below_the_reference_s_own_prefix_too(admin: Caller, user: User) -> None:
    make_hook(user)
    for place in range(3):
        publish(subject=f"package:{place}")
    page = admin.client.get("/api/v1/whisperer/hook_events/?limit=2").json()
    assert page["next"].startswith("http://testserver/api/v1/whisperer/hook_events/?")
    assert len(admin.client.get(page["next"]).json()["results"]) == 1
    assert admin.client.get("/api/v1/whisperer/hooks/registry/").json() == [NEWS, CODE]
    created = admin.client.post("/api/v1/whisperer/hooks/", HOOK | {"callback": "x"}, content_type="application/json")
    assert created.status_code == 406, "it is the same API, and the hook is there"
    assert Client().get("/api/v1/whisperer/hooks/").status_code == 401
    assert admin.client.get("/api/v1/whisperer/nothing/").status_code == 404
