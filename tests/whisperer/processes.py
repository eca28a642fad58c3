"""Workers and receivers as real processes, that can be killed as real ones can."""

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings

ROOT = Path(__file__).parents[2]
WORKER_NAME = f"worker_process-{os.getpid()}"  # by which PostgreSQL knows its connections


class ReceiverProcess:
    """A fast receiver elsewhere."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        self.url = f"http://127.0.0.1:{int(process.stdout.readline())}/hook"

    def received(self) -> dict[str, Any]:
        with urllib.request.urlopen(self.url, timeout=30) as response:
            found: dict[str, Any] = json.load(response)
        return found


@contextmanager
def child(module: str, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", f"tests.whisperer.{module}", *arguments]
    environment = {**os.environ, "PGAPPNAME": f"{module}-{os.getpid()}"}
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(timeout=120)
        assert process.stdout is not None
        process.stdout.close()


@contextmanager
def receiver_process(*, delay: float = 0.0) -> Iterator[ReceiverProcess]:
    with child("receiver_process", str(delay)) as process:
        yield ReceiverProcess(process)


@contextmanager
def worker_process() -> Iterator[subprocess.Popen[bytes]]:
    with child("worker_process", str(settings.DATABASES["default"]["NAME"])) as process:
        yield process
