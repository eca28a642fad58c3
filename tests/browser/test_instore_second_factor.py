"""The second factor, in a real browser: a passkey (chromium's virtual one), the authenticator app, recovery codes."""

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests import shop
from tests.accounts.doors import newest_code
from tests.browser.conftest import DESKTOP, PHONE, OpenWindow, Window

pytestmark = pytest.mark.django_db(transaction=True)


def plug_in_a_passkey(opened: Window) -> None:
    """Chromium's own virtual authenticator, which touches and looks for its owner."""
    session = opened.context.new_cdp_session(opened.page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def sign_in_by_form(opened: Window, username: str) -> Page:
    page = opened.go("/accounts/login/")
    page.get_by_label("Username").fill(username)
    page.get_by_label("Password").fill(shop.PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda address: "/accounts/login/" not in address)
    return page


def confirm(page: Page, wanted: Locator) -> None:
    """Say once more who one is, where a page asks for it before it shows what is wanted."""
    question = page.get_by_role("heading", name="Confirm it's you")
    expect(question.or_(wanted)).to_be_visible()
    if question.is_visible():
        page.get_by_label("Your password").fill(shop.PASSWORD)
        page.get_by_role("button", name="Confirm").click()
        expect(wanted).to_be_visible()


def passkey_button(page: Page) -> Locator:
    return page.get_by_role("button", name="Add a passkey")


def lock(page: Page) -> None:
    page.goto(page.url.split("/accounts")[0] + "/instore/")
    page.get_by_role("button", name="Lock").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


@pytest.mark.parametrize("viewport", [PHONE, DESKTOP])
def test_a_passkey_is_set_up_and_asked_for_at_the_next_sign_in(window: OpenWindow, viewport: dict[str, int]) -> None:
    shop.make_user("associate", shop.make_store(), username="ayla")
    opened = window(viewport=viewport)
    plug_in_a_passkey(opened)
    page = sign_in_by_form(opened, "ayla")
    page.locator("a.account-link").click()
    page.get_by_role("link", name="authenticator app and passkeys").click()
    assert opened.axe() == []
    page.get_by_role("region", name="Passkeys").get_by_role("link", name="Set up").click()
    confirm(page, passkey_button(page))
    assert opened.axe() == []
    passkey_button(page).click()
    page.wait_for_url("**/recovery-codes/**")
    lock(page)
    page = sign_in_by_form(opened, "ayla")
    expect(page.get_by_role("heading", name="One more step")).to_be_visible()
    assert opened.axe() == []
    opened.go("/instore/")  # the password alone opens nothing
    expect(page.get_by_role("heading", name="One more step")).to_be_visible()
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("heading", name="Packages")).to_be_visible()


def test_without_the_passkey_the_page_says_so_and_nothing_opens(window: OpenWindow) -> None:
    shop.make_user("associate", shop.make_store(), username="ayla")
    opened = window()
    plug_in_a_passkey(opened)
    sign_in_by_form(opened, "ayla")
    page = opened.go("/accounts/2fa/webauthn/add/")
    confirm(page, passkey_button(page))
    passkey_button(page).click()
    page.wait_for_url("**/recovery-codes/**")
    other = window()
    page = sign_in_by_form(other, "ayla")
    page.evaluate("() => { navigator.credentials.get = () => Promise.reject(new DOMException('no')) }")
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("alert")).to_contain_text("The passkey was not used.")
    other.go("/instore/")
    expect(page.get_by_role("heading", name="One more step")).to_be_visible()


def test_no_press_goes_nowhere_while_the_scripts_are_on_their_way(window: OpenWindow) -> None:
    shop.make_user("associate", shop.make_store(), username="ayla")
    opened = window()
    page = sign_in_by_form(opened, "ayla")
    opened.go("/accounts/2fa/webauthn/add/")
    button = passkey_button(page)
    confirm(page, button)
    expect(button).to_be_enabled()
    on_the_way: list[Route] = []
    page.route("**/onload*.js", lambda route: on_the_way.append(route))  # noqa: PLW0108 (Playwright marks what it is given)
    with page.expect_request("**/onload*.js"):
        page.reload(wait_until="commit")
    expect(button).to_be_disabled()
    on_the_way[0].continue_()
    expect(button).to_be_enabled()


def test_the_authenticator_app_is_set_up_and_a_wrong_code_opens_nothing(window: OpenWindow) -> None:
    shop.make_user("associate", shop.make_store(), username="ayla")
    opened = window(viewport=PHONE)
    page = sign_in_by_form(opened, "ayla")
    opened.go("/accounts/2fa/totp/activate/")
    confirm(page, page.get_by_role("textbox", name="code"))
    assert opened.axe() == []
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    page.get_by_role("textbox", name="code").fill("000000")
    page.get_by_role("button", name="Turn on").click()
    expect(page.get_by_role("alert")).to_be_visible()
    secret = page.get_by_label("Or enter this setup key in the app").input_value()
    page.get_by_role("textbox", name="code").fill(newest_code(secret, seconds=15))
    page.get_by_role("button", name="Turn on").click()
    page.wait_for_url("**/recovery-codes/**")
    codes = page.locator(".codes li").all_inner_texts()
    assert len(codes) == 10
    assert opened.axe() == []
    lock(page)
    page = sign_in_by_form(opened, "ayla")
    page.get_by_role("textbox", name="code").fill("123456")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_be_visible()
    page.get_by_role("textbox", name="code").fill(codes[0])
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Packages")).to_be_visible()
