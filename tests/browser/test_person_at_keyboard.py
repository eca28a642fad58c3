"""A person's keys do what they always did, though a scanner's are told apart from them."""

import re

import pytest
from playwright.sync_api import expect

from clickcollect.oms import search, states
from tests import shop
from tests.browser.conftest import OpenWindow
from tests.browser.scanner import Keyboard, key, keys, packed, plain, posts_of
from tests.browser.test_instore_stories import dialog_of, package_page

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("gap", [1, 25, 60, 120, 250])
def test_the_code_is_typed_at_any_speed(window: OpenWindow, gap: int) -> None:
    package = shop.make_package(states.READY)
    page = package_page(window, package).page
    page.get_by_role("button", name="Delivered", exact=True).click()
    expect(dialog_of(page).get_by_label("SMS verification code")).to_be_focused()
    Keyboard(page).scan(f"{shop.right_code(package)}\n", gap=gap)
    expect(page.get_by_role("status")).to_contain_text("Package delivered")


@pytest.mark.parametrize("gap", [50, 70, 110])
def test_what_a_fast_person_types_stays_in_its_field(window: OpenWindow, gap: int) -> None:
    package = packed()
    page = package_page(window, package).page
    page.get_by_label("Shelf", exact=True).focus()
    keyboard = Keyboard(page)
    keyboard.scan([*keys("b4 cc"), plain("Backspace", windowsVirtualKeyCode=8), key("\t"), *keys("12\n")], gap=gap)
    expect(page.locator("#announcement")).to_contain_text("Shelf and bags saved.")
    expect(page.locator("#package")).to_contain_text("12 bags")
    assert shop.reread(package).shelf == "B4 C"


def test_a_key_that_is_held_is_no_scanner_and_presses_nothing_again(window: OpenWindow) -> None:
    package = packed()
    page = package_page(window, package).page
    keyboard = Keyboard(page)
    shelf = page.get_by_label("Shelf", exact=True)
    shelf.focus()
    keyboard.hold(key("a"), repeats=6)
    expect(shelf).to_have_value("aaaaaa")
    sent = posts_of(page)
    page.evaluate("document.activeElement.blur()")
    keyboard.hold(key("\n"), repeats=2, then=lambda: page.locator("#main-button").focus())
    assert sent == []


def test_blank_and_enter_of_a_person_press_what_has_the_focus(window: OpenWindow) -> None:
    package = packed()
    page = package_page(window, package).page
    keyboard = Keyboard(page)
    page.locator("#more-button").focus()
    keyboard.scan(" ", gap=4)
    expect(page.locator("#more")).to_be_visible()
    keyboard.scan([plain("Escape", windowsVirtualKeyCode=27)], gap=4)
    expect(page.locator("#more-button")).to_be_focused()
    page.locator("#main-button").focus()
    with page.expect_response(re.compile("/commands/")):
        keyboard.scan("\n")
    assert shop.state_of(package) == states.READY
    page.goto(page.url.split("packages/")[0])
    box = page.get_by_label(f"Select {package.number}")
    box.focus()
    keyboard.scan(" ", gap=4)
    expect(box).to_be_checked()
    keyboard.scan(" \t", gap=60)  # the next key is there before the blank has waited, unless the machine is busy
    expect(box).not_to_be_checked()
    expect(box).not_to_be_focused()
    box.focus()
    keyboard.scan(" ", gap=4)
    expect(box).to_be_checked()
    keyboard.go_on("\t", gap=60)  # pressed in time, and there only now: what the blank has pressed was a person's
    expect(box).not_to_be_focused()


def test_a_click_right_after_a_scan_counts(window: OpenWindow) -> None:
    package = shop.make_package(states.READY)
    search.update_index(package)
    page = window(shop.make_user("associate", package.stock_location)).go()
    Keyboard(page).scan(f"{package.number}\n")
    page.get_by_role("button", name="Delivered", exact=True).click()
    Keyboard(page).scan(f"{shop.right_code(package)}\n", gap=20)
    expect(page.get_by_role("status")).to_contain_text("Package delivered")


def test_pasting_works_as_ever(window: OpenWindow) -> None:
    package = packed()
    opened = package_page(window, package)
    page = opened.page
    opened.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.evaluate("navigator.clipboard.writeText('D 7')")
    page.get_by_label("Shelf", exact=True).focus()
    page.keyboard.press("Control+v")
    page.keyboard.press("Enter")
    expect(page.locator("#announcement")).to_contain_text("Shelf and bags saved.")
    assert shop.reread(package).shelf == "D 7"
