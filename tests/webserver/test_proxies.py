"""Behind nginx and Caddy, with TLS: slow clients hold up nobody, sign-in works, and `check` sees a forgotten header."""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher

from clickcollect.accounts.models import Role
from tests import database_reset, shop
from tests.ports import free_port
from tests.webserver.proxies import HOST, Proxy, proxy
from tests.webserver.serving import Answer, Served, dripping, head, read_answer, started
from tests.webserver.test_slow_clients import typical_seconds

pytestmark = pytest.mark.slow
PASSWORD = "a-good-phrase-1"


class Site:
    """`clickcollect serve` behind a proxy."""

    def __init__(self, front: Proxy, served: Served, environment: dict[str, str]) -> None:
        self.front, self.served, self.environment = front, served, environment

    def ask(self, request: bytes, source: str = "127.0.0.1") -> Answer:
        with self.front.connect(source) as connection:
            connection.sendall(request.replace(b"Host: localhost", f"Host: {HOST}:{self.front.port}".encode()))
            return read_answer(connection)


@contextmanager
def behind(name: str, folder: Path, *, forwards: bool = True) -> Iterator[Site]:
    port = free_port()
    with proxy(name, folder, upstream=port, forwards=forwards) as front:
        environment = {
            "DATABASE_URL": database_reset.database_url(),
            "PORT": str(port),
            "PUBLIC_URL": front.url,
            "ALLOWED_HOSTS": HOST,
            "TRUSTED_PROXIES": "1",
            "SSL_CERT_FILE": str(folder / "cert.pem"),
        }
        with started(["clickcollect", "serve"], folder / "web", port=port, path="/healthz", **environment) as served:
            yield Site(front, served, environment)


@pytest.fixture
def lena(transactional_db: None) -> None:
    """Somebody whose password every process can check."""
    user = shop.make_user(Role.OPERATOR, username="lena")
    user.password = PBKDF2PasswordHasher().encode(PASSWORD, "salt", iterations=1000)
    user.save()


def sign_in(site: Site, *, password: str = PASSWORD, source: str = "127.0.0.1", **headers: str) -> Answer:
    page = site.ask(head("GET", "/accounts/login/"), source)
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.body.decode())
    cookie = re.search(r"csrftoken=[^;]+", page.head)
    assert token, page
    assert cookie, page
    assert "Secure" in page.head
    body = urlencode({"login": "lena", "password": password, "csrfmiddlewaretoken": token[1]}).encode()
    given = {"origin": site.front.url, "referer": f"{site.front.url}/accounts/login/", "cookie": cookie[0]} | headers
    form = {"content_type": "application/x-www-form-urlencoded", "content_length": str(len(body))}
    return site.ask(head("POST", "/accounts/login/", **form, **given) + body, source)


@pytest.mark.parametrize("name", ["nginx", "caddy"])
def test_people_sign_in_and_slow_clients_hold_up_nobody(name: str, lena: None, tmp_path: Path) -> None:
    with behind(name, tmp_path) as site:
        assert_signed_in(sign_in(site))
        foreign = sign_in(site, origin="https://other.example.test")
        assert (foreign.status, b"https://other.example.test" in foreign.body) == (403, True)
        with dripping(slow_clients(site, 60)):
            assert site.ask(head("GET", "/healthz")).status == 200
            assert typical_seconds(site.served, "127.0.0.2") < 1
        assert f"https://localhost:{site.front.port} is reached." in check_said(site)


def test_a_proxy_that_forgets_to_say_https_hinders_no_sign_in_and_check_says_so(lena: None, tmp_path: Path) -> None:
    with behind("nginx", tmp_path, forwards=False) as site:
        assert_signed_in(sign_in(site))
        assert "NOT IN ORDER: https://localhost:" in check_said(site)
        assert "X-Forwarded-Proto" in check_said(site)
        assert "and TRUSTED_PROXIES is 0" in check_said(site, TRUSTED_PROXIES="0")


def test_who_comes_to_nginx_without_tls_is_led_to_it(tmp_path: Path) -> None:
    with (
        proxy("nginx", tmp_path, upstream=free_port()) as front,
        socket.create_connection(("127.0.0.1", front.plain)) as plain,
    ):
        plain.sendall(head("GET", "/oms/?page=2").replace(b"localhost", HOST.encode()))
        answer = read_answer(plain)
    assert answer.status == 301
    assert f"Location: {front.url}/oms/?page=2" in answer.head


def assert_signed_in(answer: Answer) -> None:
    assert (answer.status, "sessionid=" in answer.head) == (302, True), answer


def slow_clients(site: Site, number: int) -> list[socket.socket]:
    """So many slow bodies and so many slow heads, all by the proxy."""
    host = f"{HOST}:{site.front.port}"
    body = head("POST", "/api/v1/auth/login/", content_length="1000").replace(b"localhost", host.encode()) + b"{"
    begun: list[socket.socket] = []
    for start in [body, f"GET / HTTP/1.1\r\nHost: {host}\r\nX-Slow: ".encode()] * number:
        begun.append(site.front.connect())
        begun[-1].sendall(start)
    return begun


def check_said(site: Site, **changes: str) -> str:
    """What `clickcollect check` says, where the proxy is reached by a name that this machine knows."""
    changes["PUBLIC_URL"] = f"https://localhost:{site.front.port}"
    done = subprocess.run(
        [sys.executable, "-m", "clickcollect", "check"],
        env=os.environ | site.environment | changes,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return done.stdout + done.stderr
