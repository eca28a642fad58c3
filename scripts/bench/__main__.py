"""How fast a shop works, and what it costs: `make bench`.

Starts a shop of its own, with its PostgreSQL waiting for the disk, and measures one line after the other in each round,
the floor among them: the same handover in bare SQL. Options by `make bench BENCH="--only verify,list --rounds 1"`.
"""

import argparse
import json
import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from scripts.bench import floor, report
from scripts.bench.lines import FLOOR, LINES, Bench, Result
from scripts.bench.shop import Shop, running

WARM_UP = 30  # requests of each client: a statement is prepared when a connection runs it for the fifth time
SETTINGS = ("WEB_PROCESSES", "WEB_THREADS", "WEBHOOK_IN_FLIGHT_PER_ENDPOINT")  # shown when they are set


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--only", default=",".join(LINES), metavar="LINE,…", help=f"of: {', '.join(LINES)}")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--requests", type=int, default=400, help="of each line in a round (400)")
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--json", type=Path, help="write every round to this file")
    parser.add_argument("--markdown", type=Path, help="write the table to this file, as docs/figures.md has it")
    given = parser.parse_args()
    given.only = [name.strip() for name in given.only.split(",")]
    if unknown := set(given.only) - set(LINES):
        parser.error(f"unknown: {', '.join(sorted(unknown))}; choose from: {', '.join(LINES)}")
    return given


def main() -> None:
    given = arguments()
    load = os.getloadavg()[0]
    rounds: dict[str, list[Result]] = {name: [] for name in LINES if name in given.only}
    if FLOOR in rounds:
        floor.pgbench()  # or say at once what is missing
    with running() as shop:
        version = trusted(shop)
        if FLOOR in rounds:
            floor.lay(shop)
        bench = Bench(shop, given.requests, given.clients)
        warm_up(replace(bench, requests=WARM_UP * given.clients), rounds)
        for number in range(given.rounds):
            one_round(bench, rounds, number=number + 1)
    settings = {name: os.environ[name] for name in SETTINGS if os.environ.get(name)}
    where = report.machine(postgres=version, load_before=load, settings=settings)
    table = report.rows(rounds)
    circumstances = {"rounds": given.rounds, "requests": given.requests, "clients": given.clients}
    print(f"\n{report.terminal(table)}\n\n{report.words(where, **circumstances)}")  # noqa: T201
    if given.json:
        given.json.write_text(json.dumps(report.document(rounds, where), indent=1) + "\n")
    if given.markdown:
        given.markdown.write_text(report.markdown(table, where, **circumstances))


def trusted(shop: Shop) -> str:
    """Its PostgreSQL's version. Raises SystemExit where it does not wait for the disk."""
    for name in ("fsync", "synchronous_commit", "full_page_writes"):
        ((value,),) = shop.sql(f"SHOW {name}")
        if value != "on":
            raise SystemExit(f"{name} is {value}: the figures would be those of a shop that loses packages.")
    ((version,),) = shop.sql("SHOW server_version")
    return str(version)


def warm_up(bench: Bench, names: Iterable[str]) -> None:
    """Each line, for every connection of every process: what is done once in its life is not counted."""
    bench.shop.hire(bench.clients)
    for name in names:
        if name != FLOOR:
            bench.shop.subscribe(active=LINES[name].hooks)
            LINES[name].measure(bench)


def one_round(bench: Bench, rounds: dict[str, list[Result]], *, number: int) -> None:
    """Every line once, in turn."""
    bench.shop.hire(bench.clients)  # no one has typed a wrong code yet
    for name, results in rounds.items():
        bench.shop.sql("VACUUM ANALYZE")  # as autovacuum does in a shop by the minute: no line pays for the one before
        bench.shop.subscribe(active=LINES[name].hooks)
        found = LINES[name].measure(bench)
        results.append(found)
        spent = ", ".join(f"{program} {value:.2f}" for program, value in found.cpu.items())
        times = f"{found.rate:,.1f}/s, p50 {found.p50:.1f} ms, p99 {found.p99:.1f} ms"
        print(f"round {number}, {LINES[name].title}: {times}; processor ms: {spent}", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
