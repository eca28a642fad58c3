"""A manager's sign-off: what is missing or wrong is said at its field, and nothing that was typed is lost."""

import pytest
from playwright.sync_api import Locator, ViewportSize, expect

from clickcollect.oms import states
from tests import shop
from tests.browser.conftest import OpenWindow, at_size
from tests.browser.test_instore_stories import expect_delivered, package_page

pytestmark = pytest.mark.django_db(transaction=True)
SIZES: list[ViewportSize] = [{"width": width, "height": 844} for width in (360, 820, 1280)]


@pytest.fixture(params=SIZES, ids=["360", "820", "1280"])
def window(window: OpenWindow, request: pytest.FixtureRequest) -> OpenWindow:
    """On a phone, a tablet and a desktop."""
    return at_size(window, request.param)


def invalid(dialog: Locator) -> list[str]:
    """The names of the fields that are marked as wrong."""
    marked: list[str] = dialog.locator("[aria-invalid=true]").evaluate_all("fields => fields.map(field => field.name)")
    return marked


def test_each_fault_stands_at_its_own_field_and_the_words_stay(window: OpenWindow) -> None:
    package = shop.make_package(states.READY)
    shop.make_user("manager", package.stock_location, username="boss")
    opened = package_page(window, package)
    page = opened.page
    page.get_by_role("button", name="More").click()
    page.get_by_role("button", name="Deliver without code").click()
    dialog = page.get_by_role("dialog", name="Deliver without code")
    submit = dialog.get_by_role("button", name="Deliver without code")
    reason, shown = dialog.get_by_label("Reason"), dialog.get_by_label("What did the customer show?")
    username, password = dialog.get_by_label("Manager's username"), dialog.get_by_label("Manager's password")
    shown.select_option("id_document")
    reason.fill("Phone lost")
    submit.click()
    expect(dialog.get_by_role("alert")).to_be_visible()
    assert invalid(dialog) == ["username", "password"]
    expect(username).to_be_focused()
    expect(username).to_have_accessible_description("Enter the manager's username.")
    expect(page.locator("body")).not_to_contain_text("token")
    assert opened.axe() == []
    username.fill("boss")
    password.fill("not it")
    submit.click()
    expect(dialog.get_by_role("alert")).to_contain_text("not the name and password of a manager")
    assert invalid(dialog) == ["password"]
    expect(password).to_be_focused()
    shown.select_option("")
    password.fill(shop.PASSWORD)
    submit.click()
    expect(dialog.get_by_role("alert")).to_contain_text("Choose what the customer showed.")
    expect(dialog).not_to_contain_text("id_document")
    assert invalid(dialog) == ["evidence"]
    expect(reason).to_have_value("Phone lost")
    shown.select_option("id_document")
    submit.click()
    expect_delivered(page)
