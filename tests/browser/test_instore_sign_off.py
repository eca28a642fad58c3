"""A manager's approval: a name and a PIN or an authenticator's code; what is wrong is said at its field."""

import re
from typing import Final

import pytest
from playwright.sync_api import Locator, Page, ViewportSize, expect

from clickcollect.accounts.models import User
from clickcollect.oms import states
from clickcollect.oms.models import Package
from tests import shop
from tests.accounts import doors
from tests.browser.conftest import OpenWindow, Window, at_size
from tests.browser.test_instore_stories import expect_delivered, package_page

pytestmark = pytest.mark.django_db(transaction=True)
ABOVE_THE_BUTTONS: Final = """dialog => dialog.querySelector('.collector').getBoundingClientRect().bottom
  <= dialog.querySelector('.dialog-actions').getBoundingClientRect().top"""
READ_OUT: Final = re.compile("visually-hidden")
SIZES: list[ViewportSize] = [{"width": width, "height": 800} for width in (360, 820, 1280)]


@pytest.fixture(params=SIZES, ids=["360", "820", "1280"])
def window(window: OpenWindow, request: pytest.FixtureRequest) -> OpenWindow:
    """On a phone, a tablet and a desktop."""
    return at_size(window, request.param)


def invalid(dialog: Locator) -> list[str]:
    """The names of the fields that are marked as wrong."""
    marked: list[str] = dialog.locator("[aria-invalid=true]").evaluate_all("fields => fields.map(field => field.name)")
    return marked


def approval_dialog(window: OpenWindow, package: Package) -> tuple[Window, Page, Locator]:
    """*Deliver without code*, opened by an associate."""
    opened = package_page(window, package)
    page = opened.page
    page.get_by_role("button", name="More").click()
    page.get_by_role("button", name="Deliver without code").click()
    return opened, page, page.get_by_role("dialog", name="Manager: Deliver without code")


def submit_of(dialog: Locator) -> Locator:
    return dialog.get_by_role("button", name="Deliver without code")


def test_each_fault_stands_at_its_own_field_and_the_words_stay(window: OpenWindow) -> None:
    package = shop.make_package(states.READY)
    boss = shop.make_manager(package.stock_location, first_name="Mehmet", last_name="Kaya")
    opened, page, dialog = approval_dialog(window, package)
    reason, shown = dialog.get_by_label("Reason"), dialog.get_by_label("What did the customer show?")
    manager, pin = dialog.get_by_label("Manager", exact=True), dialog.get_by_label("PIN or authenticator code")
    shown.select_option("id_document")
    reason.fill("Phone lost")
    submit_of(dialog).click()
    expect(dialog.get_by_role("alert")).to_be_visible()
    assert invalid(dialog) == ["manager", "pin"]
    expect(manager).to_be_focused()
    expect(manager).to_have_accessible_description("Choose the manager who approves this.")
    expect(page.locator("body")).not_to_contain_text("token")
    expect(dialog.get_by_role("alert")).to_have_class(READ_OUT)  # each sentence is seen once, at its field
    assert opened.axe() == []
    manager.select_option(label="Mehmet Kaya")
    assert invalid(dialog) == ["pin"], "what is corrected is wrong no longer"
    pin.fill("900118")
    submit_of(dialog).click()
    expect(dialog.get_by_role("alert")).to_contain_text("Wrong PIN or code. Nothing was changed.")
    assert invalid(dialog) == ["pin"]
    expect(pin).to_be_focused()
    shown.select_option("")
    pin.fill(shop.PIN)
    submit_of(dialog).click()
    expect(dialog.get_by_role("alert")).to_contain_text("Choose what the customer showed.")
    expect(dialog).not_to_contain_text("id_document")
    assert invalid(dialog) == ["evidence"]
    expect(reason).to_have_value("Phone lost")
    expect(manager).to_have_value(str(boss.pk))
    shown.select_option("id_document")
    submit_of(dialog).click()
    expect_delivered(page)


def test_the_buttons_of_the_longest_dialog_are_in_view_and_stay_there(window: OpenWindow) -> None:
    package = shop.make_package(states.READY)
    shop.make_manager(package.stock_location)
    _opened, page, dialog = approval_dialog(window, package)
    height = page.viewport_size["height"] if page.viewport_size else 0
    for _ in range(2):
        for name in ("Deliver without code", "Cancel"):
            box = dialog.get_by_role("button", name=name).bounding_box()
            assert box is not None
            assert box["y"] >= 0
            assert box["y"] + box["height"] <= height, name
        dialog.evaluate("dialog => dialog.scrollTo(0, dialog.scrollHeight)")
    dialog.evaluate("dialog => dialog.scrollTo(0, 0)")
    dialog.get_by_text("Someone else is collecting").click()
    expect(dialog.get_by_label("Relationship to the customer")).to_be_in_viewport(ratio=1)
    assert dialog.evaluate(ABOVE_THE_BUTTONS), "what opens comes into view"


def test_a_manager_with_two_step_verification_approves_by_the_code_of_their_app(window: OpenWindow) -> None:
    package = shop.make_package(states.READY)
    careful = shop.make_user("manager", package.stock_location, first_name="Elif", last_name="Ak")
    shop.make_user("manager", package.stock_location, first_name="Nobody", last_name="Yet")
    doors.give_factor(careful)
    _opened, page, dialog = approval_dialog(window, package)
    dialog.get_by_label("What did the customer show?").select_option("id_document")
    dialog.get_by_label("Reason").fill("Phone lost")
    dialog.get_by_label("Manager", exact=True).select_option(label="Nobody Yet (no PIN yet)")
    dialog.get_by_label("PIN or authenticator code").fill(shop.PIN)
    submit_of(dialog).click()
    expect(dialog.get_by_role("alert")).to_contain_text("Nobody Yet has no PIN for approvals yet.")
    assert invalid(dialog) == ["manager"]
    dialog.get_by_label("Manager", exact=True).select_option(label="Elif Ak")
    dialog.get_by_label("PIN or authenticator code").fill(doors.factor_code(careful, seconds=15))
    submit_of(dialog).click()
    expect_delivered(page)


def test_a_manager_sets_the_pin_and_is_told_that_it_was_locked(window: OpenWindow) -> None:
    package = shop.make_package(states.READY)
    boss = shop.make_user("manager", package.stock_location, username="boss", first_name="Mehmet", last_name="Kaya")
    opened = window(boss)
    page = opened.go("/instore/pin/")
    page.get_by_role("button", name="Save PIN").click()
    expect(page.get_by_label("New PIN")).to_have_accessible_description("Enter a new PIN.")
    expect(page.get_by_label("Your password")).to_have_accessible_description("Enter your password.")
    page.get_by_label("New PIN").fill("40719")
    page.get_by_label("Your password").fill(shop.PASSWORD)
    page.get_by_role("button", name="Save PIN").click()
    expect(page.get_by_label("New PIN")).to_have_accessible_description("A PIN has 6 to 8 digits.")
    page.get_by_label("New PIN").fill(shop.PIN)
    page.get_by_label("Your password").fill(shop.PASSWORD)
    page.get_by_role("button", name="Save PIN").click()
    expect(page.get_by_role("status")).to_contain_text("PIN saved.")
    page.get_by_role("link", name="Back to Packages").click()
    for number in range(5):
        doors.approves(doors.client_at(), User.objects.get(pk=boss.pk), f"90011{number}")
    page.reload()
    expect(page.get_by_role("status").filter(has_text="Your PIN was locked on")).to_be_visible()
    assert opened.axe() == []
