"""A throw-away PostgreSQL for one test session: the real thing, without the care for power cuts."""

import base64
import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

import psycopg
from psycopg import sql

from clickcollect.runtime import postgres
from clickcollect.runtime.postgres import APPLICATION, DATABASE, EXTENSION, EXTENSION_DATABASE, OWNER, SUPERUSER

# Two test processes may each do fifty things at once. Nothing is vacuumed or analysed behind a test's back:
# it would change plans between one run and the next.
FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "300",
    "autovacuum": "off",
}
SUPERUSER_URL = "CLICKCOLLECT_TEST_SUPERUSER_URL"


class Cluster:
    """Started by the first process of a session; workers of pytest-xdist find it in the environment."""

    def __init__(self, settings: Mapping[str, str] = FAST) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="clickcollect-tests-"))
        self.folder.chmod(0o711)  # root's PostgreSQL runs as another user, who must get in
        self.home = self.folder / "home"
        (self.home / "static").mkdir(parents=True)  # WhiteNoise warns without one
        passwords = {role: secrets.token_hex(16) for role in (SUPERUSER, OWNER, APPLICATION, EXTENSION)}
        self.server = postgres.Server(
            data=self.folder / "postgres",
            passwords=passwords,
            log=self.folder / "postgres.log",
            settings=settings,
        )
        self.server.create()
        self.process: subprocess.Popen[bytes] = self.server.start()
        self.server.create_roles()
        with psycopg.connect(self.server.url(role=SUPERUSER, database="postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL("ALTER ROLE {} CREATEDB").format(sql.Identifier(OWNER)))

    def environment(self) -> dict[str, str]:
        """What every process of this session gets."""
        url = self.server.url
        return {
            "CLICKCOLLECT_HOME": str(self.home),
            "SECRET_KEY": secrets.token_urlsafe(48),
            "PICKUP_CODE_KEYS": f"test:{base64.b64encode(secrets.token_bytes(32)).decode()}",
            "DATABASE_URL": url(role=APPLICATION, database=DATABASE),
            "DATABASE_OWNER_URL": url(role=OWNER, database=DATABASE),
            "EXTENSION_DATABASE_URL": url(role=EXTENSION, database=EXTENSION_DATABASE),
            "WEBHOOK_ALLOWED_NETWORKS": "127.0.0.0/8,::1/128",
            "ALLOW_FICTITIOUS_NUMBERS": "on",
            SUPERUSER_URL: url(role=SUPERUSER, database="postgres"),
        }

    def stop(self) -> None:
        """End the server and leave nothing behind."""
        postgres.stop_server(self.process, self.server)
        shutil.rmtree(self.folder)


def end_backends(database: str) -> None:
    """End every connection to a test database, and see it gone: what was left open must not hold up what follows."""
    with psycopg.connect(os.environ[SUPERUSER_URL], autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s", [database]
        )
