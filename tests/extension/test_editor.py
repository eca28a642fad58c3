"""The shop's own wording: for those with the password, checked before it is saved, used by the next message."""

import base64
import re
import secrets
import urllib.parse
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Dialog, Page, expect

from tests.browser import axe
from tests.extension.conftest import Start
from tests.extension.running import Answer, Running, call, event

PASSWORD = "a wording password"


def basic(password: str = PASSWORD) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"anybody:{password}".encode()).decode()}


def post(extension: Running, path: str = "/templates/", **fields: str) -> Answer:
    """Send the form as a browser does: with the token that the page gave."""
    return send(extension, {}, fields, path)


def send(extension: Running, headers: dict[str, str], fields: dict[str, str], path: str = "/templates/") -> Answer:
    """The same, with further headers."""
    page = call(f"{extension.url}/templates/", headers=basic())
    token = re.search(r'csrfmiddlewaretoken" value="(\w+)"', page.body.decode())
    cookie = page.headers["set-cookie"].split(";")[0]
    assert token
    form = urllib.parse.urlencode({"csrfmiddlewaretoken": token[1], **fields}).encode()
    return call(f"{extension.url}{path}", body=form, headers={**basic(), "Cookie": cookie, **headers})


def german() -> dict[str, Any]:
    place = {"name": "Galata", "erp_code": "IST-77", "time_zone": "Europe/Istanbul", "language_code": "tr"}
    return event(stock_location=place, customer={"phone_number": "+4915112345678", "language_code": "de"})


def text_of(extension: Running, document: dict[str, Any]) -> str:
    extension.post(document)
    (text,) = extension.texts(document)
    return text


def test_a_saved_wording_is_used_by_the_next_message_and_given_up_again(extension: Running) -> None:
    here = {"language": "de", "kind": "ready", "store": "IST-77"}
    everywhere = here | {"store": ""}
    assert post(extension, action="save", text="Überall: {code}, {order}", **everywhere).status == 200
    assert text_of(extension, german()) == "Überall: 482913, WEB-100093"
    assert post(extension, action="save", text="Hier: {code}, {order}", **here).status == 200
    assert text_of(extension, german()) == "Hier: 482913, WEB-100093"
    assert b"IST-77" in call(f"{extension.url}/templates/", headers=basic()).body
    post(extension, action="reset", **here)
    assert text_of(extension, german()).startswith("Überall")
    post(extension, action="reset", **everywhere)
    assert text_of(extension, german()).startswith("Ihr Abholcode ist 482913.")


def test_a_wording_that_could_split_the_code_is_not_saved(extension: Running) -> None:
    long = "Guten Tag, Ihre Bestellung {order} ist bei uns in {store} eingetroffen. {code}"
    answer = post(extension, action="save", text=long, language="de", kind="ready", store="")
    assert answer.status == 400
    assert b"never split across two SMS" in answer.body
    assert long.encode()[:20] in answer.body  # what was typed stays
    assert text_of(extension, german()).startswith("Ihr Abholcode")


def test_every_fault_is_named_at_once_and_what_was_typed_stays(extension: Running) -> None:
    typed = "  [Hello {nobody}\N{GRINNING FACE}\r\nsecond line"
    page = post(extension, action="save", text=typed, language="xx", kind="ready", store="x" * 65)
    assert page.status == 400
    shown = page.body.decode()
    for fault in (
        "Use only the placeholders listed below",
        "Close every square bracket",
        "Include {code} exactly once",
        "Remove emoji and invisible characters",
        "A store code has at most 64 characters.",
    ):
        assert shown.count(fault) == 1
    assert 'aria-invalid="true"' in shown
    assert "[Hello {nobody}\N{GRINNING FACE}" in shown
    assert re.search(r'type="hidden" name="language" value="en"', shown), "nonsense is the first language"
    fine = call(f"{extension.url}/templates/?language=de", headers=basic()).body.decode()
    assert 'aria-invalid="true"' not in fine
    assert re.search(r'<textarea[^>]* lang="de"', fine)


