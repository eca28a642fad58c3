"""Names say their object, and one name means one thing: whoever jumps to a name arrives where they wanted to be."""

import ast
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import Final

from tests.house.files import ROOT, python, text

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef

LONGEST_FUNCTION: Final = 50
# A verb or a preposition that leaves open what is found, read or shown.
WITHOUT_OBJECT: Final = frozenset(
    {"check", "find", "get", "here", "letter", "of", "put", "read", "said", "show", "shown", "tell", "told"}
)
# `path:name`, and why it may be called so.
MAY_LEAVE_IT_OUT: Final = {
    "clickcollect/errors.py:of": "its class is the object: ValidationFailed.of(field, sentence)",
    "tests/api/caller.py:get": "the word of HTTP",
    "tests/api/caller.py:put": "the word of HTTP",
    "tests/webserver/serving.py:get": "the word of HTTP",
}
# `package:name`, and why several modules of the package have it.
ONE_MEANING: Final = {
    "clickcollect/instore:device_store": "the template tag gives what the function of that name finds",
    "clickcollect/oms:address_of": "an address as each shop's document has it",
    "clickcollect/oms:announce_expired": "the job, and the rule that it runs",
    "clickcollect/oms:item_of": "an order's line as each shop's document has it",
    "clickcollect/oms:line_of": "an order's line as a shop's message or its export has it",
    "clickcollect/oms:order_of": "each sender's way to the document that read_order takes",
    "clickcollect/runtime:main": "programs that are started by the name of their module",
}


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(text(path))


@cache
def definitions(path: Path) -> list[Definition]:
    """Every class, function and method of a module, nested ones too."""
    return [node for node in ast.walk(tree(path)) if isinstance(node, Definition)]


def without_object(path: Path) -> list[str]:
    place = path.relative_to(ROOT)
    return [f"{place}:{node.name}" for node in definitions(path) if node.name in WITHOUT_OBJECT]


def names_of_several_modules() -> dict[str, set[str]]:
    """Public names that several modules of one package define, where the modules are."""
    modules: defaultdict[str, set[str]] = defaultdict(set)
    for path in python("clickcollect", "extension", "webserver"):
        place = path.relative_to(ROOT)
        package = "/".join(place.parts[: 2 if place.parts[0] == "clickcollect" and len(place.parts) > 2 else 1])
        if "migrations" in place.parts:
            continue
        for node in tree(path).body:
            if isinstance(node, Definition) and not node.name.startswith("_"):
                modules[f"{package}:{node.name}"].add(str(place))
    return {name: places for name, places in modules.items() if len(places) > 1}


def test_a_function_is_called_by_what_it_finds_reads_or_shows() -> None:
    found = {name for path in python() for name in without_object(path)}
    assert sorted(found - MAY_LEAVE_IT_OUT.keys()) == []
    assert sorted(MAY_LEAVE_IT_OUT.keys() - found) == [], "these have better names by now: take them off the list"


def test_a_name_means_one_thing_in_a_package() -> None:
    found = names_of_several_modules()
    assert {name: places for name, places in found.items() if name not in ONE_MEANING} == {}
    assert sorted(ONE_MEANING.keys() - found.keys()) == [], "these are defined once by now: take them off the list"


def test_no_function_is_longer_than_50_lines() -> None:
    lines = {
        f"{path.relative_to(ROOT)}:{node.name}": (node.end_lineno or node.lineno) - node.lineno + 1
        for path in python()
        for node in definitions(path)
        if not isinstance(node, ast.ClassDef)
    }
    assert len(lines) > 1000
    assert {name: count for name, count in lines.items() if count > LONGEST_FUNCTION} == {}


def test_control_nested_functions_and_methods_are_seen(tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text("class A:\n    def find(self):\n        def read():\n            pass\n")
    assert [node.name for node in definitions(module)] == ["A", "find", "read"]
