"""The dashboard of OMS WEB in a real browser: stores ranked, and the zone in which its times are."""

import re

import pytest
from playwright.sync_api import expect

from clickcollect.oms import states
from tests import shop
from tests.browser.conftest import OpenWindow
from tests.browser.test_omsweb import office

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("width", [360, 820, 1280])
def test_the_zone_is_named_beside_the_title_and_leads_to_ones_own(window: OpenWindow, width: int) -> None:
    shop.make_package(states.READY)
    opened = office(window, "/oms/packages/", viewport={"width": width, "height": 800}, timezone_id="Australia/Sydney")
    page = opened.page
    clock = page.get_by_role("link", name="Times in Europe/Istanbul")
    expect(clock).to_be_in_viewport()
    box = clock.bounding_box()
    assert box is not None
    assert box["height"] >= 24  # WCAG 2.2, target size
    clock.click()
    expect(page.get_by_label("Show times in").locator("option").nth(1)).to_have_text("This device: Australia/Sydney")
    page.get_by_label("Show times in").select_option("Australia/Sydney")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Time zone saved.")).to_be_visible()
    expect(page.get_by_role("link", name="Times in Australia/Sydney")).to_be_visible()
    assert opened.axe() == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    time = opened.go("/oms/packages/").locator("tbody time").first
    expect(time).to_have_attribute("title", re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC$"))


@pytest.mark.parametrize("width", [360, 820, 1280])
def test_stores_are_ranked_on_the_dashboard_without_leaving_it(window: OpenWindow, width: int) -> None:
    late, other = shop.make_store("IST-01", name="Behind"), shop.make_store("IST-02", name="Ahead")
    shop.make_package(states.WAITING, store=late, due_at=shop.PAST)
    shop.make_package(states.WAITING, store=other)
    opened = office(window, "/oms/", viewport={"width": width, "height": 800})
    compared = opened.page.get_by_role("region", name="Stores compared")
    expect(compared.get_by_role("rowheader").first).to_contain_text("Behind")
    compared.get_by_role("link", name="Time to ready").click()
    expect(compared.get_by_role("rowheader").first).to_contain_text("Ahead")
    compared.get_by_role("link", name="30 days").click()
    expect(compared.locator("[aria-current]")).to_have_text("30 days")
    expect(compared.locator("[aria-sort]")).to_contain_text("Time to ready")
    assert opened.axe() == []
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= width
    compared.get_by_role("link", name="1", exact=True).click()
    expect(opened.page).to_have_url(re.compile("late=to_pack"))


def test_the_search_over_everything_is_a_landmark_of_its_own_name(window: OpenWindow) -> None:
    package = shop.make_package(states.WAITING)
    opened = office(window, "/oms/packages/")
    opened.page.keyboard.press("Control+k")
    found = opened.page.get_by_role("search", name="Search everything")
    box = found.get_by_placeholder("Type to search")
    expect(box).to_be_focused()  # what is typed before it is shown has nowhere to go
    box.press_sequentially(str(package.number))
    expect(found.locator("#command-results-list")).to_contain_text(str(package.number))
    assert opened.axe() == []
