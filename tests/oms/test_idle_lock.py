"""A device that nobody touches locks itself, for every page and for the API; looking for news is no touch."""

import re
import time

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from clickcollect.oms import states
from clickcollect.oms.idle_lock import SEEN, is_touch
from clickcollect.oms.models import CommandTransition
from tests import shop
from tests.accounts.doors import is_in
from tests.house.files import ROOT

pytestmark = pytest.mark.django_db
MINUTE = 60
STORE_PAGES = ["/instore/", "/instore/pin/", "/instore/stores/", "/instore/live/", "/accounts/2fa/"]
OFFICE_PAGES = ["/oms/", "/oms/packages/", "/oms/orders/add/", "/oms/password/", "/oms/staff/", "/accounts/2fa/"]
API = ["/api/v1/oms/packages/", "/api/v1/retail_stores/", "/whisperer/hooks/registry/"]


def client_of(role: str) -> Client:
    client = Client(headers={"Accept": "application/json"})
    client.force_login(shop.make_user(role, shop.make_store()))
    return client


def untouched_for(client: Client, *, seconds: int) -> None:
    session = client.session
    session[SEEN] = int(time.time()) - seconds
    session.save()


ROWS = [
    *(("associate", page) for page in STORE_PAGES),
    *(("manager", page) for page in ["/instore/manager/", *API[:2]]),
    *(("operator", page) for page in OFFICE_PAGES),
    *(("admin", page) for page in ["/oms/tokens/", *API]),
]


@pytest.mark.parametrize(("role", "page"), ROWS)
def test_after_five_minutes_without_a_touch_no_page_and_no_api_opens(role: str, page: str) -> None:
    client = client_of(role)
    untouched_for(client, seconds=4 * MINUTE)
    assert client.get(page).status_code in (200, 204, 302), "control"
    assert is_in(client)
    untouched_for(client, seconds=6 * MINUTE)
    answer = client.get(page)
    if page in API:
        assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")
    else:
        assert answer.status_code == 302
    assert not is_in(client)
    assert client.get(page).status_code == answer.status_code, "and it stays locked"


@pytest.mark.parametrize("is_away", [True, False])
@pytest.mark.parametrize("door", ["instore", "omsweb", "api"])
def test_what_is_sent_from_a_locked_device_changes_nothing(door: str, *, is_away: bool) -> None:
    package, slug = shop.make_package(states.WAITING), "complete-packaging-without-shipment"
    client = client_of("associate" if door == "instore" else "operator")
    if is_away:
        untouched_for(client, seconds=6 * MINUTE)
    row = CommandTransition.objects.get(slug=slug).pk
    if door == "instore":
        client.post(f"/instore/packages/{package.number}/commands/{slug}/")
    elif door == "omsweb":
        client.post(f"/oms/packages/{package.pk}/command/{row}/", headers={"HX-Request": "true"})
    else:
        client.post(f"/api/v1/oms/packages/{package.pk}/command/", {"slug": slug}, "application/json")
    assert shop.state_of(package) == (states.WAITING if is_away else states.PACKED)


def test_the_setting_decides_and_the_lock_says_so_and_leads_back() -> None:
    shop.put_setting("INSTORE_IDLE_LOCK_MINUTES", value=2)
    for role, page in (("associate", "/instore/?tab=packed"), ("operator", "/oms/packages/?q=7")):
        client = client_of(role)
        untouched_for(client, seconds=3 * MINUTE)
        answer = client.get(page)
        address = answer.headers["Location"]
        assert address.startswith("/accounts/login/?next=%2F")
        assert address.endswith("&locked=1")
        assert "Locked after inactivity." in client.get(address).content.decode()


def test_a_piece_of_a_page_leads_the_whole_page_to_the_sign_in() -> None:
    client = client_of("operator")
    untouched_for(client, seconds=6 * MINUTE)
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/oms/packages/7/change/"}
    answer = client.get("/oms/packages/", headers=headers)
    assert answer.headers["HX-Redirect"] == "/accounts/login/?next=%2Foms%2Fpackages%2F7%2Fchange%2F&locked=1"


