"""The keys of a scanner press no button, on no page, and stay in no field."""

import re
import time
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from clickcollect.oms import states
from clickcollect.oms.models import Package
from tests import shop
from tests.browser.conftest import OpenWindow
from tests.browser.scanner import ALT, CONTROL, Key, Keyboard, key, keys, packed, plain, posts_of
from tests.browser.test_instore_stories import dialog_of, package_page

pytestmark = pytest.mark.django_db(transaction=True)

FOCUS: dict[str, Callable[[Page], None]] = {
    "button": lambda page: page.locator("#main-button").focus(),
    "field": lambda page: page.get_by_label("Shelf", exact=True).focus(),
    "nowhere": lambda page: page.evaluate("document.activeElement.blur()"),
}
each_focus = pytest.mark.parametrize("focus", FOCUS)


def asked_for(page: Page) -> str:
    """What the page that the browser is on was searched for."""
    return parse_qs(urlsplit(page.url).query).get("q", [""])[0]


def expect_search(page: Page, text: str) -> None:
    page.wait_for_url(re.compile(r"/instore/\?q="), timeout=10_000)
    assert asked_for(page) == text


def expect_package(page: Page, package: Package) -> None:
    page.wait_for_url(f"**/packages/{package.number}/", timeout=10_000)
    expect(page.locator("#main-button")).to_be_focused()


@each_focus
def test_a_barcode_with_a_blank_is_searched_for_and_presses_nothing(window: OpenWindow, focus: str) -> None:
    package = packed(shelf="C1")
    page = package_page(window, package).page
    sent = posts_of(page)
    keyboard = Keyboard(page)
    for text, gap in (("XYZ BLK", 2), ("A B", 8), ("12  34  ", 15), ("x1\u00a0y2 z", 8)):
        FOCUS[focus](page)
        keyboard.scan(f"{text}\n", gap=gap)
        expect_search(page, text.strip())
        page.goto(page.url.split("?")[0] + f"packages/{package.number}/")
        expect(page.get_by_label("Shelf", exact=True)).to_have_value("C1")
    assert sent == []
    assert shop.state_of(package) == states.PACKED


def test_control_without_the_reader_a_blank_sends_the_code_out(window: OpenWindow) -> None:
    package = packed()
    opened = window(shop.make_user("associate", package.stock_location))
    opened.page.route("**/scan.js", lambda route: route.fulfill(content_type="text/javascript", body=""))
    page = opened.go(f"/instore/packages/{package.number}/")
    FOCUS["button"](page)
    with page.expect_response(re.compile("/commands/")):
        Keyboard(page).scan("XYZ BLK\n")
    assert shop.state_of(package) == states.READY


# The clock of the blank stands still, as if the next key were always there in time.
HOLD_TIMERS = """
const real = window.setTimeout;
window.setTimeout = (work, ms, ...rest) => (ms === 100 ? 0 : real(work, ms, ...rest));
"""


def test_a_barcode_that_begins_with_a_blank_presses_nothing_either(window: OpenWindow) -> None:
    package = packed()
    opened = window(shop.make_user("associate", package.stock_location))
    opened.page.add_init_script(HOLD_TIMERS)
    page = opened.go(f"/instore/packages/{package.number}/")
    sent = posts_of(page)
    keyboard = Keyboard(page)
    for name in ("#main-button", "#more-button"):
        page.locator(name).focus()
        keyboard.scan(" QQ 1\n")
        expect_search(page, "QQ 1")
        page.go_back()
    assert sent == []


@pytest.mark.parametrize(
    ("focus", "after"),
    # Only the Enter that still meets the page before knows where its focus was.
    [("button", 4), ("field", 4), ("nowhere", 4), ("button", 100), ("field", 250), ("nowhere", 480)],
)
def test_a_second_enter_is_dead_on_the_page_before_and_on_the_page_after(
    window: OpenWindow, focus: str, after: int
) -> None:
    for _attempt in range(TRIES):
        first, second = packed(), packed()
        page = package_page(window, first).page
        sent = posts_of(page)
        FOCUS[focus](page)
        keyboard = Keyboard(page)
        keyboard.scan(str(second.number), gap=4)
        keyboard.go_on("\n", gap=4)
        if after == 4:
            keyboard.go_on("\n", gap=after)
        expect_package(page, second)
        if keyboard.meets_a_quiet_page():
            break
    else:
        pytest.fail("the page never changed in time")
    if after > 4:
        keyboard.go_on("\n", gap=after)
    keyboard.go_on("\n \t", gap=3)
    expect(page.locator("#main-button")).to_be_focused()
    assert sent == []
    assert {shop.state_of(first), shop.state_of(second)} == {states.PACKED}
    with page.expect_response(re.compile("/commands/")):  # the next Enter is a person's
        keyboard.scan("\n")
    assert shop.state_of(second) == states.READY


