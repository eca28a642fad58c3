"""The packages page: tabs, columns, urgency, pages, search, live rows."""

import re
from datetime import timedelta
from typing import Any, Final

import pytest
from django.test import Client
from django.utils import timezone

from clickcollect.omnitron.models import DeliveryType, Order
from clickcollect.oms import search, states
from clickcollect.oms.models import Package, PackageState
from clickcollect.whisperer.models import Delivery, Endpoint, Hook
from tests import shop
from tests.markup import markup

pytestmark = pytest.mark.django_db
COLUMNS = [
    "Package",
    "Order",
    "Customer",
    "Items",
    "Status",
    "Delivery From Store",
    "Delivery Type",
    "Due",
    "Message",
]


def signed_in(role: str = "associate", *, erp_code: str = "IST-01") -> Client:
    client = Client()
    client.force_login(shop.make_user(role, shop.make_store(erp_code)))
    return client


def page(client: Client, address: str = "/instore/") -> str:
    response = client.get(address)
    assert response.status_code == 200
    return markup(response)


def numbers(html: str) -> list[str]:
    return re.findall(r"<bdi>(PK-\d+)</bdi></td>", html)


def test_every_page_says_once_in_whose_time_its_times_are() -> None:
    package = shop.make_package(states.WAITING, due_at=shop.PAST)
    client = signed_in("manager")
    addresses = ("/instore/", f"/instore/packages/{package.number}/", "/instore/manager/")
    for address in (*addresses, f"/instore/pick-lists/?numbers={package.number}"):
        assert page(client, address).count("Times in Istanbul") == 1, address


def test_table_has_the_columns_of_the_contract() -> None:
    shop.make_package(states.WAITING)
    html = page(signed_in())
    headers = re.findall(r'<th role="columnheader"[^>]*>(.*?)</th>', html)
    assert [re.sub(r"<[^>]+>", "", header).strip() for header in headers] == COLUMNS


def test_tabs_count_their_packages_and_not_collected_hides_while_it_is_empty() -> None:
    for state in (states.WAITING, states.PREPARING, states.PACKED, states.READY, states.DELIVERED, states.CANCELLED):
        shop.make_package(state)
    html = page(signed_in())
    tabs = dict(re.findall(r'role="tab"[^>]*>([^<]+) <b>(\d+)</b>', html))
    assert tabs == {"To pack": "2", "Packed": "1", "Ready for customer": "1", "Delivered": "1", "All": "6"}


def test_not_collected_shows_what_is_past_its_pickup_time_and_keeps_it_under_ready() -> None:
    late, fine = shop.make_package(states.READY), shop.make_package(states.READY)
    past = timezone.now() - timedelta(hours=1)
    Package.objects.filter(pk=late.pk).update(due_at=past, pickup_deadline=past)
    client = signed_in()
    assert numbers(page(client, "/instore/?tab=not-collected")) == [late.number]
    assert numbers(page(client, "/instore/?tab=ready")) == [late.number, fine.number]


@pytest.mark.parametrize(
    ("state", "columns", "words"),
    [
        (states.PACKED, {"take_out": ["1 × Ceramic mug"]}, "Take items out"),
        (states.READY, {"shelf_unconfirmed_since": timezone.now()}, "Confirm on shelf"),
    ],
)
def test_what_somebody_must_look_at_first_says_so_in_its_row(state: str, columns: dict[str, Any], words: str) -> None:
    package, client = shop.make_package(state), signed_in()
    assert words not in page(client)
    asks = re.search(r'hx-get="([^"]+/live/[^"]*)"', page(client))
    assert asks
    Package.objects.filter(pk=package.pk).update(**columns)
    assert f"<strong>{words}</strong>" in page(client)
    assert words in client.get(asks[1].replace("&amp;", "&"), headers={"HX-Request": "true"}).content.decode(), (
        "an open list hears of it"
    )


def test_home_delivery_is_shown_as_no_and_home_delivery() -> None:
    shop.make_package(states.WAITING, delivery_type=DeliveryType.HOME_DELIVERY)
    html = page(signed_in())
    assert "</span>No</td>" in html
    assert "<bdi>Home_delivery</bdi>" in html.replace("<wbr>", "")


def test_most_urgent_stands_first_and_what_has_ended_last() -> None:
    now = timezone.now()
    ended = shop.make_package(states.DELIVERED)
    no_time = shop.make_package(states.WAITING)
    later = shop.make_package(states.PACKED, due_at=now + timedelta(days=2))
    soon = shop.make_package(states.WAITING, due_at=now + timedelta(hours=1))
    overdue = shop.make_package(states.WAITING, due_at=now - timedelta(hours=1))
    shown = numbers(page(signed_in()))
    assert shown == [package.number for package in (overdue, soon, later, no_time, ended)]


