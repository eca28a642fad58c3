"""At the counter: several packages of one customer, somebody else who collects, and what a packer sees first."""

import pytest
from playwright.sync_api import Locator, ViewportSize, expect

from clickcollect.oms import states
from tests import shop
from tests.browser.conftest import OpenWindow, at_size
from tests.browser.test_instore_stories import dialog_of, package_page

pytestmark = pytest.mark.django_db(transaction=True)
SIZES: list[ViewportSize] = [{"width": width, "height": 800} for width in (360, 820, 1280)]


@pytest.fixture(params=SIZES, ids=["360", "820", "1280"])
def window(window: OpenWindow, request: pytest.FixtureRequest) -> OpenWindow:
    """On a phone, a tablet and a desktop."""
    return at_size(window, request.param)


def top_of(place: Locator) -> float:
    box = place.bounding_box()
    assert box is not None
    return box["y"]


def test_further_packages_of_the_customer_are_announced_and_one_tap_away(window: OpenWindow) -> None:
    package = shop.make_package(states.READY, shelf="A1")
    other = shop.make_package(states.READY, shelf="C3")
    shop.make_package(states.READY, order=shop.make_order(phone_number="+905550000777"))
    shop.make_package(states.PACKED)
    opened = package_page(window, package)
    page = opened.page
    announced = page.get_by_text("1 more package is ready for this customer")
    expect(page.locator("#package").get_by_role("link", name=str(other.number))).to_contain_text("C3")
    page.get_by_role("button", name="Delivered", exact=True).click()
    expect(dialog_of(page).get_by_text("1 more package is ready for this customer")).to_be_visible()
    dialog_of(page).get_by_label("SMS verification code").fill(shop.right_code(package))
    page.keyboard.press("Enter")
    result = page.locator("#result")
    expect(result).to_contain_text("1 more package is ready for this customer")
    assert opened.axe() == []
    result.get_by_role("link", name=str(other.number)).click()
    expect(page.get_by_role("heading", name=str(other.number))).to_be_visible()
    expect(announced).to_have_count(0)


def test_who_collects_for_somebody_has_a_name_and_stands_on_the_green_page_and_in_the_timeline(
    window: OpenWindow,
) -> None:
    package = shop.make_package(states.READY)
    page = package_page(window, package).page
    page.get_by_role("button", name="Delivered", exact=True).click()
    dialog = dialog_of(page)
    someone = dialog.get_by_text("Someone else is collecting")
    assert top_of(someone) < top_of(dialog.get_by_role("button", name="Verify and deliver"))
    someone.click()
    dialog.get_by_label("Relationship to the customer").fill("brother")
    dialog.get_by_label("SMS verification code").fill(shop.right_code(package))
    page.keyboard.press("Enter")
    name = dialog.get_by_label("Name")
    expect(name).to_have_accessible_description("Enter the name of the person who is collecting.")
    expect(name).to_be_focused()
    assert shop.reread(package).total_attempts == 0
    name.fill("Max Mustermann")
    dialog.get_by_label("SMS verification code").fill(shop.right_code(package))
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("to Max Mustermann, for Deniz Yılmaz")
    page.get_by_role("button", name="Open package").click()
    expect(page.locator(".timeline")).to_contain_text("Collected by Max Mustermann (brother)")


def test_what_is_to_be_packed_comes_before_the_rest_on_a_phone(window: OpenWindow) -> None:
    package = shop.make_package(states.WAITING)
    page = package_page(window, package).page
    items, shelf = page.get_by_role("heading", name="Items"), page.get_by_label("Shelf", exact=True)
    width = page.viewport_size["width"] if page.viewport_size else 0
    more = page.get_by_role("button", name="More")
    box, main = more.bounding_box(), page.locator("#main-button").bounding_box()
    assert box is not None
    assert main is not None
    if width < 640:
        assert top_of(items) < top_of(shelf)
        assert top_of(items) < 420
        assert top_of(shelf) < top_of(page.get_by_role("heading", name="Timeline"))
        lines = "button => { const text = document.createRange(); text.selectNodeContents(button); "
        lines += "return new Set([...text.getClientRects()].map((one) => one.top)).size }"
        assert page.locator("#main-button").evaluate(lines) == 1
        assert box["width"] < 80
        assert main["height"] < 70
    assert box["height"] >= 48
    page.get_by_role("button", name="Complete packaging").click()
    expect(page.locator("#page-note")).to_be_visible()
    assert top_of(page.locator(".handover")) < top_of(page.get_by_role("heading", name="Timeline"))
