"""Many at once: boxes that are seen, *select all*, one step after the other with the same selection."""

import pytest
from playwright.sync_api import ViewportSize, expect

from clickcollect.oms import states
from clickcollect.oms.access import SYSTEM
from clickcollect.oms.commands.run import run_command
from tests import shop
from tests.browser.conftest import OpenWindow, at_size
from tests.browser.scanner import Keyboard

pytestmark = pytest.mark.django_db(transaction=True)
SIZES: list[ViewportSize] = [{"width": width, "height": 800} for width in (360, 820, 1280)]


@pytest.fixture(params=SIZES, ids=["360", "820", "1280"])
def window(window: OpenWindow, request: pytest.FixtureRequest) -> OpenWindow:
    """On a phone, a tablet and a desktop."""
    return at_size(window, request.param)


def test_many_packages_go_from_step_to_step_with_a_result_for_each(window: OpenWindow) -> None:
    packages = [shop.make_package(states.WAITING) for _ in range(3)]
    opened = window(shop.make_user("associate", packages[0].stock_location))
    page = opened.go("/instore/?tab=to-pack")
    first = page.get_by_label(f"Select {packages[0].number}")
    expect(first).to_be_visible()
    assert first.evaluate("box => Number(getComputedStyle(box.closest('label')).opacity)") == 1
    page.get_by_label("Select all").check()
    expect(page.get_by_label(f"Select {packages[2].number}")).to_be_checked()
    run_command(package_id=packages[2].pk, transition="COMPLETE_PACKAGING_WITHOUT_SHIPMENT", actor=SYSTEM)
    page.get_by_role("button", name="Continue with 3 packages").click()
    dialog = page.get_by_role("dialog", name="3 packages")
    dialog.get_by_role("button", name="Complete packaging (2)").click()
    expect(dialog).to_contain_text("2 of 2 done")
    expect(dialog.locator(".bulk-list li").first).to_contain_text("✓ Packed All Items")
    assert opened.axe() == []
    dialog.get_by_role("button", name="Ready for customer pickup (3)").click()
    expect(dialog).to_contain_text("3 of 3 done")
    expect(dialog).to_contain_text("handed over one at a time, with the customer's code")
    dialog.get_by_role("button", name="Close").click()
    expect(page.get_by_role("tab", name="Ready for customer 3")).to_be_visible()
    assert {shop.state_of(package) for package in packages} == {states.READY}
    expect(page.get_by_role("button", name="Continue with 3 packages")).to_be_visible()
    page.get_by_role("button", name="Clear selection").click()
    expect(page.get_by_role("button", name="Clear selection")).to_be_hidden()


def test_a_package_that_cannot_follow_says_why_and_the_others_go_on(window: OpenWindow) -> None:
    packages = [shop.make_package(states.WAITING) for _ in range(2)]
    page = window(shop.make_user("associate", packages[0].stock_location)).go()
    for package in packages:
        page.get_by_label(f"Select {package.number}").check()
    page.get_by_role("button", name="Continue with 2 packages").click()
    dialog = page.get_by_role("dialog", name="2 packages")
    expect(dialog.get_by_role("button", name="Complete packaging (2)")).to_be_visible()
    run_command(package_id=packages[0].pk, transition="MARK_OUT_OF_STOCK", actor=SYSTEM, data={"reason": "gone"})
    dialog.get_by_role("button", name="Complete packaging (2)").click()
    expect(dialog).to_contain_text("2 of 2 done")
    expect(dialog.locator(".is-bad")).to_contain_text(str(packages[0].number))
    expect(dialog.locator(".is-done")).to_contain_text(str(packages[1].number))
    expect(dialog.get_by_role("button", name="Ready for customer pickup (1)")).to_be_visible()


def test_a_shelf_is_typed_beside_each_package_and_goes_with_its_command(window: OpenWindow) -> None:
    one, other = shop.make_package(states.WAITING), shop.make_package(states.WAITING, shelf="A-01", bags=2)
    opened = window(shop.make_user("associate", one.stock_location))
    page = opened.go("/instore/?tab=to-pack")
    page.get_by_label("Select all").check()
    page.get_by_role("button", name="Continue with 2 packages").click()
    dialog = page.get_by_role("dialog", name="2 packages")
    expect(dialog.get_by_role("button", name="Complete packaging (2)")).to_be_focused()
    expect(dialog.get_by_label(f"Shelf {other.number}")).to_have_value("A-01")
    dialog.get_by_label(f"Shelf {one.number}").fill("c-07")
    page.keyboard.press("Enter")
    expect(dialog).to_be_visible()
    scanner = Keyboard(page)
    scanner.scan("PK-99999\n")
    expect(dialog).to_contain_text("PK-99999 is not one of these packages.")
    scanner.scan(f"{one.number}\n")
    expect(dialog.get_by_label(f"Shelf {one.number}")).to_be_focused()
    expect(dialog.get_by_label(f"Shelf {one.number}")).to_have_value("c-07")
    assert opened.axe() == []
    dialog.get_by_role("button", name="Complete packaging (2)").click()
    expect(dialog).to_contain_text("2 of 2 done")
    dialog.get_by_label(f"Shelf {other.number}").fill("B-02")
    dialog.get_by_role("button", name="Ready for customer pickup (2)").click()
    expect(dialog).to_contain_text("handed over one at a time")
    found = {package.number: shop.reread(package) for package in (one, other)}
    assert (found[one.number].shelf, found[one.number].bags) == ("C-07", None)
    assert (found[other.number].shelf, found[other.number].bags) == ("B-02", 2)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
