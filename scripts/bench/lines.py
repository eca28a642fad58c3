"""The lines of the table: what is asked of the shop in each, and what is counted."""

import json
import re
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from http.cookiejar import CookieJar
from resource import RUSAGE_CHILDREN, getrusage

from scripts.bench import floor
from scripts.bench.clients import Request, Timing, drive, request
from scripts.bench.shop import (
    DELIVER,
    PACK,
    READY,
    ROOT,
    WAITING,
    Cpu,
    Shop,
    authorised,
    command_request,
    deal,
    packages_in,
    wait_until,
)

PAGE = 50
PACED_CLICKS = 180  # the phone simulator keeps its last 200 messages
PACED_RATE = 40
EVENT_TYPE = "order.updated"
WRONG_PER_PACKAGE = 4  # the fifth would lock it
WRONG_PER_EMPLOYEE = 40  # within an hour, of fifty
FLOOR_SECONDS = 8


@dataclass(frozen=True)
class Result:
    """One line in one round. Times in milliseconds, processor time for each request.

    ``client``: that of those who ask. They share the machine with the shop, but are no part of what it costs.
    """

    rate: float
    p50: float
    p95: float
    p99: float
    cpu: dict[str, float] = field(default_factory=dict)
    client: float = 0.0


@dataclass(frozen=True)
class Bench:
    """What a line needs."""

    shop: Shop
    requests: int
    clients: int


Measure = Callable[[Bench], Result]


@dataclass(frozen=True)
class Line:
    """Its name, whether the demo's hooks are subscribed, how it is measured, and what it shall come to."""

    title: str
    hooks: bool
    measure: Measure
    wanted: str = ""


def batch(
    bench: Bench, shares: Sequence[Sequence[Request]], *, settle: bool = False
) -> tuple[Result, list[list[bytes]]]:
    """Send these and count what they cost; with ``settle`` also all that happens because of them, until it is quiet."""
    before, client = bench.shop.cpu(), time.process_time()
    timing, answers = drive(bench.shop.port, shares)
    client = time.process_time() - client
    if settle:
        bench.shop.settle()
    result = result_of(timing, before, bench.shop.cpu())
    return replace(result, client=1000 * client / timing.requests), answers


def result_of(timing: Timing, before: Cpu, after: Cpu) -> Result:
    cpu = {program: 1000 * (after[program] - before[program]) / timing.requests for program in after}
    return Result(timing.rate, timing.percentile(50), timing.percentile(95), timing.percentile(99), cpu)


def order_in(bench: Bench) -> Result:
    return batch(bench, deal(bench.shop.orders(bench.requests), bench.clients), settle=True)[0]


def pack(bench: Bench) -> Result:
    return batch(bench, bench.shop.run(PACK, bench.shop.take_in(bench.requests)), settle=True)[0]


def make_ready(bench: Bench) -> Result:
    packages = bench.shop.take_in(bench.requests)
    drive(bench.shop.port, bench.shop.run(PACK, packages))
    bench.shop.settle()
    return batch(bench, bench.shop.run(READY, packages), settle=True)[0]


def make_ready_paced(bench: Bench) -> Result:
    """So many clicks a second; the times are those from the click to the provider's yes."""
    clicks = min(PACED_CLICKS, bench.requests)
    orders = bench.shop.orders(clicks)
    phones = [json.loads(one.raw.partition(b"\r\n\r\n")[2])["customer"]["phone_number"] for one in orders]
    packages = packages_in(drive(bench.shop.port, [orders])[1])
    drive(bench.shop.port, bench.shop.run(PACK, packages))
    bench.shop.settle()
    before = bench.shop.cpu()
    start = time.time() + 0.02
    shares = bench.shop.run(READY, packages)
    drive(bench.shop.port, shares, every=bench.clients / PACED_RATE)
    bench.shop.settle()
    after = bench.shop.cpu()
    arrived = acceptances(bench.shop)
    took = sorted(arrived[phone] - start - place / PACED_RATE for place, phone in enumerate(phones))
    return result_of(Timing(clicks, clicks / PACED_RATE, took), before, after)


def acceptances(shop: Shop) -> dict[str, float]:
    """When the provider accepted the newest message to each phone."""
    with urllib.request.urlopen(f"http://127.0.0.1:{shop.extension_port}/phone/messages.json", timeout=60) as answer:
        messages = json.load(answer)
    return {one["to"]: datetime.fromisoformat(one["sent_at"]).timestamp() for one in reversed(messages)}


def verify(bench: Bench) -> Result:
    shop = bench.shop
    packages = shop.ready(bench.requests)
    shop.settle()
    codes = shop.codes(packages)
    shares = [
        [command_request(package, DELIVER, key=key, otp=codes[package]) for package in share]
        for share, key in zip(deal(packages, bench.clients), shop.associates, strict=True)
    ]
    return batch(bench, shares, settle=True)[0]