def test_staff_see_their_own_store_only() -> None:
    own = shop.make_package(states.WAITING)
    other = shop.make_package(states.WAITING, store=shop.make_store("BER-01"))
    client = signed_in()
    assert numbers(page(client)) == [own.number]
    response = client.get(f"/instore/packages/{other.number}/")
    assert response.status_code == 404
    assert "Not found" in response.content.decode()


def test_strangers_sign_in_and_the_back_office_goes_to_its_own_door() -> None:
    assert Client().get("/instore/").headers["Location"].startswith("/accounts/login/?next=")
    client = Client()
    client.force_login(shop.make_user("operator"))
    assert client.get("/instore/").headers["Location"] == "/oms/"


def test_a_person_without_a_store_is_told_what_to_do() -> None:
    client = Client()
    client.force_login(shop.make_user("associate"))
    response = client.get("/instore/")
    assert response.status_code == 403
    assert "Ask an administrator" in response.content.decode()


def test_nothing_personal_is_kept_by_the_browser() -> None:
    package = shop.make_package(states.WAITING)
    client = signed_in()
    for address in ("/instore/", f"/instore/packages/{package.number}/", "/instore/live/"):
        assert client.get(address)["Cache-Control"] == "no-store"


def test_only_the_end_of_the_phone_number_is_shown() -> None:
    order = shop.make_order(phone_number="+905551234567")
    package = shop.make_package(states.WAITING, order=order)
    client = signed_in()
    for address in ("/instore/", f"/instore/packages/{package.number}/"):
        html = page(client, address)
        assert "4567" in html
        assert "1234567" not in html


