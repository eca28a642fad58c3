"""What the recipes promise, tried out in a copy of the project in which they were followed. Run by test_recipes.py.

The database is one that was there before: the new migrations run on it, as in a shop that is brought up to date.
"""

import asyncio
import json
import logging
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from procrastinate.contrib.django import app
from pytest_django.plugin import DjangoDbBlocker

from clickcollect.oms import app_settings, states
from clickcollect.oms.access import SYSTEM
from clickcollect.oms.commands.run import run_command
from clickcollect.oms.log_models import LogNote
from clickcollect.oms.models import CommandTransition, OrderToRepair, Package
from clickcollect.runtime import worker
from tests import shop
from tests.api.caller import PACKAGES, SETTINGS, document_of, make_caller
from tests.whisperer import dispatch
from tests.whisperer.receivers import Receiver, receiving, wait_until, working

WRONG = "The wrong colour"
HTMX = {"HX-Request": "true"}


@pytest.fixture(scope="session", autouse=True)
def _brought_up_to_date(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    with django_db_blocker.unblock():
        call_command("migrate", database="owner", verbosity=0)


def packed() -> Package:
    return shop.make_package(states.PACKED)


def signed_in(role: str, *stores: Any) -> Client:
    client = Client()
    client.force_login(shop.make_user(role, *stores))
    return client


@pytest.mark.django_db(transaction=True)
def test_a_command() -> None:
    """First, while the rows of the migrations are there: works in API, Instore and OMS WEB, with its button."""
    row = CommandTransition.objects.get(slug="unpack")

    by_program = packed()
    caller = make_caller("operator")
    offered = [command["slug"] for command in document_of(caller.get(f"{PACKAGES}{by_program.pk}/"))["commands"]]
    assert "unpack" in offered
    assert caller.command(by_program.pk, {"slug": "unpack"}).status_code == 400, "it asks for a reason"
    assert caller.command(by_program.pk, {"slug": "unpack", "reason": WRONG}).status_code == 204

    in_store = packed()
    counter = signed_in("associate", in_store.stock_location)
    address = f"/instore/packages/{in_store.number}/"
    assert "Unpack" in counter.get(address).content.decode()
    pressed = {"from": "unpack", "reason": WRONG}
    assert counter.post(f"{address}commands/unpack/", pressed, headers=HTMX).status_code == 200

    in_office = packed()
    office = signed_in("operator")
    address = f"/oms/packages/{in_office.pk}/"
    assert "Unpack" in office.get(address).content.decode()
    assert office.post(f"{address}command/{row.pk}/", {"dialog": "1", "reason": WRONG}, headers=HTMX).status_code == 200

    packages = (by_program, in_store, in_office)
    assert {shop.state_of(package) for package in packages} == {states.WAITING}
    kept = LogNote.objects.filter(package_id__in=[package.pk for package in packages], kind="reason")
    assert list(kept.values_list("text", flat=True)) == [WRONG] * 3


@pytest.mark.django_db(transaction=True)
def test_an_event() -> None:
    """Published with the change, and delivered to whoever subscribed."""
    with receiving(Receiver()) as (receiver,):
        dispatch.make_hook(dispatch.make_user("shop"), url=receiver.url, type="package.status.out_of_stock")
        package = shop.make_package()
        run_command(package_id=package.pk, transition="MARK_OUT_OF_STOCK", actor=SYSTEM, data={"reason": "Lost"})
        with working():
            wait_until(lambda: receiver.got)
    body = json.loads(receiver.got[0].body)
    assert (body["event"]["type"], body["payload"]["id"]) == ("package.status.out_of_stock", package.pk)


@pytest.mark.django_db
def test_a_setting() -> None:
    """Shown and changed by API and OMS WEB, within its bounds, for all stores and for one."""
    admin = make_caller("admin")
    (shown,) = document_of(admin.get(f"{SETTINGS}?key=LABEL_COPIES"))["results"]
    assert shown["json_value"] == 1
    assert admin.patch(f"{SETTINGS}{shown['id']}/", {"json_value": 6}).status_code == 400
    assert admin.patch(f"{SETTINGS}{shown['id']}/", {"json_value": 3}).status_code == 200
    assert app_settings.settings_in_force()["LABEL_COPIES"] == 3

    store = shop.make_store()
    page = signed_in("admin")
    assert "Labels per package" in page.get("/oms/settings/").content.decode()
    typed = {"store": store.pk, "json_value": "2", "reason": "Two bags"}
    assert page.post("/oms/settings/LABEL_COPIES/", typed).status_code == 302
    assert (
        app_settings.settings_in_force(store.pk)["LABEL_COPIES"],
        app_settings.settings_in_force()["LABEL_COPIES"],
    ) == (2, 3)


@pytest.mark.django_db(transaction=True)
def test_a_connector() -> None:
    """An order of the kiosk comes in; the same again is the same; a bad one waits for repair, its fields named."""
    shop.make_store("IST-01")
    kiosk = make_caller("operator")
    order = {
        "ref": "K-77",
        "store": "IST-01",
        "who": {"first": "Deniz", "last": "Yılmaz", "mobile": "+905550000101"},
        "lines": [{"code": "TSH-BLK-M", "title": "T-shirt", "pieces": 2}],
    }
    address = "/api/v1/connectors/kiosk/orders/"
    assert [kiosk.post(address, order).status_code for _time in range(2)] == [201, 200]
    package = Package.objects.get(order__number="K-77", order__channel="Kiosk")
    assert (package.stock_location.erp_code, package.item_count) == ("IST-01", 2)
    assert kiosk.post(address, order | {"ref": "K-78", "lines": []}).status_code == 202
    assert "order_item" in {fault["loc"] for fault in OrderToRepair.objects.get(reference="K-78").faults}


@pytest.mark.django_db
def test_a_page_of_oms_web() -> None:
    """In the sidebar, for those who may see it."""
    packed(), packed()
    office = signed_in("operator")
    assert "/oms/by-state/" in office.get("/oms/").content.decode()
    page = office.get("/oms/by-state/").content.decode()
    assert "Packed All Items" in page
    assert "<td>2</td>" in "".join(page.split())
    assert signed_in("associate", shop.make_store()).get("/oms/by-state/").status_code == 403


@pytest.mark.django_db
def test_a_language() -> None:
    """The sign-in page speaks it to a browser that asks for it, and a store's client is told of it."""
    page = Client().get("/accounts/login/", headers={"accept-language": "it"}).content.decode()
    assert '<html lang="it"' in page
    assert "Accedi" in page


@pytest.mark.django_db(transaction=True)
def test_a_job(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker runs it, and it says what it is there for."""
    monkeypatch.setattr(worker, "STEADY_SECONDS", 0.1)
    monkeypatch.setattr(logging.getLogger("clickcollect"), "propagate", True)
    shop.make_package(states.READY)
    app.tasks["report_waiting"].defer(timestamp=0)

    async def work_until_it_has_run() -> None:
        stop = asyncio.Event()
        working = asyncio.create_task(worker.run_parts(stop=stop))
        await asyncio.to_thread(wait_until, lambda: "1 packages wait for their customers" in caplog.text)
        stop.set()
        await working

    with caplog.at_level(logging.INFO):
        asyncio.run(work_until_it_has_run())
