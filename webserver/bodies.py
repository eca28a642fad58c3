"""A request's body, complete before anybody works on it: within its size, its time, and the memory of all of them."""

import asyncio
import io
from collections.abc import AsyncIterable
from dataclasses import dataclass, field
from tempfile import SpooledTemporaryFile
from typing import IO

LARGEST = 1024 * 1024  # bytes; contract section 2
SECONDS = 10.0
UPLOAD_SECONDS = 60.0  # for who may send more
MEMORY = 64 * 1024 * 1024  # bytes that all bodies of a process may hold; what is beyond LARGEST of one lies on disk
DISK = 512 * 1024 * 1024  # bytes of all bodies of a process there


class TooSlow(Exception):
    """The body was not there in time."""


class EndedEarly(Exception):
    """The client went away before the end, or its chunks cannot be read."""


class MemoryFull(Exception):
    """The bodies being read fill the memory, or the disk, set aside for them."""


@dataclass
class Body:
    """What was sent. Of one that is too large only the length is kept: as announced, or as far as it was read."""

    length: int = 0
    too_large: bool = False
    file: IO[bytes] = field(default_factory=io.BytesIO)
    held: int = 0  # bytes in memory
    on_disk: int = 0


class Bodies:
    """The bodies under way in this process, read within the event loop."""

    def __init__(self, memory: int = MEMORY, disk: int = DISK) -> None:
        self.free_memory = memory
        self.free_disk = disk

    async def read_body(self, chunks: AsyncIterable[bytes], *, announced: int | None, largest: int) -> Body:
        """Read one body to its end; `release` it afterwards. Raises TooSlow, EndedEarly, MemoryFull.

        ``announced`` is what Content-Length says, in bytes; None for a body in chunks. A body of more than
        ``largest`` bytes is read and forgotten: many senders hear no answer before they have sent everything.
        """
        body = Body(too_large=announced is not None and announced > largest)
        if largest > LARGEST:
            body.file = SpooledTemporaryFile(max_size=LARGEST)  # noqa: SIM115 (`release` closes it)
        try:
            async with asyncio.timeout(UPLOAD_SECONDS if largest > LARGEST else SECONDS):
                await self._collect(body, chunks, announced=announced, largest=largest)
        except BaseException as error:
            self.release(body)
            if isinstance(error, TimeoutError):
                raise TooSlow from None
            raise
        body.file.seek(0)
        return body

    async def _collect(self, body: Body, chunks: AsyncIterable[bytes], *, announced: int | None, largest: int) -> None:
        ends = 0
        async for chunk in chunks:
            if not chunk:
                ends += 1  # granian gives one empty chunk for the end, and another one for what broke before it
            body.length += len(chunk)
            body.too_large |= body.length > largest
            if body.too_large:
                self._forget(body)
            else:
                self._keep(body, chunk)
        if ends > 1 or (announced is not None and announced != body.length):
            raise EndedEarly

    def _keep(self, body: Body, chunk: bytes) -> None:
        if body.length <= LARGEST:
            if len(chunk) > self.free_memory:
                raise MemoryFull
            self.free_memory -= len(chunk)
            body.held += len(chunk)
        else:
            if len(chunk) > self.free_disk:
                raise MemoryFull
            self.free_disk -= len(chunk)
            body.on_disk += len(chunk)
        body.file.write(chunk)

    def _forget(self, body: Body) -> None:
        if body.held or body.on_disk:
            self.release(body)
            body.file = io.BytesIO()

    def release(self, body: Body) -> None:
        """Give its memory and its place on the disk back."""
        self.free_memory += body.held
        self.free_disk += body.on_disk
        body.held = body.on_disk = 0
        body.file.close()
