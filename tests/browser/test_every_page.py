"""Every page of the shop is looked at: axe in light and dark, 320 px, sizes of targets, text twice as large.

The addresses come from the program itself. What is no page (a file, a part, a redirect, POST alone) says so by its
answer; an address with a value in it fails until `objects` has one for it.
"""

from typing import Final

import pytest
from django.test import Client
from django.urls import get_resolver
from playwright.sync_api import ViewportSize

from clickcollect.accounts.models import Channel, User
from clickcollect.accounts.tokens import create_token
from clickcollect.oms import states
from clickcollect.oms.access import actor_for
from clickcollect.oms.models import CommandTransition, PackageState
from clickcollect.oms.orders.uploads import keep_file
from clickcollect.oms.repair_models import LocationRule, OrderToRepair
from clickcollect.whisperer.models import Delivery
from tests import shop
from tests.accounts.doors import newest_code
from tests.browser import axe, measured
from tests.browser.conftest import DESKTOP, OpenWindow, Window
from tests.browser.test_instore_second_factor import (
    confirm,
    passkey_button,
    plug_in_a_passkey,
    sign_in_by_form,
)
from tests.browser.test_omsweb import hand_over_without_code
from tests.browser.test_omsweb_repairs import key, shop_sends
from tests.house.test_roads import addresses
from tests.whisperer.dispatch import make_hook

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
SMALLEST: ViewportSize = {"width": 320, "height": 640}
PHONE: ViewportSize = {"width": 390, "height": 844}
HARDLY_SEEN: Final = """
const field = document.querySelector('main input:not([type=hidden])')
field.style.cssText = 'border: 1px solid #ddd; box-shadow: none; background: #fff'
field.parentElement.style.background = '#fff'
const icon = document.createElement('span')
Object.assign(icon, { className: 'material-symbols-outlined', textContent: 'error' })
icon.style.cssText = 'color: #ccc; background: #fff'
field.after(icon)"""
MANY_ROWS: Final = """
const row = '<tr><td class="cell">A text</td></tr>'
document.querySelector('main').innerHTML = `<table>${row.repeat(200)}</table>`"""
FOR_PROGRAMS: Final = ("/api/v1/", "/whisperer/", "/^(?:api", "/metrics", "/healthz", "/readyz")
SECOND_FACTOR: Final = "/accounts/2fa/"
CHANGES_WHO_IS_SIGNED_IN: Final = ("/accounts/logout/", "/oms/logout/")


def routes() -> list[str]:
    found = (line.removeprefix("address ") for line in addresses(get_resolver().url_patterns))
    return sorted(route for route in found if not route.startswith((*FOR_PROGRAMS, *CHANGES_WHO_IS_SIGNED_IN)))


def objects(owner: User) -> dict[str, str]:
    """What stands in an address, by what is before it; there is one of each thing that has a page."""
    hook = make_hook(owner, type="package.status.transitioned")
    package = shop.make_package(states.READY)
    hand_over_without_code()
    create_token(user=owner, name="Till", channel=Channel.OMS_WEB, scopes=("orders:write",))
    shop_sends(key(), "1", customer={"first_name": "Elif", "phone_number": "12"}, amount="free")
    LocationRule.objects.create(channel="5", name="Galata", folded="galata", store=package.stock_location)
    upload = keep_file(name="orders.csv", content=b"Beleg;Filiale\nC-1;IST-01\n", actor=actor_for(owner))
    return {
        "/instore/packages/": str(package.number),
        "/guide/": "employee",
        "/oms/": "nowhere/",
        "/oms/deliveries/": str(Delivery.objects.latest("pk").pk),
        "/oms/filters/": "1",
        "/oms/go/": "oms",
        "/oms/hooks/": str(hook.pk),
        "/oms/locations/": "1",
        "/oms/order-files/": str(upload.pk),
        "/oms/orders/": str(package.order_id),
        "/oms/packages/": str(package.pk),
        "/oms/process/": str(CommandTransition.objects.get(slug="resend-code").pk),
        "/oms/repairs/": str(OrderToRepair.objects.get().pk),
        "/oms/settings/": "OTP_LENGTH",
        "/oms/staff/": str(owner.pk),
        "/oms/states/": str(PackageState.objects.get(enum_value=states.WAITING).pk),
        "/oms/stores/": str(package.stock_location_id),
        "/oms/tokens/": "1",
    }


def pages(roots: tuple[str, ...], known: dict[str, str], person: User | None) -> list[str]:
    """The addresses under these that answer this person with a whole page."""
    client = Client()
    found = []
    for route in routes():
        if not route.startswith(roots) or route.startswith(SECOND_FACTOR):
            continue
        before, *rest = route.split("<>")
        address = before + (known[before] if rest else "") + "1".join(rest)
        if person:
            client.force_login(person)
        answer = client.get(address)
        if answer.get("Content-Type", "").startswith("text/html") and b"<html" in answer.getvalue():
            found.append(address)
    return found