def test_control_without_the_reader_a_second_enter_presses_the_next_pages_button(window: OpenWindow) -> None:
    package = packed()
    opened = window(shop.make_user("associate", package.stock_location))
    opened.page.route("**/scan.js", lambda route: route.fulfill(content_type="text/javascript", body=""))
    page = opened.go()
    keyboard = Keyboard(page)
    keyboard.scan(f"{package.number}\n")
    expect_package(page, package)
    with page.expect_response(re.compile("/commands/")):
        keyboard.go_on("\n", gap=250)
    assert shop.state_of(package) == states.READY


def test_the_rest_of_a_scan_is_dead_on_both_pages(window: OpenWindow) -> None:
    for _attempt in range(TRIES):
        first, second, third = packed(), packed(), packed()
        page = package_page(window, first).page
        sent = posts_of(page)
        keyboard = Keyboard(page)
        keyboard.scan(f"{second.number}\n{third.number}\n XY\t", gap=4)
        expect_package(page, second)
        if keyboard.meets_a_quiet_page():
            break
    else:
        pytest.fail("the page never changed in time")
    keyboard.go_on(f"{third.number}\n \n", gap=5)
    expect(page.locator("#main-button")).to_be_focused()
    keyboard.scan(f"{third.number}\n")
    expect_package(page, third)
    assert sent == []
    assert {shop.state_of(one) for one in (first, second, third)} == {states.PACKED}


TRIES = 10  # to change the page while its reader keeps quiet
NOISE = [
    *(plain(name) for name in ("Shift", "ArrowLeft", "F8", "Escape", "Home", "Delete", "CapsLock", "PageDown")),
    {"key": "Unidentified", "code": "", "windowsVirtualKeyCode": 229},
    {"key": "Process", "code": "", "windowsVirtualKeyCode": 229},
    {"key": "Dead", "code": "BracketLeft"},
    {"key": "]", "code": "BracketRight", "modifiers": CONTROL, "windowsVirtualKeyCode": 221},
    {"key": "b", "code": "KeyB", "modifiers": CONTROL, "windowsVirtualKeyCode": 66},
]


@each_focus
def test_keys_that_are_no_characters_are_passed_over_inside_a_scan(window: OpenWindow, focus: str) -> None:
    package, other = packed(shelf="C1"), packed()
    page = package_page(window, package).page
    sent = posts_of(page)
    label = keys(str(other.number))
    noisy: list[Key] = [label[0]]
    for place, one in enumerate(label[1:]):
        noisy += [NOISE[place % len(NOISE)], NOISE[(place * 3 + 1) % len(NOISE)], one]
    FOCUS[focus](page)
    Keyboard(page).scan([*noisy, *NOISE, key("\n")], gap=6)
    expect_package(page, other)
    assert sent == []
    page.go_back()
    expect(page.get_by_label("Shelf", exact=True)).to_have_value("C1")


@each_focus
def test_characters_sent_as_alt_and_a_number_are_read(window: OpenWindow, focus: str) -> None:
    package, other = packed(), packed()
    page = package_page(window, package).page
    alt = plain("Alt", "AltLeft", windowsVirtualKeyCode=18, modifiers=ALT)
    keyboard = Keyboard(page)
    FOCUS[focus](page)
    keyboard.at = time.time()
    for char in str(other.number):
        keyboard.alt(alt, [plain("Unidentified", f"Numpad{digit}", modifiers=ALT) for digit in f"{ord(char):03}"])
    keyboard.go_on("\n", gap=4)
    expect_package(page, other)
    assert {shop.state_of(package), shop.state_of(other)} == {states.PACKED}


def test_a_tab_ends_a_scan_as_enter_does(window: OpenWindow) -> None:
    first, second = packed(), packed()
    page = package_page(window, first).page
    keyboard = Keyboard(page)
    for focus, gap in zip(FOCUS.values(), (2, 8, 15), strict=True):
        focus(page)
        keyboard.scan(f"{second.number}\t", gap=gap)
        expect_package(page, second)
        page.goto(page.url.replace(str(second.number), str(first.number)))
    page.get_by_role("link", name="Packages").first.click()
    expect(page.get_by_label("Search or scan")).to_be_focused()
    page.get_by_label("Search or scan").fill("half a na")
    keyboard.scan(f"{second.number}\t\n", gap=15)
    expect_package(page, second)
    assert {shop.state_of(first), shop.state_of(second)} == {states.PACKED}


def test_a_slow_scanner_is_read_where_nobody_types(window: OpenWindow) -> None:
    first, second = packed(), packed()
    page = package_page(window, first).page
    keyboard = Keyboard(page)
    for focus in ("button", "nowhere"):
        FOCUS[focus](page)
        keyboard.scan(f"{second.number}\n", gap=95)
        expect_package(page, second)
        page.goto(page.url.replace(str(second.number), str(first.number)))


CODE_FOCUS: dict[str, Callable[[Page], None]] = {
    "code": lambda page: dialog_of(page).get_by_label("SMS verification code").focus(),
    "submit": lambda page: dialog_of(page).get_by_role("button", name="Verify and deliver").focus(),
    "cancel": lambda page: dialog_of(page).get_by_role("button", name="Cancel").focus(),
    "nowhere": lambda page: page.evaluate("document.activeElement.blur()"),
}


