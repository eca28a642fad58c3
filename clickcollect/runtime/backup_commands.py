"""Console commands about backups: make one, restore one, try one out, and what waits after a restore."""

import os
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clickcollect.runtime import console
from clickcollect.runtime.data_dir import SECRETS, SHOP_SECRETS, DataFolder
from clickcollect.runtime.database import URLS
from clickcollect.runtime.errors import Problem, listed
from clickcollect.runtime.plan import Plan, prepare_databases
from clickcollect.runtime.ports import Ports

if TYPE_CHECKING:
    from clickcollect.runtime.backup import FinishedBackup
    from clickcollect.runtime.backup_manifest import Manifest
    from clickcollect.runtime.drill import Report

Folder = Annotated[Path, typer.Argument(help="A folder of backups, each in its own folder named after the time.")]


def make_backup(folder: Folder) -> None:
    """Back up both databases while everything runs; the keys are named and stay where they are."""
    from clickcollect.runtime import backup
    from clickcollect.runtime.django_setup import set_up

    with console.environment("backup", needed=tuple(URLS), secrets=SHOP_SECRETS):
        set_up()
        made = backup.make(folder.absolute(), _urls(), _code_keys())
        _note_backup(made)
    manifest = made.manifest
    size = sum(dump.bytes for dump in manifest.dumps.values()) / 1e6
    typer.echo(f"{made.folder}: {manifest.packages} packages, {manifest.ready} of them ready, {size:.1f} MB.")
    typer.echo(
        f"The secrets are not included. Keep them elsewhere: {listed(list(manifest.secrets))}, or keys.env, which "
        "has all."
    )


def restore_backup(
    folder: Annotated[Path, typer.Argument(help="A backup, or a folder of backups to use the newest.")],
    *,
    without_keys: Annotated[
        bool, typer.Option("--without-keys", help="Restore even though codes already sent will not work.")
    ] = False,
) -> None:
    """Put a backup into empty databases. Handovers and messages then wait for a person."""
    from clickcollect.runtime import backup_manifest, restore
    from clickcollect.runtime.django_setup import set_up

    chosen = backup_manifest.newest(folder.absolute())
    manifest = backup_manifest.read_manifest(chosen)
    _make_databases()
    with console.environment("restore", needed=tuple(URLS), secrets=SECRETS, alone=True):
        set_up()
        _refuse_newer(manifest)
        restore.check_before_restore(chosen, manifest, None if without_keys else _code_keys(), _urls())
        home, urls = DataFolder.from_environment(), _urls()
        plan = Plan(home=home, ports=Ports.from_environment(), demo=False, keys=console.all_secrets())
        restore.load_backup(chosen, manifest, urls, finish=lambda: prepare_databases(plan, urls))
    typer.echo(f"The shop is as it was on {manifest.moment:%Y-%m-%d at %H:%M:%S} UTC: {manifest.packages} packages.")
    typer.echo(
        f"{manifest.ready} ready packages may have been collected since: each waits until someone chooses Confirm "
        f"on shelf. {manifest.waiting} messages wait until someone chooses Resume sending in OMS WEB, or runs:"
        "clickcollect resume"
    )


def try_backup(
    folder: Annotated[Path | None, typer.Argument(help="Defaults to where this shop was last backed up.")] = None,
) -> None:
    """Restore the newest backup beside the running system, use it, and say whether it is good."""
    from clickcollect.runtime import backup_manifest, drill

    with console.django_command("drill"):
        where = folder.absolute() if folder else _last_folder()
        chosen = backup_manifest.newest(where)
        report = drill.run_drill(chosen, {name: os.environ[name] for name in SHOP_SECRETS} | _extension_secrets())
        _note_drill(report)
    for line in report.done:
        typer.echo(f"In order: {line}.")
    for line in report.faults:
        typer.echo(f"NOT IN ORDER: {line}", err=True)
    typer.echo(f"{chosen}, tried in {report.seconds:.1f} s: {'NOT GOOD' if report.faults else 'good'}.")
    if report.faults:
        raise typer.Exit(1)


