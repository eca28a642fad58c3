"""Two web processes on two cores do nearly twice the work of one: they share nothing but PostgreSQL.

Clients and PostgreSQL stand on the same machine, so the rate that they reach together says little. What counts is what
a web process spends on a request: one with a core of its own answers as many a second as fit into a second of processor
time. What the two take from each other, or wait for each other, is spent as well (locks, caches, statements prepared
anew) or seen in the rates, which are printed beside it, with the cores that everything kept busy meanwhile.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median

import pytest

from scripts.bench.lines import LINES, Bench, Result
from scripts.bench.shop import running

pytestmark = [pytest.mark.soak, pytest.mark.timeout(1800)]
CLIENTS = 16  # so that each process has work for every thread
REQUESTS = 640
WARM_UP = 480
AT_LEAST = 1.6
TURNS = (1, 2, 1, 2)  # in turn: a shared machine is not as fast in one minute as in another


@dataclass(frozen=True)
class Taken:
    """One line, measured with so many web processes."""

    processes: int
    result: Result
    busy: float  # cores that the shop and its clients used

    @property
    def capacity(self) -> float:
        """Requests a second that these processes answer with a core each."""
        return 1000 * self.processes / self.result.cpu["web"]


@pytest.fixture(scope="module")
def taken() -> dict[str, list[Taken]]:
    """Both lines, with one process and with two in turn."""
    found: dict[str, list[Taken]] = {"verify": [], "list": []}
    with pytest.MonkeyPatch.context() as environment:
        for processes in TURNS:
            environment.setenv("WEB_PROCESSES", str(processes))
            for name, one in measured(processes):
                found[name].append(one)
    return found


def measured(processes: int) -> Iterator[tuple[str, Taken]]:
    with running() as shop:
        web = [process for process in shop.trees()["web"] if "clickcollect.wsgi:application" in process.cmdline()]
        assert len(web) == 1 + processes
        shop.subscribe(active=False)
        for name in ("verify", "list"):
            shop.hire(CLIENTS)
            LINES[name].measure(Bench(shop, WARM_UP, CLIENTS))
            for _round in range(2):
                result = LINES[name].measure(Bench(shop, REQUESTS, CLIENTS))
                spent = (sum(result.cpu.values()) + result.client) / 1000
                yield name, Taken(processes, result, busy=spent * result.rate)


def gain(taken: list[Taken], of: Callable[[Taken], float] = lambda one: one.capacity) -> float:
    """How many times as much two processes do as one; the medians."""
    one, two = (median(of(found) for found in taken if found.processes == number) for number in (1, 2))
    return two / one


@pytest.mark.parametrize("name", ["verify", "list"])
def test_two_web_processes_do_at_least_1_6_times_what_one_does(taken: dict[str, list[Taken]], name: str) -> None:
    by_rate = gain(taken[name], lambda one: one.result.rate)
    print(f"\n{name}: {gain(taken[name]):.2f} times by processor time, {by_rate:.2f} by rate beside its clients and")  # noqa: T201
    print(f"PostgreSQL; load {os.getloadavg()[0]:.1f}")  # noqa: T201
    for one in taken[name]:
        figures = f"{one.result.rate:.0f}/s, web {one.result.cpu['web']:.2f} ms, {one.busy:.2f} cores busy"
        print(f"  {one.processes}: {figures}")  # noqa: T201
    assert gain(taken[name]) >= AT_LEAST


def test_control_two_that_spend_twice_as_much_gain_nothing() -> None:
    found = [
        Taken(number, Result(rate=1, p50=1, p95=1, p99=1, cpu={"web": spent}), busy=1)
        for number, spent in ((1, 3.0), (2, 6.0))
    ]
    assert gain(found) == 1 < AT_LEAST
