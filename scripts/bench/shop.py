"""A shop of its own to measure: the demo shop as `make run` starts it, on a fresh data folder and free ports."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from base64 import b32encode, b64decode
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import psutil
import psycopg
import pyotp
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from clickcollect.runtime import postgres
from clickcollect.runtime.data_dir import PASSWORDS, SECRETS, DataFolder
from clickcollect.runtime.database import URLS
from scripts.bench.clients import Request, drive, request

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 180
PROGRAMS = ("web", "PostgreSQL", "worker", "Extension")
COMMANDS = {"clickcollect.wsgi": "web", "extension.wsgi": "Extension", "clickcollect worker": "worker"}

T = TypeVar("T")
# Packages of ours that wait for their customers.
WAITING = (
    "SELECT p.id FROM oms_package p JOIN omnitron_order o ON o.id = p.order_id"
    " JOIN oms_packagestate s ON s.id = p.state_id WHERE s.enum_value = '600' AND o.channel = 'Bench'"
)

Cpu = dict[str, float]  # processor seconds by program


class Shop:
    """A running shop, what it costs, and the people who work in it."""

    def __init__(self, home: Path) -> None:
        web, extension = free_ports(2)
        self.home = DataFolder(home)
        self.port, self.extension_port = web, extension
        for name in (*URLS, *SECRETS, *PASSWORDS.values()):
            os.environ.pop(name, None)  # those of another shop
        self.environment = {
            **os.environ,
            "CLICKCOLLECT_HOME": str(home),
            "PORT": str(web),
            "EXTENSION_PORT": str(extension),
        }
        self.process: subprocess.Popen[str] | None = None
        self.numbers = iter(range(10**6, 10**7))

    def start(self) -> None:
        """Start it and wait until it is announced. Raises SystemExit."""
        command = [sys.executable, "-m", "clickcollect", "run", "--demo"]
        self.process = subprocess.Popen(
            command, env=self.environment, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        said = ""
        for line in self.process.stdout or ():
            said += line
            if "Stop " in line:
                self.server = self.home.server(self.home.keys(needed=(*PASSWORDS.values(), "PICKUP_CODE_KEYS")))
                return
        raise SystemExit(f"The shop did not start:\n{said}")

    def stop(self) -> None:
        """End it, the database last."""
        if self.process:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(timeout=60)

    # --- what it costs ---

    def cpu(self) -> Cpu:
        """Processor time so far, of each program with everything that it started and that has ended."""
        assert self.process
        return {program: sum(map(seconds_of, tree)) for program, tree in self.trees().items()}

    def trees(self) -> dict[str, list[psutil.Process]]:
        """The processes of each program."""
        assert self.process
        found: dict[str, list[psutil.Process]] = {program: [] for program in PROGRAMS}
        for child in psutil.Process(self.process.pid).children():
            found[program_of(child)] += [child, *child.children(recursive=True)]
        return found

    # --- its database, as the superuser ---

    def sql(self, statement: str, *arguments: Any) -> list[tuple[Any, ...]]:
        """Run one statement of ours; its rows."""
        with psycopg.connect(self.url(postgres.DATABASE), autocommit=True) as connection:
            cursor = connection.execute(statement.encode(), arguments)
            return cursor.fetchall() if cursor.description else []

    def url(self, database: str) -> str:
        return self.server.url(role=postgres.SUPERUSER, database=database)

    def subscribe(self, *, active: bool) -> None:
        """Switch the demo's hooks on or off."""
        self.sql("UPDATE whisperer_hook SET is_active = %s WHERE target_url LIKE '%%/events/'", active)

    def settle(self) -> None:
        """Wait until nothing is on its way: every event delivered, every message reported."""
        under_way = (
            "SELECT EXISTS (SELECT FROM whisperer_delivery WHERE finished_at IS NULL)"
            f" OR EXISTS ({WAITING} AND p.message_state IN ('queued', 'accepted'))"
        )
        wait_until(lambda: not self.sql(under_way)[0][0], what="events and messages to arrive")

    def codes(self, packages: Sequence[int]) -> dict[int, str]:
        """What these customers would type: derived as contract section 5 says."""
        keys = dict(
            entry.split(":", 1) for entry in self.home.keys(needed=("PICKUP_CODE_KEYS",))["PICKUP_CODE_KEYS"].split(",")
        )
        rows = self.sql(
            "SELECT package_id, number, nonce, key_id, digits FROM oms_codeissue"
            " WHERE closed_at IS NULL AND package_id = any(%s)",
            list(packages),
        )
        return {
            package: derive(b64decode(keys[key_id]), nonce, f"{package},{number}", digits)
            for package, number, nonce, key_id, digits in rows
        }

    # --- its people and their work ---

    def inside(self, *arguments: str) -> str:
        """Let the shop's own code prepare something."""
        done = subprocess.run(
            [sys.executable, "-m", "scripts.bench.inside", *arguments],
            env=self.environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SystemExit(done.stderr)
        return done.stdout

    def hire(self, clients: int) -> None:
        """One employee for each client, with no wrong code yet, and the office's own programs."""
        keys = json.loads(self.inside("people", str(clients)))
        self.associates, (self.operator, self.admin) = keys["associates"], keys["office"]

    def orders(self, count: int) -> list[Request]:
        """So many new orders, each of a customer of its own."""
        return [order_request(next(self.numbers), key=self.operator) for _order in range(count)]

    def take_in(self, count: int) -> list[int]:
        """So many new packages."""
        _timing, answers = drive(self.port, deal(self.orders(count), len(self.associates)))
        return packages_in(answers)

    def run(self, slug: str, packages: Sequence[int]) -> list[list[Request]]:
        """One command for each of these packages: a share for each client, who is one employee."""
        return [
            [command_request(package, slug, key=key) for package in share]
            for share, key in zip(deal(packages, len(self.associates)), self.associates, strict=True)
        ]

    def ready(self, count: int) -> list[int]:
        """So many packages that wait for their customers."""
        packages = self.take_in(count)
        for slug in (PACK, READY):
            drive(self.port, self.run(slug, packages))
        return packages


PACK, READY, DELIVER = (
    "complete-packaging-without-shipment",
    "ready-for-customer-pickup",
    "self-service-package-delivery",
)


@contextmanager
def running() -> Iterator[Shop]:
    """A shop for as long as the block lasts. On a disk, not in memory: waiting for it is a part of what is measured."""
    folder = ROOT / "var"
    folder.mkdir(exist_ok=True)
    home = Path(tempfile.mkdtemp(prefix="bench-", dir=folder))
    home.chmod(0o711)  # a PostgreSQL that root starts runs as another user, who must get in
    shop = Shop(home / "shop")
    try:
        shop.start()
        yield shop
    finally:
        shop.stop()
        shutil.rmtree(home, ignore_errors=True)


def order_request(number: int, *, key: str) -> Request:
    document = {
        "number": f"BENCH-{number}",
        "channel": "Bench",
        "delivery_type": "in_store",
        "language_code": "en",
        "customer": {
            "first_name": "Ann",
            "last_name": f"Example{number}",
            "phone_number": f"+447700900{number % 1000:03d}",
        },
        "shipping_address": {"address_type": "retail_store", "retail_store": "IST-01"},
        "order_item": [
            {"sku": "MUG", "name": "Mug", "quantity": 1, "price": "12.40"},
            {"sku": "TSH-BLK-M", "name": "T-shirt, black, M", "quantity": 2, "price": "29.90"},
        ],
    }
    return request("POST", "/api/v1/omnitron/orders/", status=201, headers=authorised(key), body=document)


def command_request(package: int, slug: str, *, key: str, status: int = 204, **data: str) -> Request:
    path = f"/api/v1/oms/packages/{package}/command/"
    return request("POST", path, status=status, headers=authorised(key), body={"slug": slug, **data})


def authorised(key: str) -> dict[str, str]:
    return {"Authorization": f"Token {key}"}


def packages_in(answers: Sequence[Sequence[bytes]]) -> list[int]:
    """The packages of orders that came in."""
    return [int(json.loads(answer)["packages"][0]["id"]) for share in answers for answer in share]


def deal(things: Sequence[T], shares: int) -> list[list[T]]:
    return [list(things[place::shares]) for place in range(shares)]


def derive(master: bytes, nonce: bytes, info: str, digits: int) -> str:
    secret = HKDF(algorithm=SHA256(), length=20, salt=bytes(nonce), info=info.encode()).derive(master)
    return pyotp.HOTP(b32encode(secret).decode(), digits=8).at(0)[-digits:]


def program_of(process: psutil.Process) -> str:
    command = " ".join(process.cmdline())
    return next((program for word, program in COMMANDS.items() if word in command), "PostgreSQL")


def seconds_of(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0  # its parent has its time now
    return float(times.user + times.system + times.children_user + times.children_system)


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def wait_until(is_true: Callable[[], bool], *, what: str, seconds: float = 300) -> None:
    deadline = time.monotonic() + seconds
    while not is_true():
        if time.monotonic() > deadline:
            raise SystemExit(f"Waited {seconds:.0f} s for {what}.")
        time.sleep(0.1)
