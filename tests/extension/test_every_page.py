"""Every page of the Extension by every measure that the shop's pages are held to (tests/browser/test_every_page.py).

The addresses come from the Extension's own list; what is no page says so by its answer.
"""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser

import extension as program
from tests.browser.conftest import DESKTOP, Window
from tests.browser.test_every_page import faults
from tests.extension.running import Running, call, event
from tests.extension.test_editor import PASSWORD, basic

ROUTES = Path(program.__file__).with_name("urls.py")


def addresses(extension: Running) -> list[str]:
    """The addresses that answer with a whole page, and one that leads nowhere."""
    routes = ["/" + route for route in re.findall(r'^    path\("([^"]*)"', ROUTES.read_text(), flags=re.MULTILINE)]
    assert len(routes) > 6
    answers = {route: call(extension.url + route, headers=basic()) for route in [*routes, "/nowhere/"]}
    return [route for route, answer in answers.items() if b"<html" in answer.body]


@pytest.mark.slow
def test_every_page_of_the_extension(extension: Running, chromium: Browser) -> None:
    extension.post(event())
    found = addresses(extension)
    assert {"/phone/", "/templates/", "/nowhere/"} <= set(found)
    context = chromium.new_context(
        viewport=DESKTOP,
        reduced_motion="reduce",
        http_credentials={"username": "anybody", "password": PASSWORD},
    )
    opened = Window(context, extension.url)
    wrong = faults(opened, [route for route in found if route != "/"])  # leads to the phone
    context.close()
    assert (wrong, opened.troubles) == ({}, [])


def test_what_leads_nowhere_is_a_page_for_people_and_a_problem_for_programs(extension: Running) -> None:
    page = call(f"{extension.url}/nowhere/")
    assert (page.status, b"Page not found" in page.body) == (404, True)
    program_asks = call(f"{extension.url}/events/nowhere/")
    assert (program_asks.status, program_asks.json["code"]) == (404, "not_found")
