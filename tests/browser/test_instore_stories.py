"""The stories of the counter, in a real browser (contract section 6)."""

import re

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from clickcollect.accounts.models import User
from clickcollect.oms import search, states
from clickcollect.oms.access import SYSTEM
from clickcollect.oms.commands.run import run_command
from clickcollect.oms.log_models import CommandLog, LogKind, LogNote
from clickcollect.oms.models import Package
from tests import shop
from tests.browser.conftest import DESKTOP, PHONE, OpenWindow, Window, at_size
from tests.browser.scanner import Keyboard

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(params=[DESKTOP, PHONE], ids=["1280", "360"])
def window(window: OpenWindow, request: pytest.FixtureRequest) -> OpenWindow:
    """Every story is told twice: on a desktop and on a phone."""
    return at_size(window, request.param)


def package_page(window: OpenWindow, package: Package, role: str = "associate", **options: object) -> Window:
    """A window of a person of that role, on the page of a package of their store."""
    opened = window(shop.make_user(role, package.stock_location), **options)
    opened.go(f"/instore/packages/{package.number}/")
    return opened


def dialog_of(page: Page) -> Locator:
    return page.get_by_role("dialog", name="Verify pickup code")


def status_of(page: Page) -> Locator:
    return page.locator("#package .steps [aria-current=step]")


def expect_delivered(page: Page) -> None:
    """The green result lies over the page, which shows the new state already, without a reload."""
    expect(page.get_by_role("status")).to_contain_text("Package delivered")
    expect(dialog_of(page)).to_have_count(0)
    expect(status_of(page)).to_contain_text("Delivered")


def test_from_the_sign_in_to_the_customer_with_the_right_code(window: OpenWindow) -> None:
    package = shop.make_package(states.WAITING, order=shop.make_order(first_name="Ayşe", last_name="Yılmaz"))
    search.update_index(package)
    shop.make_user("associate", package.stock_location, username="ayla")
    page = window().go()
    page.get_by_label("Username").fill("ayla")
    page.get_by_label("Password").fill(shop.PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Packages")).to_be_visible()
    page.get_by_label("Search or scan").fill("yilmaz")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=package.number)).to_be_visible()
    page.get_by_role("button", name="Complete packaging").click()
    expect(status_of(page)).to_contain_text("Packed All Items")
    page.get_by_role("button", name="Ready for customer pickup").click()
    expect(status_of(page)).to_contain_text("Ready for Customer Pickup")
    page.get_by_role("button", name="Delivered", exact=True).click()
    dialog_of(page).get_by_label("SMS verification code").fill(shop.right_code(package))
    dialog_of(page).get_by_role("button", name="Verify and deliver").click()
    expect_delivered(page)
    assert shop.state_of(package) == states.DELIVERED


def test_wrong_code_keeps_dialog_entry_and_state_and_the_right_one_then_delivers(window: OpenWindow) -> None:
    package = shop.make_package(states.READY)
    page = package_page(window, package).page
    wrong = shop.wrong_code(package)
    page.get_by_role("button", name="Delivered", exact=True).click()
    field = dialog_of(page).get_by_label("SMS verification code")
    field.fill(wrong)
    dialog_of(page).get_by_role("button", name="Verify and deliver").click()
    expect(dialog_of(page).get_by_role("alert")).to_contain_text("The code is incorrect. 4 attempts left.")
    expect(field).to_have_value(wrong)
    expect(field).to_be_focused()
    assert shop.state_of(package) == states.READY
    right = shop.right_code(package)
    field.fill(f"{right[:3]} {right[3:]}")
    page.keyboard.press("Enter")
    expect_delivered(page)


def test_otp_off_asks_for_a_plain_confirmation_and_delivers(window: OpenWindow) -> None:
    package = shop.make_package(states.READY, otp=False)
    shop.put_setting("IS_OTP_ENABLED", value=False)
    page = package_page(window, package).page
    page.get_by_role("button", name="Delivered", exact=True).click()
    dialog = page.get_by_role("dialog", name="Delivered")
    expect(dialog.get_by_label("SMS verification code")).to_have_count(0)
    expect(dialog).to_contain_text("No code is needed")
    dialog.get_by_role("button", name="Delivered").click()
    expect_delivered(page)


