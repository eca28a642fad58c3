"""What lawyers and auditors read is complete: every table, every package, every setting that says how long."""

import re
from typing import Final

from django.apps import apps

from scripts import licences
from tests.house.files import ROOT, text

PERSONAL_DATA: Final = text(ROOT / "docs/data-protection.md")
EXTENSION: Final = re.findall(r"^class (\w+)\(models\.Model\)", text(ROOT / "extension/models.py"), re.MULTILINE)


def test_every_table_says_what_personal_data_it_holds() -> None:
    told = set(re.findall(r"`(\w+)`", "".join(re.findall(r"(?m)^\| `.*? \|", PERSONAL_DATA))))
    tables = {model._meta.db_table for model in apps.get_models(include_auto_created=True)}
    tables |= {f"extension_{name.lower()}" for name in EXTENSION}
    assert told == tables


def test_every_package_that_is_installed_has_its_licence() -> None:
    assert text(licences.PAGE) == licences.page()


def test_every_licence_is_one_that_may_be_shipped_beside_ours() -> None:
    """Known by SPDX's names; a package under another licence wants a decision, not a line in a table."""
    known = {"Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "LGPL-3.0-only", "MIT", "MIT-0", "MPL-2.0", "PSF-2.0"}
    named = {
        name: set(re.findall(r"[A-Z][\w.-]*[a-z0-9](?: [a-z]\w+)*", licences.licence_of(name)))
        for name in licences.locked()
    }
    assert {name: words - known for name, words in named.items() if words - known} == {}
