"""A shop comes back as it was at a moment between two backups, from a base backup and the WAL that was archived.

The steps are those of docs/deploy/point-in-time.md, with the embedded PostgreSQL.
"""

import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from clickcollect.runtime.postgres import SUPERUSER, binaries
from clickcollect.runtime.unprivileged_user import server_account
from tests.runtime.test_run import wait_until
from tests.soak.test_restored_shop import DELIVER, console, ready_package, stop
from tests.whole.test_whole_road import DemoShop

pytestmark = [pytest.mark.soak, pytest.mark.timeout(1800)]


def own(path: Path) -> None:
    """What belongs to the server belongs to its account, as after a copy by that account."""
    account = server_account()
    for each in (path, *path.rglob("*")):
        account.own(each)


def archive_wal(shop: DemoShop, archive: Path) -> None:
    """What the page says to put into postgresql.conf."""
    archive.mkdir()
    archive.chmod(0o777)  # whoever the server runs as
    with (shop.home / "postgres" / "postgresql.conf").open("a") as configuration:
        configuration.write(f"\narchive_mode = on\narchive_command = 'cp %p {archive}/%f'\n")


def base_backup(shop: DemoShop, target: Path) -> None:
    url = shop.server().url(role=SUPERUSER, database="postgres")
    command = [str(binaries() / "pg_basebackup"), "--checkpoint=fast", f"--pgdata={target}", f"--dbname={url}"]
    subprocess.run(command, check=True, capture_output=True)


def now(shop: DemoShop) -> datetime:
    with shop.database() as connection:
        row = connection.execute("SELECT clock_timestamp()").fetchone()
    assert row
    moment: datetime = row[0]
    return moment.astimezone(UTC)


def archive_all(shop: DemoShop) -> None:
    """The last segment too, as if its hour had passed."""
    with psycopg.connect(shop.server().url(role=SUPERUSER, database="postgres"), autocommit=True) as connection:
        row = connection.execute("SELECT pg_walfile_name(pg_switch_wal())").fetchone()
        assert row

        def archived() -> bool:
            found = connection.execute("SELECT last_archived_wal >= %s FROM pg_stat_archiver", row).fetchone()
            return bool(found and found[0])

        wait_until(archived, seconds=120)


def test_the_shop_of_a_moment_comes_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tmp_path.chmod(0o711)
    for folder in tmp_path.parents[:2]:
        folder.chmod(0o711)  # the server's account must reach its archive
    (tmp_path / "machine").mkdir()
    archive, base, safe = tmp_path / "wal", tmp_path / "base", tmp_path / "safe"
    shop = DemoShop(tmp_path / "machine")
    try:
        shop.start()
        stop(shop)
        archive_wal(shop, archive)
        shop.start()
        base_backup(shop, base)
        waiting, collected = ready_package(shop), ready_package(shop)  # after the base backup
        moment = now(shop)
        assert shop.run_command(collected[0], DELIVER, otp=collected[1])[0] == 204  # after the moment
        archive_all(shop)
        shutil.copy(shop.home / "keys.env", safe)
        stop(shop)

        shutil.rmtree(shop.home)
        shop.home.mkdir()
        shutil.copy(safe, shop.home / "keys.env")
        data = shop.home / "postgres"
        shutil.copytree(base, data)
        with (data / "postgresql.conf").open("a") as configuration:
            configuration.write(
                f"\nrestore_command = 'cp {archive}/%f %p'\nrecovery_target_time = '{moment.isoformat()}'\n"
                "recovery_target_action = 'promote'\narchive_mode = off\n"
            )
        (data / "recovery.signal").touch()
        own(data)
        data.chmod(0o700)
        said = console(shop, "hold", "--since", f"{moment:%Y-%m-%dT%H:%M:%S}")
        assert "ready packages wait until someone has checked the shelf" in said

        shop.tokens.clear()
        shop.start()
        for package, code in (waiting, collected):
            assert shop.run_command(package, DELIVER, otp=code)[1]["code"] == "state_conflict"
        assert shop.run_command(waiting[0], "confirm-on-shelf")[0] == 204
        assert shop.run_command(waiting[0], DELIVER, otp=waiting[1])[0] == 204
        with shop.database() as connection:
            found = connection.execute("SELECT count(*) FROM whisperer_sendingpause WHERE ended_at IS NULL")
            assert found.fetchone() == (1,)
        assert "The log is intact" in console(shop, "audit", "verify")
    finally:
        shop.clean_up()
    with capsys.disabled():
        sys.stdout.write(f"\nback at {moment.isoformat()}\n")
