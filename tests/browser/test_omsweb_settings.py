"""The settings of OMS WEB in a real browser: read by their titles, with units, and a warning where safety suffers."""

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from tests import shop
from tests.browser.conftest import OpenWindow

pytestmark = pytest.mark.django_db(transaction=True)
SIZES: list[ViewportSize] = [
    {"width": 360, "height": 740},
    {"width": 820, "height": 1180},
    {"width": 1280, "height": 800},
]
EVERY_SIZE = pytest.mark.parametrize("viewport", SIZES, ids=["360", "820", "1280"])


def is_wider_than_its_window(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))


@EVERY_SIZE
def test_codes_are_switched_off_only_with_a_warning_and_a_reason(window: OpenWindow, viewport: ViewportSize) -> None:
    opened = window(shop.make_user("admin"), viewport=viewport)
    page = opened.go("/oms/settings/")
    page.get_by_role("link", name="Pickup codes", exact=True).click()
    warning = page.get_by_text("anyone who knows the order can walk out with it")
    expect(page.get_by_role("radio", name="On")).to_be_checked()
    expect(warning).to_be_hidden()
    page.get_by_role("radio", name="Off").check()
    expect(warning).to_be_visible()
    assert not opened.axe()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Enter why codes are being turned off")).to_be_visible()
    page.get_by_label("Reason").fill("The SMS provider is down")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("“Pickup codes” was saved.")).to_be_visible()
    expect(page.get_by_role("heading", name="Pickup codes: Off")).to_be_visible()
    expect(page.get_by_role("alert")).to_contain_text("anyone who knows the order")
    expect(page.get_by_text("The SMS provider is down")).to_be_visible()
    expect(page.get_by_text("On → Off")).to_be_visible()
    page = opened.go("/oms/settings/")
    expect(page.get_by_role("row", name="Pickup codes")).to_contain_text("weaker than the default")
    assert not opened.axe()
    assert not is_wider_than_its_window(page)


def test_a_number_is_read_with_its_unit_and_its_identifier_is_copied(window: OpenWindow) -> None:
    store = shop.make_store()
    shop.put_setting("OTP_LENGTH", value=4, store=store)
    opened = window(shop.make_user("admin"), permissions=["clipboard-read", "clipboard-write"])
    page = opened.go("/oms/settings/")
    line = page.get_by_role("row", name="Pickup code length")
    expect(line).to_contain_text("6 digits")
    expect(line).to_contain_text("IST-01: 4 digits")
    expect(line).to_contain_text("weaker than the default")
    line.get_by_role("link").click()
    expect(page.get_by_text("From 4 to 8 digits.")).to_be_visible()
    expect(page.get_by_role("alert")).to_contain_text("Less protection than with the default of 6 digits.")
    page.get_by_role("button", name="Copy the identifier").click()
    assert page.evaluate("navigator.clipboard.readText()") == "OTP_LENGTH"
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_role("alert")).to_have_count(0)
