"""The whole page turns for a language that is written from right to left."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE, OpenWindow


@pytest.mark.django_db(transaction=True)
def test_the_language_is_chosen_on_the_sign_in_page_and_the_page_turns(window: OpenWindow) -> None:
    opened = window(viewport=PHONE)
    page = opened.go("/accounts/login/")
    page.get_by_role("button", name="العربيّة").click()
    expect(page.locator("html")).to_have_attribute("dir", "rtl")
    expect(page.get_by_role("button", name="تسجيل الدخول", exact=True)).to_be_visible()
    assert page.evaluate("getComputedStyle(document.body).direction") == "rtl"
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    page.get_by_role("button", name="Türkçe").click()
    expect(page.locator("html")).to_have_attribute("dir", "ltr")
    expect(page.get_by_role("button", name="Oturum aç", exact=True)).to_be_visible()