def test_the_preview_counts(extension: Running) -> None:
    short = post(extension, "/templates/preview/", text="Code {code}", language="en", kind="ready", store="").json
    assert (short["text"], short["encoding"], short["segments"]) == ("Code 000000", "GSM-7", "1 SMS")
    assert short["problems"] == []
    turkish = post(extension, "/templates/preview/", text="ş" * 71, language="tr", kind="reminder", store="").json
    assert (turkish["encoding"], turkish["segments"], turkish["count"]) == ("UCS-2", "2 SMS", "71 of 134 characters")


@pytest.mark.parametrize(
    "fields", [{}, {"language": "xx", "kind": "\x00"}, {"store": "\x00" * 5}, {"store": "x" * 500}]
)
def test_nonsense_is_answered_in_words(extension: Running, fields: dict[str, str]) -> None:
    assert post(extension, action="save", text="\x00", **fields).status == 400
    query = urllib.parse.urlencode(fields)
    assert call(f"{extension.url}/templates/?{query}", headers=basic()).status == 200


@pytest.mark.parametrize("path", ["/templates/", "/templates/preview/"])
def test_without_a_password_set_the_page_does_not_exist(start_extension: Start, path: str) -> None:
    extension = start_extension()
    assert call(f"{extension.url}/templates/", headers=basic("")).status == 404


@pytest.mark.parametrize("headers", [{}, basic(""), {"Authorization": "Basic ***"}, {"Authorization": "Bearer x"}])
def test_nobody_gets_in_without_the_password(extension: Running, headers: dict[str, str]) -> None:
    answer = call(f"{extension.url}/templates/", headers=headers)
    assert answer.status == 401
    assert answer.headers["www-authenticate"].startswith("Basic")


def test_another_sites_form_is_refused(extension: Running) -> None:
    form = urllib.parse.urlencode({"action": "save", "text": "{code}", "language": "en", "kind": "ready"}).encode()
    assert call(f"{extension.url}/templates/", body=form, headers=basic()).status == 403


@pytest.mark.parametrize("origin", ["https://evil.example", "http://[", "x" * 300])
def test_another_sites_words_are_not_shown_for_saving(extension: Running, origin: str) -> None:
    form = urllib.parse.urlencode(
        {"action": "save", "text": "Wired: {code}", "language": "en", "kind": "ready"}
    ).encode()
    answer = call(f"{extension.url}/templates/", body=form, headers={**basic(), "Origin": origin})
    assert answer.status == 403
    assert b"Wired" not in answer.body


def test_behind_a_proxy_with_https_the_form_is_taken(extension: Running) -> None:
    here = {"language": "en", "kind": "reminder", "store": "HTTPS"}
    headers = {"X-Forwarded-Proto": "https", "Origin": extension.url.replace("http://", "https://")}
    saved = send(extension, headers, {"action": "save", "text": "Reminder for {order}", **here})
    assert saved.status == 200
    assert b"Reminder for {order}" in saved.body


