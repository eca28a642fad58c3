"""A rule without a checker is a wish: what the house asks of every file."""

import re
import statistics

import pytest
from django.core.management import call_command

from tests.house.files import PACKAGES, ROOT, python, text, tracked

LONGEST_MODULE = 400
LONGEST_LINE = 160  # of a template, a script, a style sheet
LAYER_NAMES = {"utils.py", "services.py", "helpers.py", "selectors.py", "managers.py", "common.py", "misc.py"}
# Written in pieces, so that this file does not break its own rules.
REGISTRIES = ("py" + "pi.org", "python" + "hosted.org", "npm" + "js.org", "un" + "pkg.com", "js" + "delivr.net")
MACHINE_PATHS = re.compile(r"(?<![\w.])/(?:ho" + r"me|wo" + r"rk|Use" + r"rs|ro" + r"ot)/\w+")


def test_no_module_is_longer_than_400_lines() -> None:
    too_long = {str(path.relative_to(ROOT)): lines for path in python() if (lines := _lines(path)) > LONGEST_MODULE}
    assert not too_long


def test_modules_are_short() -> None:
    assert statistics.median(_lines(path) for path in python(*PACKAGES)) < 100


def _lines(path: object) -> int:
    return len(text(path).splitlines())  # type: ignore[arg-type]


def test_modules_are_named_after_a_subject() -> None:
    assert not [path for path in python() if path.name in LAYER_NAMES]


def test_no_line_of_a_page_is_longer_than_160_characters() -> None:
    pages = [path for path in tracked() if path.suffix in {".html", ".js", ".css"}]
    assert len(pages) > 100
    too_long = {
        f"{path.relative_to(ROOT)}:{number}": len(line)
        for path in pages
        for number, line in enumerate(text(path).splitlines(), start=1)
        if len(line) > LONGEST_LINE
    }
    assert not too_long


def test_pages_scripts_and_styles_are_linted_with_the_code() -> None:
    for name in ("Makefile", ".pre-commit-config.yaml"):
        assert all(tool in text(ROOT / name) for tool in ("djangofmt check", "biome check")), name


def test_the_two_programs_have_the_same_design_tokens() -> None:
    """The Extension is a program of its own, so it has a file of its own; only the comment at its head differs."""
    ours, theirs = (
        text(ROOT / name).partition("*/")[2]
        for name in ("clickcollect/instore/static/instore/tokens.css", "extension/static/extension/tokens.css")
    )
    assert ours.strip()
    assert ours == theirs


def test_the_pictures_of_the_docs_weigh_less_than_two_megabytes_and_each_is_shown() -> None:
    folder = ROOT / "docs" / "guide" / "images"
    pictures = {path.name: path.stat().st_size for path in folder.iterdir()}
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    shown = {name for page in pages for name in re.findall(r"images/([\w-]+\.\w+)", text(page))}
    assert set(pictures) == shown
    assert sum(pictures.values()) < 2_000_000


def test_no_file_names_a_package_registry() -> None:
    assert not [path for path in tracked() if any(host in text(path) for host in REGISTRIES)]


def test_no_file_names_a_path_of_one_machine() -> None:
    found = {str(path.relative_to(ROOT)): MACHINE_PATHS.findall(text(path)) for path in tracked()}
    assert not {name: paths for name, paths in found.items() if paths}


def test_nothing_reads_beside_the_repository() -> None:
    beside = re.compile(r"\.\./" + "shared")
    assert not [path for path in tracked() if beside.search(text(path))]


def test_keys_on_a_page_that_a_scanner_reads_have_times_that_no_busy_machine_changes() -> None:
    """A person's are further apart than any scanner's; a scanner's are sent by `Keyboard`, which sets their times."""
    as_fast_as_it_goes = re.compile(r"keyboard\.type\((?!.*delay=)")
    files = (ROOT / "tests" / "browser").glob("test_instore*.py")
    assert not [line for path in files for line in text(path).splitlines() if as_fast_as_it_goes.search(line)]
    assert as_fast_as_it_goes.search('page.keyboard.type("PK-1")')


@pytest.mark.django_db
def test_no_migration_is_missing() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


@pytest.mark.parametrize(
    "name",
    ["requirements.lock", "requirements-dev.lock", "requirements-mutants.lock", "tests/compat/requirements-compat.txt"],
)
def test_locks_pin_versions_by_hash_and_name_no_address(name: str) -> None:
    words = text(ROOT / name)
    requirements = [line for line in words.splitlines() if line and not line.startswith((" ", "#"))]
    assert requirements
    assert all(re.match(r"[\w.\-\[\],]+==\S+", line) for line in requirements)
    assert "://" not in words
    assert words.count("==") <= words.count("--hash=sha256:")


def test_the_import_rules_are_part_of_the_build() -> None:
    assert "lint-imports" in text(ROOT / "Makefile")
    assert "make lint" in text(ROOT / ".ci" / "run")
