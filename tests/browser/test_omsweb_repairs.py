"""Orders to repair in a real browser: an operator repairs one, and the next of its kind goes straight through."""

from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import expect

from clickcollect.accounts.models import Channel, Role
from clickcollect.accounts.tokens import create_token
from clickcollect.omnitron.models import Order
from clickcollect.oms.repair_models import OrderToRepair
from tests import shop
from tests.browser.conftest import DESKTOP, PHONE, OpenWindow
from tests.oms.orders.connectors.payloads import channel_order

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
GALATA = {"address_type": "retail_store", "retail_store": "Galata - Pickup"}


def key() -> str:
    user = shop.make_user(Role.OPERATOR)
    return create_token(user=user, name="shop", channel=Channel.OMS_WEB, scopes=("orders:write",)).key


def shop_sends(token: str, number: str, **fields: Any) -> str:
    """A channel's order for a location that nobody knows; what the shop is told became of it."""
    answer = Client().post(
        "/api/v1/channel/5/create_orders/",
        channel_order(GALATA, number=number, **fields),
        content_type="application/json",
        headers={"Authorization": f"Token {token}"},
    )
    assert 200 <= answer.status_code < 300
    return str(answer.json()["status"])


def test_an_operator_teaches_a_location_and_the_next_order_goes_straight_through(window: OpenWindow) -> None:
    shop.make_store("IST-01", name="Galata")
    shop.make_store("IST-02", name="Moda")
    token = key()
    assert shop_sends(token, "7781", customer={"first_name": "Elif", "phone_number": "12"}) == "to_repair"
    opened = window(shop.make_user(Role.OPERATOR))
    page = opened.go("/oms/")
    page.get_by_role("link", name="Orders to repair").last.click()
    row = page.get_by_role("row").filter(has_text="7781")
    expect(row).to_contain_text("No store has this code.")
    row.get_by_role("link", name="7781").click()
    expect(page.get_by_text("2 fields need a correction.")).to_be_visible()
    expect(page.get_by_text("The shop calls it “Galata - Pickup”.")).to_be_visible()
    assert not opened.axe()
    page.get_by_label("Store", exact=True).select_option("IST-01")
    page.get_by_label("Remember this").check()
    page.get_by_role("button", name="Resubmit").click()
    expect(page.get_by_role("alert")).to_contain_text("1 field needs a correction.")
    expect(page.get_by_label("Store", exact=True)).to_have_value("IST-01")
    expect(page.get_by_label("Remember this")).to_be_checked()
    expect(page.get_by_label("Phone number")).to_be_focused()
    page.get_by_label("Phone number").fill("0532 000 01 01")
    page.get_by_role("button", name="Resubmit").click()
    expect(page.get_by_role("status")).to_contain_text("Order 7781 was resubmitted and placed.")
    expect(page.get_by_text("Nothing to repair.")).to_be_visible()
    assert Order.objects.get().retail_store == shop.make_store("IST-01")
    assert shop_sends(token, "7782") == "created"
    page.get_by_role("link", name="Learned locations").click()
    page.get_by_role("button", name="Remove Galata - Pickup").click()
    expect(page.get_by_role("status")).to_contain_text("The rule was removed.")
    assert shop_sends(token, "7783") == "to_repair"


def test_one_is_discarded_with_a_reason(window: OpenWindow) -> None:
    assert shop_sends(key(), "7781") == "to_repair"
    row = OrderToRepair.objects.get()
    page = window(shop.make_user(Role.OPERATOR)).go(f"/oms/repairs/{row.pk}/")
    page.get_by_text("Discard", exact=True).click()
    page.get_by_role("button", name="Discard order").click()
    expect(page.get_by_role("alert")).to_contain_text("Enter why this order is not wanted.")
    page.get_by_text("Discard", exact=True).click()
    page.get_by_label("Reason").fill("A test of the <b>shop</b>")
    page.get_by_role("button", name="Discard order").click()
    expect(page.get_by_role("status")).to_contain_text("The order was discarded.")
    page.get_by_role("tab", name="Discarded 1").click()
    page.get_by_role("link", name="7781").click()
    expect(page.get_by_text("A test of the <b>shop</b>")).to_be_visible()


def test_axe_finds_nothing_and_no_page_is_wider_than_a_phone(window: OpenWindow) -> None:
    shop.make_store("IST-01")
    token = key()
    for number in ("1", "2"):
        shop_sends(token, number, customer={"first_name": "Elif", "phone_number": "12"}, amount="free")
    waiting, ended = OrderToRepair.objects.order_by("pk")
    operator = shop.make_user(Role.OPERATOR)
    client = Client()
    client.force_login(operator)
    client.post(f"/oms/repairs/{ended.pk}/discard/", {"reason": "A test"})
    opened = window(operator)
    found, wide = {}, []
    for address in ("/oms/repairs/", f"/oms/repairs/{waiting.pk}/", f"/oms/repairs/{ended.pk}/", "/oms/locations/"):
        page = opened.go(address)
        page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true })")
        if troubles := opened.axe():
            found[address] = troubles
        page.set_viewport_size(PHONE)
        if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            wide.append(address)
        page.set_viewport_size(DESKTOP)
    assert (found, wide) == ({}, [])