def test_pages_hold_fifty_rows_and_follow_each_other_without_gap_or_repetition() -> None:
    now = timezone.now()
    wanted = [shop.make_package(states.WAITING, due_at=now + timedelta(minutes=index // 3)) for index in range(55)]
    wanted += [shop.make_package(states.WAITING) for _ in range(3)]
    ended = [shop.make_package(states.DELIVERED) for _ in range(60)]
    client = signed_in()
    seen: list[str] = []
    address = "/instore/"
    for _ in range(4):
        html = page(client, address)
        assert len(numbers(html)) <= 50
        seen += numbers(html)
        following = re.search(r'href="([^"]+)" rel="next"', html)
        if not following:
            break
        address = following[1].replace("&amp;", "&")
    assert seen == [package.number for package in wanted + ended[::-1]]


@pytest.mark.parametrize(
    "cursor", ["x", "open~~", "open~never~1", "ended~~99999999999999999999", "open~2026-99-99T00~1"]
)
def test_a_cursor_that_makes_no_sense_is_the_first_page(cursor: str) -> None:
    package = shop.make_package(states.WAITING)
    assert numbers(page(signed_in(), f"/instore/?after={cursor}")) == [package.number]


def test_one_hit_opens_the_package_and_several_make_a_list() -> None:
    first, second = (
        shop.make_package(states.READY, order=shop.make_order(first_name="Jürgen", last_name=name))
        for name in ("Groß", "Klein")
    )
    for package in (first, second):
        search.update_index(package)
    client = signed_in()
    assert client.get("/instore/?q=gross").headers["Location"].startswith(f"/instore/packages/{first.number}/")
    assert (
        client.get(f"/instore/?q={second.number}").headers["Location"].startswith(f"/instore/packages/{second.number}/")
    )
    assert len(numbers(page(client, "/instore/?q=jurgen"))) == 2


def test_an_empty_search_says_what_it_hides_and_where_there_is_something() -> None:
    package = shop.make_package(states.DELIVERED, order=shop.make_order(first_name="Jürgen"))
    search.update_index(package)
    shop.make_package(states.WAITING)
    html = page(signed_in(), "/instore/?q=j%C3%BCrgen&tab=to-pack")
    assert "1 package in this list is hidden by the search." in html
    assert "1 · Delivered" in html


@pytest.mark.parametrize("text", ["%00", "'", "%F0%9F%91%BB", "x" * 3000, "%E2%80%8F", "&tab=nonsense", "<script>"])
def test_no_search_breaks_the_page(text: str) -> None:
    shop.make_package(states.WAITING)
    assert signed_in().get(f"/instore/?q={text}").status_code == 200


def test_unchanged_list_answers_204_and_a_new_row_brings_the_list() -> None:
    shop.make_package(states.WAITING)
    client = signed_in()
    address = re.search(r'hx-get="([^"]+)"', page(client))
    assert address
    link = address[1].replace("&amp;", "&")
    headers = {"HX-Request": "true"}
    assert client.get(link, headers=headers).status_code == 204
    new = shop.make_package(states.WAITING)
    response = client.get(link, headers=headers)
    assert response.status_code == 200
    assert new.number in response.content.decode()


def test_times_are_the_stores_own() -> None:
    tokyo = shop.make_store("TYO-01", time_zone="Asia/Tokyo", city="Tokyo")
    shop.make_package(states.WAITING, store=tokyo, due_at=timezone.now() + timedelta(days=20))
    html = page(signed_in(erp_code="TYO-01"))
    assert "Times in Tokyo" in html


@pytest.mark.parametrize("name", ["<b>x</b>", '"><script>alert(1)</script>', "\u202egnissorg", "👩‍🚀", "W" * 150])
def test_no_name_breaks_out_of_its_place(name: str) -> None:
    package = shop.make_package(states.WAITING, order=shop.make_order(first_name=name, last_name=""))
    client = signed_in()
    for address in ("/instore/", f"/instore/packages/{package.number}/"):
        html = page(client, address)
        assert "<script>alert" not in html
        assert "<b>x</b>" not in html


def test_what_was_delivered_last_comes_first_on_every_page() -> None:
    packages = [shop.make_package(states.DELIVERED) for _ in range(55)]
    started = timezone.now()
    turns = {package.pk: index * 7 % 55 for index, package in enumerate(packages)}
    for package in packages:
        when = started - timedelta(minutes=turns[package.pk] // 2)
        Package.objects.filter(pk=package.pk).update(state_changed_at=when)
    wanted = sorted(packages, key=lambda package: (turns[package.pk] // 2, -package.pk))
    client = signed_in()
    first = page(client, "/instore/?tab=delivered")
    following = re.search(r'href="([^"]+)" rel="next"', first)
    assert following
    assert "most recent first" in first
    assert 'aria-sort="' not in first  # nothing is sorted by what was due
    seen = numbers(first) + numbers(page(client, following[1].replace("&amp;", "&")))
    assert seen == [package.number for package in wanted]


def test_the_counter_hears_that_codes_are_late_and_no_address() -> None:
    endpoint = Endpoint.objects.create(target_url="http://127.0.0.1:9/", failing_since=timezone.now(), failures=9)
    event = "package.status.ready_for_pickup"
    Hook.objects.create(
        user=shop.make_user("admin"), event_type=event, target_url=endpoint.target_url, endpoint=endpoint
    )
    package = shop.make_package(states.READY)
    client = signed_in()
    addresses = ("/instore/", f"/instore/packages/{package.number}/")
    versions = [re.search(r"[?&;]v=(\w+)", page(client, address)) for address in addresses]
    assert not any("have not been sent" in page(client, address) for address in addresses)
    Delivery.objects.update(queued_at=timezone.now() - timedelta(minutes=5))
    for address, version in zip(addresses, versions, strict=True):
        assert "have not been sent for 5 minutes" in page(client, address)
        assert "127.0.0.1:9" not in page(client, address)
        assert version
        live = client.get(f"{address}live/?v={version[1]}", headers={"HX-Request": "true"})
        assert "have not been sent for 5 minutes" in live.content.decode()


CHANGES: Final[dict[str, dict[str, Any]]] = {
    "another shelf": {"shelf": "Z9"},
    "a failed message": {"message_state": "failed"},
    "another state": {"state__enum_value": states.CANCELLED},
    "due today": {"due_at": shop.PAST},
    "another customer": {"order__first_name": "Nina"},
    "more items": {"item_count": 7},
}


@pytest.mark.parametrize("change", CHANGES)
def test_an_open_list_hears_of_every_change_and_of_nothing_else(change: str) -> None:
    package = shop.make_package(states.WAITING)
    shop.make_package(states.PACKED)
    client = signed_in()
    version = re.search(r"[?&;]v=(\w+)", page(client, "/instore/"))
    assert version
    address = f"/instore/live/?tab=all&v={version[1]}"
    assert client.get(address, headers={"HX-Request": "true"}).status_code == 204
    for name, value in CHANGES[change].items():
        if name == "state__enum_value":
            Package.objects.filter(pk=package.pk).update(state=PackageState.objects.get(enum_value=value))
        elif name.startswith("order__"):
            Order.objects.filter(pk=package.order_id).update(**{name.removeprefix("order__"): value})
        else:
            Package.objects.filter(pk=package.pk).update(**{name: value})
    assert client.get(address, headers={"HX-Request": "true"}).status_code == 200
