"""One real chromium for a whole session, and browser tests at its end.

Playwright's loop occupies the test's thread as long as it runs: what runs a loop of its own must come before.
"""

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

# Playwright's loop runs in the test's thread, and Django takes that for asynchronous code.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

expect.set_options(timeout=30_000)  # how busy the machine is is no fault of a page
QUIET = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")  # the first needs half the time
FIXTURES = ("chromium", "window")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Debian's chromium where it is found, without its frame if possible; else the one that Playwright has loaded."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=QUIET)
        yield browser
        browser.close()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs the browser, and let it run last."""
    for item in items:
        if not set(FIXTURES).isdisjoint(getattr(item, "fixturenames", ())):  # an overridden fixture hides its own
            item.add_marker(pytest.mark.browser)
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)
