"""The rights table over HTTP, cell by cell: address × role × own or other store (T45).

A cell is the status that the call answers. `own` acts on a package of the caller's store, `other` on one elsewhere.
The back office has every store, so both columns are alike for it.
"""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db.models.functions import Now
from django.http import HttpResponse
from django.test import Client
from django.urls import resolve

from clickcollect.accounts.models import Role
from clickcollect.oms import states
from clickcollect.oms.log_models import CommandLog
from clickcollect.oms.models import CommandTransition
from clickcollect.whisperer.hooks import create_hook
from clickcollect.whisperer.models import Delivery, Hook
from tests import shop
from tests.api.caller import LOGS, ORDERS, PACKAGES, SETTINGS, Caller, caller_for, make_caller

pytestmark = pytest.mark.django_db

ROLES = ("associate", "manager", "operator", "admin")
Call = Callable[[Caller, str], int]


def package_at(store: str, state: str = states.WAITING) -> int:
    return shop.make_package(state, store=shop.make_store(store)).pk


def order_at(store: str) -> str:
    return shop.make_order(store=shop.make_store(store)).number


def log_at(store: str) -> int:
    package_id = package_at(store, states.READY)
    entry = CommandLog.objects.filter(package_id=package_id, kind="move").first()
    assert entry is not None
    return entry.pk


def run(slug: str, state: str, **data: Any) -> Call:
    def call(caller: Caller, store: str) -> int:
        package_id = package_at(store, state)
        CommandTransition.objects.filter(slug=slug).update(is_active=True, visibility=["OMS WEB", "INSTORE"])
        body = {"slug": slug, **data}
        if data.get("otp") == "right":
            body["otp"] = shop.right_code(shop.package_of(package_id))
        return caller.command(package_id, body).status_code

    return call


def get_status(address: str) -> Call:
    return lambda caller, _store: caller.get(address).status_code


def patch(key_id: int, value: Any) -> Call:
    return lambda caller, _store: caller.patch(f"{SETTINGS}{key_id}/", {"json_value": value}).status_code


CALLS: dict[str, Call] = {
    "list packages": get_status(PACKAGES),
    "read package": lambda c, s: c.get(f"{PACKAGES}{package_at(s)}/").status_code,
    "pack": run("complete-packaging-without-shipment", states.WAITING),
    "make ready": run("ready-for-customer-pickup", states.PACKED),
    "deliver with the code": run("self-service-package-delivery", states.READY, otp="right"),
    "deliver with a wrong code": run("self-service-package-delivery", states.READY, otp="00000"),
    "list orders": get_status(ORDERS),
    "read order": lambda c, s: c.get(f"{ORDERS}{order_at(s)}/").status_code,
    "send order": lambda c, s: c.post(ORDERS, shop.order_document(store=shop.make_store(s).erp_code)).status_code,
    "cancel order": lambda c, s: c.post(f"{ORDERS}{order_at(s)}/cancel/").status_code,
    "list stores": get_status("/api/v1/retail_stores/"),
    "list stock locations": get_status("/api/v1/oms/stocklocations/list-simple/"),
    "store's client configuration": lambda c, s: c.get(f"/api/v1/instore/config/?store={s}").status_code,
    "list log": get_status(LOGS),
    "read log entry": lambda c, s: c.get(f"{LOGS}{log_at(s)}/").status_code,
    "list settings": get_status(SETTINGS),
    "read setting": get_status(f"{SETTINGS}1/"),
    "change security setting": patch(1, value=True),
    "change plain setting": patch(10, value=9),
}

HOOKS = "/whisperer/hooks/"
CODES, NEWS = "package.status.ready_for_pickup", "package.created"


def hook_of(event_type: str) -> str:
    """The address of somebody's hook."""
    fields = {"event_type": event_type, "target_url": "http://127.0.0.1:9999/", "secret_key": "a-secret"}
    return f"{HOOKS}{create_hook(user_id=shop.make_user('admin').pk, fields=fields).pk}/"


def subscribe(event_type: str) -> Call:
    body = {"event_type": event_type, "target_url": "http://127.0.0.1:9999/", "secret_key": "a-secret"}
    return lambda caller, _store: caller.post(HOOKS, body).status_code


def change(subscribed: str, **body: Any) -> Call:
    return lambda caller, _store: caller.patch(hook_of(subscribed), body).status_code


def replace(subscribed: str, event_type: str) -> Call:
    body = {"event_type": event_type, "target_url": "http://127.0.0.1:9999/", "secret_key": "a-secret"}
    return lambda caller, _store: caller.put(hook_of(subscribed), body).status_code


