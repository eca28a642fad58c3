"""Pages as they are read, not as they are laid out."""

import re

from django.http import HttpResponse

BREAK = re.compile(r"(?<=>)\s*\n\s*|\s*\n\s*(?=<)")


def markup(response: HttpResponse) -> str:
    """The answer's HTML without the line breaks that a template has beside its tags."""
    return BREAK.sub("", response.content.decode())
