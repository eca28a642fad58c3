"""What OMS WEB sends: compressed pages, one small icon font, and a first visit that a phone on a bad line survives."""

import gzip
import re
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.test import Client
from playwright.sync_api import Request

from clickcollect import omsweb
from clickcollect.accounts.models import Role
from tests import shop
from tests.browser.conftest import OpenWindow

pytestmark = pytest.mark.django_db(transaction=True)
MOST_OF_A_FIRST_VISIT = 300_000  # bytes
PAGES = Path(str(omsweb.__file__)).parent
ICON = re.compile(r'{% icon "([a-z0-9_]+)" %}|material-symbols-outlined[^>]*>\s*([a-z0-9_]+)\s*<')
GZIP = {"Accept-Encoding": "gzip"}


def sent(path: str, *, page: bytes) -> int:
    """The bytes that a browser gets for an address: files as they are kept, compressed where that is less."""
    if not path.startswith("/static/"):
        return len(page)
    found = finders.find(path.removeprefix("/static/"))
    assert isinstance(found, str), path
    content = Path(found).read_bytes()
    return min(len(content), len(gzip.compress(content)))


@pytest.mark.parametrize("address", ["/oms/", "/oms/packages/", "/oms/orders/add/"])
def test_a_first_visit_is_under_300_kb(window: OpenWindow, address: str) -> None:
    shop.make_package()
    opened = window(shop.make_user("operator"))
    asked: list[Request] = []
    opened.page.on("request", lambda request: asked.append(request))  # noqa: PLW0108  it knows a function by its code
    page = opened.go(address)
    page.wait_for_load_state("networkidle")
    html = gzip.compress(page.content().encode())
    weights = {(path := request.url.removeprefix(opened.base_url)): sent(path, page=html) for request in asked}
    assert "/static/omsweb/icons.woff2" in weights
    assert sum(weights.values()) < MOST_OF_A_FIRST_VISIT, weights


def test_pages_are_compressed_and_differ_in_length_each_time() -> None:
    client = Client()
    client.force_login(shop.make_user("operator"))
    shop.make_package()
    pages = [client.get("/oms/packages/", headers=GZIP) for _ in range(8)]
    assert {page.headers["Content-Encoding"] for page in pages} == {"gzip"}
    assert max(len(page.content) for page in pages) < 12_000
    assert len({len(page.content) for page in pages}) > 1  # Django blurs the length, so that it tells nothing (BREACH)


def test_the_page_that_shows_a_new_key_is_not_compressed() -> None:
    client = Client()
    admin = shop.make_user(Role.ADMIN)
    client.force_login(admin)
    data = {"name": "ERP", "user": str(admin.pk), "channel": "OMS WEB", "scopes": ["packages:read"]}
    page = client.post("/oms/tokens/add/", data, headers=GZIP)
    assert b"Copy it now" in page.content
    assert page.headers["Content-Encoding"] == "identity"


def test_every_icon_that_is_used_is_in_the_font(window: OpenWindow) -> None:
    written = {word for page in PAGES.rglob("*.html") for words in ICON.findall(page.read_text()) for word in words}
    page = window(shop.make_user("admin")).go("/oms/packages/")
    shown = set(page.locator(".material-symbols-outlined").all_text_contents())
    by_code = set(re.findall(r'icon(?:=|": )"([a-z0-9_]+)"', "".join(one.read_text() for one in PAGES.rglob("*.py"))))
    names = sorted({name.strip() for name in written | shown | by_code} - {""})
    assert len(names) > 30
    measure = """async (names) => {
        await document.fonts.load('24px "Material Symbols Outlined"');
        return names.filter((name) => {
            const span = document.createElement("span");
            span.className = "material-symbols-outlined";
            span.style.cssText = "font-size: 24px; position: absolute";
            span.textContent = name;
            document.body.append(span);
            return span.getBoundingClientRect().width > 25;
        });
    }"""
    assert page.evaluate(measure, names) == []
    assert page.evaluate(measure, ["no_such_icon"]) == ["no_such_icon"]


@pytest.mark.parametrize("height", [800, 720])
def test_at_a_desk_the_whole_sidebar_is_in_view(window: OpenWindow, height: int) -> None:
    opened = window(shop.make_user("admin"), viewport={"width": 1280, "height": height})
    page = opened.go("/oms/")
    links = page.locator(".ow-nav a")
    last, account = links.last.bounding_box(), page.locator(".ow-account").bounding_box()
    assert last is not None
    assert account is not None
    if height == 800:
        assert last["y"] + last["height"] <= account["y"]
    links.last.focus()
    page.locator(".ow-account summary").click()
    page.get_by_role("button", name="Dark").click()
    assert page.locator("html").get_attribute("class") == "dark"
    page.get_by_role("button", name="System").click()
    assert not opened.axe()
    page.keyboard.press("Escape")
    assert page.locator(".ow-account").get_attribute("open") is None
