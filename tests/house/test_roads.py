"""T14: every road by which a package might become Delivered is a reviewed list; a new one fails until it is reviewed.

`reviewed_routes.txt` names every door that can change something: addresses, console commands, jobs and command codes,
each with what was found when it was read. To add one: read its code, see that it changes packages through
`run_command` only, or not at all, and write its line.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import typer
from django.urls import URLPattern, URLResolver, get_resolver
from procrastinate.contrib.django import app as jobs

from clickcollect import cli
from clickcollect.oms.commands.base import COMMANDS
from tests.house.files import ROOT

REVIEWED = Path(__file__).with_name("reviewed_routes.txt")
VERDICTS = {
    "verifies": "asks for the code and compares it before it delivers",
    "overrides": "delivers without a code, with reason and evidence, and writes an override",
    "runs commands": "changes packages through run_command only",
    "refused": "never reaches Delivered for a package that was ever issued a code",
    "no package": "changes no package's state",
}


def addresses(patterns: list[URLPattern | URLResolver], before: str = "") -> Iterator[str]:
    for pattern in patterns:
        route = re.sub(r"<(?:[^:>]+:)?[^>]+>", "<>", before + str(pattern.pattern))
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern.url_patterns, route)
        else:
            yield f"address /{route}"


def console(application: typer.Typer, before: str = "") -> Iterator[str]:
    for command in application.registered_commands:
        name = command.name or getattr(command.callback, "__name__", "")
        yield f"console {before}{name}"
    for group in application.registered_groups:
        if group.typer_instance is not None:
            yield from console(group.typer_instance, f"{before}{group.name} ")


def roads() -> set[str]:
    """Every door of this house that might change something."""
    return {
        *addresses(get_resolver().url_patterns),
        *console(cli.app),
        *(f"job {name}" for name in jobs.tasks if not name.startswith(("builtin:", "procrastinate."))),
        *(f"command {code}" for code in COMMANDS),
    }


def reviewed() -> dict[str, str]:
    lines = [line for line in REVIEWED.read_text().splitlines() if line and not line.startswith("#")]
    return dict(line.split(" = ", 1) for line in lines)


def test_t14_every_road_to_delivered_is_reviewed() -> None:
    known = reviewed()
    assert sorted(roads() - known.keys()) == [], "read these and give each its line in reviewed_routes.txt"
    assert sorted(known.keys() - roads()) == [], "these are gone: take their lines out of reviewed_routes.txt"
    assert set(known.values()) <= VERDICTS.keys()


def test_t14_control_a_new_road_is_found() -> None:
    assert "command PKG_TELEPORT" not in reviewed()
    assert {"command PKG_TELEPORT", *roads()} - reviewed().keys() == {"command PKG_TELEPORT"}


def test_commands_that_hand_over_are_exactly_those_that_verify_or_override() -> None:
    handing = {f"command {code}" for code, command in COMMANDS.items() if command.hands_over}
    assert handing == {road for road, verdict in reviewed().items() if verdict in ("verifies", "overrides")}


WRITES_A_STATE = re.compile(
    r"""["']state_id["']:|["']state["']:\s*(row|call|PackageState)|\.state(_id)?\s*=(?!=)"""
    r"""|\.update\([^)]*\bstate(_id)?=(?!=)""",
)


def state_writers(folder: Path) -> set[str]:
    """Modules that know packages and write a state."""
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*.py")
        if "migrations" not in path.parts
        and re.search(r"import .*\bPackage\b", path.read_text())
        and WRITES_A_STATE.search(path.read_text())
    }


def test_only_the_one_road_moves_a_state() -> None:
    assert state_writers(ROOT / "clickcollect") == {"oms/commands/run.py"}


def test_control_a_second_road_is_found(tmp_path: Path) -> None:
    body = "from clickcollect.oms.models import Package\nPackage.objects.filter(pk=1).update(state=delivered)\n"
    (tmp_path / "shortcut.py").write_text(body)
    assert state_writers(tmp_path) == {"shortcut.py"}


SETS_THE_CLOCK = {"run_command", "receive_order"}


def those_who_choose_the_time(folder: Path) -> set[str]:
    """Modules that run a command or take an order in at another moment than now: an expired code would work there."""
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", getattr(node.func, "attr", "")) in SETS_THE_CLOCK
        and not {"at", None}.isdisjoint(keyword.arg for keyword in node.keywords)
    }


def test_only_the_demo_chooses_the_time_at_which_something_happens() -> None:
    assert those_who_choose_the_time(ROOT / "clickcollect") == {"demo/load.py"}


def test_control_a_command_at_another_time_is_found(tmp_path: Path) -> None:
    (tmp_path / "late.py").write_text("run_command(package_id=1, transition=2, actor=me, at=yesterday)\n")
    (tmp_path / "hidden.py").write_text("run_command(**everything)\n")
    (tmp_path / "now.py").write_text("run_command(package_id=1, transition=2, actor=me)\n")
    assert those_who_choose_the_time(tmp_path) == {"late.py", "hidden.py"}
