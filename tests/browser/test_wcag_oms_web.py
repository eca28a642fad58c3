"""WCAG 2.2 AA by hand for the main pages of OMS WEB: focus, spacing, high contrast, less motion, keys."""

from typing import Final

import pytest
from playwright.sync_api import ViewportSize, expect

from clickcollect.oms import states
from tests import shop
from tests.browser import measured
from tests.browser.conftest import DESKTOP, OpenWindow
from tests.browser.test_omsweb import dialog_of, hand_over_without_code
from tests.browser.test_wcag_senses import BORDERLESS, FOCUS_EDGE, MOVING, tab_to, type_as_a_person

pytestmark = pytest.mark.django_db(transaction=True)
SMALLEST: ViewportSize = {"width": 320, "height": 640}
MAIN: Final = ("/oms/", "/oms/packages/", "/oms/packages/1/", "/oms/orders/1/", "/oms/orders/add/", "/oms/reviews/")


def busy_shop() -> None:
    shop.make_package(states.READY)
    hand_over_without_code()


@pytest.mark.parametrize("viewport", [SMALLEST, DESKTOP], ids=["320", "1280"])
def test_what_has_the_focus_is_never_covered(window: OpenWindow, viewport: ViewportSize) -> None:
    busy_shop()
    opened = window(shop.make_user("operator"), viewport=viewport)
    found = {one: wrong for one in MAIN if (wrong := measured.covered_focus(opened.go(one)))}
    assert found == {}


def test_wider_spacing_of_text_loses_nothing(window: OpenWindow) -> None:
    busy_shop()
    opened = window(shop.make_user("operator"))
    found = {}
    for address in MAIN:
        page = opened.go(address)
        measured.space_text(page)
        if lost := measured.lost_text(page) + measured.too_wide(page):
            found[address] = lost
    assert found == {}


def test_forced_colours_leave_edges_and_focus_to_be_seen(window: OpenWindow) -> None:
    busy_shop()
    opened = window(shop.make_user("operator"), forced_colors="active")
    found = {}
    for address in MAIN:
        page = opened.go(address)
        edgeless = BORDERLESS.replace(
            ".button, .input", ".ow-button, input:not([type=hidden], [type=checkbox], [type=radio])"
        )
        wrong = page.evaluate(edgeless)
        for _ in range(3):
            page.keyboard.press("Tab")
            wrong += [] if page.evaluate(FOCUS_EDGE) else ["no edge around the focus"]
        if wrong:
            found[address] = wrong
    assert found == {}


def test_who_wants_less_motion_gets_none(window: OpenWindow) -> None:
    busy_shop()
    opened = window(shop.make_user("operator"))
    assert {one: moving for one in MAIN if (moving := opened.go(one).evaluate(MOVING))} == {}


def test_a_handover_by_keyboard_alone(window: OpenWindow) -> None:
    package = shop.make_package(states.READY)
    page = window(shop.make_user("operator")).go(f"/oms/packages/{package.pk}/")
    tab_to(page, "Delivered")
    page.keyboard.press("Enter")
    expect(dialog_of(page).get_by_label("SMS verification code")).to_be_focused()
    type_as_a_person(page, shop.right_code(package))
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Package delivered")
