"""Pages as they are read, not as they are laid out."""

import re
from typing import Protocol

TAG = re.compile(r"<[^>]*>")
BREAK = re.compile(r"(?<=>)\s*\n\s*|\s*\n\s*(?=<)")


class Answer(Protocol):
    """What a test client gets."""

    @property
    def content(self) -> bytes: ...


def without_tags(name: str, html: str) -> str:
    """The page with what stands in elements of that name, and without these elements themselves."""
    return re.sub(rf"</?{name}\b[^>]*>", "", html)


def markup(response: Answer) -> str:
    """The answer's HTML without its template's line breaks: none beside a tag, one blank between attributes."""
    html = TAG.sub(lambda tag: re.sub(r"\s+(?=>)", "", " ".join(tag[0].split())), response.content.decode())
    return BREAK.sub("", html)
