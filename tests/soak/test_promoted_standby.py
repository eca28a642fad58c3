"""A shop whose addresses name two servers goes on when the first one dies and the second is promoted: no restart."""

import sys
import time
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest

from clickcollect.runtime.postgres import APPLICATION, EXTENSION, EXTENSION_DATABASE, OWNER
from tests.database_reset import MIGRATED
from tests.replication import Pair, pair
from tests.runtime.test_run import wait_until
from tests.whole.test_whole_road import DemoShop

pytestmark = [pytest.mark.soak, pytest.mark.timeout(1800), pytest.mark.django_db(transaction=True)]
DELIVER = "self-service-package-delivery"


def address(servers: Pair, role: str, database: str) -> str:
    """As docs/deploy/failover.md writes it, with sockets."""
    query = urlencode({"host": servers.hosts, "target_session_attrs": "read-write"}, safe="/,")
    return f"postgres://{role}:{quote(servers.primary.server.passwords[role])}@/{database}?{query}"


def test_a_shop_goes_on_with_the_promoted_standby(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pair(is_synchronous=True) as servers:
        shop = DemoShop(tmp_path)
        shop.environment |= {
            "DATABASE_URL": address(servers, APPLICATION, MIGRATED),
            "DATABASE_OWNER_URL": address(servers, OWNER, MIGRATED),
            "EXTENSION_DATABASE_URL": address(servers, EXTENSION, EXTENSION_DATABASE),
        }
        try:
            shop.start()
            before, phone = shop.packed_package()
            assert shop.run_command(before, "ready-for-customer-pickup")[0] == 204
            code = shop.code(phone)
            handed_over, its_phone = shop.packed_package()
            assert shop.run_command(handed_over, "ready-for-customer-pickup")[0] == 204
            assert shop.run_command(handed_over, DELIVER, otp=shop.code(its_phone))[0] == 204
            processes = {process.pid for process in shop.processes[0].children(recursive=True)}

            servers.primary.kill()
            died = time.monotonic()
            status, refusal = shop.api("associate", "GET", "/api/v1/oms/packages/")
            assert (status, refusal["code"]) == (503, "database_away")
            servers.fail_over()
            servers.renew()  # the promoted one waits for a standby of its own, as it must
            wait_until(lambda: shop.api("associate", "GET", "/api/v1/oms/packages/")[0] == 200, seconds=120)
            back = time.monotonic() - died

            status, refusal = shop.run_command(handed_over, DELIVER, otp="000000")
            assert (status, refusal["state"]) == (409, "Delivered")  # what was answered is true here too
            assert shop.run_command(before, DELIVER, otp=code)[0] == 204
            after, phone = shop.packed_package()
            assert shop.run_command(after, "ready-for-customer-pickup")[0] == 204
            assert shop.run_command(after, DELIVER, otp=shop.code(phone))[0] == 204
            assert processes & {process.pid for process in shop.processes[0].children(recursive=True)} == processes
        finally:
            shop.clean_up()
    with capsys.disabled():
        sys.stdout.write(f"\npages answer again {back:.1f} s after the primary's death\n")
