"""The guide's pages: Markdown of ours as HTML, each heading with an anchor, by the rule that GitHub has too."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Final

from django.http import Http404
from django.templatetags.static import static
from django.urls import reverse
from django.utils.safestring import SafeString
from markdown_it import MarkdownIt
from markdown_it.token import Token

from clickcollect.guide.files import FOLDER

PAGES: Final = ("employee", "what-if", "manager", "operator")
MARKDOWN: Final = MarkdownIt("commonmark", {"html": False}).enable("table")
TO_A_PAGE: Final = re.compile(r"([a-z-]+)\.md(#.*)?")


@dataclass(frozen=True, kw_only=True)
class Heading:
    """One line of a page's contents. ``level``: 2 for a section, 3 for a part of one."""

    level: int
    words: str
    anchor: str


@dataclass(frozen=True, kw_only=True)
class GuidePage:
    """One page. ``headings``: its contents, without the title."""

    name: str
    title: str
    html: SafeString
    headings: Sequence[Heading]

    @property
    def anchors(self) -> set[str]:
        return {heading.anchor for heading in self.headings}


@cache
def page(name: str) -> GuidePage:
    """A page by its name; made once for each process. Raises Http404."""
    if name not in PAGES:
        raise Http404
    tokens = MARKDOWN.parse((FOLDER / f"{name}.md").read_text(encoding="utf-8"))
    headings = list(_headings(tokens))
    for token in tokens:
        _lead_inside(token)
    html = MARKDOWN.renderer.render(tokens, MARKDOWN.options, {})
    return GuidePage(name=name, title=headings[0].words, html=SafeString(html), headings=headings[1:])  # html is off


def pages() -> list[GuidePage]:
    return [page(name) for name in PAGES]


def anchor(words: str) -> str:
    """What stands behind the # in a link to a heading."""
    return re.sub(r"[^\w\- ]", "", words.strip().lower()).replace(" ", "-")


def _headings(tokens: list[Token]) -> Iterator[Heading]:
    """The headings in order; each gets its anchor."""
    for opening, inside in pairwise(tokens):
        if opening.type == "heading_open":
            words = "".join(part.content for part in inside.children or [])
            opening.attrSet("id", anchor(words))
            yield Heading(level=int(opening.tag[1:]), words=words, anchor=anchor(words))


def _lead_inside(token: Token) -> None:
    """Links lead to other pages of the guide, pictures to where they are served; of other links the words stay."""
    children, kept = token.children or [], True
    for child in children:
        if child.type == "image":
            child.attrSet("src", static(f"guide/{str(child.attrGet('src')).rpartition('/')[2]}"))
            child.attrSet("loading", "lazy")
        elif child.type == "link_open":
            kept = _lead_to_page(child)
        if child.type in ("link_open", "link_close") and not kept:
            child.type, child.tag, child.nesting = "text", "", 0


def _lead_to_page(link: Token) -> bool:
    """Whether a link leads to a page of the guide, or on the same one; then it does so here."""
    target = str(link.attrGet("href"))
    found = TO_A_PAGE.fullmatch(target)
    if found and found[1] in PAGES:
        link.attrSet("href", reverse("guide:page", args=[found[1]]) + (found[2] or ""))
    return bool(found and found[1] in PAGES) or target.startswith("#")
