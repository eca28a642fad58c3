"""WCAG 2.2 AA where no program looks by itself: every screen of the handover, measured."""

import pytest
from playwright.sync_api import ViewportSize

from tests.browser import measured
from tests.browser.conftest import DESKTOP, OpenWindow
from tests.browser.handover import steps

pytestmark = pytest.mark.django_db(transaction=True)
PHONE: ViewportSize = {"width": 390, "height": 700}
SMALLEST: ViewportSize = {"width": 320, "height": 640}
TINY_TWINS = """
for (const left of [100, 112]) {
  const one = document.createElement('button')
  const size = 'width: 10px; height: 10px; padding: 0; min-inline-size: 0; min-block-size: 0'
  one.style.cssText = `position: fixed; top: 100px; left: ${left}px; ${size}`
  document.body.append(one)
}"""
CURTAIN = """
const one = document.createElement('div')
one.style.cssText = 'position: fixed; inset: 0; z-index: 99999; background: red'
document.body.append(one)"""
CUT_WORDS = """
const one = document.createElement('p')
one.style.cssText = 'overflow: hidden; width: 20px; white-space: nowrap'
one.textContent = 'Words that do not fit'
document.querySelector('main').append(one)"""
OVER_OTHERS = """
const one = document.createElement('p')
one.style.cssText = 'margin-block-start: -3em; font-size: 2em'
one.textContent = 'Words over other words'
document.querySelector('main h1').after(one)"""


@pytest.mark.parametrize("viewport", [PHONE, DESKTOP], ids=["390", "1280"])
def test_targets_have_24_px_or_the_room_around_them(window: OpenWindow, viewport: ViewportSize) -> None:
    found = {}
    for name, page in steps(window, viewport=viewport, has_touch=viewport is PHONE):
        if small := measured.small_targets(page):
            found[name] = small
    assert found == {}
    page = window().go("/accounts/login/")
    page.evaluate(TINY_TWINS)
    assert len(measured.small_targets(page)) == 2, "the control: two tiny buttons side by side are seen"


@pytest.mark.parametrize("viewport", [SMALLEST, DESKTOP], ids=["320", "1280"])
def test_what_has_the_focus_is_never_covered(window: OpenWindow, viewport: ViewportSize) -> None:
    found = {}
    for name, page in steps(window, viewport=viewport):
        if name != "more" and (covered := measured.covered_focus(page)):  # a menu closes when the focus leaves it
            found[name] = covered
    assert found == {}
    page = window().go("/accounts/login/")
    page.evaluate(CURTAIN)
    assert measured.covered_focus(page, most=3), "the control: what lies under a curtain is seen"


@pytest.mark.parametrize("viewport", [PHONE, DESKTOP], ids=["390", "1280"])
def test_text_of_twice_the_size_is_neither_cut_nor_over_other_text(window: OpenWindow, viewport: ViewportSize) -> None:
    found = {}
    for name, page in steps(window, viewport=viewport):
        measured.double_text(page)
        if lost := measured.lost_text(page) + measured.too_wide(page):
            found[name] = lost
        measured.normal_text(page)
    assert found == {}
    control_of_lost_text(window)


@pytest.mark.parametrize("viewport", [PHONE, DESKTOP], ids=["390", "1280"])
def test_wider_spacing_of_text_loses_nothing(window: OpenWindow, viewport: ViewportSize) -> None:
    found = {}
    for name, page in steps(window, viewport=viewport):
        if name in ("sign in", "packages", "package", "refused"):  # the sheet stays for the dialogs of its page
            measured.space_text(page)
        if lost := measured.lost_text(page) + measured.too_wide(page):
            found[name] = lost
    assert found == {}


def control_of_lost_text(window: OpenWindow) -> None:
    for script, kind in ((CUT_WORDS, "cut"), (OVER_OTHERS, "overlap")):
        page = window().go("/accounts/login/")
        assert measured.lost_text(page) == []
        page.evaluate(script)
        assert any(line.startswith(kind) for line in measured.lost_text(page)), f"the control: {kind}"


def test_a_screen_of_320_px_is_never_scrolled_to_the_side(window: OpenWindow) -> None:
    found = {}
    for name, page in steps(window, viewport=SMALLEST):
        boxes = "[...document.querySelectorAll('dialog[open], #result.is-open')]"
        inside = f"{boxes}.some((one) => one.scrollWidth > one.clientWidth)"
        if measured.too_wide(page) or page.evaluate(inside):
            found[name] = measured.too_wide(page) or ["a dialog"]
    assert found == {}
