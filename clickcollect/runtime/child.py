"""A process that is kept alive: what it writes, when it died, how long to wait before it is started again."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from clickcollect.runtime.data_dir import shorten_log
from clickcollect.runtime.errors import Problem
from clickcollect.runtime.process_groups import die_with_parent, end_group, stop_group

PAUSES = (1, 2, 4, 8, 15, 30, 60)  # seconds before each new start; the last one again and again
STEADY_SECONDS = 60  # who lived so long is forgiven its earlier deaths
STOP_SECONDS = 10


def restart_delay(failures: int) -> int:
    """Seconds to wait before the start after this many failures in a row. It is tried for ever."""
    return PAUSES[min(failures, len(PAUSES)) - 1]


def spawn_program(command: list[str], *, environment: Mapping[str, str], log: Path) -> "subprocess.Popen[bytes]":
    """Start a Python program of ours in a session of its own: only the supervisor hears Ctrl-C."""
    with log.open("ab") as output:
        return subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", *command],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            preexec_fn=die_with_parent(signal.SIGTERM),  # noqa: PLW1509 (no threads here)
        )


@dataclass
class Child:
    """One process of `run`, and how it is started and stopped."""

    name: str
    log: Path
    start: Callable[[], "subprocess.Popen[bytes]"]
    process: "subprocess.Popen[bytes] | None" = None
    failures: int = 0
    since: float = 0.0

    def begin(self) -> None:
        """Start it."""
        self.process, self.since = self.start(), time.monotonic()

    def restart_if_dead(self, *, say: Callable[[str], None]) -> None:
        """Start it again if it died and its pause is over. Raises nothing: the others must go on."""
        try:
            shorten_log(self.log)
            if self.process is None:
                self._restart(say)
            elif self.process.poll() is not None:
                self._note_death(self.process, say)
        except OSError as error:  # a full disk, no more processes
            say(f"{self.name} cannot be supervised ({error.strerror}); it is tried again.")

    def _restart(self, say: Callable[[str], None]) -> None:
        if time.monotonic() < self.since + restart_delay(self.failures):
            return
        try:
            self.begin()
        except (Problem, OSError) as problem:
            self._count(say, f"could not be started ({problem})", lived=0.0)

    def _note_death(self, process: "subprocess.Popen[bytes]", say: Callable[[str], None]) -> None:
        end_group(process)  # a master that was killed may have left workers behind
        self.process = None
        self._count(say, f"has ended ({_how(process.returncode)})", lived=time.monotonic() - self.since)

    def _count(self, say: Callable[[str], None], what: str, *, lived: float) -> None:
        """One more failure: say so, here and in the child's own log."""
        self.failures, self.since = (1 if lived > STEADY_SECONDS else self.failures + 1), time.monotonic()
        line = f"{self.name} {what}; it is started again in {restart_delay(self.failures)} s."
        say(f"{line} See {self.log}")
        with self.log.open("a") as log:
            log.write(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {line} Failures in a row: {self.failures}\n")

    def ask_to_stop(self) -> None:
        """Tell it that it is time; `end` waits for it."""
        if self.process is not None and self.process.poll() is None:
            os.kill(self.process.pid, signal.SIGTERM)

    def end(self) -> None:
        """Wait until it has ended; kill it, with all it started, when it takes too long."""
        if self.process is not None:
            stop_group(self.process, signum=signal.SIGTERM, seconds=STOP_SECONDS)


def _how(status: int) -> str:
    return f"signal {-status}" if status < 0 else f"status {status}"