def unsubscribe(event_type: str) -> Call:
    return lambda caller, _store: caller.send("DELETE", hook_of(event_type)).status_code


def delivery_of(event_type: str) -> str:
    """The address of a delivery that waits for its hook."""
    hook_of(event_type)
    package_at("IST-01", states.READY)
    newest = Delivery.objects.filter(event_type=event_type).latest("id")
    return f"/whisperer/hook_events/{newest.pk}/"


def send_again(event_type: str) -> Call:
    return lambda caller, _store: caller.post(f"{delivery_of(event_type)}retry/", {"force": True}).status_code


CALLS |= {
    "replace setting": lambda c, _s: c.put(f"{SETTINGS}10/", {"json_value": 9}).status_code,
    "set setting": lambda c, _s: c.post(SETTINGS, {"key": "PICKUP_HOLD_DAYS", "json_value": 9}).status_code,
    "read event type": get_status(f"{HOOKS}registry/{NEWS}/"),
    "read hook event": lambda c, _s: c.get(delivery_of(CODES)).status_code,
    "send hook event again": send_again("package.status.transitioned"),
    "send code-bearing hook event again": send_again(CODES),
    "list hooks": get_status(HOOKS),
    "read hook": lambda c, _s: c.get(hook_of(CODES)).status_code,
    "list event types": get_status(f"{HOOKS}registry/"),
    "list hook events": get_status("/whisperer/hook_events/"),
    "create hook": subscribe(NEWS),
    "create code-bearing hook": subscribe(CODES),
    "change hook": change(NEWS, is_active=False),
    "change code-bearing hook": change(CODES, is_active=False),
    "turn hook code-bearing": change(NEWS, event_type=CODES),
    "replace hook": replace(NEWS, NEWS),
    "replace code-bearing hook": replace(CODES, CODES),
    "turn hook code-bearing as a whole": replace(NEWS, CODES),
    "delete hook": unsubscribe(NEWS),
    "delete code-bearing hook": unsubscribe(CODES),
    "send channel order": lambda c, s: (
        c.post(
            "/api/v1/channel/7/create_orders/",
            {
                "order": shop.order_document(store=shop.make_store(s).erp_code),
                "order_item": shop.order_document()["order_item"],
            },
        ).status_code
    ),
}

# associate own/other, manager own/other, operator, admin
TABLE: dict[str, tuple[int, int, int, int, int, int]] = {
    "list packages": (200, 200, 200, 200, 200, 200),
    "read package": (200, 404, 200, 404, 200, 200),
    "pack": (204, 404, 204, 404, 204, 204),
    "make ready": (204, 404, 204, 404, 204, 204),
    "deliver with the code": (204, 404, 204, 404, 204, 204),
    "deliver with a wrong code": (422, 404, 422, 404, 422, 422),
    "list orders": (403, 403, 403, 403, 200, 200),
    "read order": (403, 403, 403, 403, 200, 200),
    "send order": (403, 403, 403, 403, 201, 201),
    "cancel order": (403, 403, 403, 403, 204, 204),
    "list stores": (200, 200, 200, 200, 200, 200),
    "list stock locations": (200, 200, 200, 200, 200, 200),
    "store's client configuration": (200, 404, 200, 404, 200, 200),
    "list log": (403, 403, 200, 200, 200, 200),
    "read log entry": (403, 403, 200, 404, 200, 200),
    "list settings": (403, 403, 200, 200, 200, 200),
    "read setting": (403, 403, 200, 200, 200, 200),
    "change security setting": (403, 403, 403, 403, 403, 200),
    "change plain setting": (403, 403, 403, 403, 200, 200),
    "replace setting": (403, 403, 403, 403, 200, 200),
    "set setting": (403, 403, 403, 403, 201, 201),
    "read event type": (403, 403, 403, 403, 200, 200),
    "read hook event": (403, 403, 403, 403, 200, 200),
    "send hook event again": (403, 403, 403, 403, 200, 200),
    "send code-bearing hook event again": (403, 403, 403, 403, 403, 200),
    "list hooks": (403, 403, 403, 403, 200, 200),
    "read hook": (403, 403, 403, 403, 200, 200),
    "list event types": (403, 403, 403, 403, 200, 200),
    "list hook events": (403, 403, 403, 403, 200, 200),
    "create hook": (403, 403, 403, 403, 201, 201),
    "create code-bearing hook": (403, 403, 403, 403, 403, 201),
    "change hook": (403, 403, 403, 403, 200, 200),
    "change code-bearing hook": (403, 403, 403, 403, 403, 200),
    "turn hook code-bearing": (403, 403, 403, 403, 403, 200),
    "replace hook": (403, 403, 403, 403, 200, 200),
    "replace code-bearing hook": (403, 403, 403, 403, 403, 200),
    "turn hook code-bearing as a whole": (403, 403, 403, 403, 403, 200),
    "delete hook": (403, 403, 403, 403, 204, 204),
    "delete code-bearing hook": (403, 403, 403, 403, 403, 204),
    "send channel order": (403, 403, 403, 403, 201, 201),
}


