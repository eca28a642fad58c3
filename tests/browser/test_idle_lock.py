"""A device that nobody touches locks itself on the screen too, in Instore and in OMS WEB, and leads back."""

import pytest
from playwright.sync_api import Dialog, Page, Request, expect

from clickcollect.oms import states
from clickcollect.oms.models import Package
from tests import shop
from tests.browser.conftest import OpenWindow
from tests.browser.test_instore_kept import lock_by_itself, sign_in

pytestmark = pytest.mark.django_db(transaction=True)
DOORS = pytest.mark.parametrize("door", ["instore", "omsweb"])


def opened_at(window: OpenWindow, door: str, package: Package) -> tuple[Page, str]:
    """A page of that door whose clock the test moves, and its address."""
    is_office = door == "omsweb"
    user = shop.make_user("operator" if is_office else "associate", package.stock_location, username="ayla")
    address = f"/oms/packages/?q={package.number}" if is_office else f"/instore/packages/{package.number}/?from=packed"
    opened = window(user)
    opened.context.clock.install()
    return opened.go(address), address


def path_of(page: Page) -> str:
    return str(page.evaluate("location.pathname + location.search"))


def wait_out(page: Page, minutes: int) -> None:
    """Time passes in all of the browser, and timers that are due have run."""
    page.context.clock.fast_forward(f"{minutes:02}:00")
    page.context.clock.run_for(6_000)


@DOORS
def test_the_lock_says_why_ends_the_session_and_leads_back_to_the_page(window: OpenWindow, door: str) -> None:
    package = shop.make_package(states.PACKED)
    page, address = opened_at(window, door, package)
    lock_by_itself(page)
    expect(page.get_by_role("status")).to_contain_text("Locked after inactivity.")
    expect(page.get_by_text(str(package.number))).to_have_count(0)
    answer = page.request.get(page.url.split("/accounts/")[0] + address, max_redirects=0)
    assert answer.status == 302, "the session has ended on the server too"
    sign_in(page, "ayla")
    expect(page.get_by_text(str(package.number)).first).to_be_visible()
    assert path_of(page) == address


def test_the_answer_to_a_form_locks_without_a_question(window: OpenWindow) -> None:
    package = shop.make_package(states.PACKED)
    page, _address = opened_at(window, "omsweb", package)
    asked: list[str] = []

    def refuse(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", refuse)
    page.goto(page.url.split("/oms/")[0] + "/oms/password/")
    page.get_by_label("Old password").fill("not it")
    page.evaluate("document.querySelector('#content form, main form').noValidate = true")
    page.get_by_label("Old password").press("Enter")
    expect(page.get_by_text("This field is required").first).to_be_visible()
    posts: list[str] = []

    def note(request: Request) -> None:
        if request.method == "POST":
            posts.append(request.url)

    page.on("request", note)
    lock_by_itself(page)
    expect(page.get_by_role("status")).to_contain_text("Locked after inactivity.")
    assert not asked
    assert [url for url in posts if url.endswith("/oms/password/")] == [], "the form is not sent once more"


@DOORS
@pytest.mark.parametrize("is_touched", [True, False])
def test_work_in_one_tab_keeps_the_others_open(window: OpenWindow, door: str, *, is_touched: bool) -> None:
    package = shop.make_package(states.PACKED)
    page, address = opened_at(window, door, package)
    other = page.context.new_page()
    other.goto(page.url)
    wait_out(page, 4)
    if is_touched:
        other.locator("body").press("Shift")
    wait_out(page, 2)
    if is_touched:
        expect(other.get_by_text(str(package.number)).first).to_be_visible()
        assert path_of(page) == path_of(other) == address
        wait_out(page, 6)
    expect(page.get_by_role("status")).to_contain_text("Locked after inactivity.")
