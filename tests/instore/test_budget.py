"""A list costs the same whatever its length: so many statements, exactly, and 5,000 ready packages are no weight."""

import gzip
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from clickcollect import instore
from clickcollect.oms import search, states
from clickcollect.oms.models import Package, PackageState
from tests import shop
from tests.wire import watched

pytestmark = pytest.mark.django_db
MANY = 5000
ADDRESSES = ("/instore/", "/instore/?tab=ready", "/instore/?tab=delivered", "/instore/live/", "/instore/?q=deniz")


def client_of(package: Package) -> Client:
    client = Client()
    client.force_login(shop.make_user("associate", package.stock_location))
    client.get("/instore/")
    return client


SIGNED_IN, COUNTS, PAGE, ALARMS = 1, 1, 1, 1  # session with person, stores and the configuration's version


@pytest.mark.parametrize(
    ("address", "statements"),
    [
        ("/instore/", SIGNED_IN + COUNTS + PAGE + ALARMS),
        ("/instore/?tab=ready", SIGNED_IN + COUNTS + PAGE + ALARMS),
        ("/instore/?tab=delivered", SIGNED_IN + COUNTS + PAGE + ALARMS),
        ("/instore/live/", SIGNED_IN + COUNTS + PAGE + ALARMS),
        ("/instore/?q=deniz", SIGNED_IN + PAGE + ALARMS),  # counted among the hits
        ("/instore/?q=nothing", SIGNED_IN + PAGE + COUNTS + ALARMS),  # how many the search hides
    ],
)
def test_a_list_page_takes_exactly_so_many_round_trips(address: str, statements: int) -> None:
    for state in (states.WAITING, states.PACKED, states.DELIVERED, states.CANCELLED):
        for _turn in range(2):
            package = shop.make_package(state)
            search.update_index(package)
    client = client_of(package)
    client.get(address)
    with watched() as wire:
        assert client.get(address).status_code in (200, 204)
    assert (wire.round_trips, wire.statements) == (statements, statements), wire.log


def test_a_package_page_takes_exactly_nine_round_trips() -> None:
    """Session; package with items; log, its notes; the employee's wrong codes; digits; approvers; others; alarms."""
    package = shop.make_package(states.READY)
    client = client_of(package)
    client.get(f"/instore/packages/{package.number}/")
    with watched() as wire:
        assert client.get(f"/instore/packages/{package.number}/").status_code == 200
    assert (wire.round_trips, wire.statements) == (9, 9), wire.log


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("state", "slug"),
    [
        (states.WAITING, "complete-packaging-without-shipment"),
        (states.PACKED, "ready-for-customer-pickup"),
        (states.READY, "self-service-package-delivery"),
    ],
)
def test_a_command_takes_exactly_four_round_trips(state: str, slug: str) -> None:
    """Session with who it is; the package by its number; lock and read; write and COMMIT."""
    for _until_all_is_prepared in range(7):
        package = shop.make_package(state)
        client = client_of(package)
        data = {"otp": shop.right_code(package)} if state == states.READY else {}
        with watched() as wire:
            answer = client.post(f"/instore/packages/{package.number}/commands/{slug}/", data)
        assert answer.status_code == 302
    package.refresh_from_db()
    assert package.state.enum_value != state
    assert wire.round_trips == 4, wire.log


@pytest.mark.slow
@pytest.mark.alone
def test_five_thousand_ready_packages_answer_within_300_ms_and_100_kb() -> None:
    package = shop.make_package(states.PACKED)
    ready = PackageState.objects.get(enum_value=states.READY)
    Package.objects.bulk_create(
        [
            Package(
                order=package.order,
                stock_location=package.stock_location,
                state=ready,
                item_count=2,
                due_at=timezone.now() + timedelta(minutes=number),
                shelf=f"A{number % 90}",
            )
            for number in range(MANY)
        ],
        batch_size=500,
    )
    Package.objects.update(search=search.search_vector(search.index_terms(package)))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE oms_package")
    client = client_of(package)
    for address in ADDRESSES:
        client.get(address)
        tries: list[float] = []
        while len(tries) < 40 and (len(tries) < 5 or min(tries) >= 0.3):  # what else the machine does is not its doing
            began = time.perf_counter()
            response = client.get(address, headers={"Accept-Encoding": "gzip"})
            tries.append(time.perf_counter() - began)
        took = min(tries)
        assert took < 0.3, f"{address} took {took:.3f} s"
        assert len(response.content) < 100_000
    html = gzip.decompress(client.get("/instore/", headers={"Accept-Encoding": "gzip"}).content).decode()
    assert f"Ready for customer <b>{MANY}</b>" in html


def test_own_scripts_weigh_less_than_15_kb_compressed() -> None:
    folder = Path(str(instore.__file__)).parent / "static" / "instore"
    scripts = b"".join(path.read_bytes() for path in sorted(folder.glob("*.js")))
    assert len(gzip.compress(scripts)) < 15_000
