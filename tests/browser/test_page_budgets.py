"""What each page may cost: bytes sent (compressed), requests of a browser, statements. One table for both doors."""

import gzip
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, NamedTuple

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from playwright.sync_api import Request

from clickcollect.accounts.models import Role, User
from clickcollect.oms import states
from clickcollect.oms.models import Package
from tests import shop
from tests.browser.conftest import OpenWindow

pytestmark = pytest.mark.django_db(transaction=True)


class Budget(NamedTuple):
    """At most so many bytes sent, requests (the page and its files) and statements."""

    sent: int
    requests: int
    statements: int


BUDGETS: Final = {
    "/oms/": Budget(6_000, 12, 26),  # with the stores compared, which come after it
    "/oms/packages/": Budget(7_000, 11, 11),
    "/oms/packages/{package}/": Budget(6_000, 11, 11),
    "/oms/orders/": Budget(6_000, 11, 7),
    "/oms/orders/{order}/": Budget(5_500, 11, 11),
    "/oms/orders/add/": Budget(6_000, 11, 4),
    "/oms/log/": Budget(6_000, 11, 12),
    "/oms/reviews/": Budget(4_500, 11, 6),
    "/oms/privacy/": Budget(5_000, 11, 3),
    "/oms/settings/": Budget(6_500, 11, 4),
    "/oms/settings/OTP_LENGTH/": Budget(5_500, 11, 7),
    "/oms/process/": Budget(7_000, 11, 7),
    "/oms/states/": Budget(5_000, 11, 5),
    "/oms/staff/": Budget(5_500, 11, 7),
    "/oms/stores/": Budget(5_500, 11, 5),
    "/oms/tokens/": Budget(4_500, 11, 4),
    "/oms/hooks/": Budget(5_500, 11, 6),
    "/oms/hooks/add/": Budget(6_500, 11, 3),
    "/oms/deliveries/": Budget(6_000, 11, 12),
    "/instore/": Budget(6_000, 25, 5),
    "/instore/?tab=ready": Budget(3_500, 25, 5),
    "/instore/?q=deniz": Budget(3_000, 25, 5),
    "/instore/packages/{number}/": Budget(5_500, 25, 9),
    "/instore/manager/": Budget(3_000, 25, 10),
}
MANY: Final = 60  # more than a page of a list holds


@pytest.fixture
def addresses() -> dict[str, str]:
    """A shop with more packages than a page shows; the pages' addresses in it."""
    order = shop.make_order()
    for number in range(MANY):
        shop.make_package((states.WAITING, states.PACKED, states.DELIVERED)[number % 3], order=order)
    ready = shop.make_package(states.READY)
    names = {"package": ready.pk, "order": ready.order_id, "number": ready.number}
    return {page: page.format(**names) for page in BUDGETS}


def person_for(page: str) -> User:
    """Who opens it: an administrator the back office, a manager the counter."""
    if page.startswith("/oms/"):
        return shop.make_user(Role.ADMIN)
    return shop.make_user(Role.MANAGER, Package.objects.select_related("stock_location")[0].stock_location)


@contextmanager
def signed_in(page: str) -> Iterator[Client]:
    client = Client(headers={"Accept-Encoding": "gzip"})
    client.force_login(person_for(page))
    client.get("/oms/" if page.startswith("/oms/") else "/instore/")
    yield client


def over(costs: dict[str, int], *, kind: str) -> dict[str, str]:
    """The pages that cost more than they may."""
    allowed = {page: getattr(budget, kind) for page, budget in BUDGETS.items()}
    return {page: f"{cost} of {allowed[page]} {kind}" for page, cost in costs.items() if cost > allowed[page]}


def adder(asked: list[Request]) -> Callable[[Request], None]:
    """Adds each request of a window to the list."""
    return lambda request: asked.append(request)  # noqa: PLW0108  a listener is known by its code


def test_no_page_sends_more_bytes_or_asks_more_statements_than_it_may(addresses: dict[str, str]) -> None:
    sent, statements = {}, {}
    for page, address in addresses.items():
        with signed_in(page) as client:
            client.get(address)
            with CaptureQueriesContext(connection) as taken:
                answer = client.get(address)
            assert answer.status_code == 200, address
            assert answer.headers["Content-Encoding"] == "gzip", address
            sent[page] = len(gzip.compress(gzip.decompress(answer.content)))  # without the blur of its length
            statements[page] = len(taken)
    assert over(sent, kind="sent") | over(statements, kind="statements") == {}


def test_control_what_costs_more_than_it_may_is_named() -> None:
    page = "/oms/settings/"
    most = BUDGETS[page].statements
    assert over({page: most}, kind="statements") == {}
    assert over({page: most + 1}, kind="statements") == {page: f"{most + 1} of {most} statements"}


def test_no_page_makes_more_requests_than_it_may(window: OpenWindow, addresses: dict[str, str]) -> None:
    requests = {}
    for door in ("/oms/", "/instore/"):
        opened = window(person_for(door))
        asked: list[Request] = []
        opened.page.on("request", adder(asked))
        for page in (page for page in BUDGETS if page.startswith(door)):
            asked.clear()
            opened.go(addresses[page]).wait_for_load_state("load")
            requests[page] = len(asked)
    assert over(requests, kind="requests") == {}
