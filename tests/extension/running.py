"""The Extension as it really runs: a process of its own, a database of its own, spoken to by HTTP."""

import hashlib
import hmac
import json
import os
import secrets
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from tests.ports import free_port
from tests.whisperer.receivers import BUSY, wait_until

SECRET = "a-shared-secret-of-the-tests"
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def call(url: str, *, body: bytes | None = None, headers: Mapping[str, str] | None = None, method: str = "") -> Answer:
    """One HTTP request; an error status is an answer too."""
    request = urllib.request.Request(url, data=body, headers=dict(headers or {}), method=method or None)
    try:
        with urllib.request.urlopen(request, timeout=20 * BUSY) as response:
            return Answer(response.status, _lower(response.headers), response.read())
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, _lower(error.headers), error.read())


def _lower(headers: "Message[str, str]") -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def event(kind: str = "package.status.ready_for_pickup", **changes: Any) -> dict[str, Any]:
    """An event as contract section 3 has it. Keyword arguments change or (None) take away parts of the payload."""
    end = (datetime.now(UTC) + timedelta(days=7)).isoformat().replace("+00:00", "Z")
    payload: dict[str, Any] = {
        "id": secrets.randbelow(2**40) + 1,
        "number": "PK-20481",
        "order_number": "WEB-100093",
        "commands": [],
        "stock_location": {
            "id": 1,
            "name": "Galata",
            "erp_code": "IST-01",
            "daytime_phone": "+902125550100",
            "time_zone": "Europe/Istanbul",
            "language_code": "tr",
        },
        "customer": {
            "first_name": "Ayşe",
            "last_name": "Yılmaz",
            "phone_number": "+447700900123",
            "email": "",
            "language_code": "en",
        },
        "pickup_deadline": end,
        "otp": {"code": "482913", "expires_at": end, "issue": 1},
    } | changes
    payload = {key: value for key, value in payload.items() if value is not None}
    return {
        "event": {
            "type": kind,
            "uuid": secrets.token_hex(16),
            "issued_at": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
            "sequence": 1,
        },
        "payload": payload,
    }


def signature(body: bytes, *, secret: str = SECRET) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


@dataclass
class Running:
    """One Extension that runs."""

    url: str
    database_url: str
    log: Path
    process: "subprocess.Popen[bytes]"
    is_killed: bool = False

    def post(self, document: Any, *, secret: str = SECRET, headers: Mapping[str, str] | None = None) -> Answer:
        """Post an event as the dispatcher does, signed."""
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        signed = {"Content-Type": "application/json", "X-Whisperer-Signature": signature(body, secret=secret)}
        return call(f"{self.url}/events/", body=body, headers=signed | dict(headers or {}))

    def kill(self) -> None:
        """End it without a word, and whatever it started. Once: later its number may be somebody else's."""
        if self.is_killed:
            return
        self.is_killed = True
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def messages(self, to: str = "") -> list[dict[str, str]]:
        answer = call(f"{self.url}/phone/messages.json" + (f"?to={to}" if to else ""))
        assert answer.status == 200
        found: list[dict[str, str]] = answer.json
        return found

    def texts(self, document: dict[str, Any]) -> list[str]:
        """What the phone shows for one event."""
        return [shown["text"] for shown in self.messages() if shown["event_uuid"] == document["event"]["uuid"]]

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.database_url, autocommit=True) as connection:
            return connection.execute(query.encode()).fetchall()

    def log_text(self) -> str:
        return self.log.read_text(errors="replace")


@contextmanager
def database() -> Iterator[str]:
    """A database of its own, owned by the Extension's role."""
    mould = urlsplit(os.environ["EXTENSION_DATABASE_URL"])
    role = mould.username or ""
    name = f"extension_test_{secrets.token_hex(4)}"
    with psycopg.connect(os.environ["CLICKCOLLECT_TEST_SUPERUSER_URL"], autocommit=True) as connection:
        make = sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(name), sql.Identifier(role))
        connection.execute(make)
        try:
            yield urlunsplit(mould._replace(path=f"/{name}"))
        finally:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@contextmanager
def running(*, database_url: str, log: Path, **environment: str) -> Iterator[Running]:
    """Start the Extension, wait until it answers, end it."""
    port = free_port()
    own = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "EXTENSION_DATABASE_URL": database_url,
        "EXTENSION_SECRET_KEY": secrets.token_urlsafe(32),
        "EXTENSION_WEBHOOK_SECRET": SECRET,
        "EXTENSION_SMS_PROVIDER": "simulator",
        "EXTENSION_PORT": str(port),
    } | environment
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "extension"],
            env=own,
            cwd=log.parent,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    extension = Running(url=f"http://127.0.0.1:{port}", database_url=database_url, log=log, process=process)
    try:
        _wait_until_it_answers(extension)
        yield extension
    finally:
        process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(10)
        extension.kill()  # a master that was killed leaves its worker behind


def _wait_until_it_answers(extension: Running) -> None:
    deadline = time.monotonic() + 30 * BUSY
    while True:
        assert extension.process.poll() is None, extension.log_text()
        try:
            assert call(f"{extension.url}/healthz").status == 200
        except OSError:
            assert time.monotonic() < deadline, extension.log_text()
            time.sleep(0.05)
        else:
            return


@dataclass
class Received:
    path: str
    headers: dict[str, str]
    body: bytes


def set_event() -> threading.Event:
    event = threading.Event()
    event.set()
    return event


@dataclass
class Receiver:
    """A small web server that writes down what it gets; ``status`` is what it answers."""

    status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    received: list[Received] = field(default_factory=list)
    port: int = 0
    may_answer: threading.Event = field(default_factory=set_event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def forget(self, *, status: int = 204) -> None:
        """Start anew, for the next test."""
        self.status = status
        self.may_answer.set()
        self.headers.clear()
        self.received.clear()

    def wait_for(self, count: int, *, seconds: float = 15) -> list[Received]:
        wait_until(lambda: len(self.received) >= count, seconds=seconds)
        return list(self.received)


@contextmanager
def receiver(*, port: int = 0, **settings: Any) -> Iterator[Receiver]:
    """Somebody else's server: the OMS, or an SMS provider."""
    own = Receiver(**settings)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            status = own.status  # as it was when the request came
            own.received.append(Received(self.path, {k.lower(): v for k, v in self.headers.items()}, body))
            own.may_answer.wait(timeout=60)
            self.send_response(status)
            for name, value in own.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    own.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield own
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
