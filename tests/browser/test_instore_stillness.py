"""Nothing jumps: the list and a package page move nothing that was already on screen, not even when rows arrive."""

import pytest
from playwright.sync_api import Page, expect

from clickcollect.oms import states
from tests import shop
from tests.browser.conftest import DESKTOP, PHONE, OpenWindow

pytestmark = pytest.mark.django_db(transaction=True)
WATCH = """
window.shifts = 0;
new PerformanceObserver((list) => { for (const one of list.getEntries()) window.shifts += one.value; })
  .observe({ type: "layout-shift", buffered: true });
"""
PUSH = "document.querySelector('main').insertAdjacentHTML('afterbegin', '<p>pushed</p><p>down</p><p>by this</p>')"


def measured(page: Page) -> float:
    page.wait_for_timeout(600)
    return float(page.evaluate("window.shifts"))


def page_top_of_list(page: Page) -> float:
    return float(page.evaluate("document.getElementById('list').getBoundingClientRect().y"))


@pytest.mark.parametrize("viewport", [PHONE, DESKTOP])
def test_pages_stand_still_while_they_load_and_while_rows_arrive(
    window: OpenWindow,
    viewport: dict[str, int],
) -> None:
    package, *_others = (shop.make_package(states.READY) for _ in range(8))
    opened = window(shop.make_user("associate", package.stock_location), viewport=viewport)
    opened.page.add_init_script(WATCH)
    page = opened.go(f"/instore/packages/{package.number}/")
    assert measured(page) < 0.01
    list_at = page_top_of_list(opened.go("/instore/"))
    page = opened.go("/instore/?tab=ready")
    assert page_top_of_list(page) == list_at, "a chosen tab takes no more lines than another"
    new = shop.make_package(states.READY)
    page.evaluate("htmx.trigger(document.body, 'instore:fresh')")
    expect(page.locator("#lists")).to_contain_text(str(new.number))
    assert measured(page) < 0.01
    page.evaluate(PUSH)  # what does jump is seen
    page.wait_for_function("window.shifts > 0.01")
