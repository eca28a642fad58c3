"""The phone simulator: what a newcomer is shown first."""

import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page, expect

from extension import phone
from tests.browser import axe
from tests.extension.conftest import Start
from tests.extension.running import Running, call, event

STATIC = Path(phone.__file__).parent / "static" / "extension"


def new_number() -> str:
    return f"+4477009{secrets.randbelow(10**5):05}"


def customer(number: str, language: str = "en") -> dict[str, Any]:
    return {"customer": {"phone_number": number, "language_code": language}}


def test_only_the_last_two_hundred_are_kept_newest_first() -> None:
    for number in range(205):
        phone.receive_sms(to="+447700900123", text=str(number), code="", event_uuid="a")
    assert [shown.text for shown in phone.messages()] == [str(number) for number in range(204, 4, -1)]


def test_one_number_however_the_plus_sign_is_written(extension: Running) -> None:
    number = new_number()
    extension.post(event(**customer(number)))
    extension.post(event(**customer(new_number())))
    for written in (number, quote(number), number.removeprefix("+"), f"00{number[1:]}", quote(f"+44 {number[3:]}")):
        assert [one["to"] for one in extension.messages(to=written)] == [number]
    assert extension.messages(to="+999") == []
    assert len(extension.messages(to="")) > 1


@pytest.mark.parametrize("path", ["/phone/", "/phone/messages.json", "/phone/live/"])
def test_nothing_is_cached_and_nobody_else_may_read(extension: Running, path: str) -> None:
    answer = call(f"{extension.url}{path}")
    assert answer.status == 200
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert "access-control-allow-origin" not in answer.headers
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["x-frame-options"] == "DENY"


def test_another_host_name_is_refused(extension: Running) -> None:
    assert call(f"{extension.url}/phone/", headers={"Host": "evil.example"}).status == 400


@pytest.mark.parametrize("path", ["/phone/", "/phone/messages.json", "/phone/live/"])
def test_without_the_simulator_there_is_no_phone(start_extension: Start, path: str) -> None:
    extension = start_extension(EXTENSION_SMS_PROVIDER="send-sms")
    assert call(f"{extension.url}{path}").status == 404


def test_nothing_new_is_no_content(extension: Running) -> None:
    page = call(f"{extension.url}/phone/").body.decode()
    version = page.split('data-version="')[1].split('"')[0]
    assert call(f"{extension.url}/phone/live/?version={version}").status == 204
    extension.post(event())
    assert call(f"{extension.url}/phone/live/?version={version}").status == 200


def test_the_first_page_leads_to_the_phone(extension: Running) -> None:
    assert b"The customer" in call(f"{extension.url}/").body


def test_alive_and_ready(extension: Running) -> None:
    assert call(f"{extension.url}/healthz").json == {"status": "ok"}
    assert call(f"{extension.url}/readyz").json["status"] == "ok"


def test_nothing_is_drawn_by_inline_style_or_script(extension: Running) -> None:
    page = call(f"{extension.url}/phone/").body.decode()
    assert " style=" not in page
    assert "<style" not in page
    assert page.count("<script") == page.count('<script type="module" src=')


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(
        viewport={"width": 390, "height": 844},
        permissions=["clipboard-read", "clipboard-write"],
    )
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert complaints == []  # the content security policy complains here


def test_a_message_appears_by_itself_and_its_code_can_be_copied(extension: Running, page: Page) -> None:
    number = new_number()
    page.goto(f"{extension.url}/phone/?to={quote(number)}")
    expect(page.get_by_text("Live")).to_be_visible()
    expect(page.get_by_role("heading", name="No message")).to_be_visible()
    extension.post(event(otp={"code": "739104", "issue": 1}, **customer(number)))
    expect(page.get_by_role("listitem").filter(has_text="Your pickup code is 739104.")).to_be_visible()
    expect(page.get_by_role("status")).to_contain_text("New message to +44 7700")
    page.evaluate("window.setTimeout = () => 0")  # the word stays until it has been seen
    page.get_by_role("button", name="Copy code").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == "739104"


def test_a_new_message_takes_neither_focus_nor_selection(extension: Running, page: Page) -> None:
    number = new_number()
    extension.post(event(**customer(number)))
    page.goto(f"{extension.url}/phone/")
    page.get_by_role("button", name="Copy code").first.focus()
    page.evaluate("window.mine = document.activeElement")
    extension.post(event("package.pickup.reminder", otp=None, **customer(new_number())))
    expect(page.locator(".message.is-new")).to_be_visible()
    assert page.evaluate("window.mine === document.activeElement && window.mine.isConnected")
    expect(page.locator(".message").first).to_contain_text("still waiting")


def test_what_a_shop_is_called_cannot_run_on_the_page(extension: Running, page: Page) -> None:
    number = new_number()
    page.goto(f"{extension.url}/phone/?to={quote(number)}")
    for attack in ("<script>alert(1)</script>", "<img src=x onerror=alert(1)>", '"><svg onload=alert(1)>'):
        place = {"name": attack, "erp_code": "X", "time_zone": "UTC", "language_code": "en"}
        extension.post(event(stock_location=place, **customer(number)))
    expect(page.get_by_role("listitem").filter(has_text="alert(1)")).to_have_count(3)
    assert page.locator(".bubble img, .bubble script, .bubble svg").count() == 0


def test_a_message_begins_where_its_bubble_does(extension: Running, page: Page) -> None:
    number = new_number()
    extension.post(event(**customer(number)))
    page.goto(f"{extension.url}/phone/?to={quote(number)}")
    words = page.locator(".bubble .words")
    expect(words).to_have_count(1)
    assert words.evaluate("one => one.textContent === one.textContent.trim()")
    above = words.evaluate("one => one.getBoundingClientRect().top - one.parentElement.getBoundingClientRect().top")
    assert 0 < above < 20, "no empty line above it"


@pytest.mark.parametrize(("width", "language"), [(390, "en"), (320, "ar")])
def test_readable_for_everybody_and_nothing_runs_over(
    extension: Running, chromium: Browser, width: int, language: str
) -> None:
    number = new_number()
    extension.post(event(**customer(number)))
    extension.post(event(**customer(number, "ar")))
    context = chromium.new_context(viewport={"width": width, "height": 800}, locale=language, reduced_motion="reduce")
    page = context.new_page()
    for path in ("/phone/?to=%2B999", "/phone/", f"/phone/?to={quote(number)}"):
        page.goto(extension.url + path)
        page.locator(".live.is-on").wait_for()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.emulate_media(color_scheme="light")
        assert axe.faults(page) == []
        page.emulate_media(color_scheme="dark")
        assert axe.weak_colours(page) == []
    assert page.locator("html").get_attribute("dir") == ("rtl" if language == "ar" else "ltr")
    directions = page.locator(".bubble").evaluate_all("all => all.map(one => getComputedStyle(one).direction)")
    assert directions == ["rtl", "ltr"]
    context.close()


def test_it_says_when_it_has_lost_the_extension(start_extension: Start, chromium: Browser) -> None:
    extension = start_extension()
    page = chromium.new_page()
    page.goto(f"{extension.url}/phone/")
    expect(page.get_by_text("Live")).to_be_visible()
    extension.process.terminate()
    expect(page.get_by_text("Not connected. Reconnecting.")).to_be_visible()
    page.close()
