"""The "?" of a page opens its paragraph in a tab of its own; the guide is for everybody, and prints."""

import re
from collections.abc import Callable
from typing import Final

import pytest
from playwright.sync_api import Page, Request, ViewportSize, expect

from clickcollect.guide.pages import PAGES
from clickcollect.oms import states
from tests import shop
from tests.browser.conftest import OpenWindow, Window, at_size

pytestmark = pytest.mark.django_db(transaction=True)
SIZES: list[ViewportSize] = [{"width": width, "height": 800} for width in (360, 820, 1280)]
MOST_WORDS: Final = 20_000  # bytes of a page as they are sent
MOST_PICTURES: Final = 600_000  # bytes of all its pictures


@pytest.fixture(params=SIZES, ids=["360", "820", "1280"])
def window(window: OpenWindow, request: pytest.FixtureRequest) -> OpenWindow:
    return at_size(window, request.param)


def opened_by_the_question_mark(opened: Window) -> Page:
    """The tab that the "?" opens."""
    with opened.context.expect_page() as tab:
        opened.page.get_by_role("link", name="Help with this page").click()
    tab.value.wait_for_load_state("load")
    return tab.value


def adder(taken: list[Request]) -> Callable[[Request], None]:
    """Adds each request of a window to the list."""
    return lambda request: taken.append(request)  # noqa: PLW0108  a listener is known by its code


def is_wider_than_the_window(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))


def test_the_question_mark_opens_the_paragraph_and_keeps_what_was_typed(window: OpenWindow) -> None:
    ready = shop.make_package(states.READY)
    opened = window(shop.make_user("associate", ready.stock_location))
    opened.go(f"/instore/packages/{ready.number}/")
    tab = opened_by_the_question_mark(opened)
    expect(tab.get_by_role("heading", name="Hand over", exact=True)).to_be_in_viewport()
    opened.go("/instore/").get_by_label("Search or scan").fill("Yılmaz")
    tab = opened_by_the_question_mark(opened)
    expect(tab.get_by_role("heading", name="Find a package")).to_be_in_viewport()
    expect(opened.page.get_by_label("Search or scan")).to_have_value("Yılmaz")


def test_an_operator_gets_help_with_a_form(window: OpenWindow) -> None:
    opened = window(shop.make_user("operator"))
    opened.go("/oms/orders/add/")
    assert not is_wider_than_the_window(opened.page)
    tab = opened_by_the_question_mark(opened)
    expect(tab.get_by_role("heading", name="A new order")).to_be_in_viewport()


def test_the_mark_is_big_enough_for_a_finger_and_gets_focus(window: OpenWindow) -> None:
    opened = window(shop.make_user("associate", shop.make_store()))
    mark = opened.go("/instore/").get_by_role("link", name="Help with this page")
    box = mark.bounding_box()
    assert box
    assert min(box["width"], box["height"]) >= 44
    mark.focus()
    expect(mark).to_be_focused()


def test_the_guide_can_be_read_by_everybody(window: OpenWindow) -> None:
    opened = window(shop.make_user("operator"))
    for name in PAGES:
        page = opened.go(f"/guide/{name}/")
        assert opened.axe() == [], name
        assert not is_wider_than_the_window(page), name


def test_a_page_of_the_guide_stays_small(window: OpenWindow) -> None:
    opened = window(shop.make_user("operator"))
    for name in PAGES:
        taken: list[Request] = []
        listener = adder(taken)
        opened.page.on("requestfinished", listener)
        page = opened.go(f"/guide/{name}/")
        page.evaluate("document.querySelectorAll('img').forEach((picture) => (picture.loading = 'eager'))")
        page.wait_for_load_state("networkidle")
        opened.page.remove_listener("requestfinished", listener)
        sent = {request.url: request.sizes()["responseBodySize"] for request in taken}
        pictures = sum(size for url, size in sent.items() if url.endswith(".webp"))
        assert sent[page.url] < MOST_WORDS, name
        assert pictures < MOST_PICTURES, name


def test_what_if_prints_on_one_sheet(window: OpenWindow) -> None:
    page = window(shop.make_user("associate", shop.make_store())).go("/guide/what-if/")
    pdf = page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) == 1
    page.emulate_media(media="print")
    expect(page.get_by_role("button", name="Print")).to_be_hidden()
