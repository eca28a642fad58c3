"""A locked package says so wherever it is seen, and offers what helps (contract section 6)."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import ViewportSize, expect

from clickcollect.oms import states
from clickcollect.oms.models import EmployeeBudget, Package
from tests import shop
from tests.browser.conftest import OpenWindow, at_size
from tests.browser.test_instore_stories import dialog_of, expect_delivered, package_page

pytestmark = pytest.mark.django_db(transaction=True)
SIZES: list[ViewportSize] = [{"width": width, "height": 844} for width in (390, 820, 1280)]


@pytest.fixture(params=SIZES, ids=["390", "820", "1280"])
def window(window: OpenWindow, request: pytest.FixtureRequest) -> OpenWindow:
    """On a phone, a tablet and a desktop."""
    return at_size(window, request.param)


def lock(package: Package, **columns: int) -> None:
    Package.objects.filter(pk=package.pk).update(**{"issue_attempts": 5, "total_attempts": 5} | columns)


def test_list_card_page_and_dialog_say_code_locked(window: OpenWindow) -> None:
    package, other = shop.make_package(states.READY), shop.make_package(states.READY)
    lock(package)
    opened = window(shop.make_user("associate", package.stock_location))
    page = opened.go()
    expect(page.get_by_role("row").filter(has_text=str(package.number))).to_contain_text("Code locked")
    expect(page.get_by_role("row").filter(has_text=str(other.number))).not_to_contain_text("Code locked")
    assert opened.axe() == []
    page.get_by_role("row").filter(has_text=str(package.number)).get_by_role("link").click()
    expect(page.locator(".handover-lock")).to_contain_text("Code locked")
    expect(page.locator(".handover-lock")).to_contain_text("Send a new code, or ask a manager")
    page.get_by_role("button", name="More").click()
    page.get_by_role("button", name="Delivered", exact=True).click()
    dialog = dialog_of(page)
    expect(dialog).to_contain_text("Code locked")
    expect(dialog.get_by_label("SMS verification code")).to_have_count(0)
    expect(dialog.get_by_role("button", name="Resend code")).to_have_count(0)
    assert opened.axe() == []
    dialog.get_by_role("button", name="Send new code").click()
    expect(dialog_of(page)).to_have_count(0)
    expect(page.locator(".handover-lock")).to_have_count(0)
    expect(page.locator("#page-note")).to_contain_text("New code sent.")
    expect(page.locator("#page-note").get_by_role("button")).to_have_count(0)  # nothing moved, so nothing leads back
    page.get_by_role("button", name="Delivered", exact=True).click()
    dialog_of(page).get_by_label("SMS verification code").fill(shop.right_code(package))
    page.keyboard.press("Enter")
    expect_delivered(page)


def test_facts_lock_and_shelf_stand_side_by_side_or_below_each_other(window: OpenWindow) -> None:
    package = shop.make_package(states.READY)
    lock(package)
    page = package_page(window, package).page
    sheet = page.locator(".handover").bounding_box()
    assert sheet is not None
    for name in (".handover-lock", ".collector"):
        box = page.locator(f".handover > {name}").bounding_box()
        assert box is not None
        assert box["width"] > sheet["width"] * 0.75, name


def test_the_fifth_wrong_code_closes_the_dialog_with_the_red_result(window: OpenWindow) -> None:
    package = shop.make_package(states.READY)
    lock(package, issue_attempts=4, total_attempts=4)
    page = package_page(window, package).page
    page.get_by_role("button", name="Delivered", exact=True).click()
    dialog_of(page).get_by_label("SMS verification code").fill(shop.wrong_code(package))
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Code locked")
    expect(page.get_by_role("alert")).to_contain_text("The code is incorrect.")
    expect(dialog_of(page)).to_have_count(0)
    assert shop.reread(package).total_attempts == 5
    page.get_by_role("button", name="Send new code").click()
    expect(page.locator("#announcement")).to_contain_text("New code sent")


def test_a_manager_unlocks_and_the_same_code_delivers(window: OpenWindow) -> None:
    package = shop.make_package(states.READY)
    lock(package)
    page = package_page(window, package, "manager").page
    expect(page.locator("#main-button")).to_have_text("Unlock code")
    page.locator("#main-button").click()
    page.get_by_role("dialog", name="Unlock code").get_by_role("button", name="Unlock code").click()
    page.get_by_role("button", name="Delivered", exact=True).click()
    dialog_of(page).get_by_label("SMS verification code").fill(shop.right_code(package))
    page.keyboard.press("Enter")
    expect_delivered(page)


def test_where_the_packages_own_limit_is_used_up_an_associate_asks_a_manager(window: OpenWindow) -> None:
    package = shop.make_package(states.READY)
    lock(package, issue_attempts=1, total_attempts=9)
    shop.make_manager(package.stock_location, first_name="Mehmet", last_name="Kaya")
    page = package_page(window, package).page
    page.get_by_role("button", name="Delivered", exact=True).click()
    dialog_of(page).get_by_label("SMS verification code").fill(shop.wrong_code(package))
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Only a manager can unlock it.")
    page.locator("#result").get_by_role("button", name="Ask a manager").click()
    dialog = page.get_by_role("dialog", name="Unlock code")
    dialog.get_by_label("Manager", exact=True).select_option(label="Mehmet Kaya")
    dialog.get_by_label("PIN or authenticator code").fill(shop.PIN)
    page.keyboard.press("Enter")
    expect(page.locator("#main-button")).to_have_text("Delivered")


def test_an_employee_at_their_own_limit_is_told_so_at_once_and_the_manager_sees_it(window: OpenWindow) -> None:
    package = shop.make_package(states.READY)
    user = shop.make_user("associate", package.stock_location, first_name="Bruno", last_name="Sander")
    tried = [timezone.now() - timedelta(minutes=5, seconds=n) for n in range(9)]
    EmployeeBudget.objects.create(user_id=user.pk, tried_at=tried)
    page = window(user).go(f"/instore/packages/{package.number}/")
    page.get_by_role("button", name="Delivered", exact=True).click()
    dialog_of(page).get_by_label("SMS verification code").fill(shop.wrong_code(package))
    page.keyboard.press("Enter")
    alert = dialog_of(page).get_by_role("alert")
    expect(alert).to_contain_text("You've reached your limit of wrong codes. Ask a colleague to take over")
    expect(alert).not_to_contain_text("locked")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Delivered", exact=True).click()
    expect(dialog_of(page)).to_contain_text("Ask a colleague to take over")
    manager = window(shop.make_user("manager", package.stock_location)).go("/instore/manager/")
    section = manager.get_by_role("region", name="Wrong codes by employee")
    expect(section).to_contain_text("Bruno Sander")
    expect(section).to_contain_text("10 of 10 this hour")
    expect(section).to_contain_text("Can enter codes again at")


def test_oms_web_says_the_same(window: OpenWindow) -> None:
    package = shop.make_package(states.READY)
    lock(package, issue_attempts=4, total_attempts=4)
    opened = window(shop.make_user("operator"))
    page = opened.go(f"/oms/packages/{package.pk}/")
    page.get_by_role("button", name="Delivered").click()
    dialog_of(page).get_by_label("SMS verification code").fill(shop.wrong_code(package))
    page.keyboard.press("Enter")
    expect(dialog_of(page)).to_have_count(0)
    expect(page.get_by_role("alert")).to_contain_text("Too many wrong codes")
    expect(page.locator(".ow-top-state")).to_contain_text("Code locked")
    expect(page.locator(".ow-actions > .ow-button-main")).to_have_text("Unlock code")
    page.goto(f"{opened.base_url}/oms/packages/")
    expect(page.get_by_role("row").filter(has_text=str(package.number))).to_contain_text("Code locked")
    page.get_by_role("link", name=str(package.number)).click()
    page.locator(".ow-actions summary").filter(has_text="More").click()
    page.get_by_role("button", name="Delivered").click()
    expect(dialog_of(page)).to_contain_text("Code locked")
    expect(dialog_of(page).get_by_label("SMS verification code")).to_have_count(0)
    assert opened.axe() == []
    dialog_of(page).get_by_role("button", name="Unlock code").click()
    page.get_by_role("dialog", name="Unlock code").get_by_role("button", name="Unlock code").click()
    expect(page.locator(".ow-top-state")).not_to_contain_text("Code locked")
