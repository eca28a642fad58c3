"""Work that was typed is not lost: by the main button, a dialog, a lock, a lost session, or leaving the page."""

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from clickcollect.accounts.models import BrowserSession
from clickcollect.oms import states
from clickcollect.oms.models import Package
from tests import shop
from tests.browser.conftest import OpenWindow, at_size
from tests.browser.test_instore_stories import dialog_of, package_page

pytestmark = pytest.mark.django_db(transaction=True)
SIZES: list[ViewportSize] = [{"width": width, "height": 844} for width in (360, 820, 1280)]


@pytest.fixture(params=SIZES, ids=["360", "820", "1280"])
def window(window: OpenWindow, request: pytest.FixtureRequest) -> OpenWindow:
    """On a phone, a tablet and a desktop."""
    return at_size(window, request.param)


def place_of(package: Package) -> tuple[str, int | None]:
    read = shop.reread(package)
    return read.shelf, read.bags


def fill_place(page: Page, shelf: str = "c7", bags: str = "3") -> None:
    page.get_by_label("Shelf", exact=True).fill(shelf)
    page.get_by_label("Bags").fill(bags)


def sign_in(page: Page, username: str) -> None:
    page.get_by_label("Username").fill(username)
    page.get_by_label("Password").fill(shop.PASSWORD)
    page.get_by_role("button", name="Sign in").click()


@pytest.mark.parametrize(
    ("state", "button", "then"),
    [
        (states.WAITING, "Complete packaging", "Packed All Items"),
        (states.PACKED, "Ready for customer pickup", "Ready for Customer Pickup"),
    ],
)
def test_shelf_and_bags_go_with_the_main_button(window: OpenWindow, state: str, button: str, then: str) -> None:
    package = shop.make_package(state)
    page = package_page(window, package).page
    fill_place(page)
    page.get_by_role("button", name=button).click()
    expect(page.locator("#package .steps [aria-current=step]")).to_contain_text(then)
    expect(page.locator(".handover-shelf")).to_contain_text("C7")
    expect(page.locator(".handover-shelf")).to_contain_text("3 bags")
    assert place_of(package) == ("C7", 3)


def test_shelf_and_bags_go_with_a_dialog(window: OpenWindow) -> None:
    package = shop.make_package(states.READY)
    page = package_page(window, package).page
    page.get_by_text("Change shelf or bags").click()
    fill_place(page)
    page.get_by_role("button", name="Delivered", exact=True).click()
    dialog_of(page).get_by_label("SMS verification code").fill(shop.wrong_code(package))
    page.keyboard.press("Enter")
    expect(dialog_of(page).get_by_role("alert")).to_contain_text("4 attempts left")
    assert place_of(package) == ("C7", 3)


def test_what_cannot_be_a_number_of_bags_stops_the_command_at_its_field(window: OpenWindow) -> None:
    package = shop.make_package(states.WAITING)
    page = package_page(window, package).page
    fill_place(page, bags="many")
    page.get_by_role("button", name="Complete packaging").click()
    bags = page.get_by_label("Bags")
    expect(bags).to_be_focused()
    expect(bags).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("Shelf", exact=True)).to_have_value("c7")
    expect(page.get_by_label("Shelf", exact=True)).not_to_have_attribute("aria-invalid", "true")
    assert shop.state_of(package) == states.WAITING
    bags.fill("2")
    page.get_by_role("button", name="Complete packaging").click()
    expect(page.locator(".handover-shelf")).to_contain_text("2 bags")
    assert place_of(package) == ("C7", 2)


def test_what_is_typed_stays_while_the_page_is_drawn_anew(window: OpenWindow) -> None:
    package = shop.make_package(states.WAITING)
    page = package_page(window, package).page
    fill_place(page)
    page.get_by_role("button", name="0 of 2 picked").click()
    expect(page.get_by_role("button", name="1 of 2 picked")).to_be_visible()
    expect(page.get_by_label("Shelf", exact=True)).to_have_value("c7")
    expect(page.get_by_label("Bags")).to_have_value("3")


def test_leaving_the_page_saves_shelf_and_bags(window: OpenWindow) -> None:
    package = shop.make_package(states.WAITING)
    page = package_page(window, package).page
    fill_place(page)
    page.locator("a.back").click()
    expect(page.get_by_role("heading", name="Packages")).to_be_visible()
    for _ in range(100):  # the browser sends it by itself, when it likes
        if place_of(package) == ("C7", 3):
            break
        page.wait_for_timeout(100)
    assert place_of(package) == ("C7", 3)
    page.reload()
    expect(page.get_by_role("row").filter(has_text=str(package.number))).to_contain_text("C7")


