"""A virtual environment of its own for the reference's published package: made once, made anew when its pins change."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
REQUIREMENTS = HERE / "requirements-compat.txt"
FOLDER = ROOT / ".venv" / "compat"


def python() -> Path:
    """The interpreter that has dj-whisperer and what it needs. The first call asks the package index."""
    found = FOLDER / "bin" / "python"
    pins = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()
    stamp = FOLDER / "installed"
    FOLDER.parent.mkdir(exist_ok=True)
    with (FOLDER.parent / "compat.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two test processes make it once
        if not stamp.is_file() or stamp.read_text() != pins:
            shutil.rmtree(FOLDER, ignore_errors=True)
            call(sys.executable, "-m", "venv", str(FOLDER))
            call(str(found), "-m", "pip", "install", "--require-hashes", "-r", str(REQUIREMENTS))
            stamp.write_text(pins)
    return found


def call(*command: str) -> str:
    """Run it in a clean environment; what it printed. Says what went wrong in its own words."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("DJANGO_", "PYTHON"))}
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, env=clean, cwd=HERE)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def ask(script: str, *arguments: str) -> str:
    """Run one of the scripts of this folder with their package; what it printed."""
    return call(str(python()), str(HERE / script), *arguments)


@contextmanager
def running(script: str, *arguments: str) -> Iterator[str]:
    """One of the scripts of this folder, running with their package; the first line it prints."""
    process = subprocess.Popen([python(), HERE / script, *arguments], cwd=HERE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait(timeout=30)
        process.stdout.close()
