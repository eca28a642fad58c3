"""A tap that was wrong is taken back with one more, at every width: packing, making ready, reviewing, extending."""

import pytest
from playwright.sync_api import ViewportSize, expect

from clickcollect.oms import states
from clickcollect.oms.access import SYSTEM
from clickcollect.oms.commands.run import run_command
from clickcollect.oms.models import Package
from tests import shop
from tests.browser.conftest import OpenWindow, at_size
from tests.browser.test_instore_stories import package_page

pytestmark = pytest.mark.django_db(transaction=True)
SIZES: list[ViewportSize] = [{"width": width, "height": 800} for width in (360, 820, 1280)]


@pytest.fixture(params=SIZES, ids=["360", "820", "1280"])
def window(window: OpenWindow, request: pytest.FixtureRequest) -> OpenWindow:
    """On a phone, a tablet and a desktop."""
    return at_size(window, request.param)


def test_packed_and_ready_are_each_taken_back(window: OpenWindow) -> None:
    package = shop.make_package(states.WAITING)
    opened = package_page(window, package)
    page = opened.page
    step, note = page.locator("#package .steps [aria-current=step]"), page.locator("#page-note")
    page.get_by_role("button", name="Complete packaging").click()
    expect(note).to_contain_text("Done. Status: Packed All Items.")
    assert opened.axe() == []
    note.get_by_role("button", name="Back to Waiting").click()
    expect(step).to_contain_text("Waiting")
    page.get_by_role("button", name="Complete packaging").click()
    page.get_by_role("button", name="Ready for customer pickup").click()
    expect(step).to_contain_text("Ready for Customer Pickup")
    note.get_by_role("button", name="Back to Packed").click()
    dialog = page.get_by_role("dialog", name="Back to Packed")
    expect(dialog).to_contain_text("The customer's code stops working, and the customer is told")
    dialog.get_by_role("button", name="Back to Packed").click()
    expect(step).to_contain_text("Packed All Items")
    page.reload()
    page.get_by_role("button", name="More").click()
    expect(page.get_by_role("button", name="Back to Waiting")).to_be_visible()
    assert shop.state_of(package) == states.PACKED


def test_extend_pickup_says_until_when_before_and_after(window: OpenWindow) -> None:
    package = shop.make_package(states.READY)
    Package.objects.filter(pk=package.pk).update(due_at=shop.PAST, pickup_deadline=shop.PAST)
    page = package_page(window, package, "manager").page
    page.get_by_role("button", name="Extend pickup").click()
    dialog = page.get_by_role("dialog", name="Extend pickup")
    expect(dialog).to_contain_text("New pickup deadline:")
    dialog.get_by_role("button", name="Extend pickup").click()
    expect(page.locator("#page-note")).to_contain_text("Pickup extended until")
    expect(page.locator("#page-note")).to_contain_text("The same code works until then.")


def test_reviewed_is_taken_back(window: OpenWindow) -> None:
    package = shop.make_package(states.READY)
    boss = shop.make_user("manager", package.stock_location)
    data = {"reason": "Phone lost", "evidence": "id_document"}
    run_command(package_id=package.pk, transition="deliver-without-code", actor=SYSTEM, data=data)
    opened = window(boss)
    page = opened.go("/instore/manager/")
    page.get_by_role("button", name="Reviewed").click()
    expect(page.get_by_text("Nothing to review.")).to_be_visible()
    page.get_by_text("1 reviewed in the last 24 hours").click()
    assert opened.axe() == []
    page.get_by_role("button", name="Not reviewed").click()
    expect(page.get_by_role("button", name="Reviewed")).to_be_visible()
    expect(page.get_by_text("Phone lost")).to_be_visible()
