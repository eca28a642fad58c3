"""Everybody can use it: axe finds nothing on any screen, in light and dark, left to right and right to left."""

import pytest
from playwright.sync_api import expect

from clickcollect.oms import states
from clickcollect.oms.access import actor_for
from clickcollect.oms.commands.run import run_command
from clickcollect.oms.models import Package
from tests import shop
from tests.browser.conftest import PHONE, OpenWindow, Window
from tests.browser.test_instore_stories import dialog_of, expect_delivered, package_page

pytestmark = pytest.mark.django_db(transaction=True)


def shop_with_everything() -> Package:
    """A store with a package in each state; the ready one lies on a shelf."""
    for state in states.NAMES:
        if state != states.READY:
            shop.make_package(state, due_at=shop.PAST)
    late = shop.make_package(states.READY)
    Package.objects.filter(pk=late.pk).update(due_at=shop.PAST, pickup_deadline=shop.PAST)
    ready = shop.make_package(states.READY, order=shop.make_order(first_name="ليلى", last_name="الحداد"))
    Package.objects.filter(pk=ready.pk).update(
        shelf="B4", bags=2, message_state="failed", message_reason="No such number"
    )
    return shop.reread(ready)


def every_screen(opened: Window, package: Package) -> list[str]:
    """Walk through all screens and dialogs, and collect what axe finds on each."""
    found: list[str] = []

    def look(screen: str) -> None:
        opened.page.wait_for_timeout(50)
        found.extend(f"{screen}: {finding}" for finding in opened.axe())

    page = opened.go("/instore/")
    look("packages")
    opened.go("/instore/?tab=delivered&q=nothing")
    look("empty")
    opened.go("/instore/packages/PK-1/")
    look("not found")
    opened.go("/instore/pin/")
    look("pin")
    for address in ("labels", "pick-lists"):
        opened.go(f"/instore/{address}/?numbers={package.number}")
        look(address)
    opened.go("/instore/")
    page.locator("[data-select]").first.check()
    look("selected")
    page.locator("[data-bulk-open]").click()
    expect(page.locator("#bulk")).to_be_visible()
    look("bulk")
    opened.go(f"/instore/packages/{package.number}/")
    look("package")
    page.locator("#more-button").click()
    look("more")
    page.keyboard.press("Escape")
    for key in page.locator("#package [data-dialog]").evaluate_all("(all) => all.map((one) => one.dataset.dialog)"):
        page.evaluate("(id) => document.getElementById(id).showModal()", key)
        look(key)
        page.evaluate("(id) => document.getElementById(id).close()", key)
    page.locator("#main-button").click()
    page.locator("dialog[open] .code").fill(shop.wrong_code(package))
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_be_visible()
    look("wrong code")
    page.locator("dialog[open] .code").fill(shop.right_code(package))
    page.keyboard.press("Enter")
    expect(page.locator("#result.is-open")).to_be_visible()
    look("delivered")
    return found


@pytest.mark.parametrize("language", ["en", "ar"])
def test_axe_finds_nothing_on_any_screen(window: OpenWindow, language: str) -> None:
    package = shop_with_everything()
    opened = window()
    opened.speak(language)
    opened.go("/accounts/login/")
    found = [f"sign in: {finding}" for finding in opened.axe()]
    opened.sign_in(shop.make_user("associate", package.stock_location))
    found += every_screen(opened, package)
    assert found == []


def test_axe_finds_nothing_on_a_phone_and_in_the_red_result(window: OpenWindow) -> None:
    package = shop_with_everything()
    opened = window(
        shop.make_user("associate", package.stock_location),
        viewport={"width": 390, "height": 844},
        has_touch=True,
    )
    page = opened.go("/instore/")
    found = opened.axe()
    opened.go(f"/instore/packages/{package.number}/")
    found += opened.axe()
    page.locator("#main-button").click()
    found += opened.axe()
    Package.objects.filter(pk=package.pk).update(issue_attempts=5, total_attempts=5)
    page.locator("dialog[open] .code").fill(shop.right_code(package))
    page.keyboard.press("Enter")
    expect(page.locator("#result.is-open")).to_be_visible()
    found += opened.axe()
    assert found == []


