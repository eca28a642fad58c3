"""`make run` on a machine that lacks something says what to install."""

import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "make-venv"


@pytest.mark.parametrize(
    ("python", "sentence"),
    [
        ('[ "$1" = -c ] && case "$2" in *venv*) exit 1;; esac; exit 0', "apt install python3-venv"),
        ('[ "$1" = --version ] && echo Python 3.9.2; exit 1', "Python 3.9.2 is too old: clickcollect needs 3.11"),
        (None, "Install Python 3.11 or newer"),
    ],
)
def test_what_is_missing_is_named(tmp_path: Path, python: str | None, sentence: str) -> None:
    stand_in = tmp_path / "python"
    if python:
        stand_in.write_text(f"#!/bin/sh\n{python}\n")
        stand_in.chmod(0o755)
    done = subprocess.run([SCRIPT, stand_in, tmp_path / "venv"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert sentence in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "venv").exists()
