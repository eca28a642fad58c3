"""A real chromium for the tests of what people see. Debian's own; nothing is downloaded.

A page that the strict Content-Security-Policy stops, or that fails in a script, fails its test.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, ViewportSize
from pytest_django.live_server_helper import LiveServer

from clickcollect.accounts.models import User
from tests.browser import axe

DESKTOP: ViewportSize = {"width": 1280, "height": 900}
PHONE: ViewportSize = {"width": 360, "height": 740}


class Window:
    """A browser window at the shop's address; it watches for everything that must not happen in a page."""

    def __init__(self, context: BrowserContext, base_url: str) -> None:
        self.context = context
        self.base_url = base_url
        self.page: Page = context.new_page()
        self.troubles: list[str] = []
        self.page.on("pageerror", lambda error: self.troubles.append(str(error)))
        self.page.on("console", self._listen)

    def _listen(self, message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text or "Refused to" in message.text:
            self.troubles.append(message.text)

    def sign_in(self, user: User) -> None:
        """Be signed in, without the walk through the form."""
        client = Client()
        client.force_login(user)
        cookie = client.cookies["sessionid"]
        self.context.add_cookies([{"name": "sessionid", "value": cookie.value, "url": self.base_url}])

    def speak(self, language: str) -> None:
        """Use another language."""
        self.context.add_cookies([{"name": "django_language", "value": language, "url": self.base_url}])

    def go(self, address: str = "/instore/") -> Page:
        self.page.goto(self.base_url + address)
        return self.page

    def axe(self) -> list[str]:
        """What axe finds, in a line each: everything in light, and what differs in dark, the colours."""
        found = axe.faults(self.page)
        light = self._background()
        self.turn(dark=True)
        assert self._background() != light, "the page is not dark"
        found += [f"dark: {trouble}" for trouble in axe.weak_colours(self.page)]
        self.turn(dark=False)
        return found

    def turn(self, *, dark: bool) -> None:
        """What the device prefers changes. OMS WEB, which has Alpine, looks at that only when it is loaded."""
        self.page.emulate_media(color_scheme="dark" if dark else "light")
        follow = "(dark) => window.Alpine && document.documentElement.classList.toggle('dark', dark)"
        self.page.evaluate(follow, dark)

    def _background(self) -> str:
        colours = "[document.documentElement, document.body].map((one) => getComputedStyle(one).backgroundColor)"
        return str(self.page.evaluate(colours))


OpenWindow = Callable[..., Window]


def at_size(window: OpenWindow, viewport: ViewportSize) -> OpenWindow:
    """Open every window at this size, where a test does not name another."""

    def open_window(user: User | None = None, **options: Any) -> Window:
        opened: Window = window(user, **{"viewport": viewport} | options)
        return opened

    return open_window


@pytest.fixture
def window(chromium: Browser, live_server: LiveServer) -> Iterator[OpenWindow]:
    """Open windows: `window()`, or `window(user, viewport=PHONE, color_scheme="dark")`."""
    opened: list[Window] = []

    def open_window(user: User | None = None, **options: Any) -> Window:
        context = chromium.new_context(**{"viewport": DESKTOP, "reduced_motion": "reduce"} | options)
        context.set_default_timeout(30_000)
        context.set_default_navigation_timeout(60_000)  # the first page of a busy machine takes its time
        made = Window(context, live_server.url)
        opened.append(made)
        if user:
            made.sign_in(user)
        return made

    yield open_window
    troubles = [trouble for made in opened for trouble in made.troubles]
    for made in opened:
        made.context.close()
    assert not troubles
