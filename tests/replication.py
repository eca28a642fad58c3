"""A PostgreSQL and its standby, copied from the tests' own server, with the tables that its migrations have made."""

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import psutil
import psycopg
from django.db import connections

from clickcollect.runtime import postgres
from clickcollect.runtime.postgres import APPLICATION, EXTENSION, OWNER, SUPERUSER, Server, binaries
from clickcollect.runtime.unprivileged_user import server_account
from tests.database_reset import MIGRATED
from tests.postgres import SUPERUSER_URL
from tests.whisperer.receivers import wait_until

# What is committed is in the memory of the machine, which is not switched off; only programs are killed.
SETTINGS: Final = {"fsync": "off", "max_connections": "300", "autovacuum": "off"}
SYNCHRONOUS: Final = {"synchronous_standby_names": "*"}
URLS: Final = {
    SUPERUSER: SUPERUSER_URL,
    OWNER: "DATABASE_OWNER_URL",
    APPLICATION: "DATABASE_URL",
    EXTENSION: "EXTENSION_DATABASE_URL",
}


class Node:
    """One of the two. It begins as a copy of a server that runs, and follows it if it is a standby."""

    def __init__(self, *, copy_of: str, follows: bool, settings: Mapping[str, str]) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="clickcollect-tests-"))
        self.folder.chmod(0o711)  # root's PostgreSQL runs as another user, who must get in
        passwords = {role: unquote(urlsplit(os.environ[name]).password or "") for role, name in URLS.items()}
        self.server = Server(
            data=self.folder / "postgres",
            passwords=passwords,
            log=self.folder / "postgres.log",
            settings=SETTINGS | dict(settings),
        )
        account = server_account()
        account.own(self.folder)
        command: list[str | Path] = [binaries() / "pg_basebackup", "--pgdata", self.server.data, "--dbname", copy_of]
        command += ["--checkpoint=fast", "--no-sync", *(["--write-recovery-conf"] if follows else [])]
        copied = account.run(command, reads=[binaries(), self.folder])
        assert copied.returncode == 0, copied.stderr
        self.process = self.server.start()

    @property
    def url(self) -> str:
        """The superuser's."""
        return self.server.url(role=SUPERUSER, database="postgres")

    def ask(self, query: str, *, database: str = MIGRATED) -> Any:
        """The first value of the answer."""
        with psycopg.connect(self.server.url(role=SUPERUSER, database=database), autocommit=True) as connection:
            cursor = connection.execute(query.encode())
            row = cursor.fetchone() if cursor.description else None
        return row and row[0]

    def promote(self) -> None:
        """The standby becomes the one that is written to."""
        assert self.ask("SELECT pg_promote(true, 60)")

    def stop_following(self) -> None:
        """It lags from now on: what the other writes no longer comes here."""
        self.ask("ALTER SYSTEM SET primary_conninfo = ''")
        self.ask("SELECT pg_reload_conf()")
        wait_until(lambda: self.ask("SELECT count(*) FROM pg_stat_wal_receiver") == 0, seconds=60)

    def kill(self) -> None:
        """The machine is gone: no word to anybody, nothing is written any more."""
        server = psutil.Process(self.process.pid)
        for process in (server, *server.children(recursive=True)):
            process.kill()
        self.process.wait()

    def clean_up(self) -> None:
        if self.process.poll() is None:
            postgres.stop_server(self.process, self.server)
        shutil.rmtree(self.server.socket_folder, ignore_errors=True)
        shutil.rmtree(self.folder, ignore_errors=True)


class Pair:
    """A primary and its standby. After a failover the promoted one gets a standby of its own."""

    def __init__(self, *, is_synchronous: bool) -> None:
        self.settings = SYNCHRONOUS if is_synchronous else {}
        self.nodes: list[Node] = []
        # Nobody waits for a standby before there is one.
        self.primary = self.made(copy_of=os.environ[SUPERUSER_URL], follows=False)
        self.standby = self.made(copy_of=self.primary.url, follows=True)

    def made(self, *, copy_of: str, follows: bool) -> Node:
        node = Node(copy_of=copy_of, follows=follows, settings=self.settings)
        self.nodes.append(node)
        return node

    @property
    def hosts(self) -> str:
        """Both, as the address of a database names them; the one that does not answer first is no harm."""
        return ",".join(str(node.server.socket_folder) for node in (self.primary, self.standby))

    def fail_over(self) -> None:
        """The standby takes over."""
        self.standby.promote()

    def renew(self) -> None:
        """What was promoted is the primary, and follows nobody; it gets a standby."""
        self.primary.clean_up()
        self.nodes.remove(self.primary)
        self.primary = self.standby
        self.standby = self.made(copy_of=self.primary.url, follows=True)

    def clean_up(self) -> None:
        for node in reversed(self.nodes):
            node.clean_up()


@contextmanager
def pair(*, is_synchronous: bool) -> Iterator[Pair]:
    """Two servers with empty tables, until the block ends."""
    made = None
    try:
        made = Pair(is_synchronous=is_synchronous)
        yield made
    finally:
        if made is not None:
            made.clean_up()


@contextmanager
def django_uses(pair: Pair) -> Iterator[None]:
    """Every thread's connection leads to whichever of the two can be written to (docs/deploy/failover.md)."""
    settings = connections["default"].settings_dict
    before = {name: settings[name] for name in ("HOST", "NAME", "OPTIONS")}
    connections.close_all()
    try:
        settings["HOST"], settings["NAME"] = "", MIGRATED
        settings["OPTIONS"] = before["OPTIONS"] | {"host": pair.hosts, "target_session_attrs": "read-write"}
        yield
    finally:
        connections.close_all()
        settings |= before
