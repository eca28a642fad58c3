"""What a package leaves on the disk, from its order to its handover: rows, indexes, events, messages, log."""

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest

from clickcollect.runtime.postgres import SUPERUSER
from tests.runtime.test_run import wait_until
from tests.soak.test_restored_shop import DELIVER, ready_package
from tests.whole.test_whole_road import DemoShop

pytestmark = [pytest.mark.soak, pytest.mark.timeout(1800)]
PACKAGES = 1_000


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[DemoShop]:
    made = DemoShop(tmp_path)
    try:
        made.start()
        yield made
    finally:
        made.clean_up()


def size(shop: DemoShop) -> dict[str, int]:
    """Bytes of both databases, and how much has been written to the write-ahead log."""
    asked = {
        "shop": "SELECT pg_database_size('clickcollect')",
        "Extension": "SELECT pg_database_size('extension')",
        "write-ahead log": "SELECT (pg_current_wal_lsn() - '0/0')::bigint",
    }
    url = shop.server().url(role=SUPERUSER, database="postgres")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CHECKPOINT")
        return {name: number(connection, query) for name, query in asked.items()}


def number(connection: "psycopg.Connection[Any]", query: str) -> int:
    row = connection.execute(query.encode()).fetchone()
    assert row
    return int(row[0])


def test_a_package_takes_little_of_the_disk(shop: DemoShop, capsys: pytest.CaptureFixture[str]) -> None:
    """Handed over in its first try; the events of the demo's Extension are kept, as they are for thirty days."""

    def collect(_turn: int) -> None:
        package, code = ready_package(shop)
        assert shop.run_command(package, DELIVER, otp=code) == (204, None)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(collect, range(200)))  # pages that are there already are filled
        wait_until(lambda: not shop.deliveries_under_way(), seconds=60)
        before = size(shop)
        list(pool.map(collect, range(PACKAGES)))
    wait_until(lambda: not shop.deliveries_under_way(), seconds=60)
    after = size(shop)
    each = {name: (after[name] - before[name]) / PACKAGES / 1000 for name in after}
    with capsys.disabled():
        sys.stdout.write(f"\n{ {name: f'{kilobytes:.1f} kB' for name, kilobytes in each.items()} } a package\n")
    assert 1 < each["shop"] < 60
    assert each["Extension"] < 20
