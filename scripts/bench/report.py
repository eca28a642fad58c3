"""The figures as a table on the terminal, as Markdown for docs/figures.md, and as JSON."""

import os
import platform
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from scripts.bench.lines import FLOOR, LINES, Result
from scripts.bench.shop import PROGRAMS, ROOT

Rounds = Mapping[str, Sequence[Result]]


@dataclass(frozen=True)
class Machine:
    """Where and of what the figures are."""

    processor: str
    cores: int
    memory_gb: float
    kernel: str
    python: str
    postgres: str
    commit: str
    at: str
    load: list[float]  # before and after, of the last minute
    settings: dict[str, str]


def machine(*, postgres: str, load_before: float, settings: dict[str, str]) -> Machine:
    """This machine, and this commit."""
    return Machine(
        processor=processor(),
        cores=os.cpu_count() or 0,
        memory_gb=round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        kernel=platform.release(),
        python=platform.python_version(),
        postgres=postgres,
        commit=git("rev-parse", "--short", "HEAD") + (" with changes" if git("status", "--porcelain", "-uno") else ""),
        at=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        load=[round(load_before, 1), round(os.getloadavg()[0], 1)],
        settings=settings,
    )


def processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")


def git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def middle(results: Sequence[Result]) -> Result:
    """The median of each figure."""

    def median_of(figure: Callable[[Result], float]) -> float:
        return median(map(figure, results))

    return Result(
        rate=median_of(lambda one: one.rate),
        p50=median_of(lambda one: one.p50),
        p95=median_of(lambda one: one.p95),
        p99=median_of(lambda one: one.p99),
        cpu={program: median(one.cpu[program] for one in results) for program in results[0].cpu},
        client=median_of(lambda one: one.client),
    )


def rows(rounds: Rounds) -> list[list[str]]:
    """The table, its heading first."""
    heading = ["Line", "Rate", "p50", "p95", "p99", *PROGRAMS, "All", "client", "Ratio to the floor", "Wanted"]
    middles = {name: middle(results) for name, results in rounds.items() if results}
    return [heading, *(row(name, one, middles.get(FLOOR)) for name, one in middles.items())]


def row(name: str, one: Result, bare: Result | None) -> list[str]:
    line = LINES[name]
    cpu = [one.cpu.get(program, 0.0) for program in PROGRAMS]
    ratio = f"{one.rate / bare.rate:.3f}" if bare and name.startswith("verify") else ""
    times = [f"{value:,.1f}" for value in (one.p50, one.p95, one.p99)]
    digits = 2 if sum(cpu) < 2 else 1
    spent = [f"{value:.{digits}f}" if value >= 0.5 * 10**-digits else "–" for value in cpu]
    client = f"{one.client:.2f}" if one.client else ""
    return [line.title, f"{one.rate:,.0f}/s", *times, *spent, f"{sum(cpu):.{digits}f}", client, ratio, line.wanted]


def terminal(table: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[place]) for row in table) for place in range(len(table[0]))]

    def cell(text: str, place: int) -> str:
        return text.ljust(widths[place]) if place in (0, len(widths) - 1) else text.rjust(widths[place])

    return "\n".join("  ".join(cell(text, place) for place, text in enumerate(row)).rstrip() for row in table)


def markdown(table: Sequence[Sequence[str]], where: Machine, *, rounds: int, requests: int, clients: int) -> str:
    lines = ["| " + " | ".join(row) + " |" for row in table]
    lines.insert(1, "|" + "---|" * len(table[0]))
    return "\n".join([*lines, "", words(where, rounds=rounds, requests=requests, clients=clients), ""])


def words(where: Machine, *, rounds: int, requests: int, clients: int) -> str:
    """In which circumstances."""
    given = "".join(f", {name}={value}" for name, value in where.settings.items())
    return (
        f"Commit {where.commit}, {where.at}: {where.cores} cores ({where.processor}, {where.memory_gb} GB, Linux"
        f" {where.kernel}), Python {where.python}, PostgreSQL {where.postgres} with fsync and synchronous_commit on"
        f"{given}; load {where.load[0]} before, {where.load[1]} after. Medians of {rounds} round{'s' * (rounds > 1)} of"
        f" {requests} requests, {clients} clients on kept-alive connections, on the same machine. Times in"
        " milliseconds; by program: processor milliseconds for each request, and beside them the client's own."
    )


def document(rounds: Rounds, where: Machine) -> dict[str, Any]:
    """All of it, for a program."""
    return {
        "machine": asdict(where),
        "rounds": {name: [asdict(one) for one in found] for name, found in rounds.items()},
    }
