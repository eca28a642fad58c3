"""Two web processes are one shop: what one of them did or was told holds for the next request to the other."""

import html
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.test import Client

from clickcollect.accounts.models import Role, User
from clickcollect.accounts.tokens import create_token
from clickcollect.oms import states
from clickcollect.oms.access import RIGHTS
from clickcollect.oms.models import Package
from tests import database_reset, shop
from tests.api.caller import ORDERS, PACKAGES, SETTINGS
from tests.ports import free_port
from tests.webserver.serving import Answer, Served, head, read_answer, started
from tests.whisperer.receivers import wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
LOGIN = "/api/v1/auth/login/"
DELIVER = "self-service-package-delivery"


class Two:
    """`clickcollect serve` with two processes, each of which can be asked."""

    def __init__(self, served: Served) -> None:
        self.served = served
        found = psutil.Process(served.process.pid).children(recursive=True)
        self.processes = [child for child in found if self.listens(child)]

    def listens(self, process: psutil.Process) -> bool:
        return any(one.laddr.port == self.served.port and not one.raddr for one in process.net_connections())

    def ask(self, place: int, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """One request to this process; the kernel deals connections out, so some are tried."""
        content = b"" if body is None else json.dumps(body).encode()
        if content:
            headers |= {"content_length": str(len(content)), "content_type": "application/json"}
        deadline = time.monotonic() + 100
        while time.monotonic() < deadline:
            with self.served.connect() as connection:
                if self.holder(connection.getsockname()[1]) == self.processes[place]:
                    connection.sendall(head(method, path, **headers) + content)
                    return read_answer(connection)
        raise AssertionError("this process is given no connection")

    def holder(self, port: int) -> psutil.Process:
        """Who has accepted the connection from this port of ours."""
        found: list[psutil.Process] = []

        def has_been_accepted() -> bool:
            found.extend(one for one in self.processes if port in theirs(one))
            return bool(found)

        wait_until(has_been_accepted)
        return found[0]

    def both(self, method: str, path: str, body: Any = None, **headers: str) -> list[Answer]:
        return [self.ask(place, method, path, body, **headers) for place in (0, 1)]


def theirs(process: psutil.Process) -> set[int]:
    """The ports of those who are connected to it."""
    return {one.raddr.port for one in process.net_connections() if one.raddr}


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory, django_db_setup: None) -> Iterator[Two]:
    log, port = tmp_path_factory.mktemp("two") / "log", free_port()
    environment = {"DATABASE_URL": database_reset.database_url(), "PORT": str(port), "WEB_PROCESSES": "2"}
    with started(["clickcollect", "serve"], log, port=port, path="/healthz", **environment) as served:
        wait_until(lambda: len(Two(served).processes) == 2)
        made = Two(served)
        made.both("GET", "/healthz")
        yield made


def token(role: Role, *stores: Any) -> str:
    return f"Token {create_token(user=shop.make_user(role, *stores), name='test', scopes=RIGHTS).key}"


def browser(role: Role, *stores: Any) -> dict[str, str]:
    """The headers of a browser in which such a person has signed in."""
    client = Client()
    client.force_login(shop.make_user(role, *stores))
    client.get("/instore/")
    cookies = "; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items())
    return {"cookie": f"{cookies}; csrftoken={'t' * 32}", "x_csrftoken": "t" * 32}


def test_wrong_passwords_count_in_one_budget(two: Two) -> None:
    hashed = PBKDF2PasswordHasher().encode(shop.PASSWORD, "salt", iterations=1_000)  # not the tests' own way of it
    name = shop.make_user(Role.OPERATOR).username
    User.objects.filter(username=name).update(password=hashed)
    right = {"username": name, "password": shop.PASSWORD}
    assert [answer.status for answer in two.both("POST", LOGIN, right)] == [200, 200]
    for turn in range(5):
        assert two.ask(turn % 2, "POST", LOGIN, {"username": name, "password": "wrong"}).status == 400
    refused = two.both("POST", LOGIN, right)
    assert [answer.status for answer in refused] == [400, 400]
    assert all("Too many" in answer.body.decode() for answer in refused), refused[0].body


