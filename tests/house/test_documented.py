"""What is stored in data is a promise: every setting, command and error code has its line in the docs."""

import inspect
from pathlib import Path

import pytest

from clickcollect import errors
from clickcollect.errors import DomainError
from clickcollect.oms.access import COMMAND_ROLES
from clickcollect.oms.app_settings import SETTINGS
from clickcollect.oms.commands.base import COMMANDS
from clickcollect.oms.workflow.seed import EXTRA_COMMANDS, MAIN_FLOW

DOCS = Path(__file__).parents[2] / "docs"
MIGRATIONS = Path(__file__).parents[2] / "clickcollect" / "oms" / "migrations"
FIRST_ROWS = {
    "complete-packaging-without-shipment", "ready-for-customer-pickup", "self-service-package-delivery", "resend-code",
    "send-new-code", "unlock-code", "extend-pickup", "deliver-without-code", "return-to-stock", "mark-out-of-stock",
    "mark-out-of-stock-packed", "cancel-package", "cancel-package-preparing", "cancel-package-packaging",
    "cancel-package-packed", "cancel-package-ready", "correct-phone", "correct-phone-packed", "correct-phone-ready",
}  # fmt: skip
ERRORS = [cls for _name, cls in inspect.getmembers(errors, inspect.isclass) if issubclass(cls, DomainError)]


def row(page: str, name: str) -> str:
    """The line of a table that begins with this name; empty if there is none."""
    lines = (DOCS / page).read_text().splitlines()
    return next((line for line in lines if line.startswith(f"| `{name}` |")), "")


@pytest.mark.parametrize("key", SETTINGS)
def test_every_setting_has_its_line_with_default_and_bounds(key: str) -> None:
    setting, line = SETTINGS[key], row("settings.md", key)
    assert f"| {str(setting.default).lower()} |" in line
    if isinstance(setting.default, int) and not isinstance(setting.default, bool):
        assert f"{setting.minimum}–{setting.maximum}" in line
    assert ("security" in line.split("|")[4]) is setting.security
    assert ("per store" in line.split("|")[4]) is setting.per_store


@pytest.mark.parametrize("code", COMMANDS)
def test_every_command_has_its_line_and_its_file(code: str) -> None:
    line = row("commands.md", code)
    assert line
    assert ("| everybody |" in line) is (code not in COMMAND_ROLES)


def test_every_command_has_a_row_to_start_with() -> None:
    """A new shop has a button for it."""
    assert COMMANDS.keys() - {code for _name, code, *_rest in (*MAIN_FLOW, *EXTRA_COMMANDS)} == set()


def test_every_row_reaches_shops_that_are_there_already() -> None:
    """The first migration seeds what the list says today, in new shops; an older shop needs one that names the row."""
    later = [path.read_text() for path in sorted(MIGRATIONS.glob("0*.py")) if path.name[:4] > "0002"]
    new = {slug for _name, _code, slug, *_rest in (*MAIN_FLOW, *EXTRA_COMMANDS)} - FIRST_ROWS
    assert [slug for slug in sorted(new) if not any(f"“{slug}”" in words for words in later)] == []


def test_every_seeded_row_has_a_behaviour() -> None:
    assert {code for _name, code, *_rest in (*MAIN_FLOW, *EXTRA_COMMANDS)} <= COMMANDS.keys()
    assert COMMAND_ROLES.keys() <= COMMANDS.keys()


@pytest.mark.parametrize("error", [cls for cls in ERRORS if cls is not DomainError], ids=lambda cls: cls.__name__)
def test_every_error_code_has_its_line_its_words_and_its_place_in_the_tree(error: type[DomainError]) -> None:
    assert f"| {error.status} |" in row("commands.md", error.code)
    assert str(error.sentence).endswith(".")
    assert error.__name__ in (errors.__doc__ or "").replace("Otp…", "") or error.__name__.startswith("Otp")


def test_codes_are_owned_once() -> None:
    codes = [cls.code for cls in ERRORS if "code" in vars(cls)]
    assert len(codes) == len(set(codes))
