"""The project's pages, and what can be cited of them: headings, sections, statements, proofs, decisions."""

import re
from functools import cache
from pathlib import Path
from typing import Final

from tests.house.files import ROOT, text, tracked

DOCS: Final = ROOT / "docs"
NAMED_TEST: Final = re.compile(r"(tests/[\w/]+\.py)::(\w+)")


def pages() -> list[Path]:
    """README, CONTRIBUTING and everything in docs/; the changelog tells of what was, not of what is."""
    return [path for path in tracked() if path.suffix == ".md" and path.name != "CHANGELOG.md"]


@cache
def anchors(page: Path) -> frozenset[str]:
    """What a link to this page may have behind its ``#``, by GitHub's rule."""
    words = re.sub(r"(?ms)^```.*?^```", "", text(page))
    return frozenset(map(anchor, re.findall(r"(?m)^#+ (.+)$", words)))


def anchor(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def _section(page: str, heading: str) -> str:
    """The words under one heading."""
    found = re.search(rf"(?ms)^## {re.escape(heading)}$(.*?)(?=^## |\Z)", text(DOCS / page))
    return found.group(1) if found else ""


CONTRACT_SECTIONS: Final = frozenset(re.findall(r"(?m)^## (\d+)\. ", text(DOCS / "contract.md")))
STATEMENTS: Final = frozenset(re.findall(r"(?m)^(\d+)\. ", _section("safety.md", "The statements that decide")))
PROOFS: Final[dict[str, tuple[str, str]]] = {
    number: (promise.strip(), tests.strip())
    for number, promise, tests in re.findall(r"(?m)^\| (T\d\d) \|([^|]*)\|([^|]*)\|$", _section("safety.md", "Proofs"))
}
DECISIONS: Final = frozenset(path.name[:4] for path in (DOCS / "decisions").glob("[0-9]*.md"))
