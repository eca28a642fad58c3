"""The Extension while its database is stopped, and while it hangs: 503 at every door that needs it, never 500."""

import json
import re
import signal
import time
import urllib.parse
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from clickcollect.runtime.postgres import EXTENSION, EXTENSION_DATABASE
from tests.extension.running import Answer, Running, call, event, running, signature
from tests.extension.test_editor import PASSWORD, basic
from tests.runtime.outages import Ground

pytestmark = [pytest.mark.slow, pytest.mark.alone, pytest.mark.timeout(300)]
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
ADDRESSES = (
    "/",
    "/events/",
    "/healthz",
    "/readyz",
    "/phone/",
    "/phone/live/",
    "/phone/messages.json",
    "/templates/",
    "/templates/preview/",
    "/nothing/",
    "/static/extension/extension.css",
)
BOUNDED_SECONDS = 12  # of one answer, on a busy machine
WORDING = {"language": "de", "kind": "ready", "store": "IST-77", "text": "Neu: {code}, {order}"}


@dataclass
class Away:
    """An Extension on a PostgreSQL of its own, which goes away as the test says."""

    ground: Ground
    extension: Running
    kind: str = ""
    took: list[float] = field(default_factory=list)

    def ask(self, method: str, address: str, headers: dict[str, str], body: bytes | None = None) -> Answer:
        began = time.monotonic()
        answer = call(f"{self.extension.url}{address}", method=method, body=body, headers=headers)
        self.took.append(time.monotonic() - began)
        return answer

    def event(self) -> tuple[bytes, str]:
        body = json.dumps(event()).encode()
        return body, signature(body)

    def form(self) -> tuple[dict[str, str], str]:
        """The headers of somebody who has the editor open, and its token."""
        page = call(f"{self.extension.url}/templates/", headers=basic())
        token = re.search(r'csrfmiddlewaretoken" value="(\w+)"', page.body.decode())
        assert token
        return basic() | {"Cookie": page.headers["set-cookie"].split(";")[0]}, token[1]


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Away]:
    ground = Ground()
    url = ground.server.url(role=EXTENSION, database=EXTENSION_DATABASE)
    log: Path = tmp_path_factory.mktemp("away") / "extension.log"
    try:
        with running(database_url=url, log=log, EXTENSION_ADMIN_PASSWORD=PASSWORD) as extension:
            yield Away(ground, extension)
    finally:
        ground.signal_all(signal.SIGCONT)
        ground.stop()


@pytest.fixture(params=["stopped", "hung"])
def away(one: Away, request: pytest.FixtureRequest) -> Iterator[Away]:
    """Everybody is answered again at the end, whatever the test has left behind."""
    one.kind = request.param
    one.took.clear()
    yield one
    one.ground.come_back()
    deadline = time.monotonic() + 60
    while call(f"{one.extension.url}/readyz").status != 200:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def walk(away: Away) -> dict[tuple[str, str], Answer]:
    """Every address by every method, by six at once."""
    doors = [(method, address) for address in ADDRESSES for method in METHODS]
    with ThreadPoolExecutor(6) as pool:
        answers = pool.map(lambda door: away.ask(door[0], door[1], basic()), doors)
        return dict(zip(doors, answers, strict=True))


def is_told(answer: Answer) -> bool:
    return answer.status == 503 and int(answer.headers.get("retry-after", "0")) > 0


def test_every_door_by_every_method_is_as_always_or_503(away: Away) -> None:
    """What needs no database is unaffected, above all the phone; the rest says when to come again."""
    always = walk(away)
    away.ground.leave(away.kind)
    assert is_told(away.ask("GET", "/templates/", basic()))
    answers = walk(away)
    wrong = {
        door: answer.status
        for door, answer in answers.items()
        if not is_told(answer) and (answer.status >= 500 or answer.status != always[door].status)
    }
    assert wrong == {}
    told = {address for (_method, address), answer in answers.items() if is_told(answer)}
    assert told == {"/events/", "/readyz", "/templates/", "/templates/preview/"}
    assert all(is_told(answers[method, "/templates/"]) for method in METHODS)
    phone = [door for door in answers if door[1].startswith(("/phone/", "/static/"))]
    assert all(answers[door].body == always[door].body for door in phone)
    assert max(away.took) < BOUNDED_SECONDS
    away.ground.come_back()


def test_whoever_comes_first_is_told_too_in_a_form_they_can_read(away: Away) -> None:
    """Nobody has found out yet that it is away: each of these asks the database itself."""
    headers, token = away.form()
    event, signed = away.event()
    saved, reset, seen = (
        urllib.parse.urlencode({"csrfmiddlewaretoken": token, "action": action, **WORDING}).encode()
        for action in ("save", "reset", "preview")
    )
    first: list[tuple[str, str, dict[str, str], bytes | None, bytes]] = [
        ("POST", "/events/", {"X-Whisperer-Signature": signed}, event, b'"code": "not_now"'),
        ("GET", "/templates/", headers, None, b'http-equiv="refresh"'),
        ("POST", "/templates/", headers, saved, b"data-again"),
        ("POST", "/templates/", headers, reset, b"data-again"),
        ("GET", "/readyz", {}, None, b'"status": "database"'),
        ("POST", "/templates/preview/", headers, seen, b'"code": "not_now"'),
    ]
    away.ground.leave(away.kind)
    with ThreadPoolExecutor(len(first)) as pool:
        answers = list(pool.map(lambda one: away.ask(*one[:4]), first))
    for (method, address, _headers, _body, words), answer in zip(first, answers, strict=True):
        # The preview of a wording needs no database: it goes on until somebody has found out.
        assert is_told(answer) or (address == "/templates/preview/" and answer.status == 200), (method, address)
        assert words in answer.body or answer.status == 200, (method, address, answer.body)
    assert max(away.took) < BOUNDED_SECONDS
    away.ground.come_back()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(
        viewport={"width": 820, "height": 1000},
        http_credentials={"username": "", "password": PASSWORD},
        reduced_motion="reduce",
    )
    context.set_default_timeout(60_000)
    yield context.new_page()
    context.close()


def test_a_wording_that_could_not_be_saved_is_sent_again_as_it_was_typed(away: Away, page: Page) -> None:
    url = f"{away.extension.url}/templates/?language=de&kind=ready&store=IST-77"
    page.goto(url)
    words = f"Getippt {away.kind}: {{code}}, {{order}}"
    page.get_by_role("textbox", name="Ready, with code").fill(words)
    away.ground.leave(away.kind)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("The database is not responding")
    expect(page.get_by_role("button", name="Send again")).to_be_visible()
    away.ground.come_back()
    while not page.get_by_text("Saved. The next message uses it.").is_visible():
        page.get_by_role("button", name="Send again").click()
        page.wait_for_load_state()
    expect(page.get_by_role("textbox", name="Ready, with code")).to_have_value(words)
    saved = away.extension.rows("SELECT text FROM extension_template WHERE store = 'IST-77'")
    assert saved == [(words,)]
