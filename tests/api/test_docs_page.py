"""The docs page works in a real browser under its strict policy, and anybody may read it."""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.test import Client
from playwright.sync_api import Browser, Page

from clickcollect.api.openapi import all_errors

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


@pytest.mark.django_db(transaction=True)
def test_the_docs_page_shows_every_operation_without_breaking_the_policy(live_server: object, page: Page) -> None:
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{live_server}/api/docs")
    page.wait_for_selector(".opblock")
    operations = page.request.get(f"{live_server}/api/openapi.json").json()["paths"]
    assert page.locator(".opblock").count() == sum(len(methods) for methods in operations.values())
    page.locator(".opblock-summary-control").first.click()
    page.wait_for_selector(".opblock-body")
    assert complaints == []
    own = Axe().run(page, context="section.errors")
    assert own.violations_count == 0, own.generate_report()
