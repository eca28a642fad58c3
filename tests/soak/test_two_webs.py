"""Two webs behind nginx, a pooler by transaction before their PostgreSQL: the road, live rows, and one that goes away.

As docs/deploy/many-machines.md has it; the two share nothing but the database.
"""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher

from clickcollect.accounts.models import Role
from clickcollect.accounts.tokens import create_token
from clickcollect.oms import states
from clickcollect.oms.access import RIGHTS
from clickcollect.runtime.checks import READY
from tests import database_reset, shop
from tests.api.caller import PACKAGES
from tests.ports import free_port
from tests.runtime.test_pooler import pooler
from tests.runtime.test_run import wait_until
from tests.webserver.proxies import HOST, proxy
from tests.webserver.serving import Answer, Served, head, started
from tests.webserver.test_proxies import PASSWORD, Site, assert_signed_in, sign_in
from tests.whisperer.dispatch import make_hook
from tests.whisperer.receivers import Receiver, receiving

pytestmark = [pytest.mark.soak, pytest.mark.timeout(900), pytest.mark.django_db(transaction=True)]
DELIVER = "self-service-package-delivery"
HANDOVERS = 200
CLIENTS = 8
_keys = count(1)


class Webs(Site):
    """nginx, and the webs behind it that run now."""

    def __init__(self, front: Any, environment: dict[str, str], ports: tuple[int, int], folder: Path) -> None:
        self.front, self.environment, self.ports, self.folder = front, environment, ports, folder
        self.key = ""

    @contextmanager
    def web(self, number: int) -> Iterator[Served]:
        """One of the two, until the block ends."""
        port = self.ports[number]
        folder = self.folder / f"web-{number}"
        folder.mkdir(exist_ok=True)
        own = self.environment | {"PORT": str(port)}
        with started(["clickcollect", "serve"], folder / "log", port=port, path="/healthz", **own) as served:
            yield served

    def api(self, method: str, path: str, body: Any = None) -> Answer:
        data = json.dumps(body).encode() if body else b""
        given = {"authorization": f"Token {self.key}", "content_type": "application/json"}
        given |= {"content_length": str(len(data)), "idempotency_key": f"key-{next(_keys)}"}
        return self.ask(head(method, path, **given) + data)

    def command(self, package: int, slug: str, **data: str) -> int:
        return self.api("POST", f"{PACKAGES}{package}/command/", {"slug": slug, **data}).status


@contextmanager
def two_webs(folder: Path) -> Iterator[Webs]:
    """nginx as the sample has it, with two webs to hand requests to; their database by PgBouncer's two connections."""
    ports = free_port(), free_port()
    (folder / "pooler").mkdir()
    (folder / "nginx").mkdir()
    for path in (folder, *folder.parents[:2]):
        path.chmod(0o711)  # PgBouncer of root's runs as another user
    with (
        pooler(folder / "pooler", "transaction", database_reset.database_url()) as url,
        proxy("nginx", folder / "nginx", upstream=ports[0], others=ports[1:]) as front,
    ):
        environment = {
            "DATABASE_URL": url,
            "DATABASE_PREPARED_STATEMENTS": "off",
            "PUBLIC_URL": front.url,
            "ALLOWED_HOSTS": HOST,
            "TRUSTED_PROXIES": "1",
            "WEB_PROCESSES": "2",
            "WEBHOOK_ALLOWED_NETWORKS": "127.0.0.0/8",
        }
        yield Webs(front, environment, ports, folder)


@contextmanager
def worker(folder: Path) -> Iterator[None]:
    """It listens to notifications, so its address leads to PostgreSQL itself."""
    home = folder / "worker"
    home.mkdir()
    own = {"CLICKCOLLECT_HOME": str(home), "WEBHOOK_ALLOWED_NETWORKS": "127.0.0.0/8"}
    command = [sys.executable, "-m", "clickcollect", "worker"]
    with (home / "log").open("ab") as log:
        url = {"DATABASE_URL": database_reset.database_url()}
        process = subprocess.Popen(command, env=os.environ | url | own, stdout=log, stderr=log)
    try:
        yield
    finally:
        process.terminate()
        process.wait(timeout=60)


@pytest.fixture
def webs(tmp_path: Path) -> Iterator[Webs]:
    """An administrator's token, an associate who signs in, and a program that hears of codes."""
    with two_webs(tmp_path) as made:
        made.key = create_token(user=shop.make_user(Role.ADMIN), name="shop", scopes=RIGHTS).key
        lena = shop.make_user(Role.ASSOCIATE, shop.make_store(), username="lena")
        lena.password = PBKDF2PasswordHasher().encode(PASSWORD, "salt", iterations=1000)
        lena.save()
        yield made


