"""T29, T42: whatever a receiver does, the delivery has a defined state, the worker stays small, its words go."""

import asyncio
import gzip
import json
import logging
import time
from asyncio import StreamReader as Reader
from asyncio import StreamWriter as Writer
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache

import psutil
import pytest
from aiohttp import web
from django.db import connection

from clickcollect.accounts.models import User
from clickcollect.whisperer import delivery as sending
from clickcollect.whisperer.models import Attempt, Delivery, Endpoint, Hook
from tests.whisperer.conftest import Filler
from tests.whisperer.dispatch import CODE, NEWS, make_hook, publish, publish_many, states
from tests.whisperer.processes import worker_process
from tests.whisperer.receivers import Loop, Received, Receiver, receiving, wait_until, working

pytestmark = pytest.mark.django_db(transaction=True)

Script = Callable[[Reader, Writer], Awaitable[None]]
OK = b"HTTP/1.1 200 OK\r\n"
MIB = 1024 * 1024


async def hang(reader: Reader, writer: Writer) -> None:
    await asyncio.sleep(60)


async def drip_headers(reader: Reader, writer: Writer) -> None:
    for byte in OK + b"X-Drop: x\r\n" * 100:
        writer.write(bytes([byte]))
        await asyncio.sleep(0.05)


async def endless_headers(reader: Reader, writer: Writer) -> None:
    writer.write(OK)
    while True:
        writer.write(b"X-More: " + b"x" * 4000 + b"\r\n")
        await writer.drain()


async def one_endless_header(reader: Reader, writer: Writer) -> None:
    writer.write(OK + b"X-Long: ")
    while True:
        writer.write(b"x" * 65536)
        await writer.drain()


async def reset(reader: Reader, writer: Writer) -> None:
    writer.transport.abort()


async def no_http(reader: Reader, writer: Writer) -> None:
    writer.write(b"220 smtp ready\r\n\r\n")


async def drip_body(reader: Reader, writer: Writer) -> None:
    writer.write(OK + b"Content-Length: 1000\r\n\r\n")
    while True:
        writer.write(b"x")
        await asyncio.sleep(0.05)


async def endless_body(reader: Reader, writer: Writer) -> None:
    writer.write(OK + b"Transfer-Encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"10000\r\n" + b"x" * 65536 + b"\r\n")
        await writer.drain()


@cache
def bomb() -> bytes:
    """A hundred MiB in little."""
    return gzip.compress(bytes(100 * MIB), compresslevel=1)


async def gzip_bomb(reader: Reader, writer: Writer) -> None:
    writer.write(OK + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb()) + bomb())
    await writer.drain()


async def torn_body(reader: Reader, writer: Writer) -> None:
    writer.write(OK + b"Content-Length: 100\r\n\r\nabc")
    await writer.drain()
    writer.transport.abort()


HOSTILE: list[tuple[Script, str, str]] = [
    (hang, "retrying", "timeout"),
    (drip_headers, "retrying", "timeout"),
    (endless_headers, "retrying", "broken_answer"),
    (one_endless_header, "retrying", "broken_answer"),
    (reset, "retrying", "broken_answer"),
    (no_http, "retrying", "broken_answer"),
    (drip_body, "delivered", ""),
    (endless_body, "delivered", ""),
    (gzip_bomb, "delivered", ""),
    (torn_body, "delivered", ""),
]


@contextmanager
def raw(script: Script) -> Iterator[str]:
    """A server that reads a request and then does what it likes."""
    loop = Loop()

    async def serve(reader: Reader, writer: Writer) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            await script(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    server = loop.run(asyncio.start_server(serve, "127.0.0.1", 0))
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"
    finally:
        server.close()
        loop.close()


@pytest.mark.parametrize(("script", "state", "reason"), HOSTILE, ids=[script.__name__ for script, _, _ in HOSTILE])
def test_t29_every_hostile_receiver_leads_to_a_defined_state(
    script: Script, state: str, reason: str, user: User, filler: Filler, monkeypatch: pytest.MonkeyPatch
) -> None:
    if reason == "timeout":
        monkeypatch.setattr(sending, "TOTAL_SECONDS", 1.5)
    before = psutil.Process().memory_info().rss
    with raw(script) as url, working():
        make_hook(user, url=url, retry_countdown_config={"choice": "fixed", "kwargs": {"seconds": 600}})
        publish()
        wait_until(Attempt.objects.exists, seconds=20)
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.reason) == (state, reason)
    assert psutil.Process().memory_info().rss - before < 100 * MIB


@pytest.mark.parametrize(
    ("status", "state", "reason"),
    [
        (200, "delivered", ""),
        (204, "delivered", ""),
        (299, "delivered", ""),
        (301, "retrying", "redirect"),
        (304, "retrying", "redirect"),
        (307, "retrying", "redirect"),
        (400, "retrying", "refused"),
        (404, "retrying", "refused"),
        (410, "dead", "gone"),
        (429, "retrying", "throttled"),
        (500, "retrying", "server_error"),
        (503, "retrying", "server_error"),
    ],
)
def test_t29_every_status_leads_to_a_defined_state(
    status: int, state: str, reason: str, user: User, filler: Filler
) -> None:
    canary = Receiver()
    with receiving(Receiver(), canary) as (receiver, _), working():
        receiver.answer = lambda _request: web.Response(status=status, headers={"Location": canary.url})
        make_hook(user, url=receiver.url, retry_countdown_config={"choice": "fixed", "kwargs": {"seconds": 600}})
        publish()
        wait_until(Attempt.objects.exists)
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.reason, delivery.status_code) == (state, reason, status)
    assert canary.got == []


