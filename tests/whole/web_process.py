"""A web process that carries out one command after another until it is killed, and the parent that makes the next one.

`python -m tests.whole.web_process DATABASE WAY`: for every line on stdin it forks one. A line begins with `go`, or with
where to stand still and wait for the kill, `before` or `after` the first commit; package ids follow.
Prints `pid 12`, from the child `begin 34` before each package and `commit` before each commit, `still` when it stands
still, `rest` when there is no more to do; and `ended` when the child is gone. WAY is `run_command`, or
`announce_after_commit`: the control, which changes the state first and tells of it afterwards.
"""

import os
import signal
import sys
from typing import Any, NoReturn

import django
from django.conf import settings
from psycopg.pq import TransactionStatus


def run(package_id: int) -> None:
    from clickcollect.oms.access import SYSTEM
    from clickcollect.oms.commands.run import run_command

    run_command(package_id=package_id, transition="READY_FOR_PICKUP", actor=SYSTEM)


def announce_after_commit(package_id: int) -> None:
    """As it is often done."""
    from django.db import transaction

    from clickcollect.oms import states
    from clickcollect.oms.models import Package, PackageState
    from clickcollect.whisperer import outbox

    Package.objects.filter(pk=package_id).update(state=PackageState.objects.get(enum_value=states.READY))
    with transaction.atomic():
        outbox.publish(type="package.status.ready_for_pickup", subject=f"package:{package_id}", payload={})


WAYS = {"run_command": run, "announce_after_commit": announce_after_commit}


def say(word: object) -> None:
    os.write(sys.stdout.fileno(), f"{word}\n".encode())


def stand_still(word: str) -> NoReturn:
    say(word)
    while True:
        signal.pause()


def say_when_committing(still: str) -> None:
    from django.db import connection as proxy

    from clickcollect.database import Execute
    from clickcollect.oms.commands import statements

    connection: Any = proxy
    committed, ours = connection._commit, statements.commit

    def committing(execute: Execute) -> None:
        say("commit")
        if still == "before":
            stand_still("still")
        ours(execute)

    def afterwards() -> None:
        if connection.connection.info.transaction_status != TransactionStatus.IDLE:  # no COMMIT of ours went before
            say("commit")
            if still == "before":
                stand_still("still")
        committed()
        if still == "after":
            stand_still("still")

    statements.commit, connection._commit = committing, afterwards


def be_killed(still: str, package_ids: list[str]) -> NoReturn:
    """The child."""
    say(f"pid {os.getpid()}")
    say_when_committing(still)
    for package_id in package_ids:
        say(f"begin {package_id}")
        WAYS[sys.argv[2]](int(package_id))
    stand_still("rest")


def main() -> None:
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            still, *package_ids = line.split()
            be_killed(still, package_ids)
        os.waitpid(pid, 0)
        say("ended")


if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "clickcollect.settings"
    settings.DATABASES["default"]["NAME"] = sys.argv[1]
    django.setup()
    main()
