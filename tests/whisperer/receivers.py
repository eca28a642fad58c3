"""The world outside: receivers that listen on this machine, and workers that post to them, each in its own thread."""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import uvloop
from aiohttp import web

from clickcollect.whisperer import dispatcher

BUSY: Final = 5  # so many times as long may anything take on a machine that does other things too
Handler = Callable[["Received"], Awaitable[web.StreamResponse] | web.StreamResponse]


@dataclass
class Received:
    """One request as it came in."""

    headers: dict[str, str]
    body: bytes
    path: str
    at: float = field(default_factory=time.monotonic)


class Loop:
    """An event loop in a thread of its own."""

    def __init__(self) -> None:
        self.loop = uvloop.new_event_loop()  # the worker's own
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()

    def run(self, deed: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(deed, self.loop).result(timeout=20 * BUSY)

    def close(self) -> None:
        self.run(self.end_tasks())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(timeout=10 * BUSY)
        self.loop.close()

    @staticmethod
    async def end_tasks() -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)


class Receiver:
    """A subscriber: keeps what it got and answers as it is told."""

    def __init__(self, answer: Handler | int = 200) -> None:
        self.got: list[Received] = []
        self.answer = answer
        self.at_once = 0
        self.most_at_once = 0
        self.url = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            received = Received(
                headers={name.lower(): value for name, value in request.headers.items()},
                body=await request.read(),
                path=request.path_qs,
            )
            self.got.append(received)
            if isinstance(self.answer, int):
                return web.Response(status=self.answer)
            answer = self.answer(received)
            return await answer if isinstance(answer, Awaitable) else answer
        finally:
            self.at_once -= 1


@contextmanager
def receiving(*receivers: Receiver) -> Iterator[tuple[Receiver, ...]]:
    """Receivers that listen until the block ends."""
    loop = Loop()
    runners = []
    for receiver in receivers:
        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", receiver.handle)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        loop.run(runner.setup())
        site = web.TCPSite(runner, "127.0.0.1", 0)
        loop.run(site.start())
        receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
        runners.append(runner)
    try:
        yield receivers
    finally:
        for runner in runners:
            loop.run(runner.cleanup())
        loop.close()


@contextmanager
def working(workers: int = 1) -> Iterator[None]:
    """Dispatchers that run until the block ends."""
    loops = [Loop() for _number in range(workers)]
    stops = [asyncio.Event() for _loop in loops]
    pairs = list(zip(stops, loops, strict=True))
    ends = [asyncio.run_coroutine_threadsafe(dispatcher.run(stop), loop.loop) for stop, loop in pairs]
    try:
        yield
    finally:
        for stop, loop in pairs:
            loop.loop.call_soon_threadsafe(stop.set)
        for end in ends:
            end.result(timeout=10 * BUSY)
        for loop in loops:
            loop.close()


def wait_until(true: Callable[[], Any], *, seconds: float = 20) -> None:
    """Look again and again until it is true; ``seconds`` are those of a machine that does nothing else."""
    deadline = time.monotonic() + seconds * BUSY
    while not true():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.02)
