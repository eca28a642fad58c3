"""The database goes away and comes back: meanwhile every door says so, and afterwards all goes on by itself."""

import http.client
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest
from django.urls import get_resolver

from tests.runtime.outages import BOUNDED_SECONDS, KINDS, OutageShop, outage_shop, pids
from tests.runtime.test_run import wait_until
from tests.web.addresses import addresses

pytestmark = [pytest.mark.slow, pytest.mark.timeout(500)]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OutageShop]:
    with outage_shop(tmp_path_factory.mktemp("outage")) as made:
        yield made


LISTENERS = """
SELECT count(DISTINCT query) = 2 FROM pg_stat_activity WHERE backend_start > %s
AND (query = 'LISTEN whisperer' OR query LIKE 'LISTEN%%procrastinate%%')
"""
SEALED = """
SELECT EXISTS (SELECT FROM oms_seal JOIN oms_commandlog log ON log.id = log_id
               WHERE log.package_id = %s AND log.kind = 'move' AND log.at > %s)
"""


@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=[] if kind == "stopped" else [pytest.mark.soak]) for kind in KINDS]
)
def test_wake_up_calls_periodic_jobs_and_the_sealing_go_on(shop: OutageShop, kind: str) -> None:
    """The log is sealed by a job of the timetable: that it is shows that the timetable goes on."""
    package, _phone = shop.packed_package()
    alive = pids(shop)
    left = shop.ground.time()  # whoever comes back may do so before it can be asked when it returned
    KINDS[kind](shop.ground, 2.5)
    returned = shop.ground.time()
    if kind != "paused":  # which may leave a connection as it is, and nothing to be seen of it
        wait_until(lambda: shop.ground.says(LISTENERS, left), seconds=30)
    wait_until(lambda: shop.run_command(package, "ready-for-customer-pickup")[0] in (204, 409), seconds=30)
    wait_until(lambda: shop.ground.says(SEALED, package, returned), seconds=150)
    assert pids(shop) == alive, "nothing has ended"


DOOR_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
AT_ONCE = 6  # requests of one client that the web works on


@pytest.mark.parametrize("kind", ["stopped", pytest.param("paused", marks=pytest.mark.soak)])
def test_every_door_by_every_method_says_so_meanwhile(shop: OutageShop, kind: str) -> None:
    doors = [(method, address) for address in sorted(set(addresses(get_resolver()))) for method in DOOR_METHODS]
    shop.token("operator")
    shop.ground.leave(kind)
    try:
        for _each_process_finds_out_by_itself in range(40):  # one of them answers, which one is the system's choice
            assert shop.api("operator", "GET", "/api/v1/oms/packages/?limit=1")[0] == 503
        with ThreadPoolExecutor(AT_ONCE) as pool:
            answers = dict(zip(doors, pool.map(lambda door: knock(shop, *door), doors), strict=True))
    finally:
        shop.ground.come_back()
    assert len(answers) > 800
    assert {door for door, answer in answers.items() if answer.status != 503} == {
        door for door in doors if door[1] == "/healthz"
    } | {door for door in doors if door[1] == "/readyz" and door[0] not in ("GET", "HEAD")}
    assert [door for door, answer in answers.items() if answer.status == 503 and answer.retry_after <= 0] == []
    assert max(answer.took for answer in answers.values()) < BOUNDED_SECONDS
    wait_until(lambda: shop.answers(shop.port, "/readyz"), seconds=60)


@dataclass(frozen=True)
class Knocked:
    status: int
    retry_after: int
    took: float


def knock(shop: OutageShop, method: str, address: str) -> Knocked:
    began = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", shop.port, timeout=60)
    try:
        connection.request(method, address)
        answer = connection.getresponse()
        answer.read()
    finally:
        connection.close()
    return Knocked(answer.status, int(answer.headers.get("Retry-After", 0)), time.monotonic() - began)
