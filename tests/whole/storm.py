"""A running shop for storms: a PostgreSQL that waits for the disk, web, worker and Extension, to be killed one by one.

Started here and not by `clickcollect run`, whose pauses before a new start would leave nothing to be killed.
"""

import asyncio
import json
import os
import signal
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from threading import Lock
from typing import Any, Final

import aiohttp
import psutil
import psycopg

from clickcollect.runtime import database, postgres
from clickcollect.runtime.data_dir import SECRETS, DataFolder
from clickcollect.runtime.plan import Plan, prepare_databases
from clickcollect.runtime.ports import Ports
from tests.ports import free_port
from tests.runtime.test_run import wait_until
from tests.whisperer.receivers import Received, Receiver
from tests.whole.test_whole_road import spellings, words_of

PASSWORD: Final = "demo-pickup"
PACK, READY = "complete-packaging-without-shipment", "ready-for-customer-pickup"
DELIVER: Final = "self-service-package-delivery"
ADDRESSES: Final = 40  # from which clients call, and each is counted by itself
AT_ONCE: Final = 1_900  # connections: the server takes 900, and the system lets 1,024 wait; who waits longer is cut off
POSTGRES: Final = "postgres"
Answer = tuple[int, Any]
NOBODY: Final[Answer] = (0, None)  # the line was cut, or nobody is there


@dataclass(frozen=True)
class Call:
    """One command on one package, by one person."""

    person: int
    package: int
    slug: str
    data: dict[str, str] = field(default_factory=dict)


class Ears(Receiver):
    """A subscriber of everything: which events arrived, and the codes that its customers have."""

    def __init__(self) -> None:
        super().__init__(self.hear)
        self.uuids: dict[str, int] = {}
        self.codes: dict[int, str] = {}

    def hear(self, received: Received) -> Any:
        event = json.loads(received.body)
        self.uuids[event["event"]["uuid"]] = self.uuids.get(event["event"]["uuid"], 0) + 1
        if "otp" in event["payload"]:
            self.codes[event["payload"]["id"]] = event["payload"]["otp"]["code"]
        return aiohttp.web.Response(status=200)


