"""The data folder: one user at a time, its own keys, its logs (contract section 7). Knows no Django."""

import base64
import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from clickcollect.runtime.errors import Problem, listed
from clickcollect.runtime.postgres import APPLICATION, EXTENSION, OWNER, SUPERUSER, Server
from clickcollect.runtime.values import EXTENSION_THREADS, WEB_THREADS, threads, web_processes

PASSWORDS = {
    SUPERUSER: "POSTGRES_SUPERUSER_PASSWORD",
    OWNER: "POSTGRES_OWNER_PASSWORD",
    APPLICATION: "POSTGRES_APPLICATION_PASSWORD",
    EXTENSION: "POSTGRES_EXTENSION_PASSWORD",
}
SHOP_SECRETS = ("SECRET_KEY", "PICKUP_CODE_KEYS")
EXTENSION_SECRETS = ("EXTENSION_SECRET_KEY", "EXTENSION_WEBHOOK_SECRET")
SECRETS = (*SHOP_SECRETS, *EXTENSION_SECRETS)
LEAST_CONNECTIONS = 60
OTHER_CONNECTIONS = 30  # workers, commands, what looks whether the database is there
LOG_BYTES = 5 * 1024 * 1024


@dataclass(frozen=True)
class Holder:
    """Who uses the data folder now."""

    pid: int
    command: str
    address: str = ""


class DataFolderInUse(Exception):
    """Another process uses this data folder."""

    def __init__(self, holder: Holder | None) -> None:
        self.holder = holder
        super().__init__(holder)


@dataclass(frozen=True)
class DataFolder:
    """The data folder and what lies where in it."""

    path: Path

    @classmethod
    def from_environment(cls) -> "DataFolder":
        """`CLICKCOLLECT_HOME`, or `var` where the command was given."""
        return cls(Path(os.environ.get("CLICKCOLLECT_HOME") or "var").absolute())

    @property
    def keys_file(self) -> Path:
        return self.path / "keys.env"

    @property
    def postgres(self) -> Path:
        return self.path / "postgres"

    def make(self) -> None:
        """Make the folder where there is none. Folders above it stay as they are."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            (self.path / "lock").touch(mode=0o600)
        except OSError as error:
            raise Problem(
                f"The data folder {self.path} cannot be used: {error.strerror}. Set CLICKCOLLECT_HOME to one that can.",
            ) from error

    def log(self, name: str) -> Path:
        """The log file of one child."""
        self.make()
        folder = self.path / "logs"
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder / f"{name}.log"

    def server(self, keys: dict[str, str]) -> Server:
        """The PostgreSQL of this folder, with as many connections as the programs here may need."""
        passwords = {role: keys[name] for role, name in PASSWORDS.items()}
        most = web_processes() * threads(WEB_THREADS) + threads(EXTENSION_THREADS) + OTHER_CONNECTIONS
        settings = {"max_connections": str(max(most, LEAST_CONNECTIONS))}
        return Server(data=self.postgres, passwords=passwords, log=self.log("postgres"), settings=settings)

    @contextmanager
    def hold(self, holder: Holder) -> Iterator[None]:
        """Use the folder alone; the system lets go of it however the process ends. Raises DataFolderInUse."""
        with (self.path / "lock").open("r+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise DataFolderInUse(_read_holder(file)) from None
            _write(file, json.dumps(asdict(holder)))
            yield
            _write(file, "")

    def make_keys(self) -> None:
        """On an empty data folder, and only there, write new secrets; those set in the environment are not stored."""
        if self.keys_file.exists() or any(self.path.glob("[!.]*/")):
            return
        values = {name: secrets.token_urlsafe(48) for name in (*SECRETS, *PASSWORDS.values())}
        values["PICKUP_CODE_KEYS"] = f"k1:{_random_base64()}"
        values["EXTENSION_WEBHOOK_SECRET"] = f"whsec_{_random_base64()}"  # Standard Webhooks sign with it too
        lines = [f"{name}={value}" for name, value in values.items() if not os.environ.get(name)]
        heading = "# The secrets of this data folder. Keep a copy in a safe place: without them it is lost."
        fresh = self.keys_file.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        fresh.touch(mode=0o600)
        fresh.write_text("\n".join([heading, *lines, ""]))
        fresh.rename(self.keys_file)

    def keys(self, *, needed: tuple[str, ...]) -> dict[str, str]:
        """The secrets, from the environment before the file. Raises Problem when a needed one is missing."""
        found = self._read_keys()
        found |= {name: os.environ[name] for name in (*SECRETS, *PASSWORDS.values()) if os.environ.get(name)}
        if missing := [name for name in needed if not found.get(name)]:
            raise Problem(
                f"{listed(missing)} must be set: there is no value in the environment, nor in {self.keys_file}. "
                f"Put back the keys.env of this data folder, or set {'it' if len(missing) == 1 else 'them'}. "
                "On an empty data folder `clickcollect run` makes new keys.",
            )
        return found

    def put_key_first(self, entry: str) -> None:
        """Put an `id:base64` entry before the other keys of codes. Raises Problem."""
        self._write_code_keys([entry, *self._code_keys()])

    def drop_key(self, key_id: str) -> None:
        """Take the key with this id out. Raises Problem."""
        self._write_code_keys([entry for entry in self._code_keys() if entry.partition(":")[0] != key_id])

    def _code_keys(self) -> list[str]:
        kept = self._read_keys().get("PICKUP_CODE_KEYS")
        if not kept:
            raise Problem("PICKUP_CODE_KEYS is set in the environment: change it there. `clickcollect keys new` helps.")
        return kept.split(",")

    def _write_code_keys(self, entries: list[str]) -> None:
        """In one step: the file is the old one or the new one, never half of either."""
        lines = self.keys_file.read_text().splitlines()
        changed = f"PICKUP_CODE_KEYS={','.join(entries)}"
        fresh = self.keys_file.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        fresh.touch(mode=0o600)
        fresh.write_text(
            "\n".join([changed if line.startswith("PICKUP_CODE_KEYS=") else line for line in lines] + [""])
        )
        fresh.rename(self.keys_file)

    def _read_keys(self) -> dict[str, str]:
        try:
            lines = self.keys_file.read_text().splitlines()
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise Problem(
                f"{self.keys_file} cannot be read: {error.strerror}. Start as the user who created it."
            ) from error
        pairs = [line.partition("=") for line in lines if line.strip() and not line.startswith("#")]
        return {name.strip(): value.strip() for name, _sign, value in pairs}


def new_code_key() -> str:
    """A fresh `id:base64` entry for PICKUP_CODE_KEYS, to stand before the others. The id is the time it was made."""
    return f"{datetime.now(UTC):k%Y%m%d%H%M%S}:{_random_base64()}"


def shorten_log(log: Path) -> None:
    """Keep a log that children are writing to small: one older part of it, and a fresh one."""
    if log.exists() and log.stat().st_size > LOG_BYTES:
        log.with_suffix(".old.log").write_bytes(log.read_bytes())
        os.truncate(log, 0)


def _random_base64() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


def _read_holder(file: IO[str]) -> Holder | None:
    try:
        return Holder(**json.loads(file.read()))
    except (ValueError, TypeError):  # it is writing this very moment
        return None


def _write(file: IO[str], text: str) -> None:
    file.seek(0)
    file.truncate()
    file.write(text)
    file.flush()
