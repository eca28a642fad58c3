"""`clickcollect migrate APP NUMBER`: the way back that docs/upgrading.md tells, as an engineer goes it."""

import psycopg
import pytest

from tests.database_reset import MIGRATED
from tests.extension import running
from tests.runtime.console_process import Console
from tests.runtime.test_backup import Installation, new_database

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
NEWEST = "SELECT name FROM django_migrations WHERE app = 'oms' ORDER BY name DESC LIMIT 1"


def newest(installation: Installation) -> str:
    with psycopg.connect(installation.url("DATABASE_OWNER_URL")) as connection:
        row = connection.execute(NEWEST).fetchone()
    assert row
    return str(row[0])


def test_migrations_are_taken_back_and_applied_again(program: Console) -> None:
    with new_database(MIGRATED) as name, running.database() as extension:
        installation = Installation(name, extension, program)
        assert installation.console("migrate").returncode == 0
        last = newest(installation)
        back = installation.console("migrate", "oms", "0017")
        assert back.returncode == 0, back.stderr
        assert newest(installation).startswith("0017")
        assert installation.console("check").returncode == 2  # the tables are not those of this program
        assert installation.console("migrate").returncode == 0
        assert newest(installation) == last

        for arguments, words in {
            ("nowhere", "0001"): "There is no one migration nowhere 0001",
            ("oms", "0999"): "There is no one migration oms 0999",
            ("oms", "00"): "There is no one migration oms 00",
            ("oms", ""): "needs a number",
            ("whisperer", "0001"): "cannot be taken back",
        }.items():
            refused = installation.console("migrate", *arguments)
            assert (refused.returncode, words in refused.stderr) == (2, True), refused.stdout + refused.stderr
        assert newest(installation) == last
