"""The pages' files are collected while another web serves from the same folder: none is ever missing."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django import conf
from django.contrib.staticfiles.management.commands.collectstatic import Command
from django.core.files.storage import storages
from django.core.management import call_command
from pytest_django.fixtures import Settings

from clickcollect.runtime.prepare import collect_static_files
from tests.house.files import ROOT

watching: dict[Path, list[str]] = {}


def note(event: str, values: tuple[Any, ...]) -> None:
    if event == "os.remove" and watching:
        for folder, removed in watching.items():
            if str(values[0]).startswith(f"{folder}/"):
                removed.append(str(values[0]))


@pytest.fixture(scope="module")
def audited() -> None:
    sys.addaudithook(note)  # there is no way to take one away; it looks only where somebody watches


@contextmanager
def removals(folder: Path) -> Iterator[list[str]]:
    watching[folder] = []
    try:
        yield watching[folder]
    finally:
        del watching[folder]


def collect_in_place() -> None:
    """As Django does it: a file that is new replaces the old one, which goes first."""
    command = Command()
    command.storage = storages.create_storage(conf.settings.STORAGES["staticfiles"])
    call_command(command, interactive=False, verbosity=0)


@pytest.fixture
def folder(tmp_path: Path, settings: Settings) -> Path:
    """Where the product's own storage collects to; the files of one part are enough."""
    backend = "whitenoise.storage.CompressedManifestStaticFilesStorage"
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    settings.STATICFILES_DIRS = [ROOT / "clickcollect" / "instore" / "static"]
    settings.STATIC_ROOT = tmp_path / "static"
    settings.STORAGES = settings.STORAGES | {"staticfiles": {"BACKEND": backend}}
    return tmp_path / "static"


@pytest.mark.usefixtures("audited")
@pytest.mark.parametrize(("collect", "gaps"), [(collect_static_files, False), (collect_in_place, True)])
def test_no_file_is_missing_while_they_are_collected_again(
    folder: Path, collect: Callable[[], None], *, gaps: bool
) -> None:
    collect_static_files()
    before = {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}
    assert {Path("staticfiles.json"), Path(".collected")} < before
    (folder / ".collected").write_text("those of another version")
    with removals(folder) as removed:
        collect()
    assert bool(removed) is gaps
    assert before == {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}
    assert [path.name for path in folder.parent.iterdir()] == ["static"]  # nothing is left beside it


def test_what_did_not_change_is_not_collected_again(folder: Path) -> None:
    collect_static_files()
    written = (folder / "staticfiles.json").stat().st_mtime_ns
    collect_static_files()
    assert (folder / "staticfiles.json").stat().st_mtime_ns == written