def lock_by_itself(page: Page) -> None:
    """Nobody touches the device for longer than the setting says: the page's clock runs ahead."""
    for _ in range(20):  # the page's scripts may come after the first leap
        page.clock.fast_forward("06:00")
        if "/accounts/login/" in page.url:
            return
        page.wait_for_timeout(200)


def test_the_idle_lock_keeps_the_place_and_what_was_typed_but_no_code(window: OpenWindow) -> None:
    package = shop.make_package(states.READY)
    shop.make_user("associate", package.stock_location, username="bruno", first_name="Bruno")
    user = shop.make_user("associate", package.stock_location, username="ayla")
    opened = window(user)
    opened.page.clock.install()
    page = opened.go(f"/instore/packages/{package.number}/")
    page.get_by_text("Change shelf or bags").click()
    fill_place(page)
    page.get_by_role("button", name="Delivered", exact=True).click()
    dialog_of(page).get_by_label("SMS verification code").fill(shop.right_code(package))
    dialog_of(page).get_by_text("Someone else is collecting").click()
    dialog_of(page).get_by_label("Name").fill("Ali Veli")
    lock_by_itself(page)
    expect(page.get_by_role("status")).to_contain_text("Locked after inactivity. Sign in to pick up where you left off")
    kept = page.evaluate("JSON.stringify(sessionStorage)")
    assert "Ali Veli" in kept
    assert shop.right_code(package) not in kept
    sign_in(page, "ayla")
    expect(page.get_by_role("heading", name=str(package.number))).to_be_visible()
    dialog = dialog_of(page)
    expect(dialog.get_by_label("Name")).to_have_value("Ali Veli")
    expect(dialog.get_by_label("SMS verification code")).to_have_value("")
    page.keyboard.press("Escape")
    expect(page.get_by_label("Shelf", exact=True)).to_have_value("c7")
    assert page.evaluate("sessionStorage.getItem('instore-typed')") is None


def test_another_person_gets_nothing_of_it_and_a_lock_by_hand_keeps_nothing(window: OpenWindow) -> None:
    package = shop.make_package(states.WAITING)
    shop.make_user("associate", package.stock_location, username="bruno", first_name="Bruno")
    shop.make_user("associate", package.stock_location, username="ayla")
    opened = window()
    opened.page.clock.install()
    page = opened.go(f"/instore/packages/{package.number}/")
    sign_in(page, "ayla")
    fill_place(page)
    lock_by_itself(page)
    expect(page.get_by_role("status")).to_contain_text("Locked after inactivity")
    sign_in(page, "bruno")
    expect(page.get_by_label("Shelf", exact=True)).to_have_value("")
    assert page.evaluate("sessionStorage.getItem('instore-typed')") is None
    fill_place(page, shelf="d1")
    page.get_by_role("button", name="Lock").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert page.evaluate("sessionStorage.getItem('instore-typed')") is None


def test_a_session_that_ended_elsewhere_leads_back_to_the_dialog_with_its_words(window: OpenWindow) -> None:
    package = shop.make_package(states.READY)
    user = shop.make_user("manager", package.stock_location, username="ayla")
    page = window(user).go(f"/instore/packages/{package.number}/")
    page.get_by_role("button", name="More").click()
    page.get_by_role("button", name="Deliver without code").click()
    dialog = page.get_by_role("dialog", name="Deliver without code")
    dialog.get_by_label("What did the customer show?").select_option("id_document")
    dialog.get_by_label("Reason").fill("Phone lost")
    BrowserSession.objects.all().delete()
    dialog.get_by_role("button", name="Deliver without code").click()
    expect(page.get_by_role("status")).to_contain_text("You were signed out. Sign in to pick up where you left off")
    assert shop.state_of(package) == states.READY
    sign_in(page, "ayla")
    expect(dialog.get_by_label("Reason")).to_have_value("Phone lost")
    expect(dialog.get_by_label("What did the customer show?")).to_have_value("id_document")
    dialog.get_by_role("button", name="Deliver without code").click()
    expect(page.get_by_role("status")).to_contain_text("Package delivered")


def test_the_sign_in_says_after_how_many_minutes_this_device_locks(window: OpenWindow) -> None:
    store = shop.make_store()
    shop.put_setting("INSTORE_IDLE_LOCK_MINUTES", value=12, store=store)
    opened = window(shop.make_user("associate", store))
    page = opened.go()
    page.get_by_role("button", name="Lock").click()
    expect(page.get_by_text("This device locks after 12 minutes of inactivity.")).to_be_visible()
