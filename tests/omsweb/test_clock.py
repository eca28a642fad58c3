"""One clock for each page of OMS WEB, its zone said once: the person's own, else the store's."""

import re
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.utils import timezone

from clickcollect.accounts.models import Role, User
from clickcollect.errors import StateConflict
from clickcollect.omnitron.models import RetailStore
from clickcollect.oms import states
from clickcollect.oms.commands.run import run_command
from clickcollect.oms.models import CommandTransition, Package
from clickcollect.oms.stores import shared_time_zone
from clickcollect.whisperer.models import Delivery, Endpoint
from tests.markup import markup
from tests.omsweb.test_nasty import addresses
from tests.shop import make_actor, make_package, make_store, make_user, put_setting, right_code
from tests.whisperer.dispatch import make_hook

pytestmark = pytest.mark.django_db(transaction=True)

ZONE: Final = re.compile(r'<a class="ow-clock".*?Times in ([\w/+-]+)</a>')
TIME: Final = re.compile(r'<time datetime="([^"]+)" title="([^"]+) UTC">([^<]+)</time>')
NO_PROSE: Final = re.compile(r"<(title|script|style|option|template|code)\b.*?</\1>|<[^>]*>", re.DOTALL)
CLOCK: Final = re.compile(r"\b\d\d:\d\d\b")
NAMES: Final = re.compile(r"\bUTC\b|\b(?:Europe|Asia|America)/\w+")
ARE_ABOUT_ZONES: Final = ("/oms/stores/", "/oms/time-zone/")  # they say the zone of each store, and what UTC is for


def admin(client: Client, **fields: str) -> Client:
    client.force_login(make_user(Role.ADMIN, **fields))
    return client


@pytest.fixture
def packages() -> list[Package]:
    """A shop in two time zones where something has happened everywhere."""
    make_hook(make_user(Role.ADMIN), type="package.status.ready_for_pickup")
    here = make_package(states.READY)
    there = make_package(states.READY, store=make_store("NYC-01", time_zone="America/New_York"))
    delivered = CommandTransition.objects.get(slug="self-service-package-delivery").pk
    manager = make_actor(Role.MANAGER, here.stock_location)
    run_command(package_id=here.pk, transition=delivered, actor=manager, data={"otp": right_code(here)})
    put_setting("OTP_LENGTH", value=7)
    Endpoint.objects.update(failing_since="2026-01-05T12:00:00Z", failures=10)
    return [here, there]


def zone_of(page: str) -> ZoneInfo:
    """The one zone that a page names."""
    named = ZONE.findall(page)
    assert len(named) == 1, named
    return ZoneInfo(named[0])


def troubles(page: str) -> list[str]:
    """What a page shows by another clock than the one it names, or by none."""
    zone = zone_of(page)
    wrong = [
        shown
        for iso, in_utc, shown in TIME.findall(page)
        if datetime.fromisoformat(iso).astimezone(zone).strftime("%H:%M") not in shown
        or datetime.fromisoformat(iso).astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S") != in_utc
    ]
    prose = NO_PROSE.sub(" ", TIME.sub("", ZONE.sub("", page)))
    return [*wrong, *CLOCK.findall(prose), *NAMES.findall(prose)]


@pytest.mark.parametrize("own", ["", "Asia/Tokyo"])
def test_no_page_shows_two_clocks(client: Client, packages: list[Package], own: str) -> None:
    admin(client, time_zone=own)
    keys = {str(package.pk) for package in packages} | {str(Delivery.objects.all()[0].pk)}
    keys |= {str(package.order_id) for package in packages}
    seen, moments, found = set(), 0, {}
    for address in ["/oms/settings/OTP_LENGTH/", *sorted({address for key in keys for address in addresses(key)})]:
        answer = client.get(address)
        is_page = answer.status_code == 200 and answer.headers["Content-Type"].startswith("text/html")
        if not is_page or address.startswith(ARE_ABOUT_ZONES):
            continue
        page = markup(answer)
        if "<h1>" not in page:
            continue
        seen.add(address)
        moments += len(TIME.findall(page))
        if wrong := troubles(page):
            found[address] = wrong
    assert found == {}
    assert {"/oms/", "/oms/log/", "/oms/deliveries/", "/oms/reviews/", "/oms/settings/OTP_LENGTH/"} <= seen
    assert len(seen) > 40
    assert moments > 20


