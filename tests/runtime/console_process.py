"""Console commands, each in a process of its own, forked from one that has loaded the program and done nothing yet.

What a new interpreter does before that is always the same; `python -m clickcollect` itself is tried by other tests.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

from clickcollect.cli import main
from clickcollect.runtime.django_setup import set_up

# What commands load besides, without looking at the environment.
LIBRARIES = ("django.db.models", "django.db.backends.postgresql.base", "procrastinate", "structlog", "typer._adapters")
SAID = ("stdout", "stderr")


@dataclass(frozen=True)
class Console:
    """The process that forks."""

    process: "subprocess.Popen[str]"

    def call(
        self, *arguments: str | Path, environment: Mapping[str, str], folder: Path | None = None
    ) -> "subprocess.CompletedProcess[str]":
        """Run `clickcollect` with these arguments in this folder; its environment is this one and nothing else."""
        assert self.process.stdin
        assert self.process.stdout
        words = [*map(str, arguments)]
        with TemporaryDirectory() as said:
            told = {"arguments": words, "environment": {**environment}, "said": said, "folder": str(folder or said)}
            print(json.dumps(told), file=self.process.stdin, flush=True)
            status = int(self.process.stdout.readline())
            return subprocess.CompletedProcess(words, status, *(Path(said, name).read_text() for name in SAID))


@contextmanager
def console(settings: Mapping[str, str] | None = None) -> Iterator[Console]:
    """Something that runs commands, one after the other; with ``settings``, Django is loaded too, for all of them."""
    command = [sys.executable, "-m", __name__, *(["django"] if settings else [])]
    with subprocess.Popen(
        command, env=settings and {**settings}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield Console(process)


def serve() -> None:
    """Fork for each line that comes in, and answer with the exit status."""
    for library in LIBRARIES:
        import_module(library)
    if "django" in sys.argv:
        set_up()
    fork = get_context("fork")
    for line in sys.stdin:
        process = fork.Process(target=run, kwargs=json.loads(line))
        process.start()
        process.join()
        print(process.exitcode, flush=True)  # noqa: T201


def run(*, arguments: list[str], environment: dict[str, str], said: str, folder: str) -> None:
    for descriptor, name in enumerate(SAID, start=1):
        os.dup2(os.open(f"{said}/{name}", os.O_WRONLY | os.O_CREAT), descriptor)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["clickcollect", *arguments]
    main()


if __name__ == "__main__":
    serve()
