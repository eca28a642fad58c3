"""Every type of event, registered once and never renamed, and who is notified of outcomes.

``add_code`` is the one way a code gets into a request: it is called immediately before each attempt, in a thread with a
database connection, and what it returns lives in memory until the request is sent. It also decides whether the event is
still to be sent, by raising Superseded or Expired.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db import transaction

from clickcollect.whisperer.models import Event, Reason

logger = logging.getLogger(__name__)


class NotSendable(Exception):
    """The event must not be sent any more. ``reason``: one word of at most 40 characters, kept with the delivery."""

    default = Reason.SUPERSEDED

    def __init__(self, reason: str = "") -> None:
        self.reason = (reason or self.default)[:40]
        super().__init__(self.reason)


class Superseded(NotSendable):
    """Superseded by a newer event: another code, the delivery, an expiry, a cancellation."""


class Expired(NotSendable):
    """It is too late for it to be of use; it becomes a dead letter."""

    default = Reason.EXPIRED


Extra = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class EventType:
    """One type of event.

    ``class_name``: the class that stands for it. ``payload_schema``: JSON Schema of the payload, or what makes it.
    ``add_code``: for code-bearing types, and only for those. ``add_codes``: the same for many at once, which get no
    payload; what could not be added, or must not be sent, stands as an exception in its place. ``check_current``: the
    same refusals without deriving a code, asked before a redelivery. ``example``: a made-up payload, with a made-up
    code where there is one.
    """

    name: str
    class_name: str
    description: str = ""
    code_bearing: bool = False
    payload_schema: Mapping[str, Any] | Callable[[], Mapping[str, Any]] = field(default_factory=dict)
    add_code: Callable[[Event], Extra] | None = None
    add_codes: Callable[[Sequence[Event]], Sequence[Extra | Exception]] | None = None
    check_current: Callable[[Event], None] | None = None
    example: Callable[[], Extra] | None = None

    def schema(self) -> Mapping[str, Any]:
        """JSON Schema of the payload."""
        return self.payload_schema() if callable(self.payload_schema) else self.payload_schema


@dataclass(frozen=True, kw_only=True)
class DeliveryEnded:
    """A delivery that has come to its end: delivered, superseded or dead."""

    delivery_id: int
    event_uuid: str
    event_type: str
    subject: str
    state: str
    reason: str
    is_test: bool = False


Listener = Callable[[Sequence[DeliveryEnded]], None]

_types: dict[str, EventType] = {}
_listeners: list[Listener] = []


def register(event_type: EventType) -> EventType:
    """Make a type of event known. Raises ImproperlyConfigured when two claim the same name."""
    known = _types.get(event_type.name)
    if known is not None:
        raise ImproperlyConfigured(
            f"The event type “{event_type.name}” of {event_type.class_name} is already taken by {known.class_name}. "
            "Give it another name.",
        )
    if event_type.code_bearing != (event_type.add_code is not None):
        raise ImproperlyConfigured(
            f"The event type “{event_type.name}” must have `add_code` if it bears a code, and must not otherwise."
        )
    _types[event_type.name] = event_type
    return event_type


def event_types() -> dict[str, EventType]:
    """Every type by its name, in the order of registration."""
    return dict(_types)


def find_type(name: str) -> EventType | None:
    """The type of this name; None where none is registered."""
    return _types.get(name)


def is_code_bearing(name: str) -> bool:
    known = _types.get(name)
    return known is not None and known.code_bearing


def register_outcome_listener(listener: Listener) -> Listener:
    """Be notified of deliveries that ended, in batches, inside the transaction that records them.

    A listener is quick, and may be notified of the same again. When it fails, the record stands all the same.
    """
    if listener not in _listeners:
        _listeners.append(listener)
    return listener


def notify_listeners(ended: Sequence[DeliveryEnded]) -> None:
    """Call every listener. One that fails loses its own changes, and nothing else."""
    for listener in _listeners if ended else ():
        try:
            with transaction.atomic():
                listener(ended)
        except Exception as error:  # noqa: BLE001  the delivery has ended all the same
            logger.error("an outcome listener failed: %s", type(error).__name__)  # noqa: TRY400  no values in the log