def test_wrong_codes_count_in_one_budget(two: Two) -> None:
    package = shop.make_package(states.READY)
    authorization = token(Role.ASSOCIATE, package.stock_location)
    path, wrong = f"{PACKAGES}{package.pk}/command/", {"slug": DELIVER, "otp": shop.wrong_code(package)}
    left = [two.ask(turn % 2, "POST", path, wrong, authorization=authorization).json for turn in range(5)]
    assert [problem["attempts_remaining"] for problem in left] == [4, 3, 2, 1, 0]
    right = {"slug": DELIVER, "otp": shop.right_code(package)}
    answers = two.both("POST", path, right, authorization=authorization)
    assert [answer.json["code"] for answer in answers] == ["otp_locked", "otp_locked"]


def test_an_idempotency_key_is_known_to_both(two: Two) -> None:
    shop.make_store()
    headers = {"authorization": token(Role.OPERATOR), "idempotency_key": "two-processes"}
    document = shop.order_document()
    first, again = two.both("POST", ORDERS, document, **headers)
    assert (first.status, again.status, again.body) == (201, 201, first.body)
    other = two.ask(1, "POST", ORDERS, shop.order_document(), **headers)
    assert (other.status, other.json["code"]) == (422, "idempotency_mismatch")
    assert Package.objects.count() == 1


def test_a_setting_changed_at_one_holds_for_the_other(two: Two) -> None:
    headers = {"authorization": token(Role.ADMIN)}
    for value in (False, True):
        package = shop.make_package(states.PACKED)
        body = {"key": "IS_OTP_ENABLED", "json_value": value, "reason": "A test."}
        assert two.ask(0, "POST", SETTINGS, body, **headers).status == 201
        path = f"{PACKAGES}{package.pk}/command/"
        assert two.ask(1, "POST", path, {"slug": "ready-for-customer-pickup"}, **headers).status == 204
        assert package.issues.exists() is value


def test_a_move_at_one_is_news_for_a_list_that_asks_the_other(two: Two) -> None:
    package = shop.make_package(states.WAITING)
    headers = browser(Role.ASSOCIATE, package.stock_location)
    page = two.ask(0, "GET", "/instore/", **headers).body.decode()
    found = re.search(r'hx-get="([^"]*/live/[^"]*)"', page)
    assert found
    address = html.unescape(found[1])
    headers["hx_request"] = "true"
    assert [answer.status for answer in two.both("GET", address, **headers)] == [204, 204]
    body = {"slug": "complete-packaging-without-shipment"}
    moved = two.ask(0, "POST", f"{PACKAGES}{package.pk}/command/", body, authorization=token(Role.OPERATOR))
    assert moved.status == 204
    assert [answer.status for answer in two.both("GET", address, **headers)] == [200, 200]


def test_who_signs_out_at_one_is_out_at_the_other(two: Two) -> None:
    headers = browser(Role.ASSOCIATE, shop.make_store())
    assert [answer.status for answer in two.both("GET", "/instore/", **headers)] == [200, 200]
    assert two.ask(0, "POST", "/accounts/logout/", {}, **headers).status == 200
    gone = two.both("GET", "/instore/", **headers)
    assert ["/accounts/login/" in answer.header("location") for answer in gone] == [True, True]


def test_the_figures_are_the_same_from_both(two: Two) -> None:
    shop.make_package(states.READY)
    first, second = (answer.body.decode() for answer in two.both("GET", "/metrics"))
    assert 'clickcollect_packages{state="600"} 1.0' in first
    assert first == second


def test_both_serve_the_same_files(two: Two) -> None:
    first, second = (answer.body.decode() for answer in two.both("GET", "/accounts/login/"))
    sheets = set(re.findall(r'href="(/static/[^"]+\.css)"', first))
    assert sheets
    for sheet in sheets:
        assert sheet in second
        answers = two.both("GET", sheet)
        assert [answer.status for answer in answers] == [200, 200]
        assert answers[0].body == answers[1].body


def test_each_process_takes_the_connections_that_it_was_given(two: Two, tmp_path: Path) -> None:
    """A pool for each: as many at once as there are threads, in both."""
    authorization = token(Role.OPERATOR)
    for _turn in range(3):
        assert [one.status for one in two.both("GET", PACKAGES, authorization=authorization)] == [200, 200]
