"""Ports, children that die, and a PostgreSQL of your own: every wrong turn before a start is a sentence."""

import os
import signal
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

import pytest

from clickcollect.runtime import database
from clickcollect.runtime import ports as addresses
from clickcollect.runtime.child import PAUSES, STEADY_SECONDS, Child, restart_delay
from clickcollect.runtime.database import APPLICATION_URL, EXTENSION_URL, OWNER_URL, Session, check_own, check_sessions
from clickcollect.runtime.errors import Problem
from clickcollect.runtime.ports import WEB, Ports
from tests import postgres
from tests.ports import free_port

APPLICATION = Session("app", "shop", 150000, superuser=False, may_create=False, roles=["app"])
OWNER = Session("owner", "shop", 180004, superuser=False, may_create=True, roles=["owner"])
EXTENSION = Session("extension", "extension", 170000, superuser=False, may_create=True, roles=["extension"])


@pytest.mark.parametrize(("port", "extension"), [("x", ""), ("0", ""), ("65536", ""), ("-1", ""), ("8000", "8000")])
def test_ports_must_be_two_numbers(port: str, extension: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", port)
    monkeypatch.setenv("EXTENSION_PORT", extension)
    with pytest.raises(Problem, match="PORT"):
        Ports.from_environment()


def test_a_taken_port_is_named() -> None:
    ports = Ports(web=free_port(), extension=free_port())
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", ports.web))
        taken.listen()
        with pytest.raises(Problem, match=f"Port {ports.web} cannot be used.*set PORT"):
            ports.check_free(WEB, addresses.EXTENSION, seconds=0)
        ports.check_free(addresses.EXTENSION, seconds=0)  # a taken PORT does not matter to the Extension
    ports.check_free(WEB, addresses.EXTENSION, seconds=1)


def test_pauses_grow_to_a_minute_and_never_end() -> None:
    assert [restart_delay(failures) for failures in range(1, len(PAUSES) + 1)] == [*PAUSES]
    assert restart_delay(1000) == PAUSES[-1] == 60


def ends_at_once() -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-c", "raise SystemExit(3)"])


def let_pass(child: Child) -> None:
    """It has ended, and its pause is over."""
    if child.process:
        child.process.wait()
    else:
        child.since -= restart_delay(child.failures)


def test_a_child_that_dies_again_and_again_is_started_again_for_ever_and_its_log_says_so(tmp_path: Path) -> None:
    said: list[str] = []
    child = Child("worker", tmp_path / "log", ends_at_once)
    child.begin()
    for _look in range(2 * 2 * len(PAUSES)):
        let_pass(child)
        child.restart_if_dead(say=said.append)
    assert len(said) == 2 * len(PAUSES)
    assert "ended (status 3); it is started again in 1 s" in said[0]
    assert "is started again in 60 s" in said[-1]
    assert "it is started again in 60 s. Failures in a row: 14" in child.log.read_text()


def test_a_child_that_lived_long_is_forgiven_its_deaths(tmp_path: Path) -> None:
    child = Child("worker", tmp_path / "log", ends_at_once, failures=7)
    child.begin()
    assert child.process is not None
    child.process.wait()
    child.since -= STEADY_SECONDS + 1
    child.restart_if_dead(say=lambda _line: None)
    assert child.failures == 1


@pytest.mark.parametrize("trouble", [Problem("PostgreSQL did not start"), OSError(28, "No space left on device")])
def test_a_child_that_cannot_even_be_started_ends_nothing(tmp_path: Path, trouble: Exception) -> None:
    def start() -> "subprocess.Popen[bytes]":
        raise trouble

    said: list[str] = []
    child = Child("PostgreSQL", tmp_path / "log", start, failures=1)
    for _look in range(3):
        let_pass(child)
        child.restart_if_dead(say=said.append)
    assert child.failures == 4
    assert all("PostgreSQL could not be started" in line for line in said)


def test_a_log_that_cannot_be_written_ends_nothing(tmp_path: Path) -> None:
    said: list[str] = []
    child = Child("worker", tmp_path / "no such folder" / "log", ends_at_once)
    child.begin()
    let_pass(child)
    child.restart_if_dead(say=said.append)
    assert "cannot be supervised" in said[-1]
    let_pass(child)
    child.restart_if_dead(say=said.append)
    assert child.process is not None


@pytest.mark.parametrize(
    ("program", "signum", "status"),
    [
        ("", None, 1),
        ("raise SystemExit(3)", None, 3),
        ("import os; os.kill(os.getpid(), 9)", None, 137),
        ("import time; time.sleep(60)", signal.SIGTERM, 0),
    ],
    ids=["ended by itself", "failed", "killed", "told to"],
)
def test_an_end_that_nobody_asked_for_is_no_success(
    program: str, signum: signal.Signals | None, status: int, tmp_path: Path
) -> None:
    (tmp_path / "a_program.py").write_text(f"print('begun', flush=True)\n{program}\n")
    run = "from clickcollect.runtime.console import foreground; import sys; sys.exit(foreground(['a_program']))"
    environment = os.environ | {"PYTHONPATH": f"{tmp_path}:{Path(__file__).parents[2]}"}
    command = [sys.executable, "-c", run]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, cwd=tmp_path) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"begun\n"
        if signum:
            process.send_signal(signum)
        assert process.wait(timeout=30) == status


