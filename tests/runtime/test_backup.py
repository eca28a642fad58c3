"""A backup is made while everything runs, holds no code and no key, and comes back: tried on a real server."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from django.db import connections
from psycopg import sql

from clickcollect.oms import states
from clickcollect.oms.log import audit
from clickcollect.oms.log_models import CommandLog, NoteKind
from clickcollect.runtime import backup_manifest
from clickcollect.runtime.postgres import OWNER, binaries
from clickcollect.runtime.restore import MARK
from tests import postgres, shop
from tests.extension import running
from tests.runtime.console_process import Console

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
URLS = ("DATABASE_URL", "DATABASE_OWNER_URL", "EXTENSION_DATABASE_URL")
SECRETS = {"EXTENSION_SECRET_KEY": "x" * 50, "EXTENSION_WEBHOOK_SECRET": "whsec_" + "QUFB" * 8}
WAITS = "SELECT count(*) FROM oms_package WHERE shelf_unconfirmed_since IS NOT NULL"
TABLES = "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace"
PAUSES = "SELECT count(*) FROM whisperer_sendingpause WHERE ended_at IS NULL"


@dataclass(frozen=True)
class Installation:
    """Where console commands find a shop's databases."""

    shop: str
    extension: str
    program: Console

    @property
    def urls(self) -> dict[str, str]:
        return dict(zip(URLS, (self.url("DATABASE_URL"), self.url("DATABASE_OWNER_URL"), self.extension), strict=True))

    def url(self, name: str) -> str:
        return urlunsplit(urlsplit(os.environ[name])._replace(path=f"/{self.shop}"))

    def console(self, *arguments: str | Path, **environment: str) -> "subprocess.CompletedProcess[str]":
        return self.program.call(*arguments, environment=os.environ | SECRETS | self.urls | environment)

    def count(self, query: str) -> int:
        with psycopg.connect(self.url("DATABASE_URL")) as connection:
            row = connection.execute(query.encode()).fetchone()
        assert row
        return int(row[0])


@contextmanager
def new_database(template: str = "template1") -> Iterator[str]:
    """A database of the owner's with nothing in it, or with what the template has."""
    name = f"restored_{os.getpid()}"
    with psycopg.connect(os.environ[postgres.SUPERUSER_URL], autocommit=True) as connection:
        make = sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}")
        connection.execute(make.format(*map(sql.Identifier, (name, OWNER, template))))
        try:
            yield name
        finally:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def installation(program: Console) -> Iterator[Installation]:
    """The tests' shop with two ready packages and a sealed log, and an Extension."""
    with running.database() as extension:
        migrate = [sys.executable, "-m", "extension", "migrate"]
        own = {"EXTENSION_DATABASE_URL": extension, "DJANGO_SETTINGS_MODULE": "extension.settings"}
        subprocess.run(migrate, env=os.environ | SECRETS | own, check=True)
        yield Installation(str(connections["default"].settings_dict["NAME"]), extension, program)


@dataclass(frozen=True)
class Made:
    """A backup, and the codes that customers held when it was made."""

    folder: Path
    codes: list[str]
    packages: list[int]


@pytest.fixture
def backup(installation: Installation, tmp_path: Path) -> Made:
    packages = [shop.make_package(states.READY) for _ in range(2)]
    audit.seal()
    codes = [shop.right_code(package) for package in packages]
    done = installation.console("backup", tmp_path / "backups")
    assert done.returncode == 0, done.stderr
    assert "EXTENSION_WEBHOOK_SECRET, or keys.env" in done.stdout
    (folder,) = (tmp_path / "backups").iterdir()
    return Made(folder=folder, codes=codes, packages=[package.pk for package in packages])


def test_a_backup_names_its_keys_and_holds_none_and_a_drill_finds_it_good(
    installation: Installation, backup: Made
) -> None:
    manifest = backup_manifest.read_manifest(backup.folder)
    (key,) = manifest.keys
    assert (key.id, key.open_codes, manifest.packages, manifest.ready) == ("test", 2, 2, 2)
    backup_manifest.check_files(backup.folder, manifest)
    assert {path.stat().st_mode & 0o077 for path in (backup.folder, *backup.folder.glob("*.dump"))} == {0}
    held = held_by(backup.folder)
    for kept_apart in (os.environ["PICKUP_CODE_KEYS"].partition(":")[2], os.environ["SECRET_KEY"]):
        assert kept_apart not in held
    for code in backup.codes:  # by itself, not as a piece of a hash or of a time's microseconds
        assert not re.search(rf"(?<![0-9a-f.]){code}(?![0-9a-f])", held)
    where = CommandLog.objects.get(note_kind=NoteKind.BACKED_UP).attributes["backup.folder"]
    assert where == str(backup.folder.parent)
    before = CommandLog.objects.count()

    done = installation.console("drill")  # it knows where the newest one is
    assert done.returncode == 0, done.stderr
    for line in (
        "all 2 packages are there",
        "the log is intact",
        "2 codes that customers hold can be checked",
        "2 ready packages wait for a look at the shelf",
        "a new order was packed, made ready and handed over",
    ):
        assert line in done.stdout
    assert CommandLog.objects.get(note_kind=NoteKind.DRILL_PASSED).attributes["backup.at"] == manifest.taken_at
    assert CommandLog.objects.count() == before + 1  # nothing else has happened in the shop that runs

    other_key = os.environ["PICKUP_CODE_KEYS"][:-8] + "AAAAAAA="
    wrong = installation.console("drill", backup.folder, PICKUP_CODE_KEYS=other_key)
    assert wrong.returncode == 1
    assert "has another key under the name test: 2 codes" in wrong.stderr
    assert CommandLog.objects.filter(note_kind=NoteKind.DRILL_FAILED).count() == 1


