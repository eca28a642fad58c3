"""T26: the web process is killed around the commit; a state changed if and only if its three deliveries exist."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
import pytest
from django.conf import settings

from clickcollect.accounts.models import Role
from clickcollect.oms import states
from clickcollect.oms.log_models import CommandLog
from clickcollect.oms.models import CodeIssue, Package, PackageState
from clickcollect.whisperer import hooks
from clickcollect.whisperer.models import Delivery, Event
from tests import shop
from tests.house.files import ROOT
from tests.postgres import SUPERUSER_URL
from tests.whisperer.receivers import wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow, pytest.mark.timeout(1800)]
READY = "package.status.ready_for_pickup"
NAME = f"a-web-process-to-kill-{os.getpid()}"
HOOKS = 3
AT_HAND = 12
MOMENTS = ("before", "after", "commit", "begin", "commit", "begin")


class WebProcess:
    """The parent of the processes that are killed."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process

    def kill_one(self, package_ids: list[int], *, moment: str) -> tuple[list[int], int]:
        """Let a process work on these packages and kill it then; those it had begun, and the one in hand.

        ``moment``: `before` or `after` its first commit, exactly; or somewhere around `commit`, or after `begin`.
        """
        assert self.process.stdin is not None
        still = moment if moment in ("before", "after") else "go"
        self.process.stdin.write(f"{still} {' '.join(map(str, package_ids))}\n")
        self.process.stdin.flush()
        pid = int(self.read_word().removeprefix("pid "))
        words = self.read_until("still" if moment == still else moment)
        if moment != still:
            time.sleep(random.random() * (0.004 if moment == "commit" else 0.15))
        os.kill(pid, signal.SIGKILL)
        words += self.read_until("ended")
        wait_until(lambda: not connections_left(), seconds=30)
        begun = [int(word.removeprefix("begin ")) for word in words if word.startswith("begin")]
        return begun, 0 if "rest" in words else begun[-1]

    def read_until(self, start: str) -> list[str]:
        """What the child says, up to a word that starts so."""
        words = [self.read_word()]
        while not words[-1].startswith(start):
            assert words[-1], "the web process has ended"
            words.append(self.read_word())
        return words

    def read_word(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()


@contextmanager
def web(way: str) -> Iterator[WebProcess]:
    command = [sys.executable, "-m", "tests.whole.web_process", str(settings.DATABASES["default"]["NAME"]), way]
    environment = {**os.environ, "PGAPPNAME": NAME}
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdin=pipe, stdout=pipe, text=True) as process:
        yield WebProcess(process)
        assert process.stdin is not None
        process.stdin.close()
        process.wait(timeout=120)


def connections_left() -> int:
    """PostgreSQL finishes what it was told to commit, also when nobody listens any more."""
    with psycopg.connect(os.environ[SUPERUSER_URL]) as connection:
        row = connection.execute("SELECT count(*) FROM pg_stat_activity WHERE application_name = %s", [NAME]).fetchone()
    return int(row[0]) if row else 0


@dataclass
class Tally:
    """What the kills met."""

    kills: int = 0
    begun: int = 0
    undone: int = 0
    done_and_unanswered: int = 0


def subscribe() -> None:
    user = shop.make_user(Role.ADMIN)
    for number in range(HOOKS):
        fields = {"event_type": READY, "target_url": f"http://127.0.0.1:9/{number}", "secret_key": "s3cret"}
        hooks.create_hook(user_id=user.pk, fields=fields)


def kill_around_commit(way: str, *, kills: int) -> Iterator[tuple[int, bool, Tally]]:
    """Every package that a killed process had begun, and whether it was the one in hand."""
    subscribe()
    store, tally = shop.make_store(), Tally()
    with web(way) as process:
        for number in range(kills):
            packages = [shop.make_package(states.PACKED, store=store).pk for _one in range(AT_HAND)]
            begun, in_hand = process.kill_one(packages, moment=MOMENTS[number % len(MOMENTS)])
            tally.kills += 1
            tally.begun += len(begun)
            for package_id in begun:
                yield package_id, package_id == in_hand, tally


def is_ready(package_id: int) -> bool:
    return Package.objects.filter(pk=package_id, state=PackageState.objects.get(enum_value=states.READY)).exists()


def deliveries(package_id: int) -> int:
    return Delivery.objects.filter(subject=f"package:{package_id}", event_type=READY).count()


def all_of_it(package_id: int) -> tuple[int, int, int, int]:
    """Everything that one command writes: deliveries, events, moves in the log, open codes."""
    return (
        deliveries(package_id),
        Event.objects.filter(subject=f"package:{package_id}", type=READY).count(),
        CommandLog.objects.filter(package_id=package_id, kind="move", new_state=states.READY).count(),
        CodeIssue.objects.filter(package=package_id, closed_at=None).count(),
    )


@pytest.mark.parametrize("kills", [20, pytest.param(200, marks=pytest.mark.soak)])
def test_t26_a_state_changed_if_and_only_if_its_deliveries_exist(kills: int) -> None:
    tally = Tally()
    for package_id, was_in_hand, tally in kill_around_commit("run_command", kills=kills):
        happened = is_ready(package_id)
        assert all_of_it(package_id) == ((HOOKS, 1, 1, 1) if happened else (0, 0, 0, 0))
        assert happened or was_in_hand, "what was answered has happened"
        tally.undone += not happened
        tally.done_and_unanswered += happened and was_in_hand
    print(f"\n{tally}")  # noqa: T201
    assert tally.undone > 0, "no kill met a command before its commit"
    assert tally.done_and_unanswered > 0, "no kill met a command after its commit"


def test_t26_control_telling_of_it_after_the_commit_loses_deliveries() -> None:
    """Killed before the commit of the announcement, when the state has changed already."""
    (told,) = kill_around_commit("announce_after_commit", kills=1)
    package_id, was_in_hand, _tally = told
    assert was_in_hand
    assert (is_ready(package_id), deliveries(package_id)) == (True, 0)
