"""Console commands, each in a process of its own, forked from one that has loaded the program and done nothing yet.

What a new interpreter does before that is always the same; `python -m clickcollect` itself is tried by other tests.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path

from clickcollect.cli import main
from clickcollect.runtime.django_setup import set_up

# What commands load besides, without looking at the environment.
LIBRARIES = ("django.db.models", "django.db.backends.postgresql.base", "procrastinate", "structlog", "typer._adapters")


@dataclass(frozen=True)
class Finished:
    """How a command ended, and what it said."""

    returncode: int
    stdout: str
    stderr: str


@dataclass(frozen=True)
class Console:
    """The process that forks."""

    process: "subprocess.Popen[str]"

    def call(self, arguments: Sequence[str], *, environment: Mapping[str, str], folder: Path) -> Finished:
        """Run `clickcollect` with these arguments in this folder; its environment is this one and nothing else."""
        assert self.process.stdin
        assert self.process.stdout
        print(
            json.dumps([*arguments]), json.dumps({**environment}), folder, sep="\t", file=self.process.stdin, flush=True
        )
        status = int(self.process.stdout.readline())
        return Finished(status, (folder / "stdout").read_text(), (folder / "stderr").read_text())


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
        process = fork.Process(target=run, args=line.rstrip("\n").split("\t"))
        process.start()
        process.join()
        print(process.exitcode, flush=True)  # noqa: T201


def run(arguments: str, environment: str, folder: str) -> None:
    os.chdir(folder)
    for descriptor, name in ((1, "stdout"), (2, "stderr")):
        os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), descriptor)
    os.environ.clear()
    os.environ.update(json.loads(environment))
    sys.argv = ["clickcollect", *json.loads(arguments)]
    main()


if __name__ == "__main__":
    serve()
