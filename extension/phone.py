"""The phone simulator: the last messages, in the memory of this one process and nowhere else."""

import re
import secrets
import threading
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime

KEPT = 200
BOOT = secrets.token_hex(4)  # so that an open page notices a restart


@dataclass(frozen=True, kw_only=True)
class ShownMessage:
    """A message as a phone shows it."""

    number: int
    to: str = field(repr=False)
    text: str = field(repr=False)
    code: str = field(repr=False)
    sent_at: datetime
    event_uuid: str
    language: str


@dataclass(frozen=True, kw_only=True)
class Contact:
    """A number that got messages, for the list beside the phone."""

    to: str
    count: int
    last: datetime


_messages: deque[ShownMessage] = deque(maxlen=KEPT)
_lock = threading.Lock()
_count = 0


def receive_sms(*, to: str, text: str, code: str, event_uuid: str, language: str = "") -> None:
    """The phone buzzes."""
    global _count  # noqa: PLW0603 (the memory of one process is the point)
    with _lock:
        _count += 1
        _messages.appendleft(
            ShownMessage(
                number=_count,
                to=to,
                text=text,
                code=code,
                sent_at=datetime.now(UTC),
                event_uuid=event_uuid,
                language=language,
            ),
        )


def messages(*, to: str = "") -> list[ShownMessage]:
    """Newest first; of one number when ``to`` names one, however it is written."""
    wanted = digits(to)
    with _lock:
        everything = list(_messages)
    return [shown for shown in everything if not wanted or digits(shown.to) == wanted]


def contacts() -> list[Contact]:
    """Every number that has messages, the one with the newest first."""
    found: dict[str, list[ShownMessage]] = {}
    for shown in messages():
        found.setdefault(shown.to, []).append(shown)
    return [Contact(to=to, count=len(theirs), last=theirs[0].sent_at) for to, theirs in found.items()]


def version() -> str:
    """Changes whenever there is something new to show."""
    with _lock:
        return f"{BOOT}-{_count}"


def digits(number: str) -> str:
    """`+44 …`, ` 44…` (a plus sign in an address is a space) and `0044…` are the same number."""
    return re.sub(r"[^0-9]", "", number).removeprefix("00")
