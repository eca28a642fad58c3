"""`clickcollect run`: PostgreSQL, web, worker and Extension as children of this process, which imports no Django.

Nothing outlives it: children are stopped in order (the database last), and die with it when it is killed.
"""

import http.client
import os
import signal
import time
from contextlib import ExitStack, suppress
from types import FrameType
from typing import NoReturn

from rich.console import Console

from clickcollect.runtime import database, postgres
from clickcollect.runtime.banner import print_banner
from clickcollect.runtime.child import Child
from clickcollect.runtime.data_dir import SECRETS, DataFolder, DataFolderInUse, Holder
from clickcollect.runtime.errors import Problem
from clickcollect.runtime.plan import Plan, fingerprint, prepare_databases
from clickcollect.runtime.ports import EXTENSION, WEB, Ports
from clickcollect.runtime.postgres import Server
from clickcollect.runtime.values import check_values

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
HOLD_SECONDS = 5.0
ANSWER_SECONDS = 60.0


def run(*, demo: bool) -> None:
    """Serve until Ctrl-C or SIGTERM. A child that ends is started again. Raises Problem when it cannot start."""
    for signum in STOP_SIGNALS:
        signal.signal(signum, _stop)
    console = Console(highlight=False, soft_wrap=True)
    with ExitStack() as stack:
        try:
            _start_and_watch(console, stack, demo=demo)
        except KeyboardInterrupt:
            console.print("Stopping …")
    console.print("Stopped. Your data is kept.")


def _start_and_watch(console: Console, stack: ExitStack, *, demo: bool) -> NoReturn:
    check_values()
    home, ports = DataFolder.from_environment(), Ports.from_environment()
    home.make()
    _hold(home, Holder(os.getpid(), "run", ports.web_address), stack)
    ports.check_free(WEB, EXTENSION, seconds=HOLD_SECONDS)
    home.make_keys()
    _serve(Plan(home=home, ports=ports, demo=demo, keys=home.keys(needed=SECRETS)), console, stack)


def _stop(_signum: int, _frame: FrameType | None) -> NoReturn:
    for signum in STOP_SIGNALS:
        signal.signal(signum, signal.SIG_IGN)  # once is enough: let it stop in order
    raise KeyboardInterrupt


def _hold(home: DataFolder, holder: Holder, stack: ExitStack) -> None:
    """Take the data folder; a console command that uses it is waited for a little. Raises Problem."""
    deadline = time.monotonic() + HOLD_SECONDS
    while True:
        try:
            stack.enter_context(home.hold(holder))
        except DataFolderInUse as held:
            if held.holder and held.holder.command == "run":
                raise Problem(
                    f"clickcollect already runs on {home.path}: see {held.holder.address} (process {held.holder.pid}). "
                    "Stop that one first, or set CLICKCOLLECT_HOME to another folder, and PORT.",
                ) from None
            if time.monotonic() > deadline:
                command = held.holder.command if held.holder else "command"
                raise Problem(f"A clickcollect {command} is using {home.path}. Try again when it is done.") from None
            time.sleep(0.1)
        else:
            return


def _serve(plan: Plan, console: Console, stack: ExitStack) -> NoReturn:
    children: list[Child] = []
    urls = database.own_urls()
    if urls:
        database.check_own(urls)
        console.print("Bringing the tables up to date …")
        prepare_databases(plan, urls)
    else:
        console.print("Starting PostgreSQL …")
        server = database.embedded_server(plan.home)
        children.append(_start_postgres(server, stack))
        urls = database.embedded_urls(server)
        _prepare_once(plan, urls, server, console)
    served = [Child(name, plan.home.log(name), start) for name, start in plan.starts(urls).items()]
    stack.callback(_end, served)
    for child in served:
        child.begin()
    _wait_for_page(served[0], plan.ports)
    print_banner(console, ports=plan.ports, home=plan.home, demo=plan.demo)
    _watch(children + served, console)


def _start_postgres(server: Server, stack: ExitStack) -> Child:
    child = Child("PostgreSQL", server.log, server.start)
    stack.callback(_end_postgres, child, server)
    child.begin()
    server.create_roles()
    return child


def _prepare_once(plan: Plan, urls: dict[str, str], server: Server, console: Console) -> None:
    """The same program on the same data needs no second preparation: that is half the time of a start."""
    wanted = fingerprint(demo=plan.demo)
    if server.prepared_by() != wanted or not (plan.home.path / "static").exists():
        console.print("Bringing the tables up to date …")
        prepare_databases(plan, urls)
        server.set_prepared_by(wanted)


def _wait_for_page(web: Child, ports: Ports) -> None:
    deadline = time.monotonic() + ANSWER_SECONDS
    while time.monotonic() < deadline and web.process and web.process.poll() is None:
        connection = http.client.HTTPConnection(ports.web_host, ports.web, timeout=5)
        try:
            connection.request("GET", "/healthz")
            connection.getresponse()
        except OSError:
            time.sleep(0.05)
        else:
            return
        finally:
            connection.close()
    raise Problem(f"The pages are not being served; {web.log} says why.")


def _watch(children: list[Child], console: Console) -> NoReturn:
    """Keep every child alive, for ever. Ends by KeyboardInterrupt."""

    def say(line: str) -> None:
        with suppress(OSError):  # a terminal that is gone ends nothing
            console.print(line)

    while True:
        for child in children:
            child.restart_if_dead(say=say)
        time.sleep(0.25)


def _end_postgres(child: Child, server: Server) -> None:
    if child.process:
        postgres.stop_server(child.process, server)


def _end(children: list[Child]) -> None:
    for child in children:
        child.ask_to_stop()
    for child in children:
        child.end()
