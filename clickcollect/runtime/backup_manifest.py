"""What a backup says of itself: when, of what, by which versions, which keys it needs. Knows no Django.

A key is named by its id and a check value derived from it (HKDF, RFC 5869): another key under the same id is found
out, and 64 bits of a derivation tell nothing of a key of 256 (docs/deploy/backup.md).
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from clickcollect.runtime.data_dir import SECRETS
from clickcollect.runtime.errors import Problem, listed

NAME: Final = "manifest.json"
FORMAT: Final = 1
SHOP, EXTENSION = "shop", "extension"
CHECK_BYTES: Final = 8


@dataclass(frozen=True, kw_only=True)
class Key:
    """A key of pickup codes: how many codes that are out need it."""

    id: str
    check: str
    open_codes: int


@dataclass(frozen=True, kw_only=True)
class Dump:
    """One database in its file."""

    file: str
    bytes: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """One backup. ``log_head``: the end of the log's chain in it; ``secrets``: what is kept apart, by name alone."""

    taken_at: str
    clickcollect: str
    server: str
    pg_dump: str
    migrations: Mapping[str, list[str]]
    dumps: Mapping[str, Dump]
    keys: list[Key]
    packages: int
    ready: int
    waiting: int
    log_head: Mapping[str, Any] | None
    secrets: tuple[str, ...] = SECRETS
    format: int = FORMAT

    @property
    def moment(self) -> datetime:
        return datetime.fromisoformat(self.taken_at)

    def write(self, folder: Path) -> None:
        (folder / NAME).write_text(json.dumps(asdict(self), indent=2, sort_keys=True) + "\n")


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a backup. Raises Problem when there is none, or one of a later format."""
    try:
        found = json.loads((folder / NAME).read_text())
        if found["format"] > FORMAT:
            raise Problem(
                f"{folder} was created by clickcollect {found['clickcollect']}. Restore it with that version."
            )
        found |= {
            "dumps": {name: Dump(**dump) for name, dump in found["dumps"].items()},
            "keys": [Key(**key) for key in found["keys"]],
            "secrets": tuple(found["secrets"]),
        }
        return Manifest(**found)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        raise Problem(
            f"{folder} is no backup that `clickcollect backup` finished: its {NAME} cannot be read."
        ) from None


def check_files(folder: Path, manifest: Manifest) -> None:
    """Every file is there and is the one that was written. Raises Problem."""
    for dump in manifest.dumps.values():
        path = folder / dump.file
        if Path(dump.file).name != dump.file or not path.is_file():
            raise Problem(f"{path} is missing: this backup is not whole. Take another one.")
        if path.stat().st_size != dump.bytes or sha256(path) != dump.sha256:
            raise Problem(f"{path} is not the file that was backed up: its checksum differs. Take another backup.")


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_value(key: bytes) -> str:
    """What tells one key from another, and nothing else."""
    derive = HKDF(algorithm=SHA256(), length=CHECK_BYTES, salt=None, info=b"clickcollect backup key check")
    return derive.derive(key).hex()


def check_keys(manifest: Manifest, known: Mapping[str, bytes]) -> None:
    """Every key that a code out there needs is here, and is the very same. Raises Problem."""
    needed = [key for key in manifest.keys if key.check]  # the others were lost when it was made
    lost = [key.id for key in needed if key.id not in known]
    other = [key.id for key in needed if key.id in known and check_value(known[key.id]) != key.check]
    if not lost and not other:
        return
    codes = sum(key.open_codes for key in manifest.keys if key.id in {*lost, *other})
    what = f"lacks {listed(lost)}" if lost else f"has another key under the name {listed(other)}"
    raise Problem(
        f"PICKUP_CODE_KEYS {what}: {codes} codes that customers hold could not be checked. Put back the keys.env, or "
        "the secrets, that belong to this backup; if they are lost, add --without-keys and send new codes afterwards."
    )


def newest(folder: Path) -> Path:
    """The backup itself, or the newest finished one in a folder of backups. Raises Problem."""
    if (folder / NAME).is_file():
        return folder
    found = sorted(path.parent for path in folder.glob(f"*/{NAME}") if not path.parent.name.endswith(".unfinished"))
    if not found:
        raise Problem(f"There is no backup in {folder}. `clickcollect backup {folder}` makes one.")
    return max(found, key=lambda path: path.name)