def cookie_of(answer: Answer) -> str:
    found = re.search(r"(?:__Host-)?sessionid=[^;]+", answer.head)
    assert found, answer.head
    return found[0]


def live(webs: Webs, cookie: str, address: str) -> Answer:
    """What the open list asks every ten seconds."""
    return webs.ask(head("GET", address, cookie=cookie, hx_request="true"))


def live_address(page: bytes) -> str:
    found = re.search(r'hx-get="(/instore/live/[^"]+)"', page.decode())
    assert found, page.decode()[:2000]
    return found[1].replace("&amp;", "&")


def code_at(receiver: Receiver, number: str) -> str:
    """The code that the customer of this order was sent."""

    def sent() -> list[str]:
        payloads = [json.loads(request.body)["payload"] for request in receiver.got]
        return [one["otp"]["code"] for one in payloads if one["order_number"] == number]

    wait_until(lambda: bool(sent()), seconds=60)
    return sent()[-1]


def walk(webs: Webs, receiver: Receiver, cookie: str, number: str) -> None:
    """From an order to its handover, while a list lies open in the store."""
    made = webs.api("POST", "/api/v1/omnitron/orders/", shop.order_document(number))
    assert made.status == 201, made
    package = made.json["packages"][0]["id"]
    address = live_address(webs.ask(head("GET", "/instore/", cookie=cookie)).body)
    assert live(webs, cookie, address).status == 204  # the control: nothing new
    assert webs.command(package, "complete-packaging-without-shipment") == 204
    news = live(webs, cookie, address)
    assert (news.status, number.encode() in news.body) == (200, True)
    assert webs.command(package, "ready-for-customer-pickup") == 204
    code = code_at(receiver, number)
    wrong = f"{(int(code) + 1) % 10 ** len(code):0{len(code)}d}"
    assert webs.command(package, DELIVER, otp=wrong) == 422
    assert webs.command(package, DELIVER, otp=code) == 204
    assert webs.command(package, DELIVER, otp=code) == 409


def test_the_road_with_two_webs_with_either_alone_and_with_two_again(webs: Webs, tmp_path: Path) -> None:
    with receiving(Receiver()) as (receiver,), worker(tmp_path), ExitStack() as stack:
        hook = {"url": receiver.url, "type": READY, "secret_key": "a secret of a usual length"}
        make_hook(shop.make_user(Role.ADMIN), **hook)
        with webs.web(0):
            signed_in = sign_in(webs)
            assert_signed_in(signed_in)
            cookie = cookie_of(signed_in)
            walk(webs, receiver, cookie, "ALONE-1")
            stack.enter_context(webs.web(1))
            for turn in range(4):
                walk(webs, receiver, cookie, f"BOTH-{turn}")
        walk(webs, receiver, cookie, "ALONE-2")  # who signed in by the first web is known to the second
        with webs.web(0):
            walk(webs, receiver, cookie, "AGAIN-1")


def test_each_visitor_has_an_address_and_one_budget_in_both_webs(webs: Webs) -> None:
    with webs.web(0), webs.web(1):
        answers = [sign_in(webs, password="a-wrong-phrase-1", source="127.0.0.2") for _try in range(6)]
        assert b"Too many" in answers[-1].body, answers[-1]
        assert b"Too many" not in answers[0].body
        assert sign_in(webs, source="127.0.0.2").status != 302  # the right one too, from there
        assert_signed_in(sign_in(webs, source="127.0.0.3"))  # and not from elsewhere: nginx says who asks


def test_handovers_a_second_by_two_webs_and_two_connections(webs: Webs, capsys: pytest.CaptureFixture[str]) -> None:
    packages = [shop.make_package(states.READY) for _number in range(HANDOVERS)]
    codes = [shop.right_code(package) for package in packages]
    took: list[float] = []

    def collect(turn: int) -> int:
        began = time.monotonic()
        status = webs.command(packages[turn].pk, DELIVER, otp=codes[turn])
        took.append(time.monotonic() - began)
        return status

    with webs.web(0), webs.web(1):
        assert webs.api("GET", f"{PACKAGES}?limit=1").status == 200
        began = time.monotonic()
        with ThreadPoolExecutor(CLIENTS) as pool:
            assert set(pool.map(collect, range(HANDOVERS))) == {204}
        seconds = time.monotonic() - began
    assert {shop.state_of(package) for package in packages} == {states.DELIVERED}
    p95 = sorted(took)[int(HANDOVERS * 0.95)] * 1000
    load = os.getloadavg()[0]
    with capsys.disabled():
        sys.stdout.write(f"\n{HANDOVERS / seconds:.0f} handovers a second, p95 {p95:.0f} ms, load {load:.1f}\n")
