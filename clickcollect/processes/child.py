"""A process that is kept alive: what it writes, when it died, how long to wait before it is started again."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from clickcollect.processes.children import die_with_parent, end_group, stop
from clickcollect.processes.home import shorten

PAUSES = (1, 2, 4, 8, 15, 30, 30, 30)  # seconds before each new start; after the last one we give up
STEADY_SECONDS = 60  # who lived so long is forgiven its earlier deaths
STOP_SECONDS = 10


def pause(failures: int) -> int | None:
    """Seconds to wait before the start after this many failures in a row; None: it does not get better."""
    return PAUSES[failures - 1] if failures <= len(PAUSES) else None


def spawn(command: list[str], *, environment: Mapping[str, str], log: Path) -> "subprocess.Popen[bytes]":
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

    def look(self, *, say: Callable[[str], None]) -> bool:
        """Start it again if it died and its pause is over. False when it has died too often."""
        shorten(self.log)
        now = time.monotonic()
        if self.process is None:
            if now >= self.since + PAUSES[self.failures - 1]:
                self.begin()
            return True
        if self.process.poll() is None:
            return True
        end_group(self.process)  # a master that was killed may have left workers behind
        self.failures = 1 if now - self.since > STEADY_SECONDS else self.failures + 1
        ended, self.process, self.since = self.process, None, now
        seconds = pause(self.failures)
        if seconds is not None:
            say(f"{self.name} has ended ({_how(ended.returncode)}); it is started again in {seconds} s. See {self.log}")
        return seconds is not None

    def ask_to_stop(self) -> None:
        """Tell it that it is time; `end` waits for it."""
        if self.process is not None and self.process.poll() is None:
            os.kill(self.process.pid, signal.SIGTERM)

    def end(self) -> None:
        """Wait until it has ended; kill it, with all it started, when it takes too long."""
        if self.process is not None:
            stop(self.process, signum=signal.SIGTERM, seconds=STOP_SECONDS)


def _how(status: int) -> str:
    return f"signal {-status}" if status < 0 else f"status {status}"
