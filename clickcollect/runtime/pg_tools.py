"""PostgreSQL's own client programs, of the wheel's version: an older pg_dump refuses a newer server."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Final

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from clickcollect.runtime.errors import Problem
from clickcollect.runtime.postgres import binaries

NO_PREFERENCES: Final = "--no-psqlrc"
# What stands in every script of pg_restore: a schema that each database has already, and, since PostgreSQL 17, a
# setting that older servers do not know.
THERE_ALREADY: Final = b"CREATE SCHEMA public;\n"
UNKNOWN_TO_OLDER: Final = b"SET transaction_timeout = 0;\n"
FIRST_WITH_IT: Final = 170000
CHUNK: Final = 1 << 20


def tool_version() -> str:
    """Of the client programs, such as `pg_dump (PostgreSQL) 18.4`."""
    command: list[str | Path] = [binaries() / "pg_dump", "--version"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603


def dump(url: str, file: Path, *, snapshot: str) -> None:
    """Write one database, as a snapshot that is held open sees it, into a file of our own. Raises Problem."""
    address, environment = _apart(url)
    command: list[str | Path] = [binaries() / "pg_dump", f"--dbname={address}", "--format=custom", "--no-owner"]
    command += [
        "--schema=public",
        "--no-privileges",
        f"--snapshot={snapshot}",
        "--lock-wait-timeout=60s",
        f"--file={file}",
    ]
    done = subprocess.run(command, env=environment, capture_output=True, check=False)  # noqa: S603
    if done.returncode:
        raise Problem(f"The database could not be dumped into {file}: {_said(done.stderr)}")


def load_dump(url: str, file: Path, *, server_version: int) -> None:
    """Fill an empty database from a dump, in one transaction: all of it or nothing. Raises Problem."""
    address, environment = _apart(url)
    read: list[str | Path] = [binaries() / "pg_restore", "--no-owner", "--no-privileges", "--file=-", file]
    write: list[str | Path] = [binaries() / "psql", f"--dbname={address}", NO_PREFERENCES, "--quiet"]
    write += ["--single-transaction", "--set=ON_ERROR_STOP=1", "--output=/dev/null"]
    with (
        subprocess.Popen(read, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as reader,  # noqa: S603
        subprocess.Popen(write, env=environment, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as writer,  # noqa: S603
    ):
        assert reader.stdout  # noqa: S101
        assert writer.stdin  # noqa: S101
        dropped = (THERE_ALREADY, *((UNKNOWN_TO_OLDER,) if server_version < FIRST_WITH_IT else ()))
        _hand_over(reader.stdout, writer.stdin, drop=dropped)
        said = (reader.stderr.read() if reader.stderr else b"") + (writer.stderr.read() if writer.stderr else b"")
    if reader.returncode or writer.returncode:
        raise Problem(f"{file} could not be loaded, and none of it was kept: {_said(said)}")


def _hand_over(source: IO[bytes], target: IO[bytes], *, drop: Sequence[bytes]) -> None:
    """Copy, and end the copy where the target ends; the lines ``drop`` go where they first stand, in the heading."""
    heading = source.read(CHUNK)
    for line in drop:
        heading = heading.replace(b"\n" + line, b"\n", 1)
    try:
        target.write(heading)
        while chunk := source.read(CHUNK):
            target.write(chunk)
        target.close()
    except BrokenPipeError:
        source.close()


def _apart(url: str) -> tuple[str, dict[str, str]]:
    """The address without its password, which no list of processes may show, and an environment that has it."""
    parts = conninfo_to_dict(url)
    password = str(parts.pop("password", "") or "")
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return make_conninfo("", **parts), clean | ({"PGPASSWORD": password} if password else {})


def _said(words: bytes) -> str:
    """The first complaint, without what it was about in detail: rows may hold what people typed."""
    lines = [line for line in words.decode(errors="replace").splitlines() if "error" in line.lower()]
    return lines[0].strip() if lines else "no error message"
