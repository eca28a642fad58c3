"""`clickcollect init`: from an empty PostgreSQL to a shop whose administrator can sign in, in one command."""

import os
import re
import stat
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import psycopg
import pytest

from clickcollect.oms.extension_hooks import EVENT_TYPES
from clickcollect.runtime import postgres
from clickcollect.runtime.first_installation import ROLES, addresses_for, networks_of
from clickcollect.runtime.postgres import SUPERUSER
from tests.ports import free_port
from tests.postgres import FAST
from tests.postgres import SUPERUSER_URL as OF_THE_TESTS
from tests.runtime.console_process import Console

ANSWERS = {
    "--public-url": "https://pickup.example.com", "--admin": "boss", "--store": "IST-01", "--store-name": "Galata",
    "--country": "tr", "--currency": "try", "--time-zone": "Europe/Istanbul",
}  # fmt: skip
LINK = re.compile(r"https://pickup\.example\.com(/accounts/first-password/\?\S+)")


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL in which nothing was made, and its administrator's address."""
    folder = tmp_path_factory.mktemp("bare")
    for path in (folder, *folder.parents[:2]):
        path.chmod(0o711)  # root's PostgreSQL runs as another user, who must get in
    names = (SUPERUSER, postgres.OWNER, postgres.APPLICATION, postgres.EXTENSION)
    passwords = {role: f"{role}-password" for role in names}
    server = postgres.Server(
        data=folder / "data",
        passwords=passwords,
        log=folder / "log",
        settings={**FAST, "wal_level": "replica", "max_wal_senders": "4"},
    )
    server.create()
    process = server.start()
    yield server.url(role=SUPERUSER, database="postgres")
    postgres.stop_server(process, server)


