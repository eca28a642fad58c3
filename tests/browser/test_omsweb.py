"""OMS WEB in a real browser: the same dialog with the same messages as at the counter (contract section 6)."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from clickcollect.omnitron.models import DeliveryType
from clickcollect.oms import states
from clickcollect.oms.commands.run import run_command
from clickcollect.oms.models import CommandTransition, Package
from clickcollect.whisperer.hooks import create_hook
from clickcollect.whisperer.models import Delivery, DeliveryState, Endpoint, Reason
from tests import shop
from tests.browser.conftest import PHONE, OpenWindow, Window
from tests.whisperer.dispatch import publish_many

pytestmark = pytest.mark.django_db(transaction=True)


def office(window: OpenWindow, address: str, role: str = "operator", **options: object) -> Window:
    """A window of the back office at that address."""
    opened = window(shop.make_user(role), **options)
    opened.go(address)
    return opened


def package_page(window: OpenWindow, package: Package) -> Page:
    return office(window, f"/oms/packages/{package.pk}/").page


def dialog_of(page: Page) -> Locator:
    return page.get_by_role("dialog", name="Verify pickup code")


def open_dialog(page: Page) -> Locator:
    page.get_by_role("button", name="Delivered", exact=True).click()
    return dialog_of(page)


def test_the_right_code_delivers_without_a_reload(window: OpenWindow) -> None:
    package = shop.make_package(states.READY)
    page = package_page(window, package)
    page.evaluate("window.notReloaded = true")
    dialog = open_dialog(page)
    field = dialog.get_by_label("SMS verification code")
    expect(field).to_be_focused()
    code = shop.right_code(package)
    field.fill(f"{code[:3]} {code[3:]}")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Package delivered")
    expect(dialog).to_have_count(0)
    expect(page.locator("#package .ow-top-state")).to_contain_text("Delivered")
    assert page.evaluate("window.notReloaded") is True
    assert shop.state_of(package) == states.DELIVERED


def test_a_wrong_code_is_told_in_the_dialog_and_the_right_one_then_delivers(window: OpenWindow) -> None:
    package = shop.make_package(states.READY)
    page = package_page(window, package)
    dialog = open_dialog(page)
    wrong = shop.wrong_code(package)
    dialog.get_by_label("SMS verification code").fill(wrong)
    dialog.get_by_role("button", name="Verify and deliver").click()
    expect(dialog.get_by_role("alert")).to_contain_text("The code is incorrect. 4 attempts left.")
    expect(dialog.get_by_label("SMS verification code")).to_have_value(wrong)
    assert shop.state_of(package) == states.READY
    dialog.get_by_label("SMS verification code").fill(shop.right_code(package))
    dialog.get_by_role("button", name="Verify and deliver").click()
    expect(page.get_by_role("status")).to_contain_text("Package delivered")


def test_a_phone_number_is_corrected_on_a_phone_with_each_fault_at_its_field(window: OpenWindow) -> None:
    package = shop.make_package(states.WAITING)
    page = office(window, f"/oms/packages/{package.pk}/", viewport=PHONE).page
    page.locator("#package summary", has_text="More").click()
    button = page.get_by_role("button", name="Correct phone number")
    expect(button).to_be_in_viewport(ratio=1)
    button.click()
    dialog = page.get_by_role("dialog", name="Correct phone number")
    number, reason = dialog.get_by_label("Phone number"), dialog.get_by_label("Reason")
    number.fill("123")
    dialog.get_by_role("button", name="Correct phone number").click()
    expect(number).to_have_accessible_description(re.compile("Enter a phone number such as"))
    expect(reason).to_have_accessible_description("Enter a reason, in a few words.")
    expect(number).to_be_focused()
    number.fill("+90 532 000 01 77")
    expect(number).not_to_have_attribute("aria-invalid", "true")
    expect(reason).to_have_attribute("aria-invalid", "true")
    reason.fill("A digit was missing")
    dialog.get_by_role("button", name="Correct phone number").click()
    expect(page.get_by_role("status")).to_contain_text("Phone number corrected")


def test_what_is_no_code_is_told_and_cancel_changes_nothing(window: OpenWindow) -> None:
    package = shop.make_package(states.READY)
    page = package_page(window, package)
    dialog = open_dialog(page)
    dialog.get_by_label("SMS verification code").fill("12")
    dialog.get_by_role("button", name="Verify and deliver").click()
    expect(dialog.get_by_role("alert")).to_contain_text("not counted")
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_have_count(0)
    expect(page.get_by_role("button", name="Delivered", exact=True)).to_be_focused()
    assert shop.state_of(package) == states.READY


def test_resend_code_speaks_in_the_dialog_and_keeps_what_was_typed(window: OpenWindow) -> None:
    package = shop.make_package(states.READY)
    page = package_page(window, package)
    dialog = open_dialog(page)
    dialog.get_by_label("SMS verification code").fill("123")
    dialog.get_by_role("button", name="Resend code").click()
    expect(dialog.get_by_role("status")).to_be_visible()
    dialog.get_by_role("button", name="Resend code").click()
    expect(dialog.get_by_role("alert")).to_contain_text("was just sent")
    expect(dialog.get_by_label("SMS verification code")).to_have_value("123")


def test_already_delivered_elsewhere_closes_the_dialog_and_tells_the_story(window: OpenWindow) -> None:
    package = shop.make_package(states.READY)
    page = package_page(window, package)
    dialog = open_dialog(page)
    expect(dialog).to_be_visible()
    code = shop.right_code(package)
    till = shop.make_actor("associate", package.stock_location)
    run_command(package_id=package.pk, transition="self-service-package-delivery", actor=till, data={"otp": code})
    dialog.get_by_label("SMS verification code").fill(code)
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Already handed over")
    expect(dialog).to_have_count(0)


def test_without_a_code_a_plain_confirmation(window: OpenWindow) -> None:
    package = shop.make_package(states.READY, otp=False)
    shop.put_setting("IS_OTP_ENABLED", value=False)
    page = package_page(window, package)
    page.get_by_role("button", name="Delivered", exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("SMS verification code")).to_have_count(0)
    dialog.get_by_role("button", name="Delivered", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("Package delivered")


def test_commands_under_more_ask_for_what_they_need(window: OpenWindow) -> None:
    package = shop.make_package()
    page = package_page(window, package)
    page.get_by_text("More", exact=True).click()
    page.get_by_role("button", name="Cancel package").click()
    dialog = page.get_by_role("dialog", name="Cancel package")
    dialog.get_by_role("button", name="Cancel package").click()
    expect(dialog.get_by_role("alert")).to_contain_text("Enter a reason")
    dialog.get_by_label("Reason").fill("Customer called <b>off</b>")
    dialog.get_by_role("button", name="Cancel package").click()
    expect(page.locator("#package .ow-top-state")).to_contain_text("Cancelled")
    expect(page.locator(".ow-note")).to_have_text("Customer called <b>off</b>")


def test_the_main_button_walks_the_whole_road(window: OpenWindow) -> None:
    package = shop.make_package()
    page = package_page(window, package)
    page.get_by_role("button", name="Complete packaging").click()
    expect(page.locator("#package .ow-top-state")).to_contain_text("Packed All Items")
    page.get_by_role("button", name="Ready for customer pickup").click()
    expect(page.locator("#package .ow-top-state")).to_contain_text("Ready for Customer Pickup")


def test_the_table_has_the_columns_of_the_contract(window: OpenWindow) -> None:
    shop.make_package()
    shop.make_package(delivery_type=DeliveryType.HOME_DELIVERY)
    page = office(window, "/oms/packages/").page
    expect(page.get_by_role("heading", name="Packages")).to_be_visible()
    expect(page.get_by_role("columnheader")).to_have_text(
        [
            "Package",
            "Order",
            "Customer",
            "Items",
            "Status",
            "Delivery From Store",
            "Delivery Type",
            "Due",
            "Message",
        ]
    )
    expect(page.get_by_role("row", name=re.compile("Home_delivery"))).to_contain_text("No")
    expect(page.get_by_role("row", name=re.compile("In_store"))).to_contain_text("Yes")


def test_the_tabs_are_the_counters_with_counts_and_go_by_arrow_key(window: OpenWindow) -> None:
    shop.make_package()
    ready = shop.make_package(states.READY)
    opened = office(window, "/oms/packages/")
    page = opened.page
    expect(page.get_by_role("tab")).to_have_text(
        ["To pack 1", "Packed 0", "Ready for customer 1", "Delivered 0", "All 2"]
    )
    expect(page.get_by_role("tab", name="All")).to_have_attribute("aria-selected", "true")
    expect(page.get_by_label("Search or scan")).to_be_visible()
    page.get_by_role("tab", name="Packed").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.get_by_role("tab", name="Ready for customer")).to_have_attribute("aria-selected", "true")
    expect(page.get_by_role("row")).to_have_count(2)
    expect(page.get_by_role("rowheader")).to_contain_text(ready.number)
    assert not opened.axe()


def test_an_order_is_entered_with_two_items(window: OpenWindow) -> None:
    shop.make_store("IST-01")
    page = office(window, "/oms/orders/").page
    page.get_by_role("link", name="New order").click()
    page.get_by_label("Order number").fill("TEL-7")
    page.get_by_label("Store", exact=True).select_option("IST-01")
    page.get_by_label("First name").fill("Zeynep")
    page.get_by_label("Phone number").fill("12")
    page.get_by_label("SKU").fill("MUG-1")
    page.get_by_label("Name", exact=True).last.fill("Mug")
    page.get_by_role("button", name="Add an item").click()
    second = page.get_by_role("group", name="Item", exact=True).nth(1)
    second.get_by_label("SKU").fill("TSH-1")
    second.get_by_label("Name").fill("T-shirt")
    page.get_by_role("button", name="Create order").click()
    expect(page.get_by_label("Phone number")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_role("group", name="Item", exact=True)).to_have_count(2)
    page.get_by_label("Phone number").fill("0532 000 01 01")
    page.get_by_role("button", name="Create order").click()
    expect(page.get_by_text("Order TEL-7 was created.")).to_be_visible()
    assert list(Package.objects.get().items.values_list("sku", "quantity")) == [("MUG-1", 1), ("TSH-1", 1)]


def test_the_process_is_edited_used_and_put_back_from_its_export(window: OpenWindow) -> None:
    package = shop.make_package()
    opened = office(window, "/oms/process/")
    page = opened.page
    with page.expect_download() as download:
        page.get_by_role("link", name="Export").click()
    before = download.value.path().read_text(encoding="utf-8")
    add_row(page, name="Finish preparing", slug="finish-preparing", source="Preparing", destination="Packed All Items")
    expect(page.get_by_text("No package can reach Preparing yet").first).to_be_visible()
    add_row(page, name="Start preparing", slug="start-preparing", source="Waiting", destination="Preparing")
    staff = window(shop.make_user("associate", package.stock_location))
    counter = staff.go(f"/instore/packages/{package.number}/")
    counter.get_by_text("More", exact=True).click()
    counter.get_by_role("button", name="Start preparing").click()
    expect(counter.locator("#package [aria-current=step]")).to_contain_text("Preparing")
    assert shop.state_of(package) == states.PREPARING
    page.goto(opened.base_url + "/oms/process/file/")
    page.get_by_label("Or paste it").fill(before)
    page.get_by_role("button", name="Show what would change").click()
    expect(page.get_by_role("alert")).to_contain_text("1 package in Preparing would be stuck.")
    counter.get_by_text("More", exact=True).click()
    counter.get_by_role("button", name="Finish preparing").click()
    expect(counter.locator("#package [aria-current=step]")).to_contain_text("Packed All Items")
    page.get_by_role("button", name="Show what would change").click()
    expect(page.get_by_text("Command start-preparing will be removed.")).to_be_visible()
    page.get_by_role("button", name="Replace the process").click()
    expect(page.get_by_text("The process was replaced.")).to_be_visible()
    assert not CommandTransition.objects.filter(slug="start-preparing").exists()


def add_row(page: Page, *, name: str, slug: str, source: str, destination: str) -> None:
    page.get_by_role("link", name="New command").click()
    page.get_by_label("Command name").fill(name)
    page.get_by_label("Command code").select_option("PKG_STATE_TRANSITION")
    page.get_by_label("API name").fill(slug)
    page.get_by_label("Source state").select_option(source)
    page.get_by_label("Destination state").select_option(destination)
    page.get_by_label("OMS WEB").check()
    page.get_by_label("INSTORE").check()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("link", name=name)).to_be_visible()


def hand_over_without_code() -> Package:
    package = shop.make_package(states.READY)
    manager = shop.make_actor("manager", package.stock_location)
    data = {"evidence": "id_document", "reason": "The phone is broken"}
    run_command(package_id=package.pk, transition="DELIVER_WITHOUT_CODE", actor=manager, data=data)
    return package


def test_what_is_ticked_is_reviewed(window: OpenWindow) -> None:
    packages = [hand_over_without_code() for _ in range(3)]
    opened = office(window, "/oms/reviews/")
    page = opened.page
    assert not opened.axe()
    for package in packages[:2]:
        page.get_by_role("checkbox", name=f"Select {package.number}").check()
    page.get_by_role("button", name="Mark selected as reviewed").click()
    expect(page.get_by_role("status")).to_contain_text("2 handovers were reviewed.")
    page.get_by_role("button", name=f"Reviewed {packages[2].number}").click()
    expect(page.get_by_text("Nothing to review.")).to_be_visible()


def test_ticks_open_the_button_and_a_double_press_sends_once(window: OpenWindow) -> None:
    hand_over_without_code()
    page = office(window, "/oms/reviews/").page
    button = page.get_by_role("button", name="Mark selected as reviewed")
    expect(button).to_be_disabled()
    page.get_by_role("checkbox", name="Select all").check()
    expect(button).to_be_enabled()
    sent = []
    page.on("request", lambda request: sent.append(request) if request.method == "POST" else None)
    button.dblclick()
    expect(page.get_by_text("Nothing to review.")).to_be_visible()
    assert len(sent) == 1


def test_all_dead_letters_of_a_long_list_go_again(window: OpenWindow) -> None:
    url = "http://127.0.0.1:9/events/"
    fields = {"event_type": "package.created", "target_url": url, "is_active": True, "secret_key": "a-secret-to-keep"}
    create_hook(user_id=shop.make_user("admin").pk, fields=fields)
    publish_many(51, type="package.created")
    Delivery.objects.update(state=DeliveryState.DEAD, reason=Reason.NO_CONNECTION, finished_at=shop.PAST)
    opened = office(window, "/oms/deliveries/?state=dead", role="admin")
    page = opened.page
    button = page.get_by_role("button", name="Send again")
    expect(button).to_be_disabled()
    page.get_by_role("checkbox", name="All matching dead letters, at most 500").check()
    assert not opened.axe()
    button.click()
    expect(page.get_by_role("status")).to_contain_text("51 events will be sent again.")
    assert page.url.endswith("/oms/deliveries/?state=dead")
    assert not Delivery.objects.filter(state=DeliveryState.DEAD).exists()


@pytest.mark.parametrize("width", [360, 820, 1280])
def test_a_person_is_forgotten_once_the_number_is_typed(window: OpenWindow, width: int) -> None:
    order = shop.make_order("MINE-1", ended_at=shop.PAST)
    opened = office(window, "/oms/privacy/", role="admin", viewport={"width": width, "height": 800})
    page = opened.page
    page.get_by_label("Order number").fill("MINE-1")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Personal data in 1 order will be erased")).to_be_visible()
    expect(page.get_by_role("list", name="Whose data")).to_have_text("Deniz Yılmaz, +905550000101, deniz@example.com")
    if width == 1280:
        assert not opened.axe()
    erase = page.get_by_role("button", name="Permanently erase personal data")
    erase.click()
    expect(page.get_by_label("Type MINE-1 to confirm")).to_have_attribute("aria-invalid", "true")
    order.refresh_from_db()
    assert order.erased_at is None
    page.get_by_label("Type MINE-1 to confirm").fill("mine-1")
    erase.click()
    expect(page.get_by_role("status")).to_contain_text("The personal data of 1 order was erased.")
    order.refresh_from_db()
    assert order.erased_at


def test_an_alarm_is_told_on_the_dashboard_in_either_language(window: OpenWindow) -> None:
    Endpoint.objects.create(target_url="http://127.0.0.1:9/", failing_since=shop.PAST, failures=10)
    opened = office(window, "/oms/")
    page = opened.page
    expect(page.get_by_role("alert")).to_contain_text("is not responding")
    assert not opened.axe()
    page.locator(".ow-account summary").click()
    page.get_by_role("button", name="Türkçe").click()
    expect(page.locator("html")).to_have_attribute("lang", "tr")
    page.locator(".ow-account summary").click()
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("link", name="Look at the deliveries")).to_be_visible()
