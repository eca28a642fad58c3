"""Where the guide's pages and pictures lie: beside the program in a wheel, in `docs/guide` in the source tree."""

from pathlib import Path
from typing import Final

SHIPPED: Final = Path(__file__).parent / "pages"
SOURCE: Final = Path(__file__).parents[2] / "docs" / "guide"
FOLDER: Final = SHIPPED if SHIPPED.is_dir() else SOURCE
PICTURES: Final = FOLDER / "images"
