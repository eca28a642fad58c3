"""A receiver in a process of its own, as fast as Python goes: `python -m tests.whisperer.receiver_process [delay]`.

Prints its port. Every POST is remembered by the uuid in it; GET answers `{"uuids": {uuid: times}, "most_at_once": n}`.
"""

import asyncio
import json
import re
import sys
from typing import cast

import uvloop

UUID = re.compile(rb'"uuid": "([0-9a-f]{32})"')
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


class Receiver(asyncio.Protocol):
    """Knows just enough HTTP/1.1 for one client."""

    delay = 0.0
    uuids: dict[str, int] = {}
    at_once = 0
    most_at_once = 0
    transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport, self.buffer = cast(asyncio.Transport, transport), b""

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head, blank, rest = self.buffer.partition(b"\r\n\r\n")
        if not blank:
            return
        length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
        size = int(length[1]) if length else 0
        if len(rest) < size:
            return
        self.buffer = rest[size:]
        if head.startswith(b"GET"):
            self.report()
        else:
            self.take(rest[:size])

    def take(self, body: bytes) -> None:
        cls = type(self)
        found = UUID.search(body)
        uuid = found[1].decode() if found else ""
        cls.uuids[uuid] = cls.uuids.get(uuid, 0) + 1
        if not cls.delay:
            self.transport.write(OK)
            return
        cls.at_once += 1
        cls.most_at_once = max(cls.most_at_once, cls.at_once)
        asyncio.get_running_loop().call_later(cls.delay, self.finish)

    def finish(self) -> None:
        type(self).at_once -= 1
        if not self.transport.is_closing():  # the worker may have been killed meanwhile
            self.transport.write(OK)

    def report(self) -> None:
        body = json.dumps({"uuids": self.uuids, "most_at_once": self.most_at_once}).encode()
        self.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))


async def main() -> None:
    Receiver.delay = float(sys.argv[1]) if len(sys.argv) > 1 else 0.0
    server = await asyncio.get_running_loop().create_server(Receiver, "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main())
