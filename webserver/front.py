"""Between granian and a WSGI application: a request takes a working thread only when all of it is there.

Heads are read by granian, bodies within its event loop. A slow client costs a connection and a little memory, but no
thread; nor does a slow reader, for an answer is handed over as a whole, or piece by piece without waiting.
"""

import asyncio
import io
import json
import logging
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from webserver.bodies import LARGEST, Bodies, Body, EndedEarly, MemoryFull, TooSlow
from webserver.clients import Clients, TooMany, as_one_client, client_address, read_address

logger = logging.getLogger("webserver")

REQUESTS_PER_CLIENT = 100  # under way at once
TOO_LARGE = "webserver.too_large"  # in the environment of a request whose body was refused: it is empty

Environ = dict[str, Any]
Headers = list[tuple[str, str]]
Application = Callable[[Environ, Callable[..., None]], Iterable[bytes]]
LargestBody = Callable[[Environ], int]


@dataclass
class Started:
    """What a WSGI application says before the body of its answer."""

    status: int = 500
    headers: Headers = field(default_factory=list)

    def __call__(self, status: str, headers: Headers, exc_info: Any = None) -> None:  # noqa: ARG002 (PEP 3333)
        self.status, self.headers = int(status[:3]), headers


class Front:
    """An RSGI application that gives complete requests to a WSGI one, on threads of its own."""

    def __init__(
        self,
        application: Application,
        *,
        threads: int,
        proxies: int = 0,
        largest_body: LargestBody | None = None,
    ) -> None:
        """``largest_body`` tells, on a working thread, how much this request may send at most: bytes above LARGEST."""
        self.application = application
        self.largest_body = largest_body
        self.proxies = proxies
        self.bodies = Bodies()
        self.clients = Clients(most_requests=REQUESTS_PER_CLIENT, most_threads=max(1, threads - max(1, threads // 4)))
        self.pool = ThreadPoolExecutor(threads, thread_name_prefix="working")

    def __rsgi_del__(self, _loop: asyncio.AbstractEventLoop) -> None:
        """The server ends."""
        self.pool.shutdown(wait=False)

    async def __rsgi__(self, scope: Any, proto: Any) -> None:
        """Answer one request."""
        peer = scope.client.rpartition(":")[0].strip("[]")
        client = client_address(peer=peer, forwarded=scope.headers.get("x-forwarded-for"), proxies=self.proxies)
        try:
            with self.clients.share(as_one_client(client or read_address(peer))) as turns:
                await self._answer(proto, turns, environ_of(scope, peer))
        except TooMany:
            send_refusal(
                proto, 429, "throttled", "Too many requests from this address at once. Wait for the others.", 1
            )
        except TooSlow:
            send_refusal(
                proto, 408, "request_timeout", "The body did not arrive in time. Send it again, without pauses."
            )
        except EndedEarly:
            send_refusal(proto, 400, "validation_error", "The body did not arrive completely. Send it again.")
        except MemoryFull:
            send_refusal(proto, 503, "unavailable", "Too many large requests at once. Try again later.", 2)

    async def _answer(self, proto: Any, turns: asyncio.Semaphore, environ: Environ) -> None:
        run = asyncio.get_running_loop().run_in_executor
        body = await self._body(proto, turns, environ)
        try:
            async with turns:
                await run(self.pool, self._work, environ, body, proto)
        finally:
            if body:
                self.bodies.release(body)

    async def _body(self, proto: Any, turns: asyncio.Semaphore, environ: Environ) -> Body | None:
        """The whole body; nothing where none was announced."""
        text = environ.get("CONTENT_LENGTH")
        announced = int(text) if text else None
        if not announced and "HTTP_TRANSFER_ENCODING" not in environ:
            return None
        largest = LARGEST
        if self.largest_body and (not announced or announced > LARGEST):
            async with turns:
                largest = await asyncio.get_running_loop().run_in_executor(self.pool, self.largest_body, environ)
        if announced and announced > largest and "HTTP_EXPECT" in environ:
            return Body(announced, too_large=True)  # it asked before it sends
        return await self.bodies.read_body(proto, announced=announced, largest=largest)

    def _work(self, environ: Environ, body: Body | None, proto: Any) -> None:
        """On a working thread."""
        if body:
            environ["wsgi.input"] = body.file
            environ["CONTENT_LENGTH"] = str(body.length)
            environ.pop("HTTP_TRANSFER_ENCODING", None)
            if body.too_large:
                environ[TOO_LARGE] = True
        try:
            self._run(environ, proto)
        except Exception as error:  # noqa: BLE001 (its text may hold what somebody typed)
            logger.error("the application raised %s", type(error).__name__)  # noqa: TRY400
            send_refusal(
                proto, 500, "server_error", "Something went wrong on our side. We've logged it; try again later."
            )

    def _run(self, environ: Environ, proto: Any) -> None:
        started = Started()
        answer = self.application(environ, started)
        try:
            pieces = iter(answer)
            first, second = next(pieces, b""), next(pieces, None)
            if second is None:
                proto.response_bytes(started.status, started.headers, first)
                return
            stream = proto.response_stream(started.status, started.headers)
            stream.send_bytes(first)
            stream.send_bytes(second)
            for piece in pieces:
                stream.send_bytes(piece)
        finally:
            if close := getattr(answer, "close", None):
                close()


def environ_of(scope: Any, peer: str) -> Environ:
    """A request's head as PEP 3333 wants it. A name with an underscore could pass for another one: it is left out."""
    host, _colon, port = scope.server.rpartition(":")
    environ: Environ = {
        "REQUEST_METHOD": scope.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": scope.path.encode().decode("latin-1"),
        "QUERY_STRING": scope.query_string,
        "SERVER_NAME": host.strip("[]"),
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": "HTTP/1.0" if scope.http_version == "1" else f"HTTP/{scope.http_version}",
        "REMOTE_ADDR": peer,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for name, value in scope.headers.items():
        if "_" in name:
            continue
        key = name.upper().replace("-", "_")
        if key not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            key = f"HTTP_{key}"
        if key in environ:
            environ[key] += ("; " if key == "HTTP_COOKIE" else ",") + value
        else:
            environ[key] = value
    return environ


def send_refusal(proto: Any, status: int, code: str, detail: str, retry_after: int | None = None) -> None:
    """A refusal as RFC 9457 has it, before the application is asked. Does nothing where an answer was begun."""
    document = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
    }
    headers = [("content-type", "application/problem+json"), ("cache-control", "no-store")]
    if retry_after is not None:
        headers.append(("retry-after", str(retry_after)))
    proto.response_bytes(status, headers, json.dumps(document).encode())