def test_a_receiver_that_is_gone_stops_its_hook_and_the_reason_is_kept(user: User, filler: Filler) -> None:
    with receiving(Receiver(410)) as (receiver,), working():
        hook = make_hook(user, url=receiver.url)
        publish(subject="package:1")
        wait_until(lambda: not Hook.objects.get(pk=hook.pk).is_active)
        publish(subject="package:1")
    hook.refresh_from_db()
    assert (hook.stopped_reason, hook.stopped_at is not None) == ("gone", True)
    assert states() == {"dead": 1}


@pytest.mark.slow
def test_t29_a_worker_stays_under_200_mb_while_many_receivers_send_without_end(user: User, filler: Filler) -> None:
    floods = (gzip_bomb, endless_body, endless_headers, one_endless_header)
    with ExitStack() as stack:
        for flood in floods:
            make_hook(user, url=stack.enter_context(raw(flood)))
        publish_many(40)
        worker = psutil.Process(stack.enter_context(worker_process()).pid)
        sizes = []

        def all_tried() -> bool:
            sizes.append(worker.memory_info().rss)
            return Attempt.objects.count() >= 40 * len(floods)

        wait_until(all_tried, seconds=60)
    assert max(sizes) < 200 * 10**6


@pytest.mark.alone
def test_t29_a_receiver_that_hangs_does_not_slow_the_others_down(user: User, filler: Filler) -> None:
    def slowest_95(receiver: Receiver) -> float:
        """Publish one delivery every 20 ms and see how long each takes to arrive."""
        took = []
        for number in range(40):
            start = time.monotonic()
            publish(subject=f"{receiver.url}:{number}", type=CODE)
            time.sleep(0.02)
            took.append(start)
        wait_until(lambda: len(receiver.got) >= len(took))
        arrived = sorted(received.at for received in receiver.got)
        receiver.got.clear()
        return sorted(at - start for at, start in zip(arrived, took, strict=True))[int(len(took) * 0.95)]

    with receiving(Receiver()) as (receiver,), raw(hang) as hanging, working():
        make_hook(user, url=receiver.url, type=CODE)
        alone = slowest_95(receiver)
        make_hook(user, url=hanging, type=NEWS)
        publish_many(150)
        wait_until(lambda: Delivery.objects.filter(state="delivering").count() == 64)
        tries = [slowest_95(receiver)]
        while not (beside := min(tries)) < max(2 * alone, alone + 0.1) and len(tries) < 10:
            tries.append(slowest_95(receiver))  # the best of them: what else the machine does is not the worker's doing
    assert beside < max(2 * alone, alone + 0.1)


def test_t42_a_receiver_that_repeats_what_it_gets_leaves_no_code_behind(
    user: User, filler: Filler, caplog: pytest.LogCaptureFixture
) -> None:
    """Control: a code that does stand in the tables is found."""

    def echo(received: Received) -> web.Response:
        text = received.body.decode()
        headers = {"Retry-After": "482913", "X-Echo": "482913", "Location": "http://482913.example/"}
        return web.Response(status=503, reason="482913", text=text, headers=headers)

    with caplog.at_level(logging.DEBUG), receiving(Receiver(echo)) as (receiver,), working():
        make_hook(user, url=receiver.url, type=CODE, secret_key="s3cret")
        publish(type=CODE)
        wait_until(Attempt.objects.exists)
    assert "482913" in receiver.got[0].body.decode()
    assert "482913" not in dump()
    assert "482913" not in caplog.text
    Delivery.objects.update(reason="482913")
    assert "482913" in dump()


def dump() -> str:
    """Everything Whisperer has in the database."""
    rows = []
    with connection.cursor() as cursor:
        for table in ("event", "delivery", "attempt", "hook", "endpoint"):
            cursor.execute(f"SELECT to_jsonb(t)::text FROM whisperer_{table} t")
            rows += [row[0] for row in cursor.fetchall()]
    return json.dumps(rows)


def test_an_error_while_filling_is_told_without_its_words(
    user: User, filler: Filler, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_event: object) -> dict[str, str]:
        raise RuntimeError("the code 482913 is broken")

    filler.answer = broken
    with caplog.at_level(logging.DEBUG), receiving(Receiver()) as (receiver,), working():
        make_hook(user, url=receiver.url, type=CODE)
        publish(type=CODE)
        wait_until(Attempt.objects.exists)
    assert Delivery.objects.get().reason == "fill_failed"
    assert receiver.got == []
    assert "RuntimeError" in caplog.text
    assert "482913" not in caplog.text
    assert "482913" not in dump()
    assert Endpoint.objects.get().failures == 0
