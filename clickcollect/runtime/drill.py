"""`clickcollect drill`: restore the newest backup beside the running system, and use it. Knows no Django.

It goes into a PostgreSQL of its own in a temporary folder, which is gone afterwards, with no worker and so no message.
"""

import base64
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from clickcollect.runtime import backup_manifest, database, postgres, restore
from clickcollect.runtime.backup_manifest import Manifest
from clickcollect.runtime.data_dir import PASSWORDS, SECRETS, DataFolder
from clickcollect.runtime.database import URLS
from clickcollect.runtime.errors import Problem
from clickcollect.runtime.plan import Plan, prepare_databases
from clickcollect.runtime.ports import Ports

# A trial need not outlive a power cut.
FAST: Final = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "30"}


@dataclass(frozen=True, kw_only=True)
class Report:
    """What a drill found. ``faults``: what was not in order, in sentences; ``done``: what was."""

    folder: Path
    manifest: Manifest
    seconds: float
    done: list[str]
    faults: list[str]


def run_drill(folder: Path, keys: Mapping[str, str]) -> Report:
    """Restore a backup on trial. ``keys``: the secrets of the running shop. Raises Problem when it cannot be begun."""
    manifest = backup_manifest.read_manifest(folder)
    began = time.monotonic()
    done: list[str] = []
    faults: list[str] = []
    try:
        backup_manifest.check_files(folder, manifest)
        backup_manifest.check_keys(manifest, _code_keys(keys))
        with _scratch() as (home, urls):
            plan = Plan(home=home, ports=Ports(web=1, extension=2), demo=False, keys=keys)
            restore.load_backup(folder, manifest, urls, finish=lambda: prepare_databases(plan, urls))
            done.append(f"restored {manifest.packages} packages in {time.monotonic() - began:.1f} s")
            found = _walk(home, urls, keys, folder)
            done += found["done"]
            faults += found["faults"]
    except Problem as problem:
        faults.append(str(problem))
    return Report(
        folder=folder, manifest=manifest, seconds=round(time.monotonic() - began, 1), done=done, faults=faults
    )


def _code_keys(keys: Mapping[str, str]) -> dict[str, bytes]:
    """PICKUP_CODE_KEYS by id; the settings have refused what cannot be read."""
    pairs = (part.strip().partition(":") for part in keys["PICKUP_CODE_KEYS"].split(",") if part.strip())
    return {name: base64.b64decode(value) for name, _colon, value in pairs}


@contextmanager
def _scratch() -> Iterator[tuple[DataFolder, dict[str, str]]]:
    """A data folder with a PostgreSQL that runs, and the addresses of its roles; gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="clickcollect-drill-"))
    folder.chmod(0o711)  # root's PostgreSQL runs as another user, who must get in
    try:
        home = DataFolder(folder)
        home.make()
        passwords = {role: secrets.token_hex(16) for role in PASSWORDS}
        server = postgres.Server(data=home.postgres, passwords=passwords, log=home.log("postgres"), settings=FAST)
        server.create()
        process = server.start()
        try:
            server.create_roles()
            yield home, database.embedded_urls(server)
        finally:
            postgres.stop_server(process, server)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _walk(home: DataFolder, urls: Mapping[str, str], keys: Mapping[str, str], folder: Path) -> dict[str, list[str]]:
    """Use the restored shop in a process of its own, which cannot reach the running one. Raises Problem."""
    ours = {*SECRETS, *PASSWORDS.values(), *URLS, "CLICKCOLLECT_PROCESS"}
    environment = {name: value for name, value in os.environ.items() if name not in ours}
    environment |= {name: keys[name] for name in SECRETS if name in keys} | dict(urls)
    environment |= {"CLICKCOLLECT_HOME": str(home.path), "ALLOW_FICTITIOUS_NUMBERS": "on"}
    command = [sys.executable, "-m", "clickcollect.runtime.drill_road", str(folder)]
    walked = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    try:
        found: dict[str, list[str]] = json.loads(walked.stdout)
    except ValueError:
        said = walked.stderr.strip().splitlines()
        raise Problem(f"The restored shop is not usable: {said[-1] if said else 'no error message'}") from None
    return found
