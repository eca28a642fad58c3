"""The rights table over HTTP, cell by cell: address × role × own or other store (T45).

A cell is the status that the call answers. `own` acts on a package of the caller's store, `other` on one elsewhere.
The back office has every store, so both columns are alike for it.
"""

from collections.abc import Callable
from typing import Any

import pytest

from clickcollect.accounts.models import Role
from clickcollect.oms import states
from clickcollect.oms.log_models import CommandLog
from clickcollect.oms.models import CommandTransition
from clickcollect.whisperer.hooks import create_hook
from tests import shop
from tests.api.caller import LOGS, ORDERS, PACKAGES, SETTINGS, Caller, make_caller

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


def read(address: str) -> Call:
    return lambda caller, _store: caller.get(address).status_code


def patch(key_id: int, value: Any) -> Call:
    return lambda caller, _store: caller.patch(f"{SETTINGS}{key_id}/", {"json_value": value}).status_code


CALLS: dict[str, Call] = {
    "list packages": read(PACKAGES),
    "read package": lambda c, s: c.get(f"{PACKAGES}{package_at(s)}/").status_code,
    "pack": run("complete-packaging-without-shipment", states.WAITING),
    "make ready": run("ready-for-customer-pickup", states.PACKED),
    "deliver with the code": run("self-service-package-delivery", states.READY, otp="right"),
    "deliver with a wrong code": run("self-service-package-delivery", states.READY, otp="00000"),
    "list orders": read(ORDERS),
    "read order": lambda c, s: c.get(f"{ORDERS}{order_at(s)}/").status_code,
    "send order": lambda c, s: c.post(ORDERS, shop.order_document(store=shop.make_store(s).erp_code)).status_code,
    "cancel order": lambda c, s: c.post(f"{ORDERS}{order_at(s)}/cancel/").status_code,
    "list stores": read("/api/v1/retail_stores/"),
    "list stock locations": read("/api/v1/oms/stocklocations/list-simple/"),
    "store's client configuration": lambda c, s: c.get(f"/api/v1/instore/config/?store={s}").status_code,
    "list log": read(LOGS),
    "read log entry": lambda c, s: c.get(f"{LOGS}{log_at(s)}/").status_code,
    "list settings": read(SETTINGS),
    "read setting": read(f"{SETTINGS}1/"),
    "change security setting": patch(1, value=True),
    "change plain setting": patch(10, value=9),
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


def test_the_table_has_a_row_for_every_call() -> None:
    assert set(TABLE) == set(CALLS)
    assert set(ROLES) == set(Role.values)


def test_nobody_lists_what_belongs_to_another_store() -> None:
    here, there = shop.make_store("IST-01"), shop.make_store("BER-01")
    create_hook(
        user_id=shop.make_user("admin").pk,
        fields={"event_type": "package.created", "target_url": "http://127.0.0.1:9999/", "secret_key": "s"},
    )
    package = shop.make_package(states.READY, store=there)
    for role in ("associate", "manager"):
        caller = make_caller(role, here)
        for address in (PACKAGES, LOGS, "/api/v1/retail_stores/", "/api/v1/oms/stocklocations/list-simple/"):
            said = caller.get(address).content.decode()
            assert str(package.number) not in said
            assert package.order.number not in said
            assert there.erp_code not in said