def test_control_another_clock_is_noticed(client: Client, packages: list[Package]) -> None:
    page = markup(admin(client).get(f"/oms/packages/{packages[0].pk}/"))
    assert troubles(page) == []
    assert troubles(page.replace("Times in Europe/Istanbul", "Times in Asia/Tokyo")) != []
    assert troubles(page + "<p>12:34</p>") == ["12:34"]
    assert troubles(page + "<p>in UTC</p>") == ["UTC"]


def test_a_page_about_one_store_goes_by_its_clock_and_any_by_ones_own(client: Client, packages: list[Package]) -> None:
    here, there = packages
    addresses = {
        f"/oms/packages/{here.pk}/": "Europe/Istanbul",
        f"/oms/packages/{there.pk}/": "America/New_York",
        f"/oms/orders/{there.order_id}/": "America/New_York",
        "/oms/packages/": "UTC",
    }
    admin(client)
    assert {page: zone_of(markup(client.get(page))).key for page in addresses} == addresses
    admin(client, time_zone="Asia/Tokyo")
    assert {zone_of(markup(client.get(page))).key for page in addresses} == {"Asia/Tokyo"}


def test_stores_in_one_zone_share_it_and_one_that_is_closed_does_not_count() -> None:
    make_store()
    assert shared_time_zone() == "Europe/Istanbul"
    make_store("NYC-01", time_zone="America/New_York")
    assert shared_time_zone() == "UTC"
    RetailStore.objects.filter(erp_code="NYC-01").update(is_active=False)
    assert shared_time_zone() == "Europe/Istanbul"


def test_everybody_chooses_their_own_and_goes_back_to_the_stores(client: Client) -> None:
    make_store()
    admin(client)
    person = User.objects.latest("pk")
    assert client.post("/oms/time-zone/", {"time_zone": "Mars/Olympus"}).status_code == 400
    assert client.post("/oms/time-zone/", {"time_zone": "Asia/Tokyo"}).status_code == 302
    assert 'value="Asia/Tokyo" selected' in client.get("/oms/time-zone/").content.decode()
    assert User.objects.get(pk=person.pk).time_zone == "Asia/Tokyo"
    client.post("/oms/time-zone/", {"time_zone": "store"})
    assert zone_of(markup(client.get("/oms/time-zone/"))).key == "Europe/Istanbul"


def test_a_day_of_a_filter_begins_at_midnight_of_the_page(client: Client) -> None:
    package = make_package(states.WAITING)
    Package.objects.filter(pk=package.pk).update(created_date="2026-03-01T22:30:00Z")  # 2 March in Istanbul
    type(package.order).objects.filter(pk=package.order_id).update(created_date="2026-03-01T22:30:00Z")
    admin(client)
    assert package.order.number in markup(client.get("/oms/orders/?from=2026-03-02&to=2026-03-02"))
    assert package.order.number not in markup(client.get("/oms/orders/?from=2026-03-01&to=2026-03-01"))
    admin(client, time_zone="UTC")
    assert package.order.number in markup(client.get("/oms/orders/?from=2026-03-01&to=2026-03-01"))


def test_what_a_command_refuses_goes_by_the_clock_of_its_page(client: Client, packages: list[Package]) -> None:
    here, _there = packages
    delivered = CommandTransition.objects.get(slug="self-service-package-delivery").pk
    address = f"/oms/packages/{here.pk}/command/{delivered}/"
    here.refresh_from_db()
    for own, zone in (("", "Europe/Istanbul"), ("Asia/Tokyo", "Asia/Tokyo")):
        answer = admin(client, time_zone=own).post(address, {"otp": "123456"}, headers={"HX-Request": "true"})
        at = here.state_changed_at.astimezone(ZoneInfo(zone)).strftime("%H:%M")
        assert f"Already handed over at {at} by" in answer.content.decode()


def test_the_clock_of_one_request_is_not_the_next_ones(client: Client, packages: list[Package]) -> None:
    before = timezone.get_current_timezone_name()
    admin(client, time_zone="Asia/Tokyo").get(f"/oms/packages/{packages[1].pk}/")
    assert timezone.get_current_timezone_name() == before


def test_who_is_told_of_a_conflict_reads_the_time_by_the_stores_clock(packages: list[Package]) -> None:
    here, _there = packages
    delivered = CommandTransition.objects.get(slug="self-service-package-delivery").pk
    with pytest.raises(StateConflict) as refused:
        run_command(package_id=here.pk, transition=delivered, actor=make_actor(Role.OPERATOR), data={"otp": "123456"})
    here.refresh_from_db()
    at_store = here.state_changed_at.astimezone(ZoneInfo("Europe/Istanbul"))
    assert at_store.strftime("%H:%M") in refused.value.detail
