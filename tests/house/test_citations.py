"""A citation leads somewhere: to a page, a heading, a contract section, a statement, a proof, a decision, a test.

Pages are plain Markdown, read where they lie: nothing is built, and a build that works is one whose links all hold. Of
addresses outside only the form is looked at; a test asks no network.

How to cite, in code and in pages: `docs/safety.md`, `docs/decisions/0002`, "contract section 5", "docs/safety.md,
statement 4", "T08", `tests/….py::test_…`. Pages link to each other.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.house import pages
from tests.house.files import ROOT, text, tracked

CODE: Final = {".py", ".js", ".css", ".html", ".toml", ".txt", ""}
THIS: Final = Path(__file__)
NUMBERS: Final = r"(\d+(?:(?:, | and |, and )\d+)*)"
LINK: Final = re.compile(r"\]\((?P<target>[^()\s]*(?:\([^()\s]*\)[^()\s]*)*)\)")
BROKEN_LINK: Final = re.compile(r"\]\([^()\n]*[ \t][^()\n]*\)|\]\([^()\n]*$|(?<!\])\]\[", re.MULTILINE)
OUTSIDE: Final = re.compile(
    r"(?:https?://[\w.-]+\.[a-z]{2,}(?::\d+)?(?:[/?#]\S*)?|mailto:[\w.+-]+@[\w.-]+\.[a-z]{2,})", re.IGNORECASE
)
CODE_SPAN: Final = re.compile(r"(`+)(?:.|\n)*?\1")
FENCED: Final = re.compile(r"(?ms)^ *```.*?^ *```")
STEP: Final = re.compile(r"(?:New file|In|At the end of) `[^`]+`:$", re.MULTILINE)  # tests/recipes does them
PAGE: Final = re.compile(r"(?<![\w/.:-])(docs/[\w/-]+(?:\.\w+)?)")
BARE_PAGE: Final = re.compile(r"(?<![\w/.*-])([\w-]+\.md)\b")
CONTRACT: Final = re.compile(rf"\bcontract(?:,)? sections? {NUMBERS}", re.IGNORECASE)
STATEMENT: Final = re.compile(rf"\bsafety(?:\.md)?[,:] statements? {NUMBERS}")
PROOF: Final = re.compile(r"\bT\d\d\b")
DECISION: Final = re.compile(r"\bdecisions?[ /](\d{4})\b", re.IGNORECASE)
NO_PAGE: Final = re.compile(r"\((?:house|safety|ui|speed|style|traps|design)(?::[^)]*)?\)")
OUR_PATH: Final = re.compile(r"`((?:clickcollect|extension|webserver|tests|scripts|docs)/[\w./-]*)`")
OUR_MODULE: Final = re.compile(r"`((?:clickcollect|extension|webserver)(?:\.\w+)+)(?:\(\))?`")


def numbers(found: str) -> list[str]:
    return re.findall(r"\d+", found)


def defined_in(module: str) -> set[str]:
    path = ROOT / module
    return set(re.findall(r"(?m)^ *(?:async )?def (\w+)\(", text(path))) if path.is_file() else set()


def is_page(name: str) -> bool:
    """A file or folder of docs/, or a decision by its number."""
    folder, _slash, last = name.rpartition("/")
    return (ROOT / name).exists() or (folder == "docs/decisions" and last[:4] in pages.DECISIONS)


def is_module(name: str) -> bool:
    """A module, or a name that stands at the top of one."""
    parts = name.split(".")
    for end in range(len(parts), 0, -1):
        path = ROOT.joinpath(*parts[:end])
        file = path.with_suffix(".py") if path.with_suffix(".py").is_file() else path / "__init__.py"
        if file.is_file():
            return end == len(parts) or re.search(rf"(?m)^(?:def |class )?{parts[end]}\b", text(file)) is not None
    return False


def wrong_citations(words: str) -> Iterator[str]:
    """What is cited in these words, in code or on a page, and is not there."""
    yield from (found for found in PAGE.findall(words) if not is_page(found))
    for name in BARE_PAGE.findall(words):
        if not (ROOT / name).is_file() and not any(pages.DOCS.rglob(name)):
            yield name
    yield from (
        f"contract section {n}"
        for found in CONTRACT.findall(words)
        for n in numbers(found)
        if n not in pages.CONTRACT_SECTIONS
    )
    yield from (
        f"statement {n}" for found in STATEMENT.findall(words) for n in numbers(found) if n not in pages.STATEMENTS
    )
    yield from (found for found in PROOF.findall(words) if found not in pages.PROOFS)
    yield from (f"decision {found}" for found in DECISION.findall(words) if found not in pages.DECISIONS)
    yield from NO_PAGE.findall(words)
    yield from (
        f"{module}::{name}" for module, name in pages.NAMED_TEST.findall(words) if name not in defined_in(module)
    )


def wrong_links(page: Path) -> Iterator[str]:
    """Links and pictures of a page to files or headings that are not there, or that are no links at all."""
    words = CODE_SPAN.sub("", FENCED.sub("", text(page)))
    yield from (found[0] for found in BROKEN_LINK.finditer(words))
    for target in LINK.findall(words):
        if ":" in target.partition("#")[0]:
            if not OUTSIDE.fullmatch(target):
                yield target
            continue
        name, _hash, anchor = target.partition("#")
        path = (page.parent / name).resolve() if name else page
        is_there = path.is_dir() or path in tracked() or path == page
        if not is_there or (anchor and anchor not in pages.anchors(path)):
            yield target


def wrong_names(page: Path) -> Iterator[str]:
    """Files, folders and modules of ours that a page names and that are not there."""
    words = STEP.sub("", FENCED.sub("", text(page)))
    yield from (name for name in OUR_PATH.findall(words) if not is_page(name))
    yield from (name for name in OUR_MODULE.findall(words) if not is_module(name))


def cited_in() -> list[Path]:
    """Everything in which something may be cited."""
    code = [path for path in tracked() if path.suffix in CODE and "locale" not in path.parts and path != THIS]
    return [*code, *pages.pages()]


def test_every_citation_leads_somewhere() -> None:
    found = {str(path.relative_to(ROOT)): list(wrong_citations(text(path))) for path in cited_in()}
    assert {name: wrong for name, wrong in found.items() if wrong} == {}


def test_every_link_leads_somewhere() -> None:
    everywhere = [*pages.pages(), ROOT / "CHANGELOG.md"]
    found = {str(page.relative_to(ROOT)): list(wrong_links(page)) for page in everywhere}
    assert {name: wrong for name, wrong in found.items() if wrong} == {}


def test_every_file_and_module_that_a_page_names_is_there() -> None:
    found = {str(page.relative_to(ROOT)): list(wrong_names(page)) for page in pages.pages()}
    assert {name: wrong for name, wrong in found.items() if wrong} == {}


@pytest.mark.parametrize(
    "words",
    [
        "as docs/nowhere.md says",
        "(nowhere.md)",
        "docs/decisions/9999",
        "decision 9999",
        "contract section 99",
        "contract sections 1 and 99",
        "docs/safety.md, statement 99",
        "safety: statements 1, 2 and 99",
        "T99",
        "(house: yardsticks)",
        "(safety: roads to Delivered)",
        "tests/house/test_citations.py::test_that_is_not_there",
    ],
)
def test_control_what_leads_nowhere_is_found(words: str) -> None:
    assert list(wrong_citations(words))


def test_control_a_broken_link_heading_or_name_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# Here\n[a](page.md) [b](#here) [c](#there) [d](other.md) `clickcollect/oms/nowhere.py` "
        "`clickcollect.oms.access.Actor` `clickcollect.oms.nowhere.Actor`\n"
    )
    assert list(wrong_links(page)) == ["#there", "other.md"]
    assert list(wrong_names(page)) == ["clickcollect/oms/nowhere.py", "clickcollect.oms.nowhere.Actor"]


def test_control_a_link_that_is_none_a_picture_and_an_address_without_form_are_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# Here\n[a](https://example.com/x_(y)#z) [b](mailto:a@example.com) `[c](nowhere.md)`\n"
        "[d](https:/example.com) [e](htp://example.com) [f](https://localhost/) [g](page .md) ![h](gone.png) [i][j]\n"
    )
    assert sorted(wrong_links(page)) == sorted(
        ["](page .md)", "][", "https:/example.com", "htp://example.com", "https://localhost/", "gone.png"]
    )


@pytest.mark.parametrize("record", sorted((pages.DOCS / "decisions").glob("*.md")), ids=lambda path: path.name[:4])
def test_a_decision_says_when_it_was_taken_whether_it_holds_and_what_was_asked(record: Path) -> None:
    words = text(record)
    assert re.search(r"(?m)^# .+\n\nDate: 20\d\d-\d\d-\d\d\. Status: .+\.$", words)
    assert "**Question.**" in words
    assert "**Decision.**" in words


def test_decisions_are_numbered_once() -> None:
    names = [path.name for path in (pages.DOCS / "decisions").glob("*.md")]
    assert len(names) == len(pages.DECISIONS)
