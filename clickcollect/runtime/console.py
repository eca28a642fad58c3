"""The ground under a console command: the right database, the secrets of the data folder, Django loaded.

Beside a running `run` a command uses its PostgreSQL; otherwise it starts the embedded one and stops it afterwards.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from types import FrameType

from clickcollect.runtime import database
from clickcollect.runtime.data_dir import (
    EXTENSION_SECRETS,
    PASSWORDS,
    SECRETS,
    SHOP_SECRETS,
    DataFolder,
    DataFolderInUse,
    Holder,
)
from clickcollect.runtime.database import APPLICATION_URL, EXTENSION_URL, OWNER_URL, URLS
from clickcollect.runtime.errors import Problem
from clickcollect.runtime.plan import Plan, extension_command, prepare_databases, web_command
from clickcollect.runtime.ports import EXTENSION, WEB, Ports
from clickcollect.runtime.process_groups import die_with_parent
from clickcollect.runtime.values import check_values

LASTING = ("run", "serve", "worker", "extension")  # commands whose PostgreSQL others may use
WAIT_SECONDS = 60.0


@contextmanager
def django_command(command: str) -> Iterator[None]:
    """Run a command's work with Django, as the application's role. Raises Problem."""
    from clickcollect.runtime.django_setup import set_up

    with environment(command, needed=(APPLICATION_URL,), secrets=SHOP_SECRETS):
        set_up()
        yield


@contextmanager
def environment(
    command: str, *, needed: tuple[str, ...], secrets: tuple[str, ...], alone: bool = False
) -> Iterator[None]:
    """Put into our environment what `run` would give such a process, and nothing of the other roles.

    ``alone``: nothing else may use the data folder. Raises Problem.
    """
    check_values()
    home = DataFolder.from_environment()
    with _addresses(home, command, needed, alone=alone) as urls:
        keys = home.keys(needed=secrets)
        for name in (*URLS, *PASSWORDS.values()):
            os.environ.pop(name, None)
        os.environ |= {name: urls[name] for name in needed} | {name: keys[name] for name in secrets}
        os.environ |= {"CLICKCOLLECT_HOME": str(home.path), "CLICKCOLLECT_PROCESS": command}
        yield


def all_secrets() -> dict[str, str]:
    """The secrets of both programs, as they are now in the environment or in `keys.env`."""
    return DataFolder.from_environment().keys(needed=SECRETS)


def migrate() -> None:
    """Bring the tables of both programs up to date, and grant the application its rights. Raises Problem."""
    check_values()
    home = DataFolder.from_environment()
    with _addresses(home, "migrate", tuple(URLS)) as urls:
        keys = home.keys(needed=SECRETS)
        prepare_databases(Plan(home=home, ports=Ports.from_environment(), demo=False, keys=keys), urls)


def migrate_back(app_label: str, number: str) -> None:
    """Take the tables of one part to a migration of it, as their owner. Raises Problem."""
    if not number:
        raise Problem(f"{app_label} needs a number: that of the last migration to keep (docs/upgrading.md).")
    from clickcollect.runtime.django_setup import set_up

    with environment("migrate", needed=(APPLICATION_URL, OWNER_URL), secrets=SHOP_SECRETS):
        set_up()
        from clickcollect.runtime.prepare import take_back

        take_back(app_label, number)


def foreground(command: Sequence[str]) -> int:
    """Run a Python program of ours until it ends or we are told to stop; its exit status, 0 only if we were told to."""
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", *command],
        start_new_session=True,
        preexec_fn=die_with_parent(signal.SIGTERM),  # noqa: PLW1509 (no threads here)
    )

    told = False

    def stop(_signum: int, _frame: FrameType | None) -> None:
        nonlocal told
        told = True
        process.terminate()

    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, stop)
    status = process.wait()
    if told:
        return 0 if status == -signal.SIGTERM else status
    return 128 - status if status < 0 else status or 1


def serve() -> int:
    """The web server alone."""
    from clickcollect.runtime.django_setup import set_up
    from clickcollect.runtime.prepare import collect_static_files

    ports = Ports.from_environment()
    ports.check_free(WEB, seconds=0)
    with environment("serve", needed=(APPLICATION_URL,), secrets=SHOP_SECRETS):
        set_up()
        collect_static_files()
        os.environ["CLICKCOLLECT_PROCESS"] = "web"
        return foreground(web_command(ports))


def extension() -> int:
    """The Extension alone."""
    ports = Ports.from_environment()
    ports.check_free(EXTENSION, seconds=0)
    with environment("extension", needed=(EXTENSION_URL,), secrets=EXTENSION_SECRETS):
        return foreground(extension_command(ports))


@contextmanager
def _addresses(
    home: DataFolder, command: str, needed: tuple[str, ...], *, alone: bool = False
) -> Iterator[dict[str, str]]:
    if urls := database.own_urls(needed=needed):
        database.check_own({name: urls[name] for name in needed})
        yield urls
        return
    home.keys(needed=tuple(PASSWORDS.values()))  # before anything is made: is this a data folder at all?
    home.make()
    with ExitStack() as stack:
        yield _running_or_own(home, command, stack, alone=alone)


def _running_or_own(home: DataFolder, command: str, stack: ExitStack, *, alone: bool) -> dict[str, str]:
    """The PostgreSQL of a process that stays; else our own, once no other command has the data folder."""
    deadline, lasting = time.monotonic() + WAIT_SECONDS, False
    while time.monotonic() < deadline:
        try:
            stack.enter_context(home.hold(Holder(os.getpid(), command)))
        except DataFolderInUse as held:
            lasting = held.holder is not None and held.holder.command in LASTING
            if lasting and alone:
                raise Problem(f"clickcollect runs on {home.path}. Stop it first; nothing was changed.") from None
            urls = database.running_urls(database.embedded_server(home)) if lasting else None
            if urls:
                return urls
            time.sleep(0.2)
        else:
            return stack.enter_context(database.embedded(home))
    if lasting:
        raise Problem(
            f"clickcollect runs on {home.path}, but its PostgreSQL is not responding. Look at logs/postgres.log there, "
            "and whether the disk is full. Then start clickcollect again."
        )
    raise Problem(f"Another clickcollect process uses {home.path} and has not finished. Try again when it is done.")
