"""The handover on screen, step by step, for whoever wants to look at each: sign-in, list, package, dialogs, results."""

from collections.abc import Iterator

from playwright.sync_api import Page, expect

from clickcollect.oms import states
from clickcollect.oms.models import Package
from tests import shop
from tests.browser.conftest import OpenWindow


def busy_store() -> Package:
    """A store with a package in each state; the ready one, which is told, lies on a shelf, and a manager has a PIN."""
    for state in states.NAMES:
        if state != states.READY:
            shop.make_package(state, due_at=shop.PAST)
    order = shop.make_order(first_name="Hubert", last_name="Wolfeschlegelsteinhausenbergerdorff")
    ready = shop.make_package(states.READY, order=order)
    Package.objects.filter(pk=ready.pk).update(shelf="B4", bags=2, message_state="failed", message_reason="No number")
    shop.make_package(states.READY, order=shop.make_order(first_name="Ayşe", last_name="Yılmaz"))
    shop.make_manager(ready.stock_location, first_name="Mehmet", last_name="Kaya")
    return shop.reread(ready)


def steps(window: OpenWindow, **options: object) -> Iterator[tuple[str, Page]]:
    """Each screen of a handover when it is there; the window is left as it is."""
    package = busy_store()
    opened = window(**options)
    yield "sign in", opened.go("/accounts/login/")
    opened.sign_in(shop.make_user("associate", package.stock_location))
    yield "packages", opened.go("/instore/")
    page = opened.go(f"/instore/packages/{package.number}/")
    yield "package", page
    page.locator("#more-button").click()
    yield "more", page
    page.get_by_role("button", name="Deliver without code").click()
    expect(page.get_by_role("dialog", name="Manager: Deliver without code")).to_be_visible()
    yield "sign-off", page
    page.keyboard.press("Escape")
    page.locator("#main-button").click()
    yield "code", page
    page.locator("dialog[open] .code").fill(shop.wrong_code(package))
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_be_visible()
    yield "wrong code", page
    page.locator("dialog[open] .code").fill(shop.right_code(package))
    page.keyboard.press("Enter")
    expect(page.locator("#result.is-open")).to_be_visible()
    yield "delivered", page
    locked = shop.make_package(states.READY)
    page = opened.go(f"/instore/packages/{locked.number}/")
    page.locator("#main-button").click()
    Package.objects.filter(pk=locked.pk).update(issue_attempts=5, total_attempts=5)
    page.locator("dialog[open] .code").fill(shop.right_code(locked))
    page.keyboard.press("Enter")
    expect(page.locator("#result.is-open")).to_be_visible()
    yield "refused", page