def test_three_addresses_or_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(EXTENSION_URL)
    with pytest.raises(Problem, match=f"only {APPLICATION_URL} and {OWNER_URL} are set"):
        database.own_urls()
    assert database.own_urls(needed=(APPLICATION_URL,))
    for name in (APPLICATION_URL, OWNER_URL):
        monkeypatch.delenv(name)
    assert database.own_urls() is None


def test_a_good_database_is_taken() -> None:
    check_sessions({APPLICATION_URL: APPLICATION, OWNER_URL: OWNER, EXTENSION_URL: EXTENSION})
    check_own({name: os.environ[name] for name in database.URLS} | {APPLICATION_URL: os.environ[APPLICATION_URL]})


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        ({APPLICATION_URL: replace(APPLICATION, version=140011)}, "is version 14. It must be 15 or newer"),
        ({APPLICATION_URL: replace(APPLICATION, roles=["app", "owner"]), OWNER_URL: OWNER}, "all rights of the owner"),
        ({APPLICATION_URL: replace(APPLICATION, superuser=True), OWNER_URL: OWNER}, "all rights of the owner"),
        ({APPLICATION_URL: replace(APPLICATION, database="other"), OWNER_URL: OWNER}, "must name the same database"),
        ({APPLICATION_URL: APPLICATION, OWNER_URL: replace(OWNER, may_create=False)}, "must own the database"),
        ({APPLICATION_URL: APPLICATION, EXTENSION_URL: replace(EXTENSION, database="shop")}, "a database of its own"),
    ],
)
def test_an_unfit_database_is_refused(found: dict[str, Session], sentence: str) -> None:
    with pytest.raises(Problem, match=sentence):
        check_sessions(found)


def test_one_role_for_both_is_refused() -> None:
    same = os.environ[OWNER_URL]
    with pytest.raises(Problem, match="all rights of the owner"):
        check_own({APPLICATION_URL: same, OWNER_URL: same})


def wrong_password_url() -> str:
    url = os.environ[postgres.SUPERUSER_URL]
    return url.replace(str(urlsplit(url).password), "a-secret")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgres://app:a-secret@127.0.0.1:9/shop", "Connection refused"),
        (wrong_password_url(), "password authentication failed"),
        ("sqlite:///a-secret", "must read postgres://user:password@host:5432/database"),
        ("not an address a-secret", "must read postgres://user:password@host:5432/database"),
    ],
    ids=["unreachable", "wrong password", "not PostgreSQL", "no address"],
)
def test_a_database_that_cannot_be_used_is_a_sentence_without_its_password(url: str, said: str) -> None:
    environment = {"DATABASE_URL": url, "DATABASE_OWNER_URL": url, "EXTENSION_DATABASE_URL": url}
    done = run_command("run", environment=environment)
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "a-secret" not in done.stdout + done.stderr


def run_command(*arguments: str, environment: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    """A console command in a process of its own, on free ports, with no data folder yet."""
    ports = {"PORT": str(free_port()), "EXTENSION_PORT": str(free_port())}
    with TemporaryDirectory(prefix="clickcollect-tests-") as folder:
        return subprocess.run(
            [sys.executable, "-m", "clickcollect", *arguments],
            env=os.environ | {"CLICKCOLLECT_HOME": f"{folder}/none"} | ports | environment,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )


@pytest.mark.parametrize("command", ["serve", "worker", "check", "keys", "migrate"])
def test_a_command_without_data_or_database_says_what_to_do(command: str, tmp_path: Path) -> None:
    nothing = dict.fromkeys((*database.URLS, "SECRET_KEY", "PICKUP_CODE_KEYS"), "")
    done = run_command(command, environment=nothing | {"CLICKCOLLECT_HOME": str(tmp_path / "none")})
    assert done.returncode == 2
    assert "must be set" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [("SECRET_KEY", "too short", "SECRET_KEY must be set"), ("PICKUP_CODE_KEYS", "k1:?", "PICKUP_CODE_KEYS must read")],
)
def test_a_wrong_secret_stops_the_start(name: str, value: str, sentence: str) -> None:
    done = run_command("check", environment={name: value})
    assert done.returncode == 2
    assert sentence in done.stderr


def test_the_supervisor_loads_no_django() -> None:
    program = "import clickcollect.cli, clickcollect.runtime.run, sys; sys.exit('django' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