def hold(
    *,
    since: Annotated[
        datetime | None, typer.Option(help="The point in time the database was restored to, in UTC.")
    ] = None,
) -> None:
    """Say that the database was put back by other means: point-in-time recovery, a snapshot, a standby that lagged."""
    with console.django_command("hold"):
        from clickcollect.oms import after_restore

        held = after_restore.hold(using="default", taken_at=since)
    typer.echo(
        f"{held} ready packages wait until someone has checked the shelf, and all messages until: clickcollect resume"
    )


def resume() -> None:
    """Let messages go out again that have waited for a person since a restore."""
    with console.django_command("resume"):
        from clickcollect.oms.access import SYSTEM
        from clickcollect.oms.after_restore import resume_sending

        resumed = resume_sending(actor=SYSTEM)
    typer.echo("Sending resumed." if resumed else "Sending is not paused: messages are already being sent.")


def _make_databases() -> None:
    """On a new machine: the roles and databases of the three addresses, where an administrator's address is given."""
    from clickcollect.runtime.database import own_urls
    from clickcollect.runtime.first_installation import ADMIN_URL, make_databases
    from clickcollect.runtime.values import check_values

    if not os.environ.get(ADMIN_URL):
        return
    check_values()
    if urls := own_urls():
        for sentence in make_databases(os.environ[ADMIN_URL], urls):
            typer.echo(sentence)


def _urls() -> dict[str, str]:
    return {name: os.environ[name] for name in URLS}


def _code_keys() -> dict[str, bytes]:
    from django.conf import settings

    keys: dict[str, bytes] = settings.PICKUP_CODE_KEYS
    return keys


def _extension_secrets() -> dict[str, str]:
    """A trial needs them only to be there: nobody signs in at its Extension."""
    return dict.fromkeys(("EXTENSION_SECRET_KEY", "EXTENSION_WEBHOOK_SECRET"), "whsec_" + "ZHJpbGw" * 8)


def _note_backup(made: "FinishedBackup") -> None:
    from clickcollect.oms.access import SYSTEM
    from clickcollect.oms.log.write import record_note
    from clickcollect.oms.log_models import NoteKind

    attributes = {"backup.folder": str(made.folder.parent), "backup.at": made.manifest.taken_at}
    record_note(kind=NoteKind.BACKED_UP, actor=SYSTEM, attributes=attributes)


def _note_drill(report: "Report") -> None:
    from clickcollect.oms.access import SYSTEM
    from clickcollect.oms.log.write import Attributes, record_note
    from clickcollect.oms.log_models import NoteKind

    kind = NoteKind.DRILL_FAILED if report.faults else NoteKind.DRILL_PASSED
    attributes: Attributes = {"backup.at": report.manifest.taken_at, "drill.seconds": round(report.seconds)}
    record_note(kind=kind, actor=SYSTEM, attributes=attributes)


def _last_folder() -> Path:
    from clickcollect.oms.log_models import CommandLog, NoteKind

    last = CommandLog.objects.filter(note_kind=NoteKind.BACKED_UP).order_by("-id").first()
    if last is None:
        raise Problem("This shop has no backup yet. `clickcollect backup DIR` makes one; then drill.")
    return Path(last.attributes["backup.folder"])


def _refuse_newer(manifest: "Manifest") -> None:
    """A program does not know the tables of a later one."""
    from django.db.migrations.loader import MigrationLoader

    from clickcollect.runtime.backup_manifest import SHOP

    known = {f"{app}.{name}" for app, name in MigrationLoader(None).disk_migrations or ()}
    if later := [name for name in manifest.migrations[SHOP] if name not in known]:
        raise Problem(
            f"This backup was created by clickcollect {manifest.clickcollect}, whose tables this program does not know "
            f"({later[-1]}). Install that version or a later one, then restore."
        )
