"""A shop is backed up while it runs, its machine is wiped, it comes back: codes that were out open at the counter."""

import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.runtime.test_run import wait_until
from tests.whole.test_whole_road import DemoShop

pytestmark = [pytest.mark.soak, pytest.mark.timeout(1800)]
DELIVER = "self-service-package-delivery"


def console(shop: DemoShop, *arguments: str | Path) -> str:
    """A console command of this shop, as its engineer gives it; what it said."""
    done = subprocess.run(
        [sys.executable, "-m", "clickcollect", *map(str, arguments)],
        env=shop.environment,
        cwd=shop.home.parent,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def stop(shop: DemoShop) -> None:
    """As its engineer stops it; the next start announces itself anew."""
    supervisor = shop.processes[0]
    supervisor.terminate()
    supervisor.wait(timeout=120)
    shop.processes.clear()
    shop.output.write_text("")


def ready_package(shop: DemoShop) -> tuple[int, str]:
    """A package whose code the customer has; its id and the code."""
    package, phone = shop.packed_package()
    assert shop.run_command(package, "ready-for-customer-pickup")[0] == 204
    return package, shop.code(phone)


def test_backup_machine_wiped_restore_codes_still_open_at_the_counter(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    backups, safe = tmp_path / "backups", tmp_path / "safe"
    (tmp_path / "machine").mkdir()
    shop = DemoShop(tmp_path / "machine")
    try:
        shop.start()
        waiting, collected = ready_package(shop), ready_package(shop)
        wait_until(lambda: not shop.deliveries_under_way(), seconds=60)
        began = time.monotonic()
        console(shop, "backup", backups)
        backed_up = time.monotonic() - began
        assert "NOT GOOD" not in console(shop, "drill")
        assert shop.run_command(collected[0], DELIVER, otp=collected[1])[0] == 204  # and then it happens
        shutil.copy(shop.home / "keys.env", safe)
        stop(shop)

        shutil.rmtree(shop.home)  # the machine is gone
        shop.home.mkdir()
        began = time.monotonic()
        shutil.copy(safe, shop.home / "keys.env")
        said = console(shop, "restore", backups)
        restored = time.monotonic() - began
        ready = int(re.search(r"(\d+) ready packages may have been collected", said)[1])  # type: ignore[index]
        assert ready >= 2
        shop.tokens.clear()
        shop.start()
        opened = time.monotonic() - began

        status, refusal = shop.run_command(waiting[0], DELIVER, otp=waiting[1])
        assert (status, refusal["code"]) == (409, "state_conflict")
        assert "Confirm on shelf" in refusal["detail"]
        assert shop.run_command(waiting[0], "confirm-on-shelf")[0] == 204
        assert shop.run_command(waiting[0], DELIVER, otp=waiting[1])[0] == 204
        # What was collected after the backup is not on its shelf: its code alone opens nothing.
        assert shop.run_command(collected[0], DELIVER, otp=collected[1])[0] == 409

        package, phone = shop.packed_package()
        assert shop.run_command(package, "ready-for-customer-pickup")[0] == 204
        assert shop.deliveries_under_way()
        assert shop.texts(phone) == []
        console(shop, "resume")
        assert shop.run_command(package, DELIVER, otp=shop.code(phone))[0] == 204
        assert "The log is intact" in console(shop, "audit", "verify")
    finally:
        shop.clean_up()
    with capsys.disabled():
        sys.stdout.write(f"\nbackup {backed_up:.1f} s, restore {restored:.1f} s, open again after {opened:.1f} s\n")
