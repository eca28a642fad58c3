"""A pooler that hands a connection on after each transaction: the web works behind it, and `check` sees it."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import psycopg
import pytest
from django.db import connections

from clickcollect.accounts.models import Role
from clickcollect.accounts.tokens import create_token
from clickcollect.oms import states
from clickcollect.oms.access import RIGHTS
from clickcollect.runtime.checks import check_pooler
from clickcollect.runtime.roles import SESSIONS
from tests import database_reset, shop
from tests.api.caller import PACKAGES, SETTINGS
from tests.ports import free_port
from tests.webserver.proxies import program_of
from tests.webserver.serving import Served, head, read_answer, started

CONFIG = """
[databases]
{database} = host={folder} port=5432 dbname={database} user={user} password={password}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
auth_type = any
pool_mode = {mode}
unix_socket_dir =
logfile = {log}
default_pool_size = 2
max_client_conn = 200
"""


@contextmanager
def pooler(folder: Path, mode: str, address: str) -> Iterator[str]:
    """PgBouncer, with two connections, before the PostgreSQL of this address; the address to sign in by."""
    program = program_of("pgbouncer")
    parts = urlsplit(address)
    socket_folder = parse_qs(parts.query).get("host", [parts.hostname])[0]
    port, database = free_port(), parts.path.strip("/")
    words = {"database": database, "folder": socket_folder, "user": parts.username, "port": port, "mode": mode}
    folder.chmod(0o777)
    config = folder / "pgbouncer.ini"
    config.write_text(CONFIG.format(**words, password=unquote(parts.password or ""), log=folder / "log"))
    command = [program, str(config)]
    if os.geteuid() == 0:  # it refuses to run as root
        setpriv = shutil.which("setpriv")
        assert setpriv
        account = ["--reuid=nobody", "--regid=nogroup", "--clear-groups"]
        rights = ["--inh-caps=+dac_read_search,+dac_override", "--ambient-caps=+dac_read_search,+dac_override"]
        command = [setpriv, *account, *rights, *command]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    url = f"postgres://{parts.username}:x@127.0.0.1:{port}/{database}"
    try:
        wait_until_it_answers(url, process)
        yield url
    finally:
        process.terminate()
        process.communicate(timeout=60)


def wait_until_it_answers(url: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 100
    while True:
        assert process.poll() is None, (process.stdout.read() if process.stdout else b"").decode()
        try:
            psycopg.connect(url, connect_timeout=5).close()
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


@pytest.mark.parametrize(("mode", "faults"), [("transaction", 1), ("session", 0)])
def test_check_sees_a_pooler_by_transaction(mode: str, faults: int, tmp_path: Path) -> None:
    with pooler(tmp_path, mode, os.environ["DATABASE_URL"]) as url:
        found = list(check_pooler(url))
    assert sum(finding.is_fault for finding in found) == faults
    assert all("transaction mode" in finding.text for finding in found)


def test_postgresql_itself_is_no_pooler() -> None:
    assert list(check_pooler(os.environ["DATABASE_URL"])) == []


@contextmanager
def web(folder: Path, database_url: str, **environment: str) -> Iterator[Served]:
    """`clickcollect serve`, in two processes."""
    port = free_port()
    told = {"DATABASE_URL": database_url, "PORT": str(port), "WEB_PROCESSES": "2"} | environment
    with started(["clickcollect", "serve"], folder / "web.log", port=port, path="/healthz", **told) as served:
        yield served


def statuses(served: Served, key: str, paths: Sequence[str], *, times: int) -> set[int]:
    """What eight clients at once are answered, each on a connection of its own."""

    def ask(_client: int) -> set[int]:
        found = set()
        with served.connect() as connection:
            for _turn in range(times):
                for path in paths:
                    connection.sendall(head("GET", path, authorization=f"Token {key}"))
                    found.add(read_answer(connection).status)
        return found

    with ThreadPoolExecutor(8) as pool:
        return set[int]().union(*pool.map(ask, range(8)))


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_the_web_works_behind_a_pooler_by_transaction(tmp_path: Path) -> None:
    user = shop.make_user(Role.ADMIN)
    key = create_token(user=user, name="test", scopes=RIGHTS).key
    package = shop.make_package(states.PACKED)
    paths = [f"{PACKAGES}?limit=10", f"{PACKAGES}{package.pk}/", SETTINGS, "/readyz", "/accounts/login/"]
    with (
        pooler(tmp_path, "transaction", database_reset.database_url()) as url,
        web(tmp_path, url, DATABASE_PREPARED_STATEMENTS="off") as served,
    ):
        assert statuses(served, key, paths, times=8) <= {200, 503}  # no worker: /readyz says so
        assert statuses(served, key, paths[:3], times=1) == {200}
        headers = {"authorization": f"Token {key}", "content_type": "application/json"}
        for slug in ("ready-for-customer-pickup", "self-service-package-delivery"):
            code = shop.right_code(package) if slug.startswith("self") else ""
            body = json.dumps({"slug": slug, "otp": code}).encode()
            path = f"{PACKAGES}{package.pk}/command/"
            asked = head("POST", path, content_length=str(len(body)), idempotency_key=slug, **headers) + body
            assert [served.ask(asked).status for _again in range(2)] == [204, 204]
    assert shop.state_of(package) == states.DELIVERED


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_control_prepared_statements_do_not_survive_there(tmp_path: Path) -> None:
    key = create_token(user=shop.make_user(Role.ADMIN), name="test", scopes=RIGHTS).key
    with pooler(tmp_path, "transaction", database_reset.database_url()) as url, web(tmp_path, url) as served:
        assert statuses(served, key, [f"{PACKAGES}?limit=10", SETTINGS], times=12) - {200}


@pytest.mark.django_db
def test_sessions_begin_as_their_role_says_and_ask_for_nothing() -> None:
    for alias in ("default", "owner"):
        with connections[alias].cursor() as cursor:
            for name, value in SESSIONS.items():
                cursor.execute(f"SELECT setting, source FROM pg_settings WHERE name = '{name}'")
                assert cursor.fetchone() == (value, "user")
