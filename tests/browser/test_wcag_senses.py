"""WCAG 2.2 AA by hand: by keyboard alone, in the system's high contrast, and without motion."""

from typing import Final

import pytest
from playwright.sync_api import Page, expect

from clickcollect.oms import states
from clickcollect.oms.models import Package
from tests import shop
from tests.browser.conftest import OpenWindow
from tests.browser.handover import steps
from tests.browser.test_instore_stories import expect_delivered

pytestmark = pytest.mark.django_db(transaction=True)

# In forced colours a background says nothing and a shadow is gone: an edge or an underline must be there.
BORDERLESS: Final = """
() => {
  const open = [...document.querySelectorAll('dialog:modal, #result.is-open')].at(-1) ?? document
  const edged = (one) => {
    const style = getComputedStyle(one)
    return (style.borderBlockEndStyle !== 'none' && parseFloat(style.borderBlockEndWidth) > 0)
      || (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0)
  }
  return [...open.querySelectorAll('button, .button, .input, dialog')]
    .filter((one) => one.checkVisibility() && one.getBoundingClientRect().width > 2 && !edged(one))
    .map((one) => one.outerHTML.slice(0, 90))
}"""
FOCUS_EDGE: Final = """
() => {
  const style = getComputedStyle(document.activeElement)
  return document.activeElement === document.body
    || style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2
}"""
SELECTED: Final = """
() => {
  const look = (one) => {
    const parts = [one, ...one.querySelectorAll('*')].flatMap((part) => ['', '::before', '::after'].map((pseudo) => {
      const style = getComputedStyle(part, pseudo)
      return [style.borderBlockEnd, style.outline, style.textDecorationLine, style.fontWeight, style.content].join()
    }))
    return parts.join(';')
  }
  return [...document.querySelectorAll('[aria-selected=true], [aria-current]:not([aria-current=false])')]
    .filter((one) => one.checkVisibility())
    .filter((one) => [...one.parentElement.children].some((other) =>
      other !== one && other.localName === one.localName && look(other) === look(one)))
    .map((one) => one.outerHTML.slice(0, 90))
}"""
MOVING: Final = """
() => {
  const second = (value) => parseFloat(value) * (value.endsWith('ms') ? 0.001 : 1)
  const seconds = (values) => Math.max(...values.split(', ').map(second))
  const slow = (one, pseudo) => {
    const style = getComputedStyle(one, pseudo)
    return seconds(style.transitionDuration) > 0.1
      || (style.animationName !== 'none' && seconds(style.animationDuration) > 0.1)
  }
  return [...new Set([...document.querySelectorAll('*')]
    .filter((one) => [null, '::before', '::after'].some((part) => slow(one, part)))
    .map((one) => `${one.localName}.${one.className?.baseVal ?? one.className}`))]
}"""


def tab_to(page: Page, words: str, *, most: int = 60) -> None:
    """Press Tab until what has the focus is called so."""
    name = """() => { const one = document.activeElement
      return (one.getAttribute('aria-label') ?? one.labels?.[0]?.innerText ?? one.innerText ?? '').trim() }"""
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate(name).split("\n")[0].startswith(words):
            return
    pytest.fail(f"Tab never reaches {words}")


def type_as_a_person(page: Page, words: str) -> None:
    """Where the cursor stands, once it does; not at once: that would be a scanner."""
    page.wait_for_function("document.activeElement.matches('input, textarea')")
    page.keyboard.type(words, delay=60)


def test_a_handover_by_keyboard_alone(window: OpenWindow) -> None:
    package = shop.make_package(states.PACKED)
    Package.objects.filter(pk=package.pk).update(shelf="B4", bags=1)
    shop.make_user("associate", package.stock_location, username="ayla")
    page = window().go()
    type_as_a_person(page, "ayla")
    tab_to(page, "Password")
    type_as_a_person(page, shop.PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_label("Search or scan")).to_be_focused()
    type_as_a_person(page, str(package.number))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=package.number)).to_be_visible()
    tab_to(page, "Ready for customer pickup")
    page.keyboard.press("Enter")
    expect(page.locator("#package .steps [aria-current=step]")).to_contain_text("Ready for Customer Pickup")
    tab_to(page, "Delivered")
    page.keyboard.press("Enter")
    expect(page.get_by_label("SMS verification code")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Delivered", exact=True)).to_be_focused()
    page.keyboard.press("Enter")
    type_as_a_person(page, shop.right_code(package))
    page.keyboard.press("Enter")
    expect_delivered(page)
    page.keyboard.press("Enter")  # Next customer has the focus
    expect(page.get_by_label("Search or scan")).to_be_focused()


def test_a_sign_off_by_keyboard_alone(window: OpenWindow) -> None:
    package = shop.make_package(states.READY)
    shop.make_manager(package.stock_location, first_name="Mehmet", last_name="Kaya")
    page = window(shop.make_user("associate", package.stock_location)).go(f"/instore/packages/{package.number}/")
    tab_to(page, "More")
    page.keyboard.press("Enter")
    tab_to(page, "Deliver without code")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Manager: Deliver without code")
    expect(dialog.get_by_label("What did the customer show?")).to_be_focused()
    page.keyboard.press("ArrowDown")
    tab_to(page, "Reason")
    type_as_a_person(page, "Phone lost")
    tab_to(page, "Manager")
    page.keyboard.press("ArrowDown")
    tab_to(page, "PIN or authenticator code")
    type_as_a_person(page, shop.PIN)
    tab_to(page, "Deliver without code")
    page.keyboard.press("Enter")
    expect_delivered(page)


def test_forced_colours_leave_edges_focus_and_choice_to_be_seen(window: OpenWindow) -> None:
    found: dict[str, list[str]] = {}
    for name, page in steps(window, forced_colors="active"):
        assert page.evaluate("matchMedia('(forced-colors: active)').matches")
        wrong = page.evaluate(BORDERLESS) + page.evaluate(SELECTED)
        if name != "more":  # a menu closes when the focus leaves it
            page.keyboard.press("Shift+Tab")
            wrong += [] if page.evaluate(FOCUS_EDGE) else ["no edge around the focus"]
        if wrong:
            found[name] = wrong
    assert found == {}
    page = window(forced_colors="active").go("/accounts/login/")
    page.evaluate("document.querySelector('.button').style.cssText = 'border: none; outline: none'")
    assert page.evaluate(BORDERLESS), "the control: a button without an edge is seen"


def test_who_wants_less_motion_gets_none(window: OpenWindow) -> None:
    moving = {name: found for name, page in steps(window) if (found := page.evaluate(MOVING))}
    assert moving == {}
    page = window(reduced_motion="no-preference").go("/accounts/login/")
    assert page.evaluate(MOVING), "the control: who does not ask for less sees things move"
