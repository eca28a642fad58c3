"""Taking a PostgreSQL away and bringing it back, as machines and people do."""

import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import psutil
import psycopg

from clickcollect.runtime.database import URLS
from clickcollect.runtime.postgres import DATABASE, SUPERUSER
from tests.postgres import FAST, Cluster
from tests.runtime.test_run import has_ended, wait_until
from tests.whole.test_whole_road import DemoShop

BOUNDED_SECONDS = 12  # of one request, on a busy machine


class Ground(Cluster):
    """A PostgreSQL of the test's own, which can go away. It keeps what was committed, whoever is killed."""

    def __init__(self) -> None:
        super().__init__(FAST | {"synchronous_commit": "on"})

    def signal_all(self, signum: signal.Signals) -> None:
        """To the server and each of its backends."""
        server = psutil.Process(self.process.pid)
        for process in [server, *server.children(recursive=True)]:
            if not has_ended(process):
                process.send_signal(signum)

    def stop_immediately(self, seconds: float) -> None:
        """Every connection is cut; it has to recover when it starts."""
        self._end(signal.SIGQUIT)
        time.sleep(seconds)
        self.process = self.server.start()

    def restart(self, seconds: float) -> None:
        """A clean stop, and a start."""
        self._end(signal.SIGINT)
        time.sleep(seconds)
        self.process = self.server.start()

    def pause(self, seconds: float) -> None:
        """Nothing is cut, nothing answers."""
        self.signal_all(signal.SIGSTOP)
        time.sleep(seconds)
        self.signal_all(signal.SIGCONT)

    def hang_and_die(self, seconds: float) -> None:
        """A machine that hangs and is then switched off."""
        self.signal_all(signal.SIGSTOP)
        time.sleep(seconds)
        self.signal_all(signal.SIGKILL)
        self.process.wait()
        self.process = self.server.start()

    def leave(self, kind: str) -> None:
        """Be `stopped`, or else hang, until `come_back`."""
        if kind == "stopped":
            self._end(signal.SIGQUIT)
        else:
            self.signal_all(signal.SIGSTOP)

    def come_back(self) -> None:
        """Whatever it was that took it away; nothing when it is there."""
        if self.process.poll() is None:
            self.signal_all(signal.SIGCONT)
        else:
            self.process = self.server.start()

    def says(self, query: str, *values: object) -> bool:
        """Whether its answer is yes."""
        return bool(self.value(query, *values))

    def time(self) -> datetime:
        """By its own clock."""
        found = self.value("SELECT clock_timestamp()")
        assert isinstance(found, datetime)
        return found

    def value(self, query: str, *values: object) -> object:
        """The first value of its answer; asked as the superuser, who sees all of it."""
        with psycopg.connect(self.server.url(role=SUPERUSER, database=DATABASE)) as connection:
            row = connection.execute(query.encode(), values).fetchone()
        return row and row[0]

    def _end(self, signum: signal.Signals) -> None:
        self.process.send_signal(signum)
        self.process.wait(timeout=30)


KINDS: Mapping[str, Callable[[Ground, float], None]] = {
    "stopped": Ground.stop_immediately,
    "restarted": Ground.restart,
    "paused": Ground.pause,
    "hung": Ground.hang_and_die,
}


class OutageShop(DemoShop):
    """A demo shop on that PostgreSQL."""

    def __init__(self, folder: Path, ground: Ground) -> None:
        super().__init__(folder)
        self.ground = ground
        self.environment |= {name: url for name, url in ground.environment().items() if name in URLS}

    def packed_order(self) -> tuple[int, str]:
        """A packed package and the number of its order."""
        package, _phone = self.packed_package()
        status, found = self.api("operator", "GET", f"/api/v1/oms/packages/{package}/")
        assert status == 200, found
        return package, str(found["order_number"])


@contextmanager
def outage_shop(folder: Path) -> Iterator[OutageShop]:
    """One that runs until the block ends."""
    ground = Ground()
    shop = OutageShop(folder, ground)
    try:
        shop.start()
        wait_until(lambda: shop.answers(shop.port, "/readyz"), seconds=60)
        wait_until(lambda: shop.answers(shop.extension_port, "/readyz"), seconds=60)
        yield shop
    finally:
        shop.clean_up()
        ground.signal_all(signal.SIGCONT)
        ground.stop()


def pids(shop: OutageShop) -> set[int]:
    """The processes of the shop, the database's not among them."""
    return {process.pid for process in shop.processes[0].children(recursive=True)}
