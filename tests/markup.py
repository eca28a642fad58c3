"""Pages as they are read, not as they are laid out."""

import re
from typing import Protocol

BREAK = re.compile(r"(?<=>)\s*\n\s*|\s*\n\s*(?=<)")


class Answer(Protocol):
    """What a test client gets."""

    @property
    def content(self) -> bytes: ...


def markup(response: Answer) -> str:
    """The answer's HTML without the line breaks that a template has beside its tags."""
    return BREAK.sub("", response.content.decode())
