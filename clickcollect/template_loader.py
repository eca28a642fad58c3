"""Templates are indented for whoever reads them; a page is sent without it.

It happens once, when a template is compiled, and costs a request nothing. The line breaks stay: a blank between two
words or two inline elements is still a blank, and a line number in an error is the file's.
"""

import re
from pathlib import Path

from django.template import Origin
from django.template.loaders.filesystem import Loader as FilesystemLoader
from django.template.utils import get_app_template_dirs

# What stands in these is shown, run or looked up in a catalogue as it is written.
AS_WRITTEN = (
    r"<(?P<element>pre|textarea|script)\b.*?</(?P=element)\s*>"
    r"|{%\s*blocktrans(?:late)?\b(?:(?!trimmed)[^%])*%}.*?{%\s*endblocktrans(?:late)?\s*%}"
)
INDENTATION = re.compile(rf"(?P<blanks>(?<=\n)[ \t]+)|{AS_WRITTEN}", re.DOTALL | re.IGNORECASE)


def without_indentation(source: str) -> str:
    """The template without the blanks at the start of its lines, other than where they mean something."""
    return INDENTATION.sub(lambda found: "" if found["blanks"] else found[0], source)


class Loader(FilesystemLoader):
    """Finds a template in `DIRS`, then in the apps' `templates` folders, and drops the indentation of a page."""

    def get_dirs(self) -> list[str | Path]:
        return [*self.engine.dirs, *get_app_template_dirs("templates")]

    def get_contents(self, origin: Origin) -> str:
        contents = super().get_contents(origin)
        return without_indentation(contents) if origin.name.endswith(".html") else contents
