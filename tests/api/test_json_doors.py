"""Whatever JSON comes in at whatever door, the answer is a 400 that names the field; never a 500, nothing kept."""

import base64
import hashlib
import hmac
import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from clickcollect.errors import ValidationFailed
from clickcollect.json_input import parse_json
from clickcollect.omnitron.models import Order
from clickcollect.oms import states
from clickcollect.oms.models import AppliedSetting, Package
from clickcollect.whisperer import signing
from clickcollect.whisperer.models import Event, Hook
from tests import shop
from tests.api.caller import ORDERS, PACKAGES, SETTINGS, Caller, code_of, make_caller
from tests.api.test_receipts import ADDRESS as RECEIPTS
from tests.api.test_receipts import hook_with
from tests.oms.orders.connectors.payloads import shopify_order

pytestmark = pytest.mark.django_db

HOLE = "the-hole"
NEVER_REFUSES = "receive Shopify order"  # a shop would give its webhook up: what it signs is read as far as it goes
DEEP = 100_000
VALUES = {
    "1e999": "1e999",
    "minus 1e999": "-1e999",
    "NaN": "NaN",
    "Infinity": "Infinity",
    "minus Infinity": "-Infinity",
    "5000 digits": "9" * 5000,
    "310 digits": "9" * 310,
    "minus 5000 digits": "-" + "9" * 5000,
    "NUL": '"a\\u0000b"',
    "half a pair": '"\\ud83d"',
    "the other half": '"\\ude00 x"',
    "the halves swapped": '"\\ude00\\ud83d"',
    "nested": "[" * 40 + "]" * 40,
    "nested objects": '{"a":' * 40 + "1" + "}" * 40,
}
INSIDE = {  # the field that is named stands in the value
    "a doubled name": ('{"a": 1, "a": 2}', ".a"),
    "a doubled object": ('{"b": {"a": 1, "a": {"a": 1}}}', ".b.a"),
    "1e999 in a list": ("[1, [2, 1e999]]", ".1.1"),
    "NUL in a name": ('{"a\\u0000": 1}', ""),
    "half a pair in a name": ('{"\\ud800": 1}', ""),
    "a bad value under digits": ('{"482913": NaN}', ""),
}
WHOLE = {
    "no end": "{",
    "not UTF-8": "\udcff",
    "a thousand times too deep": "[" * DEEP,
    "as deep and closed": "[" * DEEP + "]" * DEEP,
    "objects too deep": '{"a":' * DEEP,
    "a number without end": "9" * 5000,
    "1e999": "1e999",
    "NaN": "NaN",
    "two documents": "{} {}",
    "a trailing comma": '{"a": 1,}',
    "text that ends in the middle": '{"a": "',
    "NUL": "\x00",
}


@dataclass(frozen=True, kw_only=True)
class Door:
    """An operation that takes JSON: a good body with a hole in it, and the name of the place where the hole is."""

    method: str
    address: str
    body: Any
    loc: str
    sign: Callable[[bytes], dict[str, str]] = field(default=lambda _body: {})

    def send(self, caller: Caller, body: bytes, **headers: str) -> Any:
        return caller.client.generic(
            self.method,
            self.address,
            body,
            content_type="application/json",
            headers=caller.headers | self.sign(body) | headers,
        )


def signed_by_shopify(body: bytes) -> dict[str, str]:
    return {"X-Shopify-Hmac-Sha256": base64.b64encode(hmac.digest(b"shop-secret", body, hashlib.sha256)).decode()}


def signed_by_hook(body: bytes) -> dict[str, str]:
    return signing.sign(body=body, uuid="x", now=time.time(), secret="a-plain-secret")


def doors() -> dict[str, Door]:
    """Every one, with what it stands on."""
    store = shop.make_store(name="Galata")  # as the Shopify order calls it
    hook = hook_with("a-plain-secret")
    package = shop.make_package(states.READY, store=store)
    sent = Event.objects.get(type="package.status.ready_for_pickup", subject=f"package:{package.pk}")
    order = shop.order_document(store=store.erp_code)
    return doors_of_people(order, package) | doors_of_hooks(hook) | doors_of_programs(order, sent)