@pytest.fixture(params=[360, 820, 1280])
def page(chromium: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """The editor as an operator sees it; signed in by the browser's own window."""
    context = chromium.new_context(
        viewport={"width": request.param, "height": 900},
        http_credentials={"username": "anybody", "password": PASSWORD},
    )
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert complaints == []


def test_the_editor_saves_in_a_browser_and_goes_back_to_the_standard(extension: Running, page: Page) -> None:
    store = f"S-{secrets.token_hex(4)}"
    page.goto(f"{extension.url}/templates/?language=en&kind=ready&store={store}")
    page.get_by_role("textbox", name="Ready, with code").fill("Come and get it: {code}, {order}")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_contain_text("Saved.")
    expect(page.get_by_role("textbox", name="Ready, with code")).to_have_value("Come and get it: {code}, {order}")
    place = {"name": "Galata", "erp_code": store, "time_zone": "Europe/Istanbul", "language_code": "en"}
    assert text_of(extension, event(stock_location=place)) == "Come and get it: 482913, WEB-100093"
    page.get_by_role("button", name="Reset to default").click()
    expect(page.get_by_role("button", name="Reset to default")).to_have_count(0)


def test_a_form_that_was_open_too_long_keeps_the_text_and_can_be_saved(extension: Running, page: Page) -> None:
    store = f"S-{secrets.token_hex(4)}"
    page.goto(f"{extension.url}/templates/?language=en&kind=ready&store={store}")
    text = page.get_by_role("textbox", name="Ready, with code")
    text.fill("A long evening's work: {code}, {order}")
    page.context.clear_cookies()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("Your text is still here")
    expect(page.get_by_role("heading", name="Wording of the messages")).to_be_visible()
    expect(text).to_have_value("A long evening's work: {code}, {order}")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert axe.faults(page) == []
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_contain_text("Saved.")


def known_store(extension: Running, name: str) -> str:
    """A new store of which an event has come."""
    code = f"S-{secrets.token_hex(4)}"
    place = {"name": name, "erp_code": code, "time_zone": "Europe/Istanbul", "language_code": "en"}
    assert extension.post(event(stock_location=place)).status == 200
    return code


def test_the_store_is_chosen_from_those_that_events_named(extension: Running, page: Page) -> None:
    store = known_store(extension, "Galata\u202e")
    page.goto(f"{extension.url}/templates/")
    stores = page.get_by_label("Store", exact=True)
    assert stores.evaluate("list => list.options[0].textContent") == "Every store"
    stores.select_option(store)
    expect(page).to_have_url(re.compile(f"store={store}"))
    expect(stores.locator("option:checked")).to_have_text(f"Galata ({store})")
    expect(page.locator("#which")).to_have_text(f"English, Galata ({store})")
    expect(page.locator("#preview")).to_contain_text("ready at Galata.")
    assert axe.faults(page) == []


def test_a_store_takes_the_name_of_its_newest_event_and_is_there_once(extension: Running) -> None:
    store = known_store(extension, "Old name")
    place = {"name": "New name", "erp_code": store, "time_zone": "Europe/Istanbul", "language_code": "en"}
    for _again in range(2):
        assert extension.post(event(stock_location=place)).status == 200
    assert extension.rows(f"SELECT name FROM extension_store WHERE code = '{store}'") == [("New name",)]
    shown = call(f"{extension.url}/templates/", headers=basic()).body.decode()
    assert shown.count(f"({store})") == 1


def test_an_event_without_a_store_adds_none(extension: Running) -> None:
    before = extension.rows("SELECT count(*) FROM extension_store")
    assert extension.post(event(stock_location={"name": "Nowhere", "erp_code": ""})).status == 200
    assert extension.rows("SELECT count(*) FROM extension_store") == before


NEW_TEXT = "Come and get it: {code}, {order}"


@pytest.mark.parametrize("script", ["with", "without"])
@pytest.mark.parametrize("width", [360, 820, 1280])
def test_showing_another_message_asks_what_becomes_of_the_text(
    extension: Running, chromium: Browser, width: int, script: str
) -> None:
    store = known_store(extension, "Galata")
    context = chromium.new_context(
        viewport={"width": width, "height": 900},
        http_credentials={"username": "anybody", "password": PASSWORD},
        java_script_enabled=script == "with",
    )
    page = context.new_page()

    def showing(kind: str) -> None:
        page.wait_for_load_state()  # with its script
        page.get_by_label("Message", exact=True).select_option(kind)
        if script == "without":
            page.get_by_role("button", name="Show").click()

    page.goto(f"{extension.url}/templates/?language=en&kind=ready&store={store}")
    showing("reminder")  # nothing was typed: nothing is asked
    expect(page).to_have_url(re.compile("kind=reminder"))
    showing("ready")
    expect(page).to_have_url(re.compile("kind=ready"))
    text = page.get_by_role("textbox", name="Ready, with code")
    text.fill(NEW_TEXT)
    showing("reminder")
    expect(page.get_by_role("alert")).to_contain_text("You have unsaved changes.")
    expect(text).to_have_value(NEW_TEXT)
    expect(page.get_by_role("button", name="Save and continue")).to_be_focused()
    page.get_by_role("link", name="Discard changes").click()
    expect(page.get_by_role("textbox", name="Reminder")).to_be_visible()
    assert extension.rows(f"SELECT text FROM extension_template WHERE store = '{store}'") == []
    showing("ready")
    text.fill(NEW_TEXT)
    showing("reminder")
    page.get_by_role("button", name="Save and continue").click()
    expect(page.get_by_role("status")).to_contain_text("Saved.")
    expect(page.get_by_role("textbox", name="Reminder")).to_be_visible()
    assert extension.rows(f"SELECT kind, text FROM extension_template WHERE store = '{store}'") == [("ready", NEW_TEXT)]
    context.close()


def test_the_question_can_be_read_by_everybody(extension: Running, page: Page) -> None:
    page.goto(f"{extension.url}/templates/?language=en&kind=ready")
    page.get_by_role("textbox", name="Ready, with code").fill(NEW_TEXT)
    page.get_by_label("Language").select_option("ar")
    expect(page.get_by_role("alert")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.emulate_media(reduced_motion="reduce")  # no colour between two
    assert axe.faults(page) == []
    page.emulate_media(color_scheme="dark")
    assert axe.weak_colours(page) == []


def test_leaving_the_page_with_an_unsaved_text_asks_first(extension: Running, page: Page) -> None:
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    page.goto(f"{extension.url}/templates/?language=en&kind=ready")
    page.reload()
    assert asked == []  # nothing was typed
    text = page.get_by_role("textbox", name="Ready, with code")
    text.press_sequentially("!")
    typed = text.input_value()
    page.evaluate("location.assign('/phone/')")
    expect(text).to_have_value(typed)
    assert asked == ["beforeunload"]
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_contain_text("Saved.")
    page.get_by_role("button", name="Reset to default").click()
    expect(page.get_by_role("button", name="Reset to default")).to_have_count(0)
    assert asked == ["beforeunload"]  # buttons of the page ask nothing


@pytest.mark.parametrize("width", [360, 820, 1280])
def test_whoever_gives_no_password_reads_a_page(extension: Running, chromium: Browser, width: int) -> None:
    context = chromium.new_context(viewport={"width": width, "height": 900})
    page = context.new_page()
    answer = page.goto(f"{extension.url}/templates/")
    assert answer
    assert answer.status == 401
    expect(page.get_by_role("heading", name="This page needs the Extension's password")).to_be_visible()
    expect(page.get_by_role("link", name="Try again")).to_have_attribute("href", "/templates/")
    page.emulate_media(reduced_motion="reduce")  # no colour between two
    assert axe.faults(page) == []
    page.emulate_media(color_scheme="dark")
    assert axe.weak_colours(page) == []
    context.close()


def test_a_program_without_the_password_gets_a_problem_document(extension: Running) -> None:
    answer = call(f"{extension.url}/templates/", headers={"Accept": "application/json"})
    assert (answer.status, answer.json["code"]) == (401, "not_authenticated")


def test_guessing_the_password_comes_to_an_end(start_extension: Start) -> None:
    extension = start_extension(EXTENSION_ADMIN_PASSWORD=PASSWORD)
    answers = [call(f"{extension.url}/templates/", headers=basic(f"guess {n}")).status for n in range(12)]
    assert answers == [401] * 10 + [429] * 2
    assert call(f"{extension.url}/templates/", headers=basic()).status == 429