def held_by(folder: Path) -> str:
    """Everything in a backup as text, the dumps unpacked."""
    command = [str(binaries() / "pg_restore"), "--file=-"]
    dumps = map(str, folder.glob("*.dump"))
    texts = [subprocess.run([*command, dump], capture_output=True, check=True).stdout for dump in dumps]
    assert len(texts) == 2
    return b"\n".join([*texts, (folder / "manifest.json").read_bytes()]).decode()


def test_a_backup_comes_back_into_empty_databases_and_everything_waits_for_a_person(
    installation: Installation, backup: Made
) -> None:
    connections.close_all()
    postgres.end_backends(installation.shop)
    refused = installation.console("restore", backup.folder)
    assert refused.returncode == 2
    assert "is not empty, and nothing was changed" in refused.stderr
    with new_database() as name, running.database() as extension:
        there = Installation(name, extension, installation.program)
        with psycopg.connect(there.url("DATABASE_OWNER_URL")):
            assert "is in use" in there.console("restore", backup.folder).stderr
        spoil_and_try(there, backup.folder)
        assert there.count(TABLES) == 0  # whatever could not be restored has changed nothing
        with psycopg.connect(extension) as connection:
            assert connection.execute(TABLES).fetchone() == (0,)

        done = there.console("restore", backup.folder.parent)
        assert done.returncode == 0, done.stderr
        assert "2 ready packages may have been collected since" in done.stdout
        assert (there.count(WAITS), there.count(PAUSES)) == (2, 1)
        assert "test: makes new codes, 2 open codes" in there.console("keys").stdout
        assert "The log is intact" in there.console("audit", "verify").stdout
        assert "Sending resumed." in there.console("resume").stdout
        assert "Sending is not paused" in there.console("resume").stdout

        # A restore that was killed before its waits were written: whoever brings up the tables writes them first.
        with psycopg.connect(there.url("DATABASE_OWNER_URL")) as connection:
            connection.execute("UPDATE oms_package SET shelf_unconfirmed_since = NULL")
            connection.execute(f"CREATE TABLE {MARK} (taken_at timestamptz)".encode())
        assert there.console("migrate").returncode == 0
        assert (there.count(WAITS), there.count(PAUSES)) == (2, 1)
        assert "0 ready packages wait" in there.console("hold").stdout  # they wait already


def spoil_and_try(there: Installation, folder: Path) -> None:
    """A file that is not the one, one that breaks off half-way, tables of a later version; then all is as it was."""
    dump, manifest = folder / "shop.dump", folder / "manifest.json"
    whole, words = dump.read_bytes(), manifest.read_text()
    dump.write_bytes(whole[:-1] + b"?")
    assert "its checksum differs" in there.console("restore", folder).stderr
    dump.write_bytes(whole[:-4000])
    told = words.replace(f'"bytes": {len(whole)}', f'"bytes": {len(whole) - 4000}')
    manifest.write_text(
        told.replace(backup_manifest.read_manifest(folder).dumps["shop"].sha256, backup_manifest.sha256(dump))
    )
    assert "could not be loaded, and none of it was kept" in there.console("restore", folder).stderr
    dump.write_bytes(whole)
    manifest.write_text(words.replace('"oms.0002_reference_rows"', '"oms.9002_of_a_later_version"'))
    assert "whose tables this program does not know" in there.console("restore", folder).stderr
    manifest.write_text(words)


def test_on_a_new_machine_restore_makes_the_roles_and_databases_of_the_addresses(
    installation: Installation, backup: Made
) -> None:
    """The addresses were kept with the secrets; PostgreSQL is empty."""
    connections.close_all()
    postgres.end_backends(installation.shop)
    names = {"DATABASE_URL": "new_app", "DATABASE_OWNER_URL": "new_owner", "EXTENSION_DATABASE_URL": "new_extension"}
    databases = {"new_app": "new_shop", "new_owner": "new_shop", "new_extension": "new_extension"}
    addresses = {
        name: urlunsplit(
            urlsplit(os.environ["DATABASE_URL"])._replace(netloc=f"{role}:it-is-kept@", path=f"/{databases[role]}")
        )
        for name, role in names.items()
    }
    superuser = os.environ[postgres.SUPERUSER_URL]
    with gone_afterwards(set(databases.values()), list(databases)):
        refused = installation.console("restore", backup.folder, **addresses)
        assert (refused.returncode, "cannot be used" in refused.stderr) == (2, True), refused.stderr  # the control
        done = installation.console("restore", backup.folder, DATABASE_ADMIN_URL=superuser, **addresses)
        assert done.returncode == 0, done.stderr
        assert "Created in PostgreSQL: new_app, new_owner, new_extension, new_shop and new_extension." in done.stdout
        assert "2 ready packages may have been collected since" in done.stdout
        with psycopg.connect(addresses["DATABASE_URL"]) as connection:
            assert connection.execute(WAITS).fetchone() == (2,)


@contextmanager
def gone_afterwards(databases: set[str], roles: list[str]) -> Iterator[None]:
    try:
        yield
    finally:
        with psycopg.connect(os.environ[postgres.SUPERUSER_URL], autocommit=True) as connection:
            for name in databases:
                connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
            for name in roles:
                connection.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(name)))
