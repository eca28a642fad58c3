"""English as a native product writer puts it: habits of speech that no screen, message or error has.

What people read is in the catalogues; what the console says is in the source of the programs.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from babel.messages.pofile import read_po

from tests.house.files import ROOT

CATALOGUES: Final = [ROOT / room / "locale/tr/LC_MESSAGES/django.po" for room in ("clickcollect", "extension")]
CONSOLE: Final = [
    ROOT / "clickcollect/cli.py",
    ROOT / "clickcollect/settings.py",
    *(ROOT / "clickcollect/runtime").glob("*.py"),
]
# A habit, what it is written as instead, and a sentence that has it.
HABITS: Final = (
    (r"^Give\b|\. Give\b|: give\b", "Enter a …; Send a … to programs", "This cannot be read. Give a whole number."),
    (r"^Name (the|a|an)\b", "Choose the …, Enter the …", "Name the store where the order is collected."),
    (r"^Say\b|\. Say\b", "Enter …", "Say why, in a few words."),
    (r"\b(is|was|are|were) there already\b", "already exists", "An order with this number is there already."),
    (r"\bany ?more\b", "no longer", "It opens nothing any more."),
    (r"\b(was|were|is|are) made\b", "was created", "An API token was made."),
    (r"\bLeft (empty|out)\b|(^|\. )Off:", "Leave empty to …; If off, …", "Left empty: the sum of the items."),
    (r"\b[Ww]ho(ever)? collects\b|\bwhoever\b", "the person collecting", "Name of who collects"),
    (r"\b[Ss]omebody\b", "someone", "Somebody else is working on it."),
    (r"(?<!^)\bnobody\b(?! knows)|\bNobody\b", "no one; You can't …", "Nobody changes their own role."),
    (r"\buuid\b|\b(ERP|erp) code\b|\bSlug\b", "event ID, store code, API name", "Package, order or event uuid"),
    (r"\bdo(es)? not (answer|run)\b", "is not responding, is not running", "The worker does not run."),
    (r"\btries\b", "attempts", "Too many tries."),
    (r"\bThere is no such\b", "Unknown …; … does not exist", "There is no such store."),
    (r"\bgo(es)? out\b|\bgone out\b", "is sent", "No message goes out."),
    (r"\bsent on\b|\b[Ss]end (it|them) on\b", "resubmitted", "The order was sent on."),
    (r"\bno way on\b|^Road\b|\bWho are you not\b", "stuck; transition", "Two packages would have no way on."),
    (r"\b(once more|anew)\b", "again", "Enter the secrets anew."),
    (r"\bin all\b(?! )", "in total", "4 pieces in all"),
)  # fmt: skip


def on_screen() -> Iterator[str]:
    for path in CATALOGUES:
        with path.open("rb") as file:
            for message in read_po(file):
                yield from [message.id] if isinstance(message.id, str) else message.id


def on_the_console() -> Iterator[str]:
    """Whole strings, an f-string's values as {}; docstrings are for those who read code, but for a command's help."""
    for path in CONSOLE:
        yield from spoken(path)


def spoken(path: Path) -> Iterator[str]:
    tree = ast.parse(path.read_text())
    silent = {id(part) for part in ast.walk(tree) if not is_command(part) for part in docstring(part)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            silent |= {id(part) for part in node.values}
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in silent:
            yield node.value


def docstring(node: ast.AST) -> list[ast.expr]:
    if not isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)) or not node.body:
        return []
    return [first.value] if isinstance(first := node.body[0], ast.Expr) else []


def is_command(node: ast.AST) -> bool:
    """Its docstring is what ``--help`` says."""
    return isinstance(node, ast.FunctionDef) and any("command" in ast.unparse(one) for one in node.decorator_list)


@pytest.mark.parametrize(("habit", "better", "example"), HABITS)
def test_nobody_reads_a_habit_of_translated_english(habit: str, better: str, example: str) -> None:
    assert re.search(habit, example), "the control: the habit is recognised"
    found = sorted({words for words in (*on_screen(), *on_the_console()) if re.search(habit, words)})
    assert found == [], f"Better: {better}"


def test_the_words_of_screen_and_console_are_found() -> None:
    assert "Verify and deliver" in set(on_screen())
    said = set(on_the_console())
    assert "Everything is in order." in said
    assert "{} is an administrator and can sign in at /oms/." in said
    assert "Create a token that acts as a person. Its key is shown once." in said
