"""Following docs/recipes.md by its letter: a copy of the project, and the steps of the page done in it.

A step is a block of code and the line before it, which says what to do with the block: ``New file `…`:``,
``In `…`:`` (a diff), ``At the end of `…`:`` or ``Run:``.
"""

import os
import re
import shutil
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.house.files import ROOT, text, tracked

PAGE: Final = ROOT / "docs" / "recipes.md"
BLOCK: Final = re.compile(r"(?ms)^(?P<said>[^\n]+)\n\n(?P<indent> *)```\w+\n(?P<body>.*?)\n(?P=indent)```$")
SAID: Final = re.compile(r"(?:(New file|In|At the end of) `([^`]+)`|(Run)):$")
TOLD: Final = re.compile(r"tests/[\w/]+\.py::\w+")


class NotAsWritten(Exception):
    """A step of the page cannot be done as it is written."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """One thing to do: ``how`` is the page's own word for it."""

    how: str
    path: str
    body: str

    @property
    def is_code(self) -> bool:
        """Whether it is part of what runs; else it is a page, a test's list or a migration."""
        return self.how != "Run" and "/migrations/" not in self.path and self.path.startswith(("clickcollect", "ext"))

    def do(self, copy: Path) -> None:
        """Do it in a copy of the project. Raises NotAsWritten."""
        match self.how:
            case "Run":
                for line in self.body.splitlines():
                    run(line, copy)
            case "New file":
                path = copy / self.path
                if path.exists():
                    raise NotAsWritten(f"{self.path} is there already")
                path.write_text(self.body + "\n")
            case "At the end of":
                path = copy / self.path
                path.write_text(path.read_text().rstrip("\n") + "\n\n\n" + self.body + "\n")
            case _:
                self.change(copy)

    def change(self, copy: Path) -> None:
        """Apply the diff where its lines are found, which must be in one place alone."""
        found = list(copy.glob(self.path))
        if len(found) != 1:
            raise NotAsWritten(f"{self.path} is {len(found)} files")
        diff = [line or " " for line in self.body.splitlines()]
        before = [line[1:] for line in diff if line[0] != "+"]
        after = [line[1:] for line in diff if line[0] != "-"]
        lines = found[0].read_text().splitlines()
        places = [at for at in range(len(lines)) if lines[at : at + len(before)] == before]
        if len(places) != 1:
            raise NotAsWritten(f"{self.path} has these lines {len(places)} times: {before}")
        lines[places[0] : places[0] + len(before)] = after
        found[0].write_text("\n".join(lines) + "\n")


def run(line: str, copy: Path) -> None:
    """A line for the shell, with the project's own tools; nothing is installed for it. Raises NotAsWritten."""
    environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    environment["PATH"] = f"{copy / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}"
    line = line.replace("make ", "make --silent -o .venv/.installed-dev ")
    shell = ["/bin/sh", "-c", line]
    done = subprocess.run(shell, cwd=copy, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotAsWritten(f"{line}\n{done.stdout}{done.stderr}")


def recipes() -> dict[str, list[Step]]:
    """The steps of each recipe, by its heading. Raises NotAsWritten for a block that nobody says what to do with."""
    sections = re.split(r"(?m)^## ", text(PAGE))[1:]
    return {section.partition("\n")[0]: steps_of(section) for section in sections}


def steps_of(section: str) -> list[Step]:
    found = []
    for block in BLOCK.finditer(section):
        said = SAID.search(block["said"])
        if said is None:
            raise NotAsWritten(f"what is to be done with this block? {block['said']}")
        how, path, is_run = said.groups()
        found.append(Step(how=is_run or how, path=path or "", body=textwrap.dedent(block["body"])))
    if len(found) != len(re.findall(r"(?m)^ *```\w", section)):
        raise NotAsWritten(f"a block without a line before it in: {section[:40]}")
    return found


def named_tests() -> set[str]:
    """The tests that tell when a step is missing, as the page names them."""
    return set(TOLD.findall(text(PAGE)))


def copy_project(to: Path) -> Path:
    """The project as it is, with the tools of this one."""
    for path in tracked():
        target = to / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, target)
    (to / ".venv").symlink_to(sys.prefix)
    return to
