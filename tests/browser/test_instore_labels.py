"""Labels as they leave the printer: real PDF pages, 100 × 60 mm one per bag, or eight on a sheet of A4."""

import re

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from clickcollect.oms import states
from clickcollect.oms.models import Package
from tests import shop
from tests.browser.conftest import OpenWindow, Window, at_size

pytestmark = pytest.mark.django_db(transaction=True)
SIZES: list[ViewportSize] = [{"width": width, "height": 800} for width in (360, 820, 1280)]
POINT = 25.4 / 72  # millimetres


@pytest.fixture(params=SIZES, ids=["360", "820", "1280"])
def window(window: OpenWindow, request: pytest.FixtureRequest) -> OpenWindow:
    """On a phone, a tablet and a desktop: the paper is the same."""
    return at_size(window, request.param)


def pages_of(page: Page) -> list[tuple[int, int]]:
    """The pages of the PDF that the browser prints, each with its width and height in millimetres."""
    pdf = page.pdf(prefer_css_page_size=True)
    boxes = re.findall(rb"/MediaBox \[0 0 ([0-9.]+) ([0-9.]+)\]", pdf)
    return [(round(float(width) * POINT), round(float(height) * POINT)) for width, height in boxes]


def labels_page(window: OpenWindow, *packages: Package) -> Window:
    opened = window(shop.make_user("associate", packages[0].stock_location))
    opened.go(f"/instore/labels/?numbers={','.join(str(package.number) for package in packages)}")
    return opened


def test_each_bag_has_a_label_of_its_own_with_shelf_and_day(window: OpenWindow) -> None:
    ready, packed = shop.make_package(states.READY, shelf="B4", bags=3), shop.make_package(states.PACKED)
    opened = labels_page(window, ready, packed)
    page = opened.page
    expect(page.get_by_role("heading", name="4 labels")).to_be_visible()
    for number in (1, 2, 3):
        label = page.get_by_role("region", name=f"{ready.number}, {number} of 3")
        expect(label).to_contain_text("B4")
        expect(label).to_contain_text("Collect by")
        expect(label).to_contain_text("EN")
        assert shop.right_code(ready) not in label.inner_text()
    expect(page.get_by_role("region", name=str(packed.number), exact=True)).not_to_contain_text("Collect by")
    assert pages_of(page) == [(100, 60)] * 4
    assert opened.axe() == []


def test_an_a4_sheet_takes_eight_and_the_device_remembers_its_paper(window: OpenWindow) -> None:
    packages = [shop.make_package(states.PACKED, shelf="A1", bags=3) for _ in range(3)]
    page = labels_page(window, *packages).page
    page.get_by_role("link", name="A4 sheet of 8").click()
    expect(page.get_by_role("link", name="A4 sheet of 8")).to_have_attribute("aria-current", "true")
    assert pages_of(page) == [(210, 297)] * 2
    page.goto(page.url.split("&paper")[0])
    expect(page.get_by_role("link", name="A4 sheet of 8")).to_have_attribute("aria-current", "true")


def test_nothing_of_a_label_with_long_words_is_cut_off(window: OpenWindow) -> None:
    order = shop.make_order(
        "WEB-2026-11-28-000000000123", first_name="Maximiliane-Charlotte", last_name="von Hohenstein"
    )
    package = shop.make_package(states.READY, order=order, shelf="REGAL NORD 12", bags=12)
    page = labels_page(window, package).page
    page.emulate_media(media="print")
    label = page.get_by_role("region", name=f"{package.number}, 12 of 12")
    too_much = "label => [label.scrollHeight - label.clientHeight, label.scrollWidth - label.clientWidth]"
    assert label.evaluate(too_much) == [0, 0]
    outside = """label => { const frame = label.getBoundingClientRect(); return [...label.querySelectorAll("p, svg")]
        .filter(one => one.getBoundingClientRect().bottom > frame.bottom + 1).length }"""
    assert label.evaluate(outside) == 0
