"""The webhook form of OMS WEB in a real browser: fields in place of JSON, and several event types at once."""

import pytest
from playwright.sync_api import expect

from clickcollect.whisperer.custom_headers import unseal_headers
from clickcollect.whisperer.models import Hook
from tests import shop
from tests.browser.conftest import OpenWindow

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("width", [360, 820, 1280])
def test_one_receiver_is_set_up_for_several_types_at_once(window: OpenWindow, width: int) -> None:
    opened = window(shop.make_user("admin"), viewport={"width": width, "height": 800})
    page = opened.go("/oms/hooks/add/")
    for name in ("order.created", "package.created"):
        page.get_by_label(name, exact=True).check()
    page.get_by_label("Target URL").fill("http://127.0.0.1:9/events/")
    page.get_by_label("Secret").fill("a-secret-to-keep")
    expect(page.get_by_label("Seconds between attempts")).to_be_hidden()
    page.get_by_label("Wait between attempts").select_option("linear")
    expect(page.get_by_label("Seconds between attempts")).to_be_hidden()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_label("Base, in seconds")).to_have_attribute("aria-invalid", "true")
    page.get_by_label("Base, in seconds").fill("30")
    page.get_by_label("Secret").fill("a-secret-to-keep")
    page.get_by_role("button", name="Add a header").click()
    expect(page.get_by_label("Header name")).to_be_focused()
    page.keyboard.type("X-Shop")
    page.get_by_label("Header value").fill("berlin")
    page.get_by_role("button", name="Add a header").click()
    assert not page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    if width == 1280:
        assert not opened.axe()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_contain_text("2 webhooks were created.")
    made = list(Hook.objects.order_by("event_type"))
    assert [hook.event_type for hook in made] == ["order.created", "package.created"]
    assert [hook.retry_countdown_config for hook in made] == [{"choice": "linear", "kwargs": {"base": 30}}] * 2
    assert [unseal_headers(hook) for hook in made] == [{"X-Shop": "berlin"}] * 2


def test_a_header_is_taken_away(window: OpenWindow) -> None:
    page = window(shop.make_user("admin")).go("/oms/hooks/add/")
    page.get_by_label("package.created", exact=True).check()
    page.get_by_label("Target URL").fill("http://127.0.0.1:9/")
    page.get_by_label("Secret").fill("a-secret-to-keep")
    for name in ("X-One", "X-Two"):
        page.get_by_role("button", name="Add a header").click()
        expect(page.get_by_label("Header name").last).to_be_focused()
        page.keyboard.type(name)
    page.get_by_role("button", name="Save").click()
    page.get_by_role("link", name="package.created").click()
    page.get_by_role("button", name="Remove this header").first.click()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_contain_text("The webhook was saved.")
    assert list(unseal_headers(Hook.objects.get())) == ["X-Two"]
