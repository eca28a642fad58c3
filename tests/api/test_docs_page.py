"""The docs page works in a real browser under its strict policy, and anybody may read it."""

import html
import json
import re
import shlex
from collections.abc import Iterator

import pytest
from django.test import Client
from playwright.sync_api import Browser, Page

from clickcollect.accounts.models import Channel
from clickcollect.accounts.tokens import create_token
from clickcollect.api.app import api
from clickcollect.api.openapi import all_errors
from clickcollect.api.reference import Description, Operation, prose
from clickcollect.omnitron.models import Order
from clickcollect.oms.access import RIGHTS
from clickcollect.oms.events.types import EVENTS
from tests import shop
from tests.browser import axe

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    opened = chromium.new_page()
    yield opened
    opened.close()


def test_docs_and_description_need_no_sign_in() -> None:
    client = Client()
    assert client.get("/api/docs").status_code == 200
    assert client.get("/api/openapi.json").json()["openapi"] == "3.1.0"


def test_the_policy_of_the_docs_page_is_strict() -> None:
    policy = Client().get("/api/docs")["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy


def test_every_error_has_its_place_on_the_page() -> None:
    page = Client().get("/api/docs").content.decode()
    for code in all_errors():
        assert f'id="error-{code}"' in page


def reference() -> Description:
    return Description(json.loads(json.dumps(api.get_openapi_schema(), default=str)))


def operations() -> list[Operation]:
    return [operation for tag in reference().tags() for operation in tag["operations"]]


def test_every_operation_stands_once_with_both_samples() -> None:
    found = operations()
    described = {
        (method.upper(), path) for path, methods in reference().document["paths"].items() for method in methods
    }
    assert len(found) == len(described)
    assert {(operation.method, operation.path) for operation in found} == described
    page = html.unescape(Client().get("/api/docs").content.decode())
    for operation in found:
        assert operation.curl in page
        assert operation.python in page
        compile(operation.python, operation.slug, "exec")
        assert shlex.split(operation.curl.replace("\\\n", " "))[0] == "curl"
    assert len({operation.slug for operation in found}) == len(found)


def test_every_link_on_the_page_leads_somewhere_on_it() -> None:
    page = Client().get("/api/docs").content.decode()
    targets = set(re.findall(r'id="([^"]+)"', page))
    assert set(re.findall(r'href="#([^"]+)"', page)) <= targets


def test_every_event_type_is_there() -> None:
    page = Client().get("/api/docs").content.decode()
    for event in EVENTS.values():
        assert f"<code>{event.type}</code>" in page
        assert event.__name__ in page


def test_words_of_ours_are_no_markup() -> None:
    assert "<script>" not in prose("a <script>alert(1)</script> b")


@pytest.mark.django_db(transaction=True)
def test_samples_do_what_they_say(live_server: object) -> None:
    """As a reader would run them: copied, with a key of their own."""
    shop.make_store("IST-01")
    key = create_token(user=shop.make_user("admin"), name="docs", scopes=[*RIGHTS], channel=Channel.OMS_WEB).key
    ran = []
    for operation in operations():
        reads = operation.method == "GET" and "{" not in operation.path
        if reads or operation.slug == "post-api-v1-omnitron-orders":
            program = operation.python.replace(reference().server, str(live_server)).replace("YOUR_KEY", key)
            exec(compile(program, operation.slug, "exec"), {"__name__": operation.slug})
            ran.append(operation.slug)
    assert len(ran) > 10
    assert Order.objects.filter(number="WEB-100001").exists()


@pytest.mark.django_db(transaction=True)
def test_the_page_is_readable_by_everybody(live_server: object, page: Page) -> None:
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.goto(f"{live_server}/api/docs")
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    for width in (360, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), width
        page.emulate_media(color_scheme="light")
        assert axe.faults(page) == [], width
        page.emulate_media(color_scheme="dark")
        assert axe.weak_colours(page) == [], width
    assert complaints == []