def test_axe_finds_nothing_on_the_managers_page_and_the_choice_of_a_store(window: OpenWindow) -> None:
    package = shop_with_everything()
    boss = shop.make_user("manager", package.stock_location, shop.make_store("BER-01"))
    evidence = {"reason": "Phone lost", "evidence": "id_document"}
    actor = actor_for(boss)
    run_command(package_id=package.pk, transition="DELIVER_WITHOUT_CODE", actor=actor, data=evidence)
    opened = window(boss)
    page = opened.go("/instore/")
    found = opened.axe()
    page.get_by_role("button", name=package.stock_location.name).click()
    opened.go("/instore/manager/")
    expect(page.get_by_role("heading", name="Manager")).to_be_visible()
    assert found + opened.axe() == []


def test_arabic_runs_from_right_to_left_and_the_code_from_left_to_right(window: OpenWindow) -> None:
    package = shop_with_everything()
    opened = window(shop.make_user("associate", package.stock_location))
    opened.speak("ar")
    page = opened.go(f"/instore/packages/{package.number}/")
    assert page.evaluate("document.documentElement.dir") == "rtl"
    hand, body = page.locator(".package-handover").bounding_box(), page.locator(".package-body").bounding_box()
    assert hand
    assert body
    assert hand["x"] < body["x"]
    page.locator("#main-button").click()
    field = page.locator("dialog[open] .code")
    assert field.evaluate("(element) => getComputedStyle(element).direction") == "ltr"
    right = shop.right_code(package)
    field.fill("".join(chr(0x660 + int(digit)) for digit in right))
    page.keyboard.press("Enter")
    expect(page.locator("#result.is-open.result--ok")).to_be_visible()
    assert shop.state_of(package) == states.DELIVERED


def test_tabs_are_walked_with_arrow_keys(window: OpenWindow) -> None:
    package = shop_with_everything()
    page = window(shop.make_user("associate", package.stock_location)).go("/instore/?tab=to-pack")
    page.locator("#tab-to-pack").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#tab-packed")).to_be_focused()
    page.keyboard.press("End")
    expect(page.locator("#tab-all")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#tab-all")).to_have_attribute("aria-selected", "true")


@pytest.mark.parametrize("viewport", [PHONE, {"width": 320, "height": 640}])
def test_nothing_runs_out_of_a_small_screen(window: OpenWindow, viewport: dict[str, int]) -> None:
    name = "Hubert Blaine Wolfeschlegelsteinhausenbergerdorff"
    package = shop.make_package(states.READY, order=shop.make_order(first_name=name, last_name="W" * 80))
    Package.objects.filter(pk=package.pk).update(shelf="Very long shelf name", bags=2)
    shop.make_package(states.WAITING)
    opened = package_page(window, package, viewport=viewport, has_touch=True)
    for address in ("/instore/", f"/instore/packages/{package.number}/", "/instore/?q=nothing", "/accounts/login/"):
        page = opened.go(address)
        assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"], address
    page = opened.go(f"/instore/packages/{package.number}/")
    page.get_by_role("button", name="Delivered", exact=True).click()
    dialog = dialog_of(page)
    assert dialog.evaluate("(element) => element.scrollWidth - element.clientWidth") == 0
    dialog.get_by_label("SMS verification code").fill(shop.right_code(package))
    page.keyboard.press("Enter")
    expect_delivered(page)
    assert page.locator("#result").evaluate("(element) => element.scrollWidth - element.clientWidth") == 0


@pytest.mark.parametrize("address", ["labels", "pick-lists"])
def test_on_a_phone_a_sheet_to_print_holds_all_that_is_on_it(window: OpenWindow, address: str) -> None:
    order = shop.make_order(number="WEB-2026-11-27-000000001234", last_name="von Hohenstein-Langenburg zu Waldeck")
    package = shop.make_package(order=order, store=order.retail_store)
    opened = window(shop.make_user("associate", package.stock_location), viewport=PHONE)
    page = opened.go(f"/instore/{address}/?numbers={package.number}")
    sheet, qr = (page.locator(name).bounding_box() for name in (".label, .pick-list", ".label-qr"))
    assert sheet
    assert qr
    assert sheet["x"] <= qr["x"] <= qr["x"] + qr["width"] <= sheet["x"] + sheet["width"]
