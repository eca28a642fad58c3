"""Each recipe of docs/recipes.md, followed by its letter in a copy of the project, leads to what it promises."""

import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.recipes import following

RECIPES = following.recipes()
PROMISED = ["A command", "An event", "A setting", "A connector", "A page of OMS WEB", "A language", "A job"]
# What else must be green in a project that was changed by the page's steps alone.
HOUSE_RULES = [
    "tests/house/test_documented.py",
    "tests/house/test_roads.py",
    "tests/guide/test_help.py",
    "tests/oms/test_events.py::test_the_page_about_events_is_made_from_the_code",
    "tests/api/test_rights.py::test_every_operation_is_called_by_the_table",
    "tests/api/test_rights.py::test_the_table_has_a_row_for_every_call",
    "tests/extension/test_wording.py::test_every_message_exists_in_every_language_and_is_safe",
]
# These tell of what the forgetful copy below has: its rows and its words to customers; and of words not yet translated.
NOT_FORGOTTEN = {
    "tests/house/test_documented.py::test_every_command_has_a_row_to_start_with",
    "tests/extension/test_wording.py::test_every_message_exists_in_every_language_and_is_safe",
    "tests/house/test_catalogues.py::test_nothing_is_left_untranslated_or_guessed",
}


def outcomes(copy: Path, *tests: str) -> dict[str, bool]:
    """Run tests in a copy, on a database of its own; which passed, by name without parameters."""
    report = copy / "report.xml"
    worker = f"{os.environ.get('PYTEST_XDIST_WORKER', '')}{copy.name}"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    command = [sys.executable, "-m", "pytest", *tests, "-q", "-p", "no:xdist", f"--junitxml={report}"]
    done = subprocess.run(
        command,
        cwd=copy,
        env=environment | {"PYTEST_XDIST_WORKER": worker},
        capture_output=True,
        text=True,
        check=False,
    )
    assert report.exists(), done.stdout[-3000:] + done.stderr[-3000:]
    passed: dict[str, bool] = {}
    for case in ET.parse(report).iter("testcase"):
        name = str(case.get("name")).partition("[")[0]
        good = case.find("failure") is None and case.find("error") is None
        passed[name] = passed.get(name, True) and good
        if not good:
            print("\n".join(part.text or "" for part in case)[-3000:])  # noqa: T201  for whoever reads the failure
    return passed


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy in which all recipes were followed, one after another."""
    copy = following.copy_project(tmp_path_factory.mktemp("followed"))
    for steps in RECIPES.values():
        for step in steps:
            step.do(copy)
    return copy


@pytest.fixture(scope="module")
def followed(changed: Path) -> dict[str, bool]:
    """What is green in it."""
    return outcomes(changed, "tests/recipes/probes.py", *HOUSE_RULES)


def test_the_usual_changes_have_their_recipes() -> None:
    assert list(RECIPES) == PROMISED
    assert all(RECIPES.values())


@pytest.mark.slow
@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_leads_to_what_it_promises(name: str, followed: dict[str, bool]) -> None:
    assert followed[f"test_{name.lower().replace(' ', '_')}"]


@pytest.mark.slow
def test_nothing_is_missing_when_every_step_was_done(followed: dict[str, bool]) -> None:
    assert [name for name, good in followed.items() if not good] == []


@pytest.mark.slow
def test_the_examples_are_written_as_the_project_is(changed: Path) -> None:
    following.run(
        "ruff check --quiet clickcollect extension && ruff format --check --quiet clickcollect extension", changed
    )
    following.run("lint-imports", changed)


@pytest.mark.slow
def test_control_the_tests_that_the_page_names_tell_which_steps_are_missing(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Only the code, without its pages, lists and migrations: each of the tests that the page names fails."""
    copy = following.copy_project(tmp_path_factory.mktemp("forgetful"))
    for steps in RECIPES.values():
        for step in steps:
            if step.is_code and "locale/" not in step.path:
                step.do(copy)
    names = sorted(following.named_tests() - NOT_FORGOTTEN)
    passed = outcomes(copy, *names)
    assert {name.partition("::")[2] for name in names} == passed.keys()
    assert [name for name, good in passed.items() if good] == []


def test_control_a_step_that_cannot_be_done_as_written_is_found(tmp_path: Path) -> None:
    (tmp_path / "here.py").write_text("one\ntwo\ntwo\n")
    for how, path, body in (
        ("New file", "here.py", "x"),
        ("In", "here.py", " two\n+three"),
        ("In", "here.py", " four\n+five"),
        ("In", "there.py", " one\n+two"),
        ("Run", "", "false"),
    ):
        with pytest.raises(following.NotAsWritten):
            following.Step(how=how, path=path, body=body).do(tmp_path)
    following.Step(how="In", path="*.py", body=" one\n-two\n+2").do(tmp_path)
    assert (tmp_path / "here.py").read_text() == "one\n2\ntwo\n"
