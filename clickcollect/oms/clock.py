"""In whose time a sentence about a store is said: in the store's, unless the reader chose a time zone of their own."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from clickcollect.omnitron.models import RetailStore

OWN_ZONE: Final[ContextVar[str]] = ContextVar("own_zone", default="")


@contextmanager
def read_in(zone: str) -> Iterator[None]:
    """Whoever reads what is said meanwhile chose this time zone; empty: none."""
    before = OWN_ZONE.set(zone)
    try:
        yield
    finally:
        OWN_ZONE.reset(before)


def local_time(moment: datetime, *, store: RetailStore) -> datetime:
    """A moment by the reader's clock."""
    return moment.astimezone(ZoneInfo(OWN_ZONE.get() or store.time_zone))