class Shop:
    """The processes, and what their clients do."""

    def __init__(self, folder: Path) -> None:
        self.home = DataFolder(folder / "shop")
        self.home.make()
        self.home.make_keys()
        self.ports = Ports(web=free_port(), extension=free_port())
        self.server: postgres.Server = database.embedded_server(self.home)
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.starts: dict[str, Callable[[], subprocess.Popen[bytes]]] = {}
        self.tokens: list[str] = []
        self.admin, self.first_event = "", 0
        self.ears = Ears()
        self._numbers, self._lock = count(1), Lock()

    # --- its processes ---

    def start(self, *, people: int) -> None:
        self.running[POSTGRES] = self.server.start()
        self.server.create_roles()
        urls = database.embedded_urls(self.server)
        plan = Plan(home=self.home, ports=self.ports, demo=True, keys=self.home.keys(needed=SECRETS))
        prepare_databases(plan, urls)
        self.starts = {POSTGRES: self.server.start, **plan.starts(urls)}
        for name in ("web", "worker", "extension"):
            self.running[name] = self.starts[name]()
        wait_until(lambda: self.call("", "GET", "/readyz")[0] == 200, seconds=60)
        self.hire(people)

    def hire(self, people: int) -> None:
        """So many associates of one store, each with a budget of his own, and a subscriber to everything."""
        with self.database() as connection:
            connection.execute(
                "INSERT INTO accounts_user SELECT (jsonb_populate_record(boss, jsonb_build_object("
                "'id', 1000 + n, 'username', 'associate-' || n))).*"
                " FROM accounts_user boss, generate_series(1, %s) n WHERE username = 'associate'",
                [people],
            )
            connection.execute(
                "INSERT INTO omnitron_storemembership (user_id, store_id)"
                " SELECT 1000 + n, id FROM omnitron_retailstore, generate_series(1, %s) n WHERE erp_code = 'IST-01'",
                [people],
            )
        self.admin = self.sign_in("admin")
        self.tokens = [self.sign_in(f"associate-{number}") for number in range(1, people + 1)]
        for event_type in self.call(self.admin, "GET", "/whisperer/hooks/registry/")[1]:
            hook = {"event_type": event_type, "target_url": self.ears.url, "secret_key": "a secret of a usual length"}
            status, made = self.call(self.admin, "POST", "/whisperer/hooks/", hook)
            assert status == 201, made
        self.first_event = self.number("SELECT coalesce(max(id), 0) FROM whisperer_event")

    def kill(self, name: str, *, whole: bool = True) -> None:
        """Kill -9, and start it again. ``whole``: with all that it started, as when the machine loses its power."""
        victim = psutil.Process(self.running[name].pid)
        family = [victim, *(victim.children(recursive=True) if whole else [])]
        for process in family:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self.running[name].wait()
        with suppress(ProcessLookupError):
            if name != POSTGRES:  # its own end by themselves, and the new one waits for them
                os.killpg(self.running[name].pid, signal.SIGKILL)
        self.running[name] = self.starts[name]()

    def keep_alive(self) -> int:
        """Start again whoever has ended of itself; how many there were."""
        ended = [name for name, process in self.running.items() if process.poll() is not None]
        for name in ended:
            self.running[name] = self.starts[name]()
        return len(ended)

    def stop(self) -> None:
        for name in ("web", "worker", "extension"):
            if name in self.running:
                self.running[name].kill()
                self.running[name].wait()
        if POSTGRES in self.running:
            postgres.stop_server(self.running[POSTGRES], self.server)

    # --- its clients ---

    def call(self, token: str, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """One request; NOBODY when no answer came."""
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        headers |= {"Content-Type": "application/json"}
        if token:
            headers["Authorization"] = f"Token {token}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.ports.web_address}{path}", data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, parsed(answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return error.code, parsed(error.read())
        except (OSError, ValueError):  # refused, reset, cut in the middle
            return NOBODY

    def sign_in(self, username: str) -> str:
        body = {"username": username, "password": PASSWORD}
        status, answer = self.call("", "POST", "/api/v1/auth/login/", body)
        assert status == 200, answer
        return str(answer["key"])

    def order(self) -> dict[str, Any]:
        """A new order as a sales channel sends it."""
        with self._lock:
            number = next(self._numbers)
        return {
            "number": f"STORM-{number}",
            "channel": "Webshop",
            "delivery_type": "in_store",
            "language_code": "en",
            "customer": {"first_name": "Ann", "last_name": "Example", "phone_number": f"+4477009{number % 1000:05d}"},
            "shipping_address": {"address_type": "retail_store", "retail_store": "IST-01"},
            "order_item": [{"sku": "MUG", "name": "Mug", "quantity": 1, "price": "12.40"}],
        }

    def ready_packages(self, number: int) -> list[int]:
        """So many new packages at the counter, whose customers have their codes."""
        packages = []
        for _package in range(number):
            status, made = self.call(self.admin, "POST", "/api/v1/omnitron/orders/", self.order())
            assert status == 201, made
            package = int(made["packages"][0]["id"])
            for slug in (PACK, READY):
                assert self.call(self.tokens[0], "POST", command_path(package), {"slug": slug})[0] == 204
            packages.append(package)
        wait_until(lambda: self.ears.codes.keys() >= set(packages), seconds=120)
        return packages

    def at_once(self, calls: Sequence[Call]) -> list[Answer]:
        """All these commands, AT_ONCE at a time, each on a connection of its own; the answers in their order."""
        return asyncio.run(self._all(calls))

    async def _all(self, calls: Sequence[Call]) -> list[Answer]:
        async with AsyncExitStack() as stack:
            sessions = []
            for number in range(ADDRESSES):
                connector = aiohttp.TCPConnector(local_addr=(f"127.0.1.{number + 1}", 0), limit=0, force_close=True)
                timeout = aiohttp.ClientTimeout(total=600)
                session = aiohttp.ClientSession(connector=connector, timeout=timeout)
                sessions.append(await stack.enter_async_context(session))
            room = asyncio.Semaphore(AT_ONCE)
            asked = (self._one(sessions[place % ADDRESSES], call, room) for place, call in enumerate(calls))
            return await asyncio.gather(*asked)

    async def _one(self, session: aiohttp.ClientSession, call: Call, room: asyncio.Semaphore) -> Answer:
        url = f"{self.ports.web_address}{command_path(call.package)}"
        headers = {"Authorization": f"Token {self.tokens[call.person]}"}
        body = {"slug": call.slug, **call.data}
        async with room, session.post(url, json=body, headers=headers) as answer:
            return answer.status, parsed(await answer.read())

    # --- what is true of it ---

    def database(self, name: str = postgres.DATABASE) -> psycopg.Connection[tuple[Any, ...]]:
        return psycopg.connect(self.server.url(role=postgres.SUPERUSER, database=name))

    def ask(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        with self.database() as connection:
            return connection.execute(query, values or None).fetchall()

    def number(self, query: str, *values: Any) -> int:
        return int(self.ask(query, *values)[0][0])

    def lost_events(self, *, seconds: float) -> set[str]:
        """Wait until our subscriber has been sent everything; which events never came to it.

        Those apart that were superseded: news of a code that was out of date before it went out.
        """
        to_us = "FROM whisperer_delivery sent JOIN whisperer_endpoint us ON us.id = endpoint_id AND us.target_url = %s"
        wait_until(
            lambda: self.number(f"SELECT count(*) {to_us} AND finished_at IS NULL", self.ears.url) == 0, seconds=seconds
        )
        superseded = f"SELECT event_id {to_us} WHERE sent.state = 'superseded'"
        query = f"SELECT uuid FROM whisperer_event WHERE id > %s AND id NOT IN ({superseded})"
        return {uuid for (uuid,) in self.ask(query, self.first_event, self.ears.url)} - set(self.ears.uuids)

    def codes_at_rest(self) -> list[str]:
        """Codes that stand anywhere: as they are, encoded, hashed, reversed."""
        words = words_of(self.dump())
        return [code for code in self.ears.codes.values() if not words.isdisjoint(spellings(code))]

    def dump(self) -> str:
        """Both databases, every log and the metrics, as text."""
        with urllib.request.urlopen(f"{self.ports.web_address}/metrics", timeout=60) as answer:
            text = str(answer.read().decode())
        environment = {**os.environ, "PGPASSWORD": self.server.passwords[postgres.SUPERUSER]}
        for name in (postgres.DATABASE, postgres.EXTENSION_DATABASE):
            where = ["--host", str(self.server.socket_folder), "--username", postgres.SUPERUSER, "--dbname", name]
            command = [str(postgres.binaries() / "pg_dump"), *where, "--inserts"]
            text += subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
        return text + "".join(log.read_text(errors="replace") for log in self.home.path.glob("logs/*.log"))


def command_path(package: int) -> str:
    return f"/api/v1/oms/packages/{package}/command/"


def parsed(body: bytes) -> Any:
    """JSON, or the text that it is not."""
    try:
        return json.loads(body or b"null")
    except ValueError:
        return body.decode(errors="replace")


def wrong(code: str, offset: int = 1) -> str:
    """Surely not this code; another one for each ``offset``."""
    return f"{(int(code) + offset) % 10 ** len(code):0{len(code)}d}"


def outcome(answer: Answer) -> str:
    """An answer in one word: `done`, or the code of its refusal."""
    status, body = answer
    if status == 204:
        return "done"
    return str(body["code"]) if isinstance(body, dict) and "code" in body else f"status {status}"
