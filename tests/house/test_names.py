"""Names say their object, and one name means one thing: whoever jumps to a name arrives where they wanted to be."""

import ast
from collections import defaultdict
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Final

import pytest

from tests.house.files import ROOT, python, text

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef

LONGEST_FUNCTION: Final = 50
# A verb or a preposition that leaves open what is found, read or shown.
WITHOUT_OBJECT: Final = frozenset(
    {"check", "find", "get", "here", "letter", "of", "put", "read", "said", "show", "shown", "tell", "told"}
)
# Verbs that say nothing of their object, but behind the module that names it: `claims.claim`, `pickup_code.verify`.
BARE_VERBS: Final = frozenset((ROOT / "tests/house/verbs.txt").read_text().split())
WORDS_OF_THEIR_OWN: Final = frozenset({"command", "filter", "simple_tag"})  # of the console, of templates
# `path:name`, and why the verb stands alone.
VERB_ALONE: Final = {
    "clickcollect/api/pagination.py:paginate": "the term of the field; what is paged is its argument",
    "clickcollect/oms/columns.py:take": "reads with its arguments: take values by columns",
    "clickcollect/oms/commands/statements.py:commit": "the transaction that stands; there is no other",
    "clickcollect/oms/commands/run.py:prepare": "takes a Run, and there is nothing else to prepare",
    "clickcollect/oms/commands/run.py:walk": "takes a Run, which walks the one road",
    "clickcollect/whisperer/outbox.py:publish": "one event; `oms` publishes all of a change at once",
    "webserver/serve.py:serve": "is started by the name of its module",
}
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


@cache
def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def uses(path: Path) -> tuple[set[str], set[str]]:
    """What a module imports by name, and what it names behind another module; each as `package.module.name`."""
    imported: set[str] = set()
    modules: dict[str, str] = {}
    nodes = list(ast.walk(tree(path)))
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and node.module:
            imported |= {f"{node.module}.{one.name}" for one in node.names}
            modules |= {one.asname or one.name: f"{node.module}.{one.name}" for one in node.names}
    behind = {
        f"{modules[node.value.id]}.{node.attr}"
        for node in nodes
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules
    }
    return imported, behind


def has_words_of_its_own(node: Definition) -> bool:
    calls = [one.func if isinstance(one, ast.Call) else one for one in node.decorator_list]
    return any(isinstance(one, ast.Attribute) and one.attr in WORDS_OF_THEIR_OWN for one in calls)


def verbs_alone(paths: Iterable[Path]) -> set[str]:
    """Functions called by a verb that is used without the module which would say its object."""
    paths = list(paths)
    used = [uses(path) for path in paths]
    imported = set().union(*(names for names, _behind in used))
    behind = set().union(*(names for _names, names in used))
    return {
        f"{path.relative_to(ROOT)}:{node.name}"
        for path in paths
        for node in tree(path).body
        if isinstance(node, Definition) and node.name in BARE_VERBS and not has_words_of_its_own(node)
        if (name := f"{module_name(path)}.{node.name}") in imported or name not in behind
    }


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


def test_a_verb_alone_stands_behind_its_module() -> None:
    found = verbs_alone(python("clickcollect", "extension", "webserver"))
    assert sorted(found - VERB_ALONE.keys()) == [], "say what: keep_answer, not keep"
    assert sorted(VERB_ALONE.keys() - found) == [], "these have better names by now: take them off the list"


def test_control_a_verb_alone_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.house.test_names.ROOT", tmp_path)
    module = tmp_path / "box/answers.py"
    module.parent.mkdir()
    module.write_text("def keep(): ...\ndef keep_answer(): ...\n\n@app.command()\ndef run(): ...\n")
    for at, (using, found) in enumerate(
        (
            ("from box import answers\nanswers.keep()\n", set()),
            ("from box.answers import keep\nkeep()\n", {"box/answers.py:keep"}),
            ("", {"box/answers.py:keep"}),
        )
    ):
        user = tmp_path / f"box/user_{at}.py"
        user.write_text(using)
        assert verbs_alone([module, user]) == found


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
