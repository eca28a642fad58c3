"""The files the house rules look at."""

import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("clickcollect", "extension")


@cache
def tracked() -> tuple[Path, ...]:
    """Every file that belongs to the project: git's list, or without git every file that is not generated."""
    listing = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(listing, capture_output=True, check=False)
    if done.returncode:
        hidden = {".venv", "var", "__pycache__", ".git"}
        return tuple(path for path in ROOT.rglob("*") if path.is_file() and not hidden & set(path.parts))
    names = filter(None, done.stdout.decode().split("\0"))
    return tuple(path for path in map(ROOT.joinpath, names) if path.is_file())


def python(*folders: str) -> list[Path]:
    """The project's Python modules in these folders; in all of them when none is named."""
    return [
        path
        for path in tracked()
        if path.suffix == ".py" and (not folders or path.relative_to(ROOT).parts[0] in folders)
    ]


def text(path: Path) -> str:
    """The words of a file, nothing for pictures and the like."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""
