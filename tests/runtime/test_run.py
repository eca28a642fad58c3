"""`clickcollect run`, as people use it: started, started twice, interrupted, killed, and started again."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from clickcollect.runtime.data_dir import SECRETS
from clickcollect.runtime.database import URLS
from tests.ports import free_port
from tests.whisperer.receivers import BUSY

pytestmark = [pytest.mark.slow, pytest.mark.timeout(500)]
START_SECONDS = 30


class Run:
    """A data folder, two ports, and the processes this test started on them."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "the data"
        self.port, self.extension_port = free_port(), free_port()
        self.environment = {name: value for name, value in os.environ.items() if name not in {*URLS, *SECRETS}} | {
            "CLICKCOLLECT_HOME": str(self.home),
            "PORT": str(self.port),
            "EXTENSION_PORT": str(self.extension_port),
        }
        self.output = folder / "output"
        self.processes: list[psutil.Process] = []

    def start(self) -> psutil.Process:
        self.output.unlink(missing_ok=True)
        with self.output.open("ab") as output:
            started = subprocess.Popen(self.command("run"), env=self.environment, stdout=output, stderr=output)
        supervisor = psutil.Process(started.pid)
        self.processes.append(supervisor)
        wait_until(lambda: self.is_announced(supervisor), seconds=START_SECONDS)
        self.processes += supervisor.children(recursive=True)
        return supervisor

    def is_announced(self, supervisor: psutil.Process) -> bool:
        assert not has_ended(supervisor), self.output.read_text()
        return "clickcollect is running" in self.output.read_text()

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "clickcollect", *arguments]

    def call(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            self.command(*arguments),
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=30 * BUSY,
            check=False,
        )

    def answers(self, port: int, path: str) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10 * BUSY) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def clean_up(self) -> None:
        """End what this test started, and nothing else."""
        for process in self.processes:
            kill(process)


def kill(process: psutil.Process) -> None:
    """Kill -9; one that has ended already is as dead."""
    with suppress(psutil.NoSuchProcess):
        process.kill()


def has_ended(process: psutil.Process) -> bool:
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def wait_until(is_true: Callable[[], bool], *, seconds: float) -> None:
    """Look again and again until it is true; ``seconds`` are those of a machine that does nothing else."""
    deadline = time.monotonic() + seconds * BUSY
    while not is_true():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.1)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """One data folder: what was prepared once is found again."""
    made = Run(tmp_path_factory.mktemp("run"))
    made.environment["WEB_PROCESSES"] = "1"
    yield made
    made.clean_up()


def test_a_run_and_what_may_be_done_beside_it(run: Run) -> None:
    supervisor = run.start()
    assert run.answers(run.port, "/accounts/login/")
    wait_until(lambda: run.answers(run.extension_port, "/healthz"), seconds=30)
    check_that_children_know_only_what_they_need(run, supervisor)

    twice = run.call("run")
    assert twice.returncode == 2
    assert f"already runs on {run.home}: see http://127.0.0.1:{run.port} (process {supervisor.pid})" in twice.stderr
    assert len(twice.stderr.splitlines()) == 1

    wait_until(lambda: run.answers(run.port, "/readyz"), seconds=30)
    beside = run.call("check")
    assert beside.returncode == 1, beside.stderr
    assert "The tables are up to date." in beside.stdout
    assert "NOT IN ORDER: There is no store." in beside.stderr
    assert "No worker" not in beside.stderr

    everything = [supervisor, *supervisor.children(recursive=True)]
    supervisor.send_signal(signal.SIGINT)
    wait_until(lambda: all(map(has_ended, everything)), seconds=30)
    assert run.output.read_text().endswith("Stopping …\nStopped. Your data is kept.\n")
    assert not (run.home / "postgres" / "postmaster.pid").exists()

    alone = run.call("keys")
    assert alone.returncode == 0, alone.stderr
    assert "makes new codes" in alone.stdout
    assert not (run.home / "postgres" / "postmaster.pid").exists()


def check_that_children_know_only_what_they_need(run: Run, supervisor: psutil.Process) -> None:
    parts = {"web": "clickcollect.wsgi", "worker": "clickcollect worker", "extension": "extension.wsgi"}
    lines = run.home.joinpath("keys.env").read_text().splitlines()[1:]
    keys = {name: value for name, _sign, value in (line.partition("=") for line in lines)}
    for name, part in parts.items():
        found = child(supervisor, part)
        assert found is not None
        words = json.dumps(found.environ())
        assert "DATABASE_OWNER_URL" not in words
        assert keys["POSTGRES_SUPERUSER_PASSWORD"] not in words
        assert keys["POSTGRES_OWNER_PASSWORD"] not in words
        assert (keys["PICKUP_CODE_KEYS"] in words) is (name != "extension")
        assert (keys["EXTENSION_WEBHOOK_SECRET"] in words) is (name == "extension")


def test_what_dies_is_started_again_and_kill_9_does_no_harm(run: Run) -> None:
    supervisor = run.start()
    for part in ("clickcollect.wsgi", "extension.wsgi", "bin/postgres", "clickcollect worker"):
        kill(victim := running_child(supervisor, part))
        running_child(supervisor, part, other_than=victim)
    wait_until(lambda: run.answers(run.port, "/accounts/login/"), seconds=60)
    wait_until(lambda: run.answers(run.extension_port, "/healthz"), seconds=60)
    assert run.output.read_text().count("it is started again in") >= 4

    children = supervisor.children(recursive=True)
    run.processes += children
    kill(supervisor)
    wait_until(lambda: all(map(has_ended, children)), seconds=30)

    supervisor = run.start()
    for process in [supervisor, *supervisor.children(recursive=True)]:
        kill(process)  # with their parent die most of the others by themselves
    run.start()
    assert run.answers(run.port, "/accounts/login/")


def running_child(supervisor: psutil.Process, part: str, *, other_than: psutil.Process | None = None) -> psutil.Process:
    """Wait for it: it may just have ended with the database, and is about to be started again."""
    found: list[psutil.Process | None] = []

    def is_there() -> bool:
        found.append(child(supervisor, part))
        return found[-1] not in {None, other_than}

    wait_until(is_there, seconds=30)
    assert found[-1] is not None
    return found[-1]


def child(supervisor: psutil.Process, part: str) -> psutil.Process | None:
    """The child whose command line holds these words. One that ends while it is asked has none."""
    for process in supervisor.children():
        with suppress(psutil.NoSuchProcess):
            if part in " ".join(process.cmdline()):
                return process
    return None