def doors_of_people(order: dict[str, Any], package: Package) -> dict[str, Door]:
    change = {"json_value": HOLE}
    return {
        "send order": Door(
            method="POST",
            address=ORDERS,
            body=order | {"customer": order["customer"] | {"first_name": HOLE}},
            loc="customer.first_name",
        ),
        "send order, a field that nobody knows": Door(
            method="POST", address=ORDERS, body=order | {"note": [{"text": HOLE}]}, loc="note.0.text"
        ),
        "cancel order": Door(
            method="POST", address=f"{ORDERS}{package.order.number}/cancel/", body={"reason": HOLE}, loc="reason"
        ),
        "run command": Door(
            method="POST",
            address=f"{PACKAGES}{package.pk}/command/",
            body={"slug": "resend-code", "note": HOLE},
            loc="note",
        ),
        "run command with a code": Door(
            method="POST",
            address=f"{PACKAGES}{package.pk}/command/",
            body={"slug": "self-service-package-delivery", "otp": HOLE},
            loc="otp",
        ),
        "set setting": Door(
            method="POST", address=SETTINGS, body={"key": "PICKUP_HOLD_DAYS", "json_value": HOLE}, loc="json_value"
        ),
        "replace setting": Door(method="PUT", address=f"{SETTINGS}10/", body=change, loc="json_value"),
        "change setting": Door(method="PATCH", address=f"{SETTINGS}10/", body=change, loc="json_value"),
        "sign in": Door(
            method="POST", address="/api/v1/auth/login/", body={"username": "x", "password": HOLE}, loc="password"
        ),
    }


def doors_of_hooks(hook: Hook) -> dict[str, Door]:
    return {
        "create hook": Door(
            method="POST",
            address="/whisperer/hooks/",
            body={"event_type": "package.created", "target_url": "http://127.0.0.1:9/", "config": {"x": HOLE}},
            loc="config.x",
        ),
        "change hook": Door(
            method="PATCH", address=f"/whisperer/hooks/{hook.pk}/", body={"config": {"x": HOLE}}, loc="config.x"
        ),
        "replace hook": Door(
            method="PUT",
            address=f"/whisperer/hooks/{hook.pk}/",
            body={"event_type": hook.event_type, "target_url": hook.target_url, "config": {"x": HOLE}},
            loc="config.x",
        ),
        "send hook event again": Door(
            method="POST", address="/whisperer/hook_events/1/retry/", body={"force": HOLE}, loc="force"
        ),
    }


def doors_of_programs(order: dict[str, Any], sent: Event) -> dict[str, Door]:
    return {
        "report message": Door(
            method="POST",
            address=RECEIPTS,
            body={"event_uuid": sent.uuid, "status": "failed", "reason": HOLE},
            loc="reason",
            sign=signed_by_hook,
        ),
        NEVER_REFUSES: Door(
            method="POST",
            address="/api/v1/connectors/shopify/orders/",
            body=shopify_order(note_attributes=HOLE),
            loc="note_attributes",
            sign=signed_by_shopify,
        ),
        "receive channel order": Door(
            method="POST",
            address="/api/v1/channel/7/create_orders/",
            body={"order": order | {"amount": HOLE}, "order_item": order["order_item"]},
            loc="order.amount",
        ),
    }


def strict_doors() -> dict[str, Door]:
    return {name: door for name, door in doors().items() if name != NEVER_REFUSES}


@pytest.mark.parametrize("text", [*VALUES.values(), *WHOLE.values()])
def test_what_a_shop_signs_is_never_refused(text: str) -> None:
    door = doors()[NEVER_REFUSES]
    for body in (text, json.dumps(door.body).replace(f'"{HOLE}"', text)):
        answer = door.send(make_caller("admin"), body.encode(errors="surrogateescape"))
        assert answer.status_code in (200, 201, 202), answer.content


