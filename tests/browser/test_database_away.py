"""A person whose page meets a database that is away: nothing typed is lost, and nothing is done twice.

On real processes: the web is told by its own PostgreSQL, which is stopped while the page is open.
"""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from clickcollect.oms import states
from tests.runtime.outages import OutageShop, outage_shop
from tests.runtime.test_run import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.alone, pytest.mark.timeout(300)]
SIZES = (390, *(pytest.param(width, marks=pytest.mark.soak) for width in (820, 1280)))


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OutageShop]:
    with outage_shop(tmp_path_factory.mktemp("away")) as made:
        yield made


@pytest.fixture(autouse=True)
def back_at_the_end(shop: OutageShop) -> Iterator[None]:
    yield
    shop.ground.come_back()
    wait_until(lambda: shop.answers(shop.port, "/readyz"), seconds=60)


@pytest.fixture(params=SIZES)
def context(chromium: Browser, request: pytest.FixtureRequest) -> Iterator[BrowserContext]:
    made = chromium.new_context(viewport={"width": request.param, "height": 900}, reduced_motion="reduce")
    made.set_default_timeout(60_000)
    yield made
    made.close()


def sign_in(context: BrowserContext, shop: OutageShop, user: str, address: str) -> Page:
    """Signed in by the form, and at this address."""
    page = fill_in(context, shop, user)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(lambda url: "/accounts/login/" not in url)
    page.goto(f"http://127.0.0.1:{shop.port}{address}")
    return page


def fill_in(context: BrowserContext, shop: OutageShop, user: str) -> Page:
    page = context.new_page()
    page.goto(f"http://127.0.0.1:{shop.port}/accounts/login/")
    page.locator("[name=login]").fill(user)
    page.locator("[name=password]").fill("demo-pickup")
    return page


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def ready_package(shop: OutageShop) -> tuple[str, str, int]:
    """Number, code and id."""
    package, phone = shop.packed_package()
    assert shop.run_command(package, "ready-for-customer-pickup")[0] == 204
    number = str(shop.api("operator", "GET", f"/api/v1/oms/packages/{package}/")[1]["number"])
    return number, shop.code(phone), package


def deliveries(shop: OutageShop, package: int) -> int:
    counted = "SELECT count(*) FROM oms_commandlog WHERE package_id = %s AND kind = 'move' AND new_state = %s"
    return int(str(shop.ground.value(counted, package, states.DELIVERED)))


def test_a_page_loads_itself_again_and_goes_on(shop: OutageShop, context: BrowserContext) -> None:
    page = sign_in(context, shop, "associate", "/instore/")
    shop.ground.leave("stopped")
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("The database is not responding")
    assert fits(page)
    shop.ground.come_back()
    expect(page.locator("#lists")).to_be_visible()


def test_a_form_is_sent_again_and_its_work_is_done_once(shop: OutageShop, context: BrowserContext) -> None:
    """The sign-in, which makes a session: pressed three times, the third when the database is back."""
    page = fill_in(context, shop, "associate")
    counted = "SELECT count(*) FROM accounts_browsersession"
    before = int(str(shop.ground.value(counted)))
    shop.ground.leave("stopped")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("The database is not responding")
    assert fits(page)
    again = page.get_by_role("button", name="Send again")
    with page.expect_response(lambda answer: answer.request.method == "POST") as second:
        again.click()
    assert second.value.status == 503
    # Known without asking by now, unless another process answers, which has to find out for itself.
    expect(page.get_by_text(re.compile("Nothing was changed|We can't tell whether this was saved"))).to_be_visible()
    shop.ground.come_back()
    again.click()
    page.wait_for_url("**/instore/**")
    expect(page.locator("#lists")).to_be_visible()
    assert int(str(shop.ground.value(counted))) == before + 1


def test_instore_s_dialog_stays_with_its_code_and_hands_over_once(shop: OutageShop, context: BrowserContext) -> None:
    number, code, package = ready_package(shop)
    page = sign_in(context, shop, "associate", f"/instore/packages/{number}/")
    page.locator("#main-button").click()
    dialog = page.get_by_role("dialog")
    dialog.locator(".code").fill(code)
    shop.ground.leave("stopped")
    press = dialog.locator("button[type=submit]")
    press.click()
    expect(dialog.locator(".dialog-message")).to_contain_text("Your entry is still here.")
    expect(dialog.locator(".code")).to_have_value(code)
    assert fits(page)
    shop.ground.come_back()
    press.click()
    expect(page.locator("#result-status")).to_contain_text("Package delivered")
    assert deliveries(shop, package) == 1


def test_oms_web_s_dialog_stays_with_its_code_and_hands_over_once(shop: OutageShop, context: BrowserContext) -> None:
    number, code, package = ready_package(shop)
    page = sign_in(context, shop, "admin", f"/oms/packages/{package}/")
    expect(page.get_by_text(number).first).to_be_visible()
    page.locator("a.ow-button-main[role=button]").first.click()
    dialog = page.get_by_role("dialog")
    dialog.locator(".ow-code").fill(code)
    shop.ground.leave("stopped")
    press = dialog.locator("button[type=submit]")
    press.click()
    expect(dialog.get_by_role("alert")).to_contain_text("The database is not responding at the moment.")
    expect(dialog.locator(".ow-code")).to_have_value(code)
    assert fits(page)
    shop.ground.come_back()
    press.click()
    wait_until(lambda: deliveries(shop, package) == 1, seconds=30)
    expect(dialog).to_be_hidden()
    assert deliveries(shop, package) == 1