def wrong_code(bench: Bench) -> Result:
    """Each employee guesses on packages of their own, nobody often enough to be stopped."""
    shop = bench.shop
    guesses = min(bench.requests, WRONG_PER_EMPLOYEE * bench.clients)
    packages = shop.ready(guesses // WRONG_PER_PACKAGE)
    shop.settle()
    codes = shop.codes(packages)
    shares: list[list[Request]] = [[] for _client in range(bench.clients)]
    for place, package in enumerate(packages):
        client = place % bench.clients
        right = codes[package]
        for turn in range(WRONG_PER_PACKAGE):
            wrong = str((int(right) + 1 + turn) % 10 ** len(right)).zfill(len(right))
            shares[client].append(command_request(package, DELIVER, key=shop.associates[client], status=422, otp=wrong))
    return batch(bench, shares, settle=True)[0]


def packages_list(bench: Bench) -> Result:
    fill_a_page(bench)
    return batch(bench, gets(bench, [f"/api/v1/oms/packages/?limit={PAGE}"]))[0]


def one_package(bench: Bench) -> Result:
    return batch(bench, gets(bench, [f"/api/v1/oms/packages/{package}/" for package in fill_a_page(bench)]))[0]


def gets(bench: Bench, paths: Sequence[str]) -> list[list[Request]]:
    """Every client asks for these pages in turn."""
    return [
        [
            request("GET", paths[place % len(paths)], status=200, headers=authorised(key))
            for place in range(bench.requests // bench.clients)
        ]
        for key in bench.shop.associates
    ]


def fill_a_page(bench: Bench) -> list[int]:
    """More ready packages in the store than a page shows."""
    found = [int(package) for (package,) in bench.shop.sql(WAITING)]
    if len(found) <= PAGE:
        found += bench.shop.ready(PAGE + 10)
        bench.shop.settle()
    return found


def instore_list(bench: Bench) -> Result:
    """A tablet at a time: what is measured is the server's own time for the page."""
    fill_a_page(bench)
    cookie = sign_in(bench.shop, "associate")
    headers = {"Cookie": cookie, "Accept-Encoding": "gzip", "Accept": "text/html"}
    page = request("GET", "/instore/?tab=ready", status=200, headers=headers)
    drive(bench.shop.port, [[page] * 5])
    return batch(bench, [[page] * max(20, bench.requests // 4)])[0]


def sign_in(shop: Shop, username: str) -> str:
    """The cookies of a browser in which this person of the demo has signed in."""
    jar = CookieJar()
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    address = f"http://127.0.0.1:{shop.port}/accounts/login/"
    with opener.open(address, timeout=60) as page:
        found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.read().decode())
    assert found
    form = {"login": username, "password": "demo-pickup", "csrfmiddlewaretoken": found[1]}
    with opener.open(address, urllib.parse.urlencode(form).encode(), timeout=60):
        pass
    return "; ".join(f"{cookie.name}={cookie.value}" for cookie in jar)


def events(bench: Bench) -> Result:
    """From the first attempt's start to the last event's record, by the database's clock."""
    count = bench.requests * 20
    shop = bench.shop
    with receiver() as url:
        hook = {"event_type": EVENT_TYPE, "target_url": url, "secret_key": "a secret of a usual length"}
        headers = authorised(shop.admin)
        made = drive(shop.port, [[request("POST", "/whisperer/hooks/", status=201, headers=headers, body=hook)]])[1]
        before = shop.cpu()
        shop.inside("events", str(count), EVENT_TYPE)
        wait_until(
            lambda: not shop.sql("SELECT EXISTS (SELECT FROM whisperer_delivery WHERE finished_at IS NULL)")[0][0],
            what="the events to be delivered",
        )
        after = shop.cpu()
        address = f"/whisperer/hooks/{json.loads(made[0][0])['id']}/"
        drive(shop.port, [[request("DELETE", address, status=204, headers=headers)]])
    ((seconds,),) = shop.sql(
        "SELECT extract(epoch FROM max(finished_at) - min(started_at))::float8 FROM whisperer_attempt a"
        " JOIN (SELECT id, finished_at FROM whisperer_delivery ORDER BY id DESC LIMIT %s) d ON d.id = a.delivery_id",
        count,
    )
    took = [
        milliseconds / 1000
        for (milliseconds,) in shop.sql("SELECT duration_ms FROM whisperer_attempt ORDER BY id DESC LIMIT %s", count)
    ]
    return result_of(Timing(count, seconds, sorted(took)), before, after)


@contextmanager
def receiver() -> Iterator[str]:
    """A receiver of events that answers at once, in a process of its own; its address."""
    command = [sys.executable, "-m", "tests.whisperer.receiver_process"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
    assert process.stdout
    try:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}/hook"
    finally:
        process.terminate()
        process.wait()


def bare_handover(bench: Bench) -> Result:
    before, client = bench.shop.cpu(), client_seconds()
    count, seconds, took = floor.measure(bench.shop, clients=bench.clients, seconds=FLOOR_SECONDS)
    spent = result_of(Timing(count, seconds, took), before, bench.shop.cpu())
    return replace(spent, client=1000 * (client_seconds() - client) / count)


def client_seconds() -> float:
    used = getrusage(RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


FLOOR = "floor"
LINES = {
    "order": Line("Order in", True, order_in, "≤ 8 ms of all"),
    "pack": Line("Complete packaging", True, pack),
    "ready": Line("Ready For Customer Pickup, to the SMS and its receipts", True, make_ready, "≤ 20 ms of all"),
    "ready-paced": Line(
        f"The same, {PACED_RATE} a second: click → accepted by the provider", True, make_ready_paced, "p95 < 500 ms"
    ),
    "verify-hooks": Line("Verify and deliver, with the demo's hooks", True, verify, "≥ 200/s"),
    FLOOR: Line("The floor: a bare handover (pgbench)", False, bare_handover),
    "verify": Line("Verify and deliver, no hooks", False, verify, "≤ 4 ms of web and PostgreSQL; ≥ 0.10 of the floor"),
    "wrong": Line("Wrong code", False, wrong_code, "≤ 4 ms of web and PostgreSQL"),
    "list": Line(f"API list of {PAGE}", False, packages_list, "≤ 4 ms"),
    "package": Line("API, one package", False, one_package, "≤ 2.5 ms"),
    "instore": Line(f"Instore list page of {PAGE} rows, one client", False, instore_list, "≤ 25 ms"),
    "events": Line("Events to a receiver that answers at once", False, events, "≥ 3,000/s"),
}
