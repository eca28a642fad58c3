"""The work around the handover, in a real browser: lists that live, packing, many at once, the camera, the PIN."""

import time

import pytest
from playwright.sync_api import Route, expect

from clickcollect.oms import states
from tests import shop
from tests.browser.conftest import DESKTOP, PHONE, OpenWindow, at_size
from tests.browser.scanner import Keyboard
from tests.browser.test_instore_stories import dialog_of, package_page

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(params=[DESKTOP, PHONE], ids=["1280", "360"])
def window(window: OpenWindow, request: pytest.FixtureRequest) -> OpenWindow:
    """Every story is told twice: on a desktop and on a phone."""
    return at_size(window, request.param)


def test_new_packages_appear_without_a_reload_and_without_stealing_the_focus(window: OpenWindow) -> None:
    first = shop.make_package(states.WAITING)
    page = window(shop.make_user("associate", first.stock_location)).go()
    page.get_by_label("Search or scan").fill("half a na")
    new = shop.make_package(states.WAITING)
    page.evaluate("htmx.trigger(document.body, 'instore:fresh')")
    expect(page.get_by_role("table")).to_contain_text(str(new.number))
    expect(page.get_by_label("Search or scan")).to_be_focused()
    expect(page.get_by_label("Search or scan")).to_have_value("half a na")
    expect(page.get_by_role("tab", name="To pack 2")).to_be_visible()


def test_a_scanner_works_wherever_the_focus_is(window: OpenWindow) -> None:
    package, other = shop.make_package(states.READY), shop.make_package(states.READY)
    page = package_page(window, package).page
    page.get_by_role("button", name="More").focus()
    Keyboard(page).scan(f"{other.number}\n")
    expect(page.get_by_role("heading", name=str(other.number))).to_be_visible()


def test_shelf_bags_and_items_are_noted_while_packing_and_shown_at_the_handover(window: OpenWindow) -> None:
    package = shop.make_package(states.WAITING)
    page = package_page(window, package).page
    tick = page.get_by_role("button", name="T-shirt, black, M: 0 of 2 picked")
    tick.click()
    expect(page.get_by_role("button", name="T-shirt, black, M: 1 of 2 picked")).to_be_visible()
    page.get_by_role("heading", name="Items").click()
    Keyboard(page).scan("TSH-BLK-M\n")
    expect(page.get_by_role("button", name="T-shirt, black, M: 2 of 2 picked")).to_have_attribute(
        "aria-pressed", "true"
    )
    page.get_by_label("Shelf", exact=True).fill("b4")
    page.get_by_label("Bags").fill("many")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("Enter the number of bags")
    expect(page.get_by_label("Shelf", exact=True)).to_have_value("b4")
    page.get_by_label("Bags").fill("2")
    page.keyboard.press("Enter")
    expect(page.locator("#package")).to_contain_text("2 bags")
    page.get_by_role("button", name="Complete packaging").click()
    page.get_by_role("button", name="Ready for customer pickup").click()
    page.get_by_role("button", name="Delivered", exact=True).click()
    dialog_of(page).get_by_label("SMS verification code").fill(shop.right_code(package))
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Hand over 2 bags from shelf B4")


def slowly(route: Route) -> None:
    """Let a request through after as long as a store's network may take."""
    time.sleep(0.3)
    route.continue_()


def test_ticks_that_come_faster_than_their_answers_are_all_counted(window: OpenWindow) -> None:
    order = shop.make_order()
    order.items.create(sku="MUG", name="Mug", quantity=1, price=9)
    package = shop.make_package(states.WAITING, order=order)
    page = package_page(window, package).page
    page.route("**/items/**", slowly)
    names = [tick.get_attribute("id") for tick in page.locator(".tick").all()]
    assert len(names) > 1
    page.evaluate("ids => ids.forEach((id) => document.getElementById(id).click())", [names[0], *names])
    page.get_by_role("button", name="Complete packaging").click()
    expect(page.get_by_role("button", name="Ready for customer pickup")).to_be_visible()
    picked = list(package.items.order_by("pk").values_list("picked", "quantity"))
    assert picked == [(2, 2), *((1, quantity) for _picked, quantity in picked[1:])]


def test_a_scanned_piece_too_many_is_said_and_leads_nowhere(window: OpenWindow) -> None:
    order = shop.make_order()
    order.items.create(sku="MUG", name="Mug", quantity=1, price=9)
    package = shop.make_package(states.WAITING, order=order)
    page = package_page(window, package).page
    mug, scanner, said = page.locator(".tick[data-sku=MUG]"), Keyboard(page), page.locator("#page-error")
    scanner.scan("MUG\n")
    expect(mug).to_have_attribute("aria-pressed", "true")
    expect(said).to_be_empty()
    scanner.scan("MUG\n")
    expect(said).to_contain_text("Every MUG of this package is ticked off already.")
    assert page.url.endswith(f"/instore/packages/{package.number}/")
    assert package.items.get(sku="MUG").picked == 1


# A stub of the browser's own BarcodeDetector and camera: chromium here has neither.
CAMERA_STUB = """
window.BarcodeDetector = class { detect() { return Promise.resolve([{ rawValue: "%s" }]); } };
navigator.mediaDevices.getUserMedia = () => Promise.resolve(new MediaStream());
"""


def test_the_camera_reads_a_label_with_a_stub_of_the_browsers_reader(window: OpenWindow) -> None:
    package = shop.make_package(states.READY)
    opened = window(shop.make_user("associate", package.stock_location))
    opened.page.add_init_script(CAMERA_STUB % package.number)
    page = opened.go()
    page.get_by_role("button", name="Scan with the camera").click()
    expect(page.get_by_role("heading", name=str(package.number))).to_be_visible()


def test_a_browser_without_a_reader_says_what_to_do(window: OpenWindow) -> None:
    opened = window(shop.make_user("associate", shop.make_store()))
    opened.page.add_init_script("delete window.BarcodeDetector")
    page = opened.go()
    page.get_by_role("button", name="Scan with the camera").click()
    expect(page.get_by_role("dialog")).to_contain_text("Use a scanner, or type the number.")


def test_a_colleague_takes_over_with_a_pin(window: OpenWindow) -> None:
    shop.make_user("associate", shop.make_store(), username="ayla", first_name="Ayla", last_name="Demir")
    page = window().go()
    page.get_by_label("Username").fill("ayla")
    page.get_by_label("Password").fill(shop.PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Ayla Demir").click()
    page.get_by_label("New PIN").fill("4071")
    page.get_by_label("Your password").fill(shop.PASSWORD)
    page.get_by_role("button", name="Save PIN").click()
    expect(page.get_by_role("status")).to_contain_text("PIN saved")
    page.get_by_role("button", name="Lock").click()
    page.get_by_role("radio", name="Ayla Demir").check()
    page.get_by_label("PIN").fill("4071")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Packages")).to_be_visible()