def faults_of(opened: Window) -> list[str]:
    """What is wrong with the page that is open, by every measure there is."""
    page = opened.page
    found = opened.axe() + measured.small_targets(page) + measured.weak_edges(page)
    opened.turn(dark=True)
    found += [f"dark: {line}" for line in measured.weak_edges(page)]
    opened.turn(dark=False)
    measured.double_text(page)
    found += [f"200 %: {line}" for line in measured.lost_text(page)]
    page.set_viewport_size(PHONE)
    found += [f"200 % at 390 px: {line}" for line in measured.too_wide(page)]
    measured.normal_text(page)
    page.set_viewport_size(SMALLEST)
    found += [f"320 px: {line}" for line in measured.too_wide(page) + measured.small_targets(page)]
    page.set_viewport_size(DESKTOP)
    return found


def test_the_measure_sees_a_field_and_an_icon_that_hardly_stand_out(window: OpenWindow) -> None:
    page = window().go("/accounts/login/")
    assert measured.weak_edges(page) == []
    page.evaluate(HARDLY_SEEN)
    assert len(measured.weak_edges(page)) == 2


def test_axe_sees_one_weak_text_among_many_and_three_where_all_are(window: OpenWindow) -> None:
    page = window().go("/accounts/login/")
    page.evaluate(MANY_ROWS)
    assert axe.weak_colours(page) == []
    page.evaluate("document.querySelectorAll('.cell')[150].style.color = '#ccc'")
    assert len(axe.weak_colours(page)) == 1
    page.evaluate("document.querySelectorAll('.cell').forEach((one) => { one.style.color = '#ccc' })")
    assert len(axe.weak_colours(page)) == 3


def faults(opened: Window, found: list[str]) -> dict[str, list[str]]:
    return {address: wrong for address in found if opened.go(address) and (wrong := faults_of(opened))}


@pytest.mark.parametrize("half", [0, 1])  # each within the time that a test may take
def test_every_page_of_oms_web_and_of_the_guide(window: OpenWindow, half: int) -> None:
    owner = shop.make_user("admin")
    found = pages(("/oms/", "/guide/"), objects(owner), owner)
    assert len(found) > 35
    assert {"/oms/", "/oms/packages/", "/oms/orders/add/", "/oms/nowhere/", "/guide/employee/"} <= set(found)
    assert faults(window(owner), found[half::2]) == {}


def test_every_page_of_instore(window: OpenWindow) -> None:
    known = objects(shop.make_user("admin"))
    manager = shop.make_user("manager", shop.make_store(), shop.make_store("BER-01"))
    found = pages(("/instore/",), known, manager)
    opened = window(manager)
    page = opened.go("/instore/")
    page.get_by_role("button", name="Store IST-01").click()
    number = known["/instore/packages/"]
    inside = ["/instore/", "/instore/manager/", "/instore/pin/", f"/instore/packages/{number}/"]
    printed = [f"/instore/{sheet}/?numbers={number}" for sheet in ("labels", "pick-lists")]
    assert found == ["/instore/stores/"], "the choice comes first"
    assert faults(opened, [*found, *inside, *printed]) == {}


def test_every_page_that_needs_no_sign_in(window: OpenWindow) -> None:
    found = pages(("/accounts/", "/api/docs"), objects(shop.make_user("admin")), None)
    assert {"/accounts/login/", "/accounts/first-password/", "/api/docs"} <= set(found)
    assert faults(window(), found) == {}


def test_every_page_of_two_step_verification(window: OpenWindow) -> None:
    shop.make_user("associate", shop.make_store(), username="ayla")
    opened = window()
    plug_in_a_passkey(opened)
    page = sign_in_by_form(opened, "ayla")
    opened.go("/accounts/2fa/webauthn/add/")
    confirm(page, passkey_button(page))
    found = {"/accounts/2fa/webauthn/add/": faults_of(opened)}
    passkey_button(page).click()
    page.wait_for_url("**/recovery-codes/**")
    opened.go("/accounts/2fa/totp/activate/")
    found["/accounts/2fa/totp/activate/"] = faults_of(opened)
    secret = page.get_by_label("Or enter this setup key in the app").input_value()
    page.get_by_role("textbox", name="code").fill(newest_code(secret, seconds=15))
    page.get_by_role("button", name="Turn on").click()
    page.wait_for_url(lambda address: "/activate/" not in address)
    for route in routes():
        if route.startswith(SECOND_FACTOR) and route not in found and "download" not in route:
            opened.go(route.replace("<>", "1"))
            found[route] = faults_of(opened)
    assert {route: wrong for route, wrong in found.items() if wrong} == {}
