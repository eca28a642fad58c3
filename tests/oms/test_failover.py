"""T58: the primary dies while packages are handed over, and its standby takes over: what was told is true there.

The threads reach whichever server can be written to by an address that names both (`target_session_attrs`).
"""

import random
import threading
from collections.abc import Iterator, Sequence

import pytest
from django.db import DatabaseError, InterfaceError, connection, connections

from clickcollect.errors import DatabaseAway
from clickcollect.oms import states
from clickcollect.oms.access import SYSTEM
from clickcollect.oms.commands.run import run_command
from clickcollect.oms.log_models import CommandLog
from clickcollect.oms.models import Package
from tests import shop
from tests.replication import Pair, django_uses, pair
from tests.whisperer.receivers import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
DELIVER = "SELF_SERVICE_PACKAGE_DELIVERY_COMMAND"
AWAY = (DatabaseError, InterfaceError, DatabaseAway)
TILLS = 3
FOR_EACH = 8  # packages


@pytest.fixture
def synchronous() -> Iterator[Pair]:
    with pair(is_synchronous=True) as made, django_uses(made):
        yield made


def hand_over(packages: Sequence[tuple[int, str]], told: list[int], enough: threading.Event) -> None:
    """One till: package after package, until the database is away. ``told``: what was answered."""
    try:
        for package, code in packages:
            run_command(package_id=package, transition=DELIVER, actor=SYSTEM, data={"otp": code})
            told.append(package)
            enough.set()
    except AWAY:
        pass
    finally:
        enough.set()
        connection.close()


def kill_while_handing_over(servers: Pair, rng: random.Random) -> list[int]:
    """The packages whose handover was answered before the primary was gone."""
    made = [shop.make_package(states.READY) for _ in range(TILLS * FOR_EACH)]
    ready = [(package.pk, shop.right_code(package)) for package in made]
    connections.close_all()
    told: list[int] = []
    enough = threading.Event()
    tills = [threading.Thread(target=hand_over, args=(ready[till::TILLS], told, enough)) for till in range(TILLS)]
    for till in tills:
        till.start()
    assert enough.wait(60)
    threading.Event().wait(rng.uniform(0, 0.05))  # any moment will do: what is told must hold at each
    servers.primary.kill()
    for till in tills:
        till.join()
    connections.close_all()
    return told


@pytest.mark.parametrize("rounds", [2, pytest.param(50, marks=[pytest.mark.soak, pytest.mark.timeout(3600)])])
def test_t58_no_handover_that_was_answered_is_lost_with_the_primary(synchronous: Pair, rounds: int) -> None:
    rng = random.Random(58)
    answered = 0
    for _round in range(rounds):
        told = kill_while_handing_over(synchronous, rng)
        synchronous.fail_over()
        delivered = Package.objects.filter(pk__in=told, state__enum_value=states.DELIVERED)
        assert delivered.count() == len(told)
        moves = CommandLog.objects.filter(package_id__in=told, kind="move", new_state=states.DELIVERED)
        assert list(moves.order_by("package_id").values_list("package_id", flat=True)) == sorted(told)
        connections.close_all()
        answered += len(told)
        synchronous.renew()
        connections["default"].settings_dict["OPTIONS"]["host"] = synchronous.hosts
    assert answered >= rounds
    if rounds > 2:
        print(f"\n{rounds} primaries killed, {answered} handovers answered, none lost")  # noqa: T201


def test_t58_control_an_asynchronous_standby_gives_a_handover_back() -> None:
    """It lags for a moment, and in this moment the primary dies: the package is ready again, its code good again."""
    with pair(is_synchronous=False) as servers, django_uses(servers):
        package = shop.make_package(states.READY)
        code = shop.right_code(package)
        wait_until(lambda: servers.standby.ask("SELECT count(*) FROM oms_codeissue") == 1, seconds=60)
        servers.standby.stop_following()
        run_command(package_id=package.pk, transition=DELIVER, actor=SYSTEM, data={"otp": code})
        servers.primary.kill()
        connections.close_all()
        servers.fail_over()
        assert shop.state_of(package) == states.READY
        run_command(package_id=package.pk, transition=DELIVER, actor=SYSTEM, data={"otp": code})  # twice
        assert shop.state_of(package) == states.DELIVERED
