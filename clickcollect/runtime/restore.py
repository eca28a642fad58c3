"""`clickcollect restore`: a backup into empty databases, and everything that must wait for a person waits.

What is killed half-way leaves no shop that works: rows come in one transaction, and the application is given its
rights only when the waits are written, in `prepare.py`, which finds a table that says so. Knows no Django.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import psycopg

from clickcollect.runtime import backup_manifest, pg_tools
from clickcollect.runtime.backup_manifest import EXTENSION, SHOP, Manifest
from clickcollect.runtime.database import EXTENSION_URL, OWNER_URL, unreachable
from clickcollect.runtime.errors import Problem

# In the shop's database from before the first row until the waits are written.
MARK: Final = "clickcollect_restoring"
TABLES: Final = f"""
SELECT count(*) FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
WHERE nspname = 'public' AND relkind IN ('r', 'p') AND relname <> '{MARK}'
"""  # noqa: S608
OTHERS: Final = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND usename IS NOT NULL
"""
SERVER: Final = "SELECT current_setting('server_version_num')::int"
BEGIN: Final = (f"CREATE TABLE IF NOT EXISTS {MARK} (taken_at timestamptz)", f"TRUNCATE {MARK}")


def check_before_restore(
    folder: Path, manifest: Manifest, keys: Mapping[str, bytes] | None, urls: Mapping[str, str]
) -> None:
    """Is the backup whole, are its keys here, and are both databases empty and unused? Raises Problem.

    Arguments: ``keys``, PICKUP_CODE_KEYS; None where codes that are out may be lost.
    """
    backup_manifest.check_files(folder, manifest)
    if keys is not None:
        backup_manifest.check_keys(manifest, keys)
    for name in (OWNER_URL, EXTENSION_URL):
        with _connected(name, urls[name]) as connection:
            database = connection.info.dbname
            if _number(connection, OTHERS):
                raise Problem(
                    f"The database {database} is in use. Stop every clickcollect process, and whatever else is signed "
                    "in there; nothing was changed."
                )
            if _number(connection, TABLES):
                raise Problem(
                    f"The database {database} is not empty, and nothing was changed. Restore into a new one: with the "
                    "embedded PostgreSQL move the folder postgres out of the data folder; on your own server rename "
                    "both, and give DATABASE_ADMIN_URL, by which new ones are created (docs/deploy/backup.md)."
                )


def load_backup(folder: Path, manifest: Manifest, urls: Mapping[str, str], *, finish: Callable[[], None]) -> None:
    """Fill both databases; what fails leaves them empty. ``finish`` migrates, writes the waits and grants the rights.

    Raises Problem.
    """
    with _connected(OWNER_URL, urls[OWNER_URL]) as connection:
        for statement in BEGIN:
            connection.execute(statement)
        connection.execute(f"INSERT INTO {MARK} VALUES (%s)", [manifest.moment])  # noqa: S608
    try:
        for name, url in ((EXTENSION, EXTENSION_URL), (SHOP, OWNER_URL)):
            with _connected(url, urls[url]) as connection:
                version = _number(connection, SERVER)
            pg_tools.load_dump(urls[url], folder / manifest.dumps[name].file, server_version=version)
            with _connected(url, urls[url]) as connection:
                connection.execute("ANALYZE")  # else the first lists are planned for empty tables
        finish()
    except BaseException:
        for url in (OWNER_URL, EXTENSION_URL):
            with _connected(url, urls[url]) as connection:
                connection.execute("DROP OWNED BY CURRENT_USER")  # they were empty, and are so again
        raise


def _connected(name: str, url: str) -> "psycopg.Connection[Any]":
    try:
        return psycopg.connect(url, connect_timeout=5, autocommit=True)
    except psycopg.OperationalError as error:
        raise Problem(unreachable(name, error)) from None


def _number(connection: "psycopg.Connection[Any]", query: str) -> int:
    row = connection.execute(query.encode()).fetchone()
    assert row is not None  # noqa: S101 (an aggregate)
    return int(row[0])
