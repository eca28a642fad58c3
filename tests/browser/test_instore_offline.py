"""No line is a yellow bar, in words, at every width, on every page that shows live things."""

import pytest
from playwright.sync_api import Page, Route, ViewportSize, expect

from clickcollect.oms import states
from tests import shop
from tests.browser.conftest import OpenWindow, Window, at_size

pytestmark = pytest.mark.django_db(transaction=True)
SIZES: list[ViewportSize] = [{"width": width, "height": 844} for width in (360, 820, 1280)]
PAGES = {"list": "/instore/", "package": "/instore/packages/{number}/"}


@pytest.fixture(params=SIZES, ids=["360", "820", "1280"])
def window(window: OpenWindow, request: pytest.FixtureRequest) -> OpenWindow:
    """On a phone, a tablet and a desktop."""
    return at_size(window, request.param)


def open_page(window: OpenWindow, kind: str, *, clock: bool = False) -> Window:
    package = shop.make_package(states.READY)
    opened = window(shop.make_user("associate", package.stock_location))
    if clock:
        opened.page.clock.install()
    opened.go(PAGES[kind].format(number=package.number))
    opened.page.wait_for_function("window.htmx && document.querySelector('#lists, #watch')")
    return opened


def expect_bar(page: Page, kind: str) -> None:
    bar = page.locator("#offline")
    expect(bar).to_be_visible()
    expect(bar).to_contain_text(f"No connection. This {'list' if kind == 'list' else 'page'} is from ")
    assert bar.locator("time").inner_text().count(":") == 1
    box = bar.bounding_box()
    viewport = page.viewport_size
    assert box
    assert viewport
    assert box["y"] + box["height"] <= viewport["height"]
    assert box["width"] >= viewport["width"] - 20


@pytest.mark.parametrize("kind", PAGES)
def test_a_device_without_a_line_says_so_and_is_up_to_date_when_it_is_back(window: OpenWindow, kind: str) -> None:
    opened = open_page(window, kind)
    page = opened.page
    expect(page.locator("#offline")).to_be_hidden()
    opened.context.set_offline(True)
    expect_bar(page, kind)
    assert opened.axe() == []
    new = shop.make_package(states.WAITING)
    opened.context.set_offline(False)
    expect(page.locator("#offline")).to_be_hidden()
    if kind == "list":
        expect(page.get_by_role("table")).to_contain_text(str(new.number))


@pytest.mark.parametrize("kind", PAGES)
@pytest.mark.parametrize("answer", ["none", "refused", "502"])
def test_a_server_that_does_not_answer_is_told_within_15_seconds(window: OpenWindow, kind: str, answer: str) -> None:
    opened = open_page(window, kind, clock=True)
    page = opened.page
    held: list[Route] = []

    def no_news(route: Route) -> None:
        if answer == "none":
            held.append(route)
        elif answer == "refused":
            route.abort()
        else:
            route.fulfill(status=502)

    page.route("**/live/**", no_news)
    page.clock.run_for(15_000)
    expect_bar(page, kind)
    page.unroute("**/live/**")
    page.clock.run_for(11_000)
    expect(page.locator("#offline")).to_be_hidden()