@pytest.mark.parametrize(
    ("role", "method", "address", "is_touch"),
    [
        ("associate", "get", "/instore/live/", False),
        ("associate", "get", "/api/v1/oms/packages/", False),
        ("associate", "get", "/instore/", True),
        ("associate", "post", "/instore/here/", True),
        ("operator", "get", "/oms/packages/", True),
        ("operator", "post", "/oms/here/", True),
    ],
)
def test_what_is_a_touch(role: str, method: str, address: str, *, is_touch: bool) -> None:
    client = client_of(role)
    untouched_for(client, seconds=4 * MINUTE)
    assert getattr(client, method)(address).status_code in (200, 204)
    assert (client.session[SEEN] > time.time() - MINUTE) is is_touch


def test_polls_alone_keep_no_device_open() -> None:
    client = client_of("associate")
    untouched_for(client, seconds=4 * MINUTE)
    seen = client.session[SEEN]
    for address in ("/instore/live/", "/api/v1/oms/packages/") * 3:
        client.get(address)
    assert client.session[SEEN] == seen


def test_everything_that_a_page_asks_for_by_itself_is_such_a_poll() -> None:
    asked = set()
    for path in (ROOT / "clickcollect").rglob("templates/**/*.html"):
        for tag in re.findall(r"<[^>]*hx-trigger=\"[^\"]*every[^>]*>", path.read_text()):
            asked |= set(re.findall(r"{% url '([^']+)'", tag)) or set(re.findall(r"{{ (\w+) }}", tag))
    assert asked == {"instore:package_live", "omsweb:order_file_live", "live_address"}
    for address in (reverse("instore:package_live", args=["PK-1"]), reverse("omsweb:order_file_live", args=[7])):
        request = type("Request", (), {"method": "GET", "path": address})
        assert not is_touch(request)  # type: ignore[arg-type]


def test_a_token_is_judged_by_itself_whatever_session_comes_with_it() -> None:
    user = shop.make_user("operator")
    client = Client()
    client.force_login(user)
    untouched_for(client, seconds=6 * MINUTE)
    answer = client.post(
        "/api/v1/auth/login/", {"username": user.username, "password": shop.PASSWORD}, "application/json"
    )
    key = answer.json()["key"]
    client.force_login(user)
    untouched_for(client, seconds=6 * MINUTE)
    assert client.get(API[0], headers={"Authorization": f"Token {key}"}).status_code == 200
    assert client.get(API[0]).status_code == 401, "the session is locked all the same"


@pytest.mark.parametrize("header", ["Token cc_anything", "Basic YTpi", ""])
@pytest.mark.parametrize(("role", "page"), ROWS)
def test_no_header_opens_a_locked_session(role: str, page: str, header: str) -> None:
    client = client_of(role)
    untouched_for(client, seconds=6 * MINUTE)
    answer = client.get(page, headers={"Authorization": header})
    assert answer.status_code == (401 if page in API else 302)
    assert page in API or not is_in(client)
    assert client.get(page).status_code == answer.status_code


@pytest.mark.parametrize("page", ["/instore/", "/oms/"])
def test_a_page_behind_a_proxy_with_a_password_of_its_own_is_touched_all_the_same(page: str) -> None:
    client = client_of("associate" if page == "/instore/" else "operator")
    untouched_for(client, seconds=4 * MINUTE)
    assert client.get(page, headers={"Authorization": "Basic YTpi"}).status_code == 200
    assert client.session[SEEN] > time.time() - MINUTE


def test_a_sign_in_is_the_first_touch_through_every_door() -> None:
    user = shop.make_user("associate", shop.make_store())
    client = Client()
    client.post("/accounts/login/", {"login": user.username, "password": shop.PASSWORD})
    assert client.session[SEEN] > time.time() - MINUTE


def test_whether_it_is_alive_is_answered_without_the_session(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    client = client_of("operator")
    untouched_for(client, seconds=6 * MINUTE)
    with django_assert_num_queries(0):
        assert client.get("/healthz").status_code == 200
