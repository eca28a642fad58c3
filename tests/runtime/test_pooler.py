"""`check` sees a pooler that hands a connection on after each transaction; one by session does no harm."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import psycopg
import pytest

from clickcollect.runtime.checks import check_pooler
from tests.ports import free_port
from tests.webserver.proxies import program_of

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
ignore_startup_parameters = extra_float_digits,options
"""


@contextmanager
def pooler(folder: Path, mode: str) -> Iterator[str]:
    """PgBouncer before the tests' PostgreSQL; the address to sign in by."""
    program = program_of("pgbouncer")
    parts = urlsplit(os.environ["DATABASE_URL"])
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
    with pooler(tmp_path, mode) as url:
        found = list(check_pooler(url))
    assert sum(finding.is_fault for finding in found) == faults
    assert all("transaction mode" in finding.text for finding in found)


def test_postgresql_itself_is_no_pooler() -> None:
    assert list(check_pooler(os.environ["DATABASE_URL"])) == []