@pytest.fixture(autouse=True)
def _shopify(settings: Any) -> None:
    settings.SHOPIFY_WEBHOOK_SECRET = ["shop-secret"]


def kept() -> tuple[int, int, int]:
    return Order.objects.count(), Hook.objects.count(), AppliedSetting.objects.count()


def faults(answer: Any, name: str) -> list[str]:
    assert (answer.status_code, code_of(answer)) == (400, "validation_error"), (name, answer.content)
    return [fault["loc"] for fault in json.loads(answer.content)["errors"]]


@pytest.mark.parametrize("value", [*VALUES, *INSIDE])
def test_a_value_that_cannot_be_kept_is_named_at_every_door(value: str) -> None:
    text, more = INSIDE.get(value) or (VALUES[value], "")
    admin, before = make_caller("admin"), None
    for name, door in strict_doors().items():
        before = before or kept()
        body = json.dumps(door.body).replace(f'"{HOLE}"', text).encode()
        for key in ({}, {"Idempotency-Key": f"{name} {value}"}):
            said = faults(door.send(admin, body, **key), name)
            assert said
            if value.startswith("nested"):
                assert all(loc.startswith(door.loc) for loc in said), (name, said)
            else:
                assert said == [door.loc + more], name
        assert kept() == before, name


@pytest.mark.parametrize("text", WHOLE.values(), ids=WHOLE)
def test_a_document_that_is_none_is_named_at_every_door(text: str) -> None:
    admin = make_caller("admin")
    for name, door in strict_doors().items():
        answer = door.send(admin, text.encode(errors="surrogateescape"))
        if door.address == RECEIPTS and answer.status_code == 401:
            continue
        assert faults(answer, name) == ["body"]
        assert "482913" not in answer.content.decode()


def test_the_same_body_with_a_good_value_gets_through() -> None:
    """Control: it is the value that is refused, not the rest of the body."""
    admin = make_caller("admin")
    good = {"set setting": "5", "replace setting": "5", "change setting": "5", "send hook event again": "true"}
    good |= {"receive channel order": '"59.80"', NEVER_REFUSES: "[]"}
    for name, door in doors().items():
        body = json.dumps(door.body).replace(f'"{HOLE}"', good.get(name, '"good"')).encode()
        answer = door.send(admin, body)
        if answer.status_code == 400:
            assert name in ("sign in", "run command with a code"), answer.content
        assert answer.status_code != 500, name


def test_every_operation_that_takes_json_is_a_door() -> None:
    document = Client().get("/api/openapi.json").json()
    taking = {
        (method.upper(), re.sub(r"\{\w+\}", "*", path))
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if "requestBody" in operation
    }
    known = {(door.method, re.sub(r"/(\d+|WEB-\d+)/", "/*/", door.address)) for door in doors().values()}
    assert known == taking


@pytest.mark.parametrize("query", ["search=%00", "x=%00"])
def test_a_parameter_that_cannot_be_stored_is_named(query: str) -> None:
    answer = make_caller("admin").get(f"{PACKAGES}?{query}")
    assert faults(answer, query) == [query.partition("=")[0]]


@given(st.text(alphabet=st.sampled_from('{}[]",:\\u08dea1.+-NInfity \x00é\ud800'), max_size=60) | st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        value = parse_json(text)
    except (ValueError, ValidationFailed):
        return
    written = json.dumps(value, allow_nan=False, ensure_ascii=False)
    written.encode()
    assert parse_json(written) == value


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
                    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
                    lambda inner: st.lists(inner) | st.dictionaries(st.text("abc"), inner), max_leaves=20))  # fmt: skip
def test_whatever_can_be_kept_is_read_as_it_was_sent(value: Any) -> None:
    assert parse_json(json.dumps(value)) == value
