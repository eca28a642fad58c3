"""Every scope and every figure has its place in the documentation."""

import re
from pathlib import Path

import pytest

from clickcollect.api.metrics import exposition
from clickcollect.api.packages import Sort
from clickcollect.oms.access import RIGHTS

PAGE = (Path(__file__).parents[2] / "docs" / "api.md").read_text()
WORDS = {"associate": "everybody", "manager": "manager", "operator": "operator", "admin": "administrator"}


@pytest.mark.parametrize("right", RIGHTS)
def test_every_scope_is_documented_with_its_roles(right: str) -> None:
    line = next(line for line in PAGE.splitlines() if line.startswith("| `") and f"`{right}`" in line.split("|")[1])
    roles = line.split("|")[2].strip()
    expected = ["everybody"] if len(RIGHTS[right]) == 4 else [WORDS[role] for role in WORDS if role in RIGHTS[right]]
    assert roles == ", ".join(expected)


@pytest.mark.django_db
def test_every_figure_is_documented() -> None:
    for name in set(re.findall(r"^# HELP (clickcollect_\w+)", exposition().decode(), re.MULTILINE)):
        assert f"`{name}{{" in PAGE or f"`{name}`" in PAGE  # a figure without labels


def test_every_order_is_documented() -> None:
    for sort in Sort.__args__:  # type: ignore[attr-defined]
        assert f"`{sort.lstrip('-')}`" in PAGE