def test_another_stores_package_is_not_found(window: OpenWindow) -> None:
    package = shop.make_package(states.READY, store=shop.make_store("BER-01"))
    search.update_index(package)
    opened = window(shop.make_user("associate", shop.make_store("IST-01")))
    page = opened.go(f"/instore/packages/{package.number}/")
    expect(page.get_by_role("heading", name="Not found")).to_be_visible()
    page = opened.go("/instore/")
    page.get_by_label("Search or scan").fill(str(package.number))
    page.keyboard.press("Enter")
    expect(page.get_by_text("No packages match")).to_be_visible()


def test_the_whole_handover_works_with_the_keyboard_alone(window: OpenWindow) -> None:
    package = shop.make_package(states.READY)
    search.update_index(package)
    page = window(shop.make_user("associate", package.stock_location)).go()
    expect(page.get_by_label("Search or scan")).to_be_focused()
    page.keyboard.type(str(package.number), delay=60)  # faster would be a scanner
    page.keyboard.press("Enter")
    main = page.get_by_role("button", name="Delivered", exact=True)
    expect(main).to_be_focused()
    page.keyboard.press("Enter")
    expect(dialog_of(page).get_by_label("SMS verification code")).to_be_focused()
    page.keyboard.press("Escape")
    expect(dialog_of(page)).to_have_count(0)
    expect(main).to_be_focused()
    page.keyboard.press("Enter")
    expect(dialog_of(page).get_by_label("SMS verification code")).to_be_focused()
    page.keyboard.type(shop.right_code(package), delay=60)
    page.keyboard.press("Enter")
    expect_delivered(page)
    expect(page.get_by_role("link", name="Next customer")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Search or scan")).to_be_focused()


def test_scanner_and_code_take_three_interactions(window: OpenWindow) -> None:
    package = shop.make_package(states.READY)
    search.update_index(package)
    page = window(shop.make_user("associate", package.stock_location)).go()
    Keyboard(page).scan(f"{package.number}\n")  # 1: the scanner types and ends with Enter
    page.get_by_role("button", name="Delivered", exact=True).click()  # 2
    expect(dialog_of(page).get_by_label("SMS verification code")).to_be_focused()
    page.keyboard.type(f"{shop.right_code(package)}\n", delay=60)  # 3
    expect_delivered(page)


def test_offline_is_not_counted_and_keeps_what_was_typed(window: OpenWindow) -> None:
    package = shop.make_package(states.READY)
    opened = package_page(window, package)
    page = opened.page
    page.get_by_role("button", name="Delivered", exact=True).click()
    opened.context.set_offline(True)
    field = dialog_of(page).get_by_label("SMS verification code")
    field.fill(shop.right_code(package))
    page.keyboard.press("Enter")
    expect(dialog_of(page).get_by_role("alert")).to_contain_text("count as an attempt")
    expect(field).to_have_value(shop.right_code(package))
    assert shop.reread(package).total_attempts == 0
    opened.context.set_offline(False)
    page.keyboard.press("Enter")
    expect_delivered(page)


def test_a_lost_answer_is_asked_for_again_and_the_try_counts_once(window: OpenWindow) -> None:
    package = shop.make_package(states.READY)
    page = package_page(window, package).page
    seen: list[str] = []

    def lose_the_first(route: Route) -> None:
        seen.append(route.request.headers["idempotency-key"])
        route.fetch()
        if len(seen) == 1:
            route.abort()
        else:
            route.continue_()

    page.route("**/commands/**", lose_the_first)
    page.get_by_role("button", name="Delivered", exact=True).click()
    dialog_of(page).get_by_label("SMS verification code").fill(shop.wrong_code(package))
    page.keyboard.press("Enter")
    expect(dialog_of(page).get_by_role("alert")).to_contain_text("4 attempts left")
    assert len(seen) == 2
    assert len(set(seen)) == 1
    assert shop.reread(package).total_attempts == 1


def test_a_double_press_sends_once(window: OpenWindow) -> None:
    package = shop.make_package(states.READY)
    page = package_page(window, package).page
    page.get_by_role("button", name="Delivered", exact=True).click()
    dialog_of(page).get_by_label("SMS verification code").fill(shop.wrong_code(package))
    dialog_of(page).get_by_role("button", name="Verify and deliver").dblclick()
    expect(dialog_of(page).get_by_role("alert")).to_contain_text("4 attempts left")
    assert shop.reread(package).total_attempts == 1


def test_a_locked_code_closes_the_dialog_and_says_what_to_do(window: OpenWindow) -> None:
    package = shop.make_package(states.READY)
    page = package_page(window, package).page
    page.get_by_role("button", name="Delivered", exact=True).click()
    Package.objects.filter(pk=package.pk).update(issue_attempts=5, total_attempts=5)
    dialog_of(page).get_by_label("SMS verification code").fill(shop.right_code(package))
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Code locked")
    expect(dialog_of(page)).to_have_count(0)
    assert shop.state_of(package) == states.READY
    page.get_by_role("button", name="Send new code").click()
    expect(page.get_by_role("alert")).to_have_count(0)
    expect(page.locator("#announcement")).to_contain_text("New code sent")
    assert shop.reread(package).issue_number == 2


def test_two_tills_at_once_and_the_second_hears_who_was_first(window: OpenWindow) -> None:
    package = shop.make_package(states.READY)
    first, second = (package_page(window, package).page for _ in range(2))
    for page in (first, second):
        page.get_by_role("button", name="Delivered", exact=True).click()
        dialog_of(page).get_by_label("SMS verification code").fill(shop.right_code(package))
    first.keyboard.press("Enter")
    expect_delivered(first)
    second.keyboard.press("Enter")
    expect(second.get_by_role("alert")).to_contain_text("Already delivered")
    expect(second.get_by_role("alert")).to_contain_text(re.compile(r"at \d\d:\d\d by Ayla"))
    expect(second.get_by_role("alert")).to_contain_text("Do not hand over the package")


def sign_in_in_another_tab(opened: Window, user: User) -> None:
    tab = opened.context.new_page()
    tab.goto(f"{opened.base_url}/instore/")
    tab.get_by_role("button", name="Lock").click()
    tab.get_by_label("Username").fill(user.username)
    tab.get_by_label("Password").fill(shop.PASSWORD)
    tab.keyboard.press("Enter")
    tab.wait_for_url(f"{opened.base_url}/instore/")


def test_after_a_sign_in_in_another_tab_the_same_person_goes_on(window: OpenWindow) -> None:
    package = shop.make_package(states.READY)
    opened = package_page(window, package)
    page = opened.page
    page.get_by_role("button", name="Delivered", exact=True).click()
    dialog_of(page).get_by_label("SMS verification code").fill(shop.right_code(package))
    sign_in_in_another_tab(opened, package.stock_location.memberships.get().user)
    page.keyboard.press("Enter")
    expect_delivered(page)
    assert CommandLog.objects.filter(package_id=package.pk, kind=LogKind.REFUSED).count() == 0


def test_after_a_sign_in_in_another_tab_nothing_is_done_in_somebody_elses_name(window: OpenWindow) -> None:
    package = shop.make_package(states.READY)
    opened = package_page(window, package)
    page = opened.page
    page.get_by_role("button", name="Delivered", exact=True).click()
    dialog_of(page).get_by_label("SMS verification code").fill(shop.wrong_code(package))
    sign_in_in_another_tab(opened, shop.make_user("associate", package.stock_location, first_name="Bruno"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Bruno")).to_be_attached()
    expect(dialog_of(page)).to_have_count(0)
    assert shop.reread(package).total_attempts == 0


def test_a_scanned_label_in_the_codes_field_is_told_apart_and_not_counted(window: OpenWindow) -> None:
    package, other = shop.make_package(states.READY), shop.make_package(states.READY)
    page = package_page(window, package).page
    page.get_by_role("button", name="Delivered", exact=True).click()
    field = dialog_of(page).get_by_label("SMS verification code")
    field.fill(str(other.number))
    page.keyboard.press("Enter")
    expect(dialog_of(page)).to_contain_text(f"This is package {other.number}, but the code was for {package.number}.")
    field.fill(str(package.number))
    page.keyboard.press("Enter")
    expect(dialog_of(page)).to_contain_text("Right package")
    assert shop.reread(package).total_attempts == 0


def test_resend_sends_the_same_code_again_and_then_waits(window: OpenWindow) -> None:
    package = shop.make_package(states.READY)
    page = package_page(window, package).page
    code = shop.right_code(package)
    page.get_by_role("button", name="Delivered", exact=True).click()
    dialog_of(page).get_by_label("SMS verification code").fill("482")
    dialog_of(page).get_by_role("button", name="Resend code").click()
    expect(dialog_of(page)).to_contain_text("Code resent.")
    expect(dialog_of(page).get_by_role("button", name=re.compile(r"Resend code in \d+ s"))).to_be_visible()
    expect(dialog_of(page).get_by_label("SMS verification code")).to_have_value("482")
    assert shop.right_code(package) == code


def test_past_the_pickup_time_an_associate_asks_a_manager_who_signs_on_this_device(window: OpenWindow) -> None:
    package = shop.make_package(states.READY)
    Package.objects.filter(pk=package.pk).update(due_at=shop.PAST, pickup_deadline=shop.PAST)
    shop.make_manager(package.stock_location, first_name="Mehmet", last_name="Kaya")
    page = package_page(window, package).page
    page.get_by_role("button", name="Ask a manager").click()
    dialog = page.get_by_role("dialog", name="Manager: Extend pickup")
    dialog.get_by_label("Manager", exact=True).select_option(label="Mehmet Kaya")
    dialog.get_by_label("PIN or authenticator code").fill("900118")
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("alert")).to_contain_text("Wrong PIN or code.")
    dialog.get_by_label("PIN or authenticator code").fill(shop.PIN)
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Delivered", exact=True)).to_be_visible()


def test_past_the_pickup_time_a_manager_extends_it_and_the_same_code_works_again(window: OpenWindow) -> None:
    package = shop.make_package(states.READY)
    Package.objects.filter(pk=package.pk).update(due_at=shop.PAST, pickup_deadline=shop.PAST)
    page = package_page(window, package, "manager").page
    page.get_by_role("button", name="Extend pickup").click()
    page.get_by_role("dialog", name="Extend pickup").get_by_role("button", name="Extend pickup").click()
    page.get_by_role("button", name="Delivered", exact=True).click()
    dialog_of(page).get_by_label("SMS verification code").fill(shop.right_code(package))
    page.keyboard.press("Enter")
    expect_delivered(page)


def test_a_manager_delivers_without_code_and_says_why(window: OpenWindow) -> None:
    package = shop.make_package(states.READY)
    page = package_page(window, package, "manager").page
    page.get_by_role("button", name="More").click()
    page.get_by_role("button", name="Deliver without code").click()
    dialog = page.get_by_role("dialog", name="Deliver without code")
    dialog.get_by_role("button", name="Deliver without code").click()
    expect(dialog.get_by_role("alert")).to_be_visible()
    dialog.get_by_label("What did the customer show?").select_option("id_document")
    dialog.get_by_label("Reason").fill("Phone lost")
    dialog.get_by_role("button", name="Deliver without code").click()
    expect_delivered(page)


def test_somebody_else_collects_with_the_code_and_stands_in_the_notes(window: OpenWindow) -> None:
    package = shop.make_package(states.READY)
    page = package_page(window, package).page
    page.get_by_role("button", name="Delivered", exact=True).click()
    dialog = dialog_of(page)
    dialog.get_by_label("SMS verification code").fill(shop.wrong_code(package))
    dialog.get_by_text("Someone else is collecting").click()
    dialog.get_by_label("Name").fill("Ali Veli")
    dialog.get_by_label("Relationship to the customer").fill("brother")
    dialog.get_by_role("button", name="Verify and deliver").click()
    expect(dialog.get_by_role("alert")).to_contain_text("The code is incorrect. 4 attempts left.")
    expect(dialog.get_by_label("Name")).to_have_value("Ali Veli")
    dialog.get_by_label("SMS verification code").fill(shop.right_code(package))
    dialog.get_by_role("button", name="Verify and deliver").click()
    expect_delivered(page)
    kept = set(LogNote.objects.filter(package_id=package.pk).values_list("kind", "text"))
    assert kept == {("collector_name", "Ali Veli"), ("collector_relation", "brother")}


def test_after_a_changed_phone_only_the_newest_message_counts(window: OpenWindow) -> None:
    package = shop.make_package(states.READY)
    old = shop.right_code(package)
    page = package_page(window, package).page
    page.get_by_role("button", name="Delivered", exact=True).click()
    expect(dialog_of(page)).to_be_visible()
    data = {"phone_number": "+905550000199", "reason": "typing error"}
    run_command(package_id=package.pk, transition="CORRECT_PHONE", actor=SYSTEM, data=data)
    new = shop.right_code(package)
    for typed in (old, new):
        dialog_of(page).get_by_label("SMS verification code").fill(typed)
        dialog_of(page).get_by_role("button", name="Verify and deliver").click()
        if typed == old:
            expect(dialog_of(page).get_by_role("alert")).to_contain_text("The code is incorrect.")
    expect_delivered(page)