@pytest.mark.parametrize("focus", CODE_FOCUS)
def test_a_label_in_the_dialog_of_the_code_says_whose_it_is_and_is_no_try(window: OpenWindow, focus: str) -> None:
    package, other = shop.make_package(states.READY), shop.make_package(states.READY)
    page = package_page(window, package).page
    page.get_by_role("button", name="Delivered", exact=True).click()
    field = dialog_of(page).get_by_label("SMS verification code")
    field.fill("48")
    sent = posts_of(page)
    keyboard = Keyboard(page)
    said = {
        f"{package.number}\n": "Right package. Now enter the customer's code.",
        f"{other.number}\t": f"This is package {other.number}, but the code was for {package.number}.",
        "4006381333931\n\n": "This is not a pickup code.",
        "X 1 2\n": "This is not a pickup code.",
    }
    for pressed, words in said.items():
        CODE_FOCUS[focus](page)
        with page.expect_response(re.compile("/label/")):
            keyboard.scan(pressed, gap=4)
        expect(dialog_of(page)).to_contain_text(words)
        expect(field).to_have_value("48")
        expect(field).to_be_focused()
    assert not [url for url in sent if "/commands/" in url]
    assert shop.reread(package).total_attempts == 0


def open_menu(page: Page) -> None:
    page.get_by_role("button", name="More").click()


def open_list(page: Page) -> None:
    page.get_by_role("button", name="More").click()
    page.get_by_role("button", name="Deliver without code").click()
    page.get_by_label("What did the customer show?").focus()


def open_reason(page: Page) -> None:
    open_list(page)
    page.get_by_label("What did the customer show?").select_option("id_document")
    page.get_by_role("textbox", name="Reason").fill("Phone lost")


def open_green(page: Page) -> None:
    page.get_by_role("button", name="Delivered", exact=True).click()
    page.get_by_label("SMS verification code").fill(shop.right_code(Package.objects.earliest("pk")))
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Next customer")).to_be_focused()


@pytest.mark.parametrize("opened", [open_menu, open_list, open_reason, open_green])
def test_menus_lists_dialogs_and_results_are_pressed_by_no_scan(
    window: OpenWindow, opened: Callable[[Page], None]
) -> None:
    package = shop.make_package(states.READY)
    other = packed()
    page = package_page(window, package, "manager").page
    opened(page)
    before = shop.state_of(package)
    sent = posts_of(page)
    Keyboard(page).scan(f"i {other.number} \n\n", gap=4)
    expect_search(page, f"i {other.number}")
    assert sent == []
    assert shop.state_of(package) == before


@pytest.mark.parametrize(
    "address", ["/instore/manager/", "/instore/pin/", "/instore/labels/?numbers={}", "/instore/nowhere/"]
)
def test_every_page_reads_a_label(window: OpenWindow, address: str) -> None:
    package = packed()
    page = window(shop.make_user("manager", package.stock_location)).go(address.format(package.number))
    sent = posts_of(page)
    page.locator("a, button").last.focus()
    Keyboard(page).scan(f"{package.number}\n", gap=4)
    expect_package(page, package)
    assert sent == []


def test_a_label_at_the_sign_in_is_no_try_of_a_pin_and_opens_after_it(window: OpenWindow) -> None:
    package = packed()
    shop.make_user("associate", package.stock_location, username="ayla")
    page = window().go()
    sent = posts_of(page)
    keyboard = Keyboard(page)
    for field in ("Username", "Password"):
        page.get_by_label(field).focus()
        keyboard.scan(f"{package.number}\n\n", gap=4)
        page.wait_for_url(re.compile(r"next=.*" + str(package.number)))
        expect(page.get_by_label(field)).to_have_value("")
    assert sent == []
    page.get_by_label("Username").focus()
    keyboard.scan(f"ayla\t{shop.PASSWORD}\n", gap=3)  # a badge, or a password manager
    expect_package(page, package)


def test_a_password_typed_as_fast_as_a_scan_signs_in_and_is_in_no_address(window: OpenWindow) -> None:
    shop.make_user("associate", shop.make_store("IST-01"), username="ayla")
    page = window().go()
    addresses: list[str] = []
    page.on("request", lambda request: addresses.append(request.url))
    page.get_by_label("Username").fill("ayla")
    page.get_by_label("Password").click()
    Keyboard(page).scan(f"{shop.PASSWORD}\n", gap=3)  # a security key
    expect(page.get_by_role("heading", name="Packages")).to_be_visible()
    assert [url for url in addresses if shop.PASSWORD in url] == []


def test_a_pin_typed_as_fast_as_a_scan_is_in_no_address(window: OpenWindow) -> None:
    page = window(shop.make_user("associate", shop.make_store("IST-01"))).go("/instore/pin/")
    addresses: list[str] = []
    page.on("request", lambda request: addresses.append(request.url))
    page.get_by_label("New PIN").click()
    Keyboard(page).scan("483920\n", gap=3)
    expect(page.get_by_text("Enter your password.")).to_be_visible()
    assert [url for url in addresses if "483920" in url] == []
