"""The memory of all bodies under way is bounded, and comes back whatever becomes of them."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from webserver.bodies import LARGEST, Bodies, Body, EndedEarly, MemoryFull

KIB = 1024


async def chunks(*sent: bytes, ends: int = 1) -> AsyncIterator[bytes]:
    """As granian gives them: an empty one for the end, and one more where something broke."""
    for chunk in (*sent, *[b""] * ends):
        yield chunk


def read_whole(bodies: Bodies, *sent: bytes, largest: int = LARGEST, ends: int = 1) -> Body:
    return asyncio.run(bodies.read_body(chunks(*sent, ends=ends), announced=None, largest=largest))


def test_what_does_not_fit_into_the_memory_of_all_is_refused() -> None:
    bodies = Bodies(memory=100 * KIB)
    first = read_whole(bodies, b"x" * 60 * KIB)
    with pytest.raises(MemoryFull):
        read_whole(bodies, b"x" * 30 * KIB, b"x" * 30 * KIB)
    second = read_whole(bodies, b"x" * 40 * KIB)
    assert bodies.free_memory == 0
    bodies.release(first)
    bodies.release(second)
    assert bodies.free_memory == 100 * KIB


def test_the_memory_comes_back_from_what_broke_or_is_too_large() -> None:
    bodies = Bodies()
    free = bodies.free_memory
    with pytest.raises(EndedEarly):
        read_whole(bodies, b"half", ends=2)
    large = read_whole(bodies, *[b"x" * 100 * KIB] * 11)
    assert (large.too_large, large.length, large.file.read()) == (True, 1100 * KIB, b"")
    assert bodies.free_memory == free


def test_a_larger_upload_lies_on_the_disk() -> None:
    bodies = Bodies()
    free = bodies.free_memory
    upload = read_whole(bodies, *[b"x" * LARGEST] * 5, largest=20 * LARGEST)
    assert free - bodies.free_memory <= LARGEST
    assert len(upload.file.read()) == 5 * LARGEST
    bodies.release(upload)
    assert bodies.free_memory == free


def test_what_all_uploads_leave_on_the_disk_is_bounded_too() -> None:
    bodies = Bodies(disk=4 * LARGEST)
    first = read_whole(bodies, *[b"x" * LARGEST] * 4, largest=20 * LARGEST)
    with pytest.raises(MemoryFull):
        read_whole(bodies, *[b"x" * LARGEST] * 3, largest=20 * LARGEST)
    too_large = read_whole(bodies, *[b"x" * LARGEST] * 2, b"x", largest=2 * LARGEST)
    assert too_large.too_large
    assert bodies.free_disk == LARGEST
    bodies.release(first)
    assert bodies.free_disk == 4 * LARGEST
