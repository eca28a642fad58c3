"""Before anything is served: tables up to date, rights granted, pages' files in place. Runs as a short-lived child."""

import hashlib
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.contrib.staticfiles.management.commands.collectstatic import Command as Collect
from django.core.files.storage import storages
from django.core.management import call_command
from django.db import OperationalError, connections, transaction
from django.db.migrations.exceptions import AmbiguityError
from django.db.migrations.executor import MigrationExecutor
from psycopg.errors import LockNotAvailable

from clickcollect.runtime.cli_errors import sentences
from clickcollect.runtime.django_setup import set_up
from clickcollect.runtime.errors import Problem
from clickcollect.runtime.restore import MARK
from clickcollect.runtime.roles import grant_application_role, set_up_sessions

LOCK_TIMEOUT: Final = "2s"  # the longest that an order waits behind a change of its table
LET_OTHERS_THROUGH: Final = 1.0  # seconds
LAST: Final = ("staticfiles.json", ".collected")  # which files there are, and that all of them are there
GIVE_UP_AFTER: Final = 600.0  # seconds


def migrate_database() -> None:
    """Bring the tables up to date as their owner, then say what the application may do, and how sessions begin."""
    migrate_patiently()
    call_command("createcachetable", database="owner", verbosity=0)
    hold_what_was_restored()
    grant_application_role(connections["owner"], connections["default"].settings_dict["USER"])
    set_up_sessions([connections["owner"], connections["default"]])


def take_back(app_label: str, number: str) -> None:
    """Bring one part's tables back to a migration of it: all the way, or not one step. Raises Problem."""
    executor = MigrationExecutor(connections["owner"])
    try:
        last_kept = executor.loader.get_migration_by_prefix(app_label, number).name
    except (KeyError, AmbiguityError):
        raise Problem(f"There is no one migration {app_label} {number}. docs/upgrading.md names them.") from None
    plan = executor.migration_plan([(app_label, last_kept)])
    one_way = [step for step, backwards in plan if backwards and not all(one.reversible for one in step.operations)]
    if one_way:
        raise Problem(
            f"{one_way[0]} cannot be taken back, and nothing was changed. Restore the backup taken before it "
            "(docs/upgrading.md)."
        )
    migrate_patiently(app_label, last_kept)


def migrate_patiently(*target: str) -> None:
    """Apply what is missing, or go to the migration that ``target`` names, by its app and itself.

    A change that does not get its lock at once lets others through and is tried again.
    Whoever waits for a table's lock makes everybody wait who comes later, so nobody may wait long. What is no
    transaction goes on where it was broken off (clickcollect/long_tables.py). Raises Problem.
    """
    owner = connections["owner"]
    deadline = time.monotonic() + GIVE_UP_AFTER
    while True:
        with owner.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, false)", [LOCK_TIMEOUT])
        try:
            call_command("migrate", *target, database="owner", interactive=False, verbosity=0)
        except OperationalError as error:
            if not isinstance(error.__cause__, LockNotAvailable):
                raise
            if time.monotonic() > deadline:
                raise Problem(
                    "A table is in use without a pause, so it cannot be changed; nothing is half done. Stop what works "
                    "on it (web, workers, a report), then run `clickcollect migrate` again."
                ) from None
            time.sleep(LET_OTHERS_THROUGH)
        else:
            break
    owner.close()  # the next session waits as long as it likes


def hold_what_was_restored() -> None:
    """Where `restore` has put a backup, what must wait for a person waits before the application may do anything."""
    from clickcollect.oms import after_restore  # models: not before Django is set up

    owner = connections["owner"]
    with transaction.atomic(using="owner"), owner.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s::text) IS NOT NULL", [MARK])
        if not cursor.fetchone()[0]:
            return
        cursor.execute(f"SELECT max(taken_at) FROM {MARK}")  # noqa: S608
        after_restore.hold(using="owner", taken_at=cursor.fetchone()[0])
        cursor.execute(f"DROP TABLE {MARK}")


def collect_static_files() -> None:
    """Put the pages' files where WhiteNoise serves them, when any of them has changed since the last time.

    Another web of this machine may be serving from the same folder: nothing is cleared away, and each file is put in
    its place in one step, the list of them last.
    """
    folder = settings.STATIC_ROOT
    mark = folder / ".collected"
    wanted = _static_fingerprint()
    if mark.exists() and mark.read_text() == wanted:
        return
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".static-", dir=folder.parent) as collected:
        command = Collect()
        command.storage = storages.create_storage(
            settings.STORAGES["staticfiles"] | {"OPTIONS": {"location": collected}}
        )
        call_command(command, interactive=False, verbosity=0)
        Path(collected, mark.name).write_text(wanted)
        _move_files(Path(collected), folder)


def _move_files(collected: Path, folder: Path) -> None:
    found = (path.relative_to(collected) for path in collected.rglob("*") if path.is_file())
    for path in sorted(found, key=lambda path: LAST.index(path.name) if path.name in LAST else -1):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (collected / path).replace(folder / path)


def _static_fingerprint() -> str:
    files = hashlib.sha256()
    for finder in get_finders():
        for name, storage in finder.list([]):
            files.update(f"{name} {storage.size(name)} {storage.get_modified_time(name)}\n".encode())
    return files.hexdigest()


def main(*, demo: bool) -> None:
    """Everything a start needs, in one process because loading Django is most of the time it takes."""
    set_up()
    migrate_database()
    collect_static_files()
    if demo:
        from clickcollect.demo.load import load_demo_shop

        load_demo_shop()


if __name__ == "__main__":
    with sentences():
        main(demo="--demo" in sys.argv)