@dataclass(frozen=True)
class Machine:
    """Where nothing is known of the tests' databases."""

    program: Console

    def clickcollect(self, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        withheld = re.compile(r"DATABASE|POSTGRES|SECRET|KEYS|CLICKCOLLECT|DJANGO|WEBHOOK|FICTITIOUS")
        clean = {name: value for name, value in os.environ.items() if not withheld.search(name)}
        return self.program.call(*arguments, environment={**clean, **environment})

    def init(self, folder: Path, *answers: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        options = [part for pair in ANSWERS.items() for part in pair]
        return self.clickcollect("init", str(folder), *options, *answers, **environment)  # the last answer counts


@pytest.fixture
def machine(program: Console) -> Machine:
    return Machine(program)


def settings_in(folder: Path) -> dict[str, str]:
    lines = (folder / "console.env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line)


@pytest.mark.slow
def test_from_nothing_to_an_administrator_who_signs_in(machine: Machine, bare: str, tmp_path: Path) -> None:
    folder = tmp_path / "etc"
    first = machine.init(folder, DATABASE_ADMIN_URL=bare)
    assert first.returncode == 0, first.stdout + first.stderr
    link = LINK.search(first.stdout)
    assert link
    for words in (
        "SMS",
        "A copy of secrets/pickup_code_keys",
        "boss is the administrator",
        "IST-01 is open",
        f"{len(EVENT_TYPES)} webhooks",
    ):
        assert words in first.stdout
    secrets = {path.name: path.read_text().strip() for path in (folder / "secrets").iterdir()}
    assert {stat.S_IMODE(path.stat().st_mode) for path in (folder / "secrets").iterdir()} == {0o600}
    assert all(secret not in first.stdout + first.stderr for secret in secrets.values())

    again = machine.init(folder, DATABASE_ADMIN_URL=bare)
    assert again.returncode == 0, again.stdout + again.stderr
    assert {path.name: path.read_text().strip() for path in (folder / "secrets").iterdir()} == secrets
    assert "created" not in again.stdout.lower()
    assert LINK.search(again.stdout)

    found = settings_in(folder)
    assert found["WEBHOOK_ALLOWED_NETWORKS"] == "127.0.0.0/8"
    look = machine.clickcollect("check", **found)
    faults = [line for line in look.stderr.splitlines() if line.startswith("NOT IN ORDER")]
    assert len(faults) == 1, look.stdout + look.stderr  # nothing else than that nothing runs yet
    assert "No worker" in faults[0]
    assert_an_asynchronous_standby_is_named(machine, bare, found, tmp_path)
    assert_the_application_owns_nothing(secrets["database_url"])
    assert_the_link_works_once(link[1], found)
    assert LINK.search(machine.init(folder, DATABASE_ADMIN_URL=bare).stdout) is None
    nowhere = machine.init(folder, "--store", "ANK-01", "--time-zone", "Istanbul")
    assert (nowhere.returncode, "Unknown time zone" in nowhere.stderr) == (2, True), nowhere.stderr


def assert_an_asynchronous_standby_is_named(
    machine: Machine, bare: str, found: Mapping[str, str], folder: Path
) -> None:
    """`pg_receivewal` follows the log of PostgreSQL as a standby does."""
    words = "asynchronous"
    assert words not in machine.clickcollect("check", "--deploy", **found).stderr
    (folder / "wal").mkdir()
    command: list[str | Path] = [
        postgres.binaries() / "pg_receivewal",
        "-D",
        folder / "wal",
        "-d",
        bare.replace("/postgres?", "/?"),
    ]
    follower = subprocess.Popen(command)
    try:
        with psycopg.connect(bare, autocommit=True) as connection:
            for _try in range(100):
                if connection.execute("SELECT FROM pg_stat_replication").fetchone() is not None:
                    break
                time.sleep(0.1)
        assert words in machine.clickcollect("check", "--deploy", **found).stderr
    finally:
        follower.terminate()
        follower.wait()


def assert_the_application_owns_nothing(url: str) -> None:
    with psycopg.connect(url) as connection:
        owned = connection.execute("SELECT count(*) FROM pg_tables WHERE tableowner = current_user").fetchone()
        assert owned == (0,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("UPDATE oms_commandlog SET id = id")


def assert_the_link_works_once(address: str, found: Mapping[str, str]) -> None:
    """By HTTP against the web itself, as the administrator would."""
    port = free_port()
    local = {**found, "PORT": str(port), "PUBLIC_URL": f"http://127.0.0.1:{port}", "WEB_PROCESSES": "1"}
    clean = {name: value for name, value in os.environ.items() if name != OF_THE_TESTS and "DATABASE" not in name}
    clean = {name: value for name, value in clean.items() if name not in ("SECRET_KEY", "PICKUP_CODE_KEYS")}
    web = subprocess.Popen([sys.executable, "-m", "clickcollect", "serve"], env={**clean, **local})
    try:
        page = Browser(f"http://127.0.0.1:{port}")
        page.wait()
        assert page.open(address)[0] == 200
        assert page.send(address, password="short", again="short")[0] == 422
        status, landed = page.send(address, password="a long good phrase", again="a long good phrase")
        assert (status, urlsplit(landed).path) == (200, "/accounts/login/")
        assert page.open(address)[0] == 404
        assert page.send(address, password="another good phrase", again="another good phrase")[0] in (403, 404)
        status, landed = page.send("/accounts/login/", login="boss", password="a long good phrase")
        assert (status, urlsplit(landed).path) == (200, "/oms/")
    finally:
        web.terminate()
        web.wait()


class Browser:
    """Cookies and form tokens; no more."""

    def __init__(self, home: str) -> None:
        self.home = home
        self.jar = CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.jar))

    def wait(self) -> None:
        for _try in range(300):
            try:
                if self.open("/healthz")[0] == 200:
                    return
            except OSError:
                time.sleep(0.2)
        raise AssertionError("the web did not start within a minute")

    def open(self, path: str, data: bytes | None = None) -> tuple[int, str]:
        headers = {"Origin": self.home, "Referer": self.home + path}
        request = urllib.request.Request(self.home + path, data=data, headers=headers)
        try:
            with self.opener.open(request, timeout=30) as answer:
                self.text = answer.read().decode()
                return answer.status, answer.url
        except urllib.error.HTTPError as error:
            self.text = error.read().decode()
            return error.code, error.url

    def send(self, path: str, **fields: str) -> tuple[int, str]:
        self.open(path)
        token = next((cookie.value for cookie in self.jar if cookie.name == "csrftoken"), None) or ""
        return self.open(path, urlencode({"csrfmiddlewaretoken": token, **fields}).encode())


@pytest.mark.slow
def test_roles_of_somebody_else_are_left_alone(machine: Machine, bare: str, tmp_path: Path) -> None:
    with psycopg.connect(bare, autocommit=True) as connection:
        if connection.execute("SELECT FROM pg_roles WHERE rolname = 'clickcollect_app'").fetchone() is None:
            connection.execute("CREATE ROLE clickcollect_app LOGIN PASSWORD 'of another installation'")
        before = connection.execute("SELECT rolpassword FROM pg_authid ORDER BY 1").fetchall()
        refused = machine.init(tmp_path, DATABASE_ADMIN_URL=bare)
        assert refused.returncode == 2
        assert "already exists, with another password" in refused.stderr
        assert connection.execute("SELECT rolpassword FROM pg_authid ORDER BY 1").fetchall()[: len(before)] == before


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({}, "DATABASE_ADMIN_URL"),
        ({"DATABASE_ADMIN_URL": "nonsense"}, "not the address of a PostgreSQL"),
        ({"DATABASE_ADMIN_URL": "postgres://a:b@127.0.0.1:1/postgres"}, "cannot be used"),
        ({"DATABASE_ADMIN_URL": "postgres://a:b@one,two/postgres"}, "several hosts"),
        ({"DATABASE_URL": "postgres://a:b@c/d"}, "DATABASE_OWNER_URL and EXTENSION_DATABASE_URL must be set"),
    ],
)
def test_what_stands_in_the_way_is_a_sentence(
    machine: Machine, environment: dict[str, str], words: str, tmp_path: Path
) -> None:
    refused = machine.init(tmp_path, **environment)
    assert refused.returncode == 2
    assert words in refused.stderr.replace("\n", " ")


@pytest.mark.parametrize(
    ("administrator", "expected"),
    [
        ("postgres://root:x@db.example.com/postgres", "@db.example.com:5432/"),
        ("postgres://root:x@db.example.com:6432/postgres?sslmode=verify-full", "?sslmode=verify-full"),
        ("postgres://root:x@/postgres?host=/var/run/postgresql", "?host=/var/run/postgresql&port=5432"),
    ],
)
def test_addresses_lead_where_the_administrators_does(administrator: str, expected: str) -> None:
    found = addresses_for(administrator)
    assert {urlsplit(url).username for url in found.values()} == {role for role, _database in ROLES.values()}
    assert all(expected in url for url in found.values())
    assert len({urlsplit(url).password for url in found.values()}) == 3


@pytest.mark.parametrize(
    ("url", "networks"),
    [
        ("http://127.0.0.1:8001", ["127.0.0.0/8"]),
        ("http://localhost:8001", ["127.0.0.0/8", "::1/128"]),
        ("http://[::1]:8001", ["::1/128"]),
        ("http://10.1.2.3:8001", ["10.1.2.3/32"]),
        ("https://extension.example.com", []),
        ("https://1.1.1.1", []),
    ],
)
def test_only_the_extensions_own_network_is_let_in(
    url: str, networks: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WEBHOOK_ALLOWED_NETWORKS", raising=False)
    assert list(networks_of(url)) == networks
