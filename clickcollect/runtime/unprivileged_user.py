"""Who the database server runs as: PostgreSQL refuses to be root, so root starts it as `nobody`."""

import os
import pwd
import shutil
import signal
import stat
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from clickcollect.runtime.errors import Problem
from clickcollect.runtime.process_groups import die_with_parent

Command = Sequence[str | Path]


@dataclass(frozen=True)
class Account:
    """A system user for the server's processes and files; `other` when it is not the one running this."""

    name: str
    uid: int
    gid: int
    other: bool

    def own(self, path: Path) -> None:
        """Hand one file or folder to the account."""
        if self.other:
            os.chown(path, self.uid, self.gid)

    def make_folder(self, path: Path) -> None:
        """A folder for the account alone. One that somebody else put there first is refused, not used."""
        try:
            path.mkdir(mode=0o700)
            self.own(path)
        except FileExistsError:
            self.check_owner(path)

    def check_owner(self, path: Path) -> None:
        """The folder must be the account's own and closed to others. Raises Problem."""
        found = path.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != self.uid or found.st_mode & 0o077:
            raise Problem(
                f"The folder {path} must belong to the user {self.name} (number {self.uid}) alone, with mode 0700. "
                "Start clickcollect as the user who created it, or choose another CLICKCOLLECT_HOME.",
            )

    def run(self, command: Command, *, reads: Sequence[Path]) -> "subprocess.CompletedProcess[bytes]":
        """Run a short program as the account and take its words."""
        prefix, options = self._as_account(reads)
        return subprocess.run([*prefix, *command], capture_output=True, check=False, **options)  # noqa: S603

    def start(self, command: Command, *, reads: Sequence[Path], log: IO[bytes]) -> "subprocess.Popen[bytes]":
        """Start the server in a session of its own, so that Ctrl-C reaches the others first."""
        prefix, options = self._as_account(reads)
        return subprocess.Popen(  # noqa: S603
            [*prefix, *command],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            **options,
        )

    def _as_account(self, reads: Sequence[Path]) -> tuple[list[str], dict[str, Any]]:
        """What to put before a command, and how to start it, so that it runs as the account."""
        options: dict[str, Any] = {"cwd": "/", "preexec_fn": die_with_parent(signal.SIGINT)}
        if not self.other:
            return [], options
        if not (closed := self._closed_folder(reads)):
            return [], options | {"user": self.uid, "group": self.gid, "extra_groups": []}
        if not (setpriv := shutil.which("setpriv")):
            raise Problem(
                f"The user {self.name}, who runs PostgreSQL for root, may not enter {closed}. Install setpriv "
                f"(package util-linux), start clickcollect as an ordinary user, or run: chmod o+x {closed}",
            )
        # The right to read and to enter, and no other: root's closed folders stay closed to everybody else. initdb
        # looks for its neighbours with access(2), which forgets that right unless this bit is set.
        rights = ["--securebits=+no_setuid_fixup", "--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
        who = [f"--reuid={self.uid}", f"--regid={self.gid}", "--clear-groups", "--pdeathsig=INT"]
        return [setpriv, *who, *rights, "--"], options

    def _closed_folder(self, paths: Sequence[Path]) -> Path | None:
        """The first folder above these paths that the account may not enter."""
        for path in paths:
            for folder in reversed(path.resolve().parents):
                found = folder.stat()
                if not found.st_mode & (stat.S_IXUSR if found.st_uid == self.uid else stat.S_IXOTH):
                    return folder
        return None


def server_account() -> Account:
    """Ourselves; for root, `nobody`."""
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        return Account(nobody.pw_name, nobody.pw_uid, nobody.pw_gid, other=True)
    return Account(_name(os.geteuid()), os.geteuid(), os.getegid(), other=False)


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        raise Problem(
            f"The user number {uid} has no name on this system, and PostgreSQL needs one. Start clickcollect as a "
            "user that the system knows, or set DATABASE_URL to a PostgreSQL of your own.",
        ) from None
