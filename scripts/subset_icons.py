"""Cut unfold's icon font down to the icons that OMS WEB shows. Run it after using a new icon; it needs fonttools:

uv run --with fonttools --with brotli --with django-unfold scripts/subset_icons.py
"""

import re
import subprocess
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

PAGES = Path(__file__).parents[1] / "clickcollect" / "omsweb"
TARGET = PAGES / "static" / "omsweb" / "icons.woff2"
IN_A_PAGE = re.compile(r'material-symbols-outlined[^>]*>\s*([a-z0-9_]+)\s*<|{% icon "([a-z0-9_]+)" %}|%}([a-z0-9_]+){%')
IN_A_MODULE = re.compile(r'"([a-z0-9_]{3,})"')
OF_UNFOLD = {"search", "progress_activity"}  # its search box
DIGITS = [f"digit_{name}" for name in ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")]
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789_"


def words_that_may_be_icons() -> set[str]:
    """Every word of pages and modules that could name an icon; the font knows which of them do."""
    found = {word for page in PAGES.rglob("*.html") for words in IN_A_PAGE.findall(page.read_text()) for word in words}
    for module in PAGES.rglob("*.py"):
        found |= set(IN_A_MODULE.findall(module.read_text()))
    return found - {""}


def glyphs_of(font: Path, names: set[str]) -> set[str]:
    """The pictures that these names are written for; several names may share one."""
    table = import_module("fontTools.ttLib").TTFont(font)["GSUB"].table
    letter = {"underscore": "_"} | dict(zip(DIGITS, "0123456789", strict=True))
    return {
        ligature.LigGlyph
        for lookup in table.LookupList.Lookup
        for part in lookup.SubTable
        for first, ligatures in getattr(part, "ExtSubTable", part).ligatures.items()
        for ligature in ligatures
        if "".join(letter.get(one, one) for one in (first, *ligature.Component)) in names
    }


def main() -> None:
    spec = find_spec("unfold")
    if spec is None or spec.origin is None:
        sys.exit("django-unfold is not installed here: its icon font is the source.")
    font = Path(spec.origin).parent / "static/unfold/fonts/material-symbols/Material-Symbols-Outlined.woff2"
    options = [
        "--ignore-missing-glyphs",
        "--no-layout-closure",
        "--layout-features=rlig",  # a name is one ligature
        "--flavor=woff2",
        "--no-hinting",
    ]
    glyphs = f"--glyphs={','.join(sorted(glyphs_of(font, words_that_may_be_icons() | OF_UNFOLD)))}"
    command = [sys.executable, "-m", "fontTools.subset", str(font), glyphs, f"--text={LETTERS}", *options]
    subprocess.run([*command, f"--output-file={TARGET}"], check=True)


if __name__ == "__main__":
    main()