def expected(name: str, role: str, store: str) -> int:
    column = {"associate": 0, "manager": 2, "operator": 4, "admin": 5}[role]
    return TABLE[name][column + (store == "BER-01" and column < 4)]


@pytest.mark.parametrize("store", ["IST-01", "BER-01"], ids=["own", "other"])
@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("name", sorted(CALLS))
def test_every_cell(name: str, role: str, store: str) -> None:
    here = shop.make_store("IST-01")
    shop.make_store("BER-01")
    caller = make_caller(role, here)
    assert CALLS[name](caller, store) == expected(name, role, store)


@pytest.mark.parametrize("name", sorted(CALLS))
def test_nobody_does_anything_without_signing_in(name: str) -> None:
    shop.make_store("IST-01")
    assert CALLS[name](Caller(None), "IST-01") == 401


# A token of an administrator that is narrowed to one store: own/other.
NARROWED: dict[str, tuple[int, int]] = {
    "list packages": (200, 200),
    "read package": (200, 404),
    "pack": (204, 404),
    "make ready": (204, 404),
    "deliver with the code": (204, 404),
    "deliver with a wrong code": (422, 404),
    "list orders": (200, 200),
    "read order": (200, 404),
    "send order": (201, 403),
    "cancel order": (204, 404),
    "list stores": (200, 200),
    "list stock locations": (200, 200),
    "store's client configuration": (200, 404),
    "list log": (200, 200),
    "read log entry": (200, 404),
    "list settings": (200, 200),
    "read setting": (200, 200),
    "send channel order": (201, 403),
} | dict.fromkeys(
    # What holds for every store, and webhooks, which would tell of every store.
    [
        name
        for name in TABLE
        if "hook" in name or "event type" in name or name.split()[0] in ("change", "set", "replace")
    ],
    (403, 403),
)


@pytest.mark.parametrize("store", ["IST-01", "BER-01"], ids=["own", "other"])
@pytest.mark.parametrize("name", sorted(CALLS))
def test_every_cell_of_a_token_narrowed_to_a_store(name: str, store: str) -> None:
    shop.make_store("IST-01")
    shop.make_store("BER-01")
    caller = caller_for(shop.make_user("admin"), stores=["IST-01"])
    assert CALLS[name](caller, store) == NARROWED[name][store == "BER-01"]


def test_the_table_has_a_row_for_every_call() -> None:
    assert set(TABLE) == set(CALLS) == set(NARROWED)
    assert set(ROLES) == set(Role.values)


def test_every_operation_is_called_by_the_table() -> None:
    """A new address needs a line here, unless it is public or signed."""
    called: set[tuple[str, str]] = set()

    class Listening(Caller):
        def send(self, method: str, address: str, body: Any = None, **headers: str) -> HttpResponse:
            called.add((method.lower(), resolve(address.partition("?")[0]).route))
            return super().send(method, address, body, **headers)

    listener = Listening(make_caller("admin", shop.make_store("IST-01")).headers["Authorization"].split()[1])
    for call in CALLS.values():
        Hook.objects.update(is_active=False, deleted_at=Now())
        call(listener, "IST-01")
    document = Client().get("/api/openapi.json").json()
    secured = {
        (method, path)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if "security" in operation
    }
    assert {(method, re.sub(r"<\w+:(\w+)>|<(\w+)>", r"{\1\2}", f"/{route}")) for method, route in called} == secured


def test_nobody_lists_what_belongs_to_another_store() -> None:
    here, there = shop.make_store("IST-01"), shop.make_store("BER-01")
    create_hook(
        user_id=shop.make_user("admin").pk,
        fields={"event_type": "package.created", "target_url": "http://127.0.0.1:9999/", "secret_key": "s"},
    )
    package = shop.make_package(states.READY, store=there)
    narrowed = caller_for(shop.make_user("admin"), stores=["IST-01"])
    assert package.order.number not in narrowed.get(ORDERS).content.decode()
    for caller in (make_caller("associate", here), make_caller("manager", here), narrowed):
        for address in (PACKAGES, LOGS, "/api/v1/retail_stores/", "/api/v1/oms/stocklocations/list-simple/"):
            said = caller.get(address).content.decode()
            assert str(package.number) not in said
            assert package.order.number not in said
            assert there.erp_code not in said
