"""A scanner and a person at the keyboard, key by key, with the time of every key set to the millisecond.

The browser is told when each key went down and up, so a busy machine changes nothing in what it measures.
"""

import time
from collections.abc import Callable, Iterable
from typing import Any, Final

from playwright.sync_api import Page

from clickcollect.oms import search, states
from clickcollect.oms.models import Package
from tests import shop

SHIFT, CONTROL, ALT = 8, 2, 1
NAMED: Final = {
    "\n": {"key": "Enter", "code": "Enter", "text": "\r", "windowsVirtualKeyCode": 13},
    "\t": {"key": "Tab", "code": "Tab", "windowsVirtualKeyCode": 9},
    " ": {"key": " ", "code": "Space", "text": " ", "windowsVirtualKeyCode": 32},
    "-": {"key": "-", "code": "Minus", "text": "-", "windowsVirtualKeyCode": 189},
}
Key = dict[str, Any]


def key(char: str) -> Key:
    """The key of a character: newline is Enter, tabulator is Tab."""
    if char in NAMED:
        return NAMED[char]
    code = f"Digit{char}" if char.isascii() and char.isdigit() else f"Key{char.upper()}" if char.isascii() else ""
    number = ord(char.upper()) if char.isascii() and char.isalnum() else 0
    shift = SHIFT if char.isupper() else 0
    return {"key": char, "code": code, "text": char, "windowsVirtualKeyCode": number, "modifiers": shift}


def plain(name: str, code: str = "", **more: Any) -> Key:
    """A key that is no character."""
    return {"key": name, "code": name if code == "" else code, **more}


def keys(text: str) -> list[Key]:
    return [key(char) for char in text]


class Keyboard:
    """Presses keys in a page. ``at``: when the last key went down, in seconds since 1970."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.cdp = page.context.new_cdp_session(page)
        self.at = 0.0

    def scan(self, pressed: str | Iterable[Key], *, gap: float = 4) -> None:
        """Every key ``gap`` milliseconds after the one before, down and up; the first when all before it is over."""
        self.at = max(time.time(), self.at + 0.7) - gap / 1000
        self.go_on(pressed, gap=gap)

    def go_on(self, pressed: str | Iterable[Key], *, gap: float) -> None:
        """More keys, the first ``gap`` milliseconds after the last one."""
        for one in keys(pressed) if isinstance(pressed, str) else pressed:
            self.at += gap / 1000
            self.press(one, up_after=min(gap / 2, 60))

    def press(self, one: Key, *, up_after: float) -> None:
        self._wait(self.at)
        self._tell("keyDown" if one.get("text") else "rawKeyDown", one, self.at)
        self._wait(self.at + up_after / 1000)
        up = {name: value for name, value in one.items() if name != "text"}
        self._tell("keyUp", up, self.at + up_after / 1000)

    def meets_a_quiet_page(self) -> bool:
        """Whether the page began while its reader still keeps quiet after the last key.

        A key of before a page's beginning is dated with it: where a busy machine takes longer than that to change the
        page, what follows would be a person's.
        """
        began = self.page.evaluate("performance.timeOrigin") / 1000
        return bool(began < self.at + 0.4)

    def alt(self, alt: Key, digits: list[Key]) -> None:
        """A character by its number: Alt goes down, the digits of the number pad follow, Alt comes up."""
        self._tell("rawKeyDown", alt, self.at)
        for digit in digits:
            self.at += 0.002
            self.press(digit, up_after=1)
        self.at += 0.002
        self._tell("keyUp", {**alt, "modifiers": 0}, self.at)

    def hold(self, one: Key, *, repeats: int, then: Callable[[], None] = lambda: None) -> None:
        """A key that is held down: it goes down again and again, and up once. ``then``: what happens meanwhile."""
        for count in range(repeats):
            self.at = time.time()
            self._tell("keyDown", one | {"autoRepeat": count > 0}, self.at)
            then()
        self._tell("keyUp", {name: value for name, value in one.items() if name != "text"}, time.time())

    def _wait(self, moment: float) -> None:
        left = moment - time.time()
        if left > 0:
            time.sleep(left)

    def _tell(self, kind: str, one: Key, at: float) -> None:
        self.cdp.send("Input.dispatchKeyEvent", {"type": kind, "timestamp": at, **one})


def packed(**fields: Any) -> Package:
    """A package whose main button sends the customer's code; its label can be searched for."""
    package = shop.make_package(states.PACKED, **fields)
    search.update_index(package)
    return package


def posts_of(page: Page) -> list[str]:
    """What the page sends from now on that could change something."""
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    return sent
