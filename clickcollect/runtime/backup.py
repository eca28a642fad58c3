"""`clickcollect backup`: both databases as they were at one moment, while everything runs. Knows no Django.

The shop's snapshot is taken first and the Extension's at once after it, so that whatever the shop has recorded as
delivered the Extension has done: what is between the two goes out again with its uuid, and the Extension knows it.
"""

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import Any, Final

import psycopg

from clickcollect import __version__
from clickcollect.runtime import backup_manifest, pg_tools
from clickcollect.runtime.backup_manifest import EXTENSION, SHOP, Dump, Key, Manifest
from clickcollect.runtime.database import EXTENSION_URL, OWNER_URL, unreachable
from clickcollect.runtime.errors import Problem

IS_MIGRATED: Final = "SELECT to_regclass('public.django_migrations') IS NOT NULL"
MIGRATIONS: Final = "SELECT array_agg(app || '.' || name ORDER BY id) FROM django_migrations"
FACTS: Final = """
SELECT current_setting('server_version'), clock_timestamp(),
    (SELECT count(*) FROM oms_package),
    (SELECT count(*) FROM oms_package package JOIN oms_packagestate state ON state.id = package.state_id
        WHERE state.enum_value = '600'),
    (SELECT count(*) FROM whisperer_delivery WHERE state IN ('queued', 'retrying') OR state = 'delivering'),
    (SELECT json_build_object('links', (SELECT count(*) FROM oms_seal), 'log_id', log_id, 'hash', encode(hash, 'hex'))
        FROM oms_seal ORDER BY id DESC LIMIT 1),
    (SELECT json_object_agg(key_id, codes) FROM (
        SELECT key_id, count(*) AS codes FROM oms_codeissue WHERE closed_at IS NULL GROUP BY key_id) needed)
"""


@dataclass(frozen=True, kw_only=True)
class FinishedBackup:
    """A backup that is finished."""

    folder: Path
    manifest: Manifest


def make(folder: Path, urls: Mapping[str, str], keys: Mapping[str, bytes]) -> FinishedBackup:
    """Make one backup in a folder of backups, all of it or nothing.

    Arguments: ``urls``, of the owner and the Extension; ``keys``, PICKUP_CODE_KEYS, none of which is written down.
    Raises Problem.
    """
    with ExitStack() as stack:
        shop, snapshot = stack.enter_context(_moment(OWNER_URL, urls[OWNER_URL]))
        extension, its_snapshot = stack.enter_context(_moment(EXTENSION_URL, urls[EXTENSION_URL]))
        if not (_one(shop, IS_MIGRATED)[0] and _one(extension, IS_MIGRATED)[0]):
            raise Problem("The tables are missing. Run `clickcollect migrate`.")
        server, now, packages, ready, waiting, head, codes = _one(shop, FACTS)
        final = folder / f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}"
        fresh = stack.enter_context(_folder(final))
        dumps = {
            name: _dumped(url, fresh / f"{name}.dump", snapshot=held)
            for name, url, held in (
                (SHOP, urls[OWNER_URL], snapshot),
                (EXTENSION, urls[EXTENSION_URL], its_snapshot),
            )
        }
        manifest = Manifest(
            taken_at=now.astimezone(UTC).isoformat(),
            clickcollect=__version__,
            server=server,
            pg_dump=pg_tools.tool_version(),
            migrations={SHOP: _one(shop, MIGRATIONS)[0], EXTENSION: _one(extension, MIGRATIONS)[0]},
            dumps=dumps,
            keys=_keys(codes or {}, keys),
            packages=packages,
            ready=ready,
            waiting=waiting,
            log_head=head,
        )
        manifest.write(fresh)
        _onto_disk(*fresh.iterdir(), fresh)
        fresh.rename(final)
        _onto_disk(folder)
    return FinishedBackup(folder=final, manifest=manifest)


def _keys(codes: Mapping[str, int], known: Mapping[str, bytes]) -> list[Key]:
    """Every key that is configured or needed; one that is lost already has no check value."""
    return [
        Key(
            id=name,
            check=backup_manifest.check_value(known[name]) if name in known else "",
            open_codes=codes.get(name, 0),
        )
        for name in [*known, *sorted(codes.keys() - known.keys())]
    ]


@contextmanager
def _moment(name: str, url: str) -> Iterator[tuple[psycopg.Connection, str]]:
    """A connection whose snapshot stays as it is, and the snapshot's name for pg_dump."""
    try:
        connection = psycopg.connect(url, connect_timeout=5, autocommit=True)
    except psycopg.OperationalError as error:
        raise Problem(unreachable(name, error)) from None
    with connection:
        connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield connection, _one(connection, "SELECT pg_export_snapshot()")[0]


@contextmanager
def _folder(final: Path) -> Iterator[Path]:
    """A folder that gets its name when everything is in it, and is gone when that fails."""
    fresh = final.with_name(final.name + ".unfinished")
    if final.exists():
        raise Problem(f"{final} already exists. Wait a second, then back up again.")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True, mode=0o700)
    try:
        yield fresh
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _dumped(url: str, file: Path, *, snapshot: str) -> Dump:
    file.touch(mode=0o600)
    pg_tools.dump(url, file, snapshot=snapshot)
    return Dump(file=file.name, bytes=file.stat().st_size, sha256=backup_manifest.sha256(file))


def _onto_disk(*paths: Path) -> None:
    for path in paths:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _one(connection: psycopg.Connection, query: Any) -> tuple[Any, ...]:
    row = connection.execute(query).fetchone()
    assert row is not None  # noqa: S101 (a SELECT without FROM, or an aggregate)
    return tuple(row)
