"""The lists of OMS WEB in a real browser: filters that apply themselves, at a desk, on a tablet and on a phone."""

import pytest
from playwright.sync_api import Locator, Page, ViewportSize, expect

from clickcollect.oms import search, states
from tests import shop
from tests.browser.conftest import OpenWindow

pytestmark = pytest.mark.django_db(transaction=True)
DESK: ViewportSize = {"width": 1280, "height": 800}
TABLET: ViewportSize = {"width": 820, "height": 1180}
PHONE: ViewportSize = {"width": 360, "height": 740}
LISTS = ["/oms/packages/", "/oms/orders/", "/oms/log/", "/oms/deliveries/"]


def list_page(window: OpenWindow, address: str, viewport: ViewportSize) -> Page:
    page = window(shop.make_user("admin"), viewport=viewport).go(address)
    page.evaluate("window.notReloaded = true")
    return page


def top_of(found: Locator) -> float:
    box = found.bounding_box()
    assert box is not None
    return box["y"]


def bottom_of(found: Locator) -> float:
    box = found.bounding_box()
    assert box is not None
    return box["y"] + box["height"]


@pytest.mark.parametrize("viewport", [DESK, TABLET], ids=["1280", "820"])
def test_a_choice_applies_itself_and_keeps_the_focus(window: OpenWindow, viewport: ViewportSize) -> None:
    waiting, packed = shop.make_package(), shop.make_package(states.PACKED)
    page = list_page(window, "/oms/packages/", viewport)
    status = page.get_by_label("Status")
    status.focus()
    status.select_option("500")
    expect(page.get_by_role("rowheader")).to_have_count(1)
    expect(page.get_by_role("rowheader")).to_contain_text(packed.number)
    expect(page.locator("#found-words")).to_have_text("1 package")
    expect(page.get_by_role("tab", name="All")).to_have_text("All 1")
    expect(status).to_be_focused()
    assert page.url.endswith("/oms/packages/?state=500")
    page.go_back()
    expect(page.get_by_role("rowheader", name=waiting.number)).to_be_visible()


def test_what_is_typed_in_the_search_applies_itself(window: OpenWindow) -> None:
    package, other = shop.make_package(), shop.make_package(order=shop.make_order(first_name="Zeynep"))
    for one in (package, other):
        search.update_index(one)
    page = list_page(window, "/oms/packages/", DESK)
    page.get_by_label("Search or scan").press_sequentially("zeyn")
    expect(page.get_by_role("rowheader")).to_have_count(1)
    expect(page.get_by_role("rowheader")).to_contain_text(other.number)
    expect(page.get_by_label("Search or scan")).to_be_focused()
    assert page.evaluate("window.notReloaded") is True
    assert page.url.endswith("?q=zeyn")
    page.get_by_label("Search or scan").fill("nobody")
    expect(page.get_by_text("No results match these filters.")).to_be_visible()
    expect(page.get_by_text("2 hidden by filters.")).to_be_visible()


def test_no_list_is_kept_in_the_browser(window: OpenWindow) -> None:
    shop.make_package()
    page = list_page(window, "/oms/packages/", DESK)
    page.get_by_label("Status").select_option("100")
    expect(page.locator("#found-words")).to_have_text("1 package")
    kept = page.evaluate("JSON.stringify([Object.values(localStorage), Object.values(sessionStorage)])")
    assert "Yılmaz" not in kept


@pytest.mark.parametrize("address", LISTS)
def test_at_a_desk_the_filters_stand_in_one_line_and_the_rare_ones_open(window: OpenWindow, address: str) -> None:
    shop.make_package()
    page = list_page(window, address, DESK)
    search_box, show = page.get_by_role("searchbox"), page.get_by_role("button", name="Show", exact=True)
    assert abs(bottom_of(search_box) - bottom_of(show)) < 2
    rare = page.locator(".ow-filter-rare").first
    expect(rare).to_be_hidden()
    page.get_by_role("button", name="More filters").click()
    expect(rare).to_be_visible()


@pytest.mark.parametrize("address", LISTS)
def test_on_a_phone_the_filters_are_folded(window: OpenWindow, address: str) -> None:
    shop.make_package()
    page = list_page(window, address, PHONE)
    field = page.locator(".ow-filter-fields .ow-field").first
    expect(field).to_be_hidden()
    assert top_of(page.locator("#found-count")) < 420
    toggle = page.get_by_role("button", name="Filters", exact=True)
    toggle.click()
    expect(toggle).to_have_attribute("aria-expanded", "true")
    expect(field).to_be_visible()
    assert not page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    toggle.click()
    expect(field).to_be_hidden()


def test_on_a_phone_the_button_says_how_many_filters_are_in_force(window: OpenWindow) -> None:
    shop.make_package()
    page = list_page(window, "/oms/packages/?state=100&delivery_type=in_store", PHONE)
    expect(page.get_by_role("button", name="Filters (2)")).to_be_visible()
    expect(page.get_by_role("list", name="Active filters").get_by_role("link")).to_have_count(3)
