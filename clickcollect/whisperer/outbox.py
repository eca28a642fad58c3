"""The transactional outbox: events are published inside the transaction that causes them.

Committed with it or not at all: the event, one delivery for each active hook of its type, and the NOTIFY that wakes
the dispatchers. The caller holds the lock on the subject's row, so that sequences rise without a gap.
"""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import uuid4

import orjson
from django.db import connection, transaction
from django.db.models import Exists, Func, OuterRef, Value
from django.db.models.functions import Now

from clickcollect.whisperer import registry
from clickcollect.whisperer.models import WAITING, Delivery, DeliveryState, Event, Hook, Reason

CHANNEL: Final = "whisperer"
ADDED_KEYS: Final = frozenset({"otp"})  # added while sending, never before
# Events, their deliveries and the wake-up in one statement, for a transaction that has no round trip to spare: PUBLISH,
# and its three parts for whoever writes something else along with them.
PUBLISHED: Final = """published AS (
    INSERT INTO whisperer_event (uuid, type, subject, sequence, payload, is_test, issued_at)
    SELECT uuid, type, subject,
        (SELECT coalesce(max(sequence), 0) FROM whisperer_event earlier WHERE earlier.subject = news.subject) + place,
        payload, false, %(now)s::timestamptz
    FROM ROWS FROM (
        jsonb_to_recordset(%(news)s::jsonb) AS (uuid text, type text, subject text, place int, payload jsonb)
    ) WITH ORDINALITY AS news (uuid, type, subject, place, payload, position)
    ORDER BY position
    RETURNING id, type, subject
)"""
QUEUED: Final = """queued AS (
    INSERT INTO whisperer_delivery
        (event_id, hook_id, endpoint_id, event_type, subject, code_bearing, state, reason, attempts, fencing_token)
    SELECT published.id, hook.id, hook.endpoint_id, published.type, published.subject,
        %(code_bearing)s::jsonb ? published.type, 'queued', '', 0, 0
    FROM published JOIN whisperer_hook hook ON hook.event_type = published.type AND hook.is_active
    ORDER BY published.id, hook.id
    RETURNING id
)"""
WAKE: Final = "SELECT pg_notify(%(channel)s::text, '') FROM queued LIMIT 1"
PUBLISH: Final = f"WITH {PUBLISHED}, {QUEUED} {WAKE}"


@dataclass(frozen=True, kw_only=True)
class OutgoingEvent:
    """One event to publish: its type, its subject (such as ``package:12``), and the snapshot."""

    type: str
    subject: str
    payload: dict[str, Any]


class NextSequence(Func):
    """So many behind the last number of a subject, found by the INSERT itself."""

    template = "((SELECT coalesce(max(sequence), 0) FROM whisperer_event WHERE subject = %(expressions)s)"
    arg_joiner = ") + "


class OutsideTransaction(Exception):
    """Events are published inside the transaction that causes them, or they could be lost, or be untrue."""


def publish(*, type: str, subject: str, payload: dict[str, Any]) -> Event:  # noqa: A002  the envelope's own word
    """Publish one event."""
    return publish_all([OutgoingEvent(type=type, subject=subject, payload=payload)])[0]


def publish_all(outgoing: Sequence[OutgoingEvent]) -> list[Event]:
    """Publish in the order given, with four statements, however many there are.

    ``sequence`` and ``issued_at`` of the events returned are read from the database when they are asked for.
    Raises OutsideTransaction.
    """
    if not connection.in_atomic_block:
        raise OutsideTransaction
    if not outgoing:
        return []
    seen: dict[str, int] = {}
    events = []
    for one in outgoing:
        if ADDED_KEYS & one.payload.keys():
            raise ValueError("A code must never be in a snapshot: it is added while the event is sent.")
        seen[one.subject] = place = seen.get(one.subject, 0) + 1
        events.append(new_event(one, place=place))
    Event.objects.bulk_create(events)
    for event in events:
        del event.__dict__["sequence"]  # an expression so far; now deferred
    queue_deliveries(events, hooks=subscribers({one.type for one in outgoing}))
    return events


def publishing(outgoing: Sequence[OutgoingEvent], *, now: datetime) -> tuple[dict[str, Any], list[str]]:
    """The values of PUBLISH for these events, in the order given, and their uuids."""
    uuids = [uuid4().hex for _one in outgoing]
    if any(ADDED_KEYS & one.payload.keys() for one in outgoing):
        raise ValueError("A code must never be in a snapshot: it is added while the event is sent.")
    subjects = [one.subject for one in outgoing]
    news = [
        {
            "uuid": uuid,
            "type": one.type,
            "subject": one.subject,
            "place": subjects[: position + 1].count(one.subject),
            "payload": one.payload,
        }
        for position, (one, uuid) in enumerate(zip(outgoing, uuids, strict=True))
    ]
    values = {
        "news": json_text(news),
        "code_bearing": json.dumps(sorted({one.type for one in outgoing if registry.is_code_bearing(one.type)})),
        "channel": CHANNEL,
        "now": now,
    }
    return values, uuids


def json_text(value: Any) -> str:
    """As JSON; a snapshot may hold a whole number that orjson refuses."""
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        return json.dumps(value, ensure_ascii=False)


def new_event(one: OutgoingEvent, *, place: int) -> Event:
    """An event that numbers itself when it is inserted: behind the last one of its subject."""
    return Event(
        uuid=uuid4().hex,
        type=one.type,
        subject=one.subject,
        sequence=NextSequence(Value(one.subject), Value(place)),
        payload=one.payload,
    )


def subscribers(types: Collection[str]) -> list[Hook]:
    return list(Hook.objects.filter(event_type__in=types, is_active=True).only("event_type", "endpoint_id"))


def queue_deliveries(events: Sequence[Event], *, hooks: Sequence[Hook]) -> list[Delivery]:
    """Queue each event for each of these hooks that has its type, and wake the dispatchers."""
    deliveries = [delivery_of(event, hook) for event in events for hook in hooks if hook.event_type == event.type]
    if deliveries:
        Delivery.objects.bulk_create(deliveries, batch_size=1000)
        notify_dispatchers()
    return deliveries


def delivery_of(event: Event, hook: Hook) -> Delivery:
    return Delivery(
        event=event,
        hook_id=hook.pk,
        endpoint_id=hook.endpoint_id,
        event_type=event.type,
        subject=event.subject,
        code_bearing=registry.is_code_bearing(event.type),
    )


def notify_dispatchers() -> None:
    """Wake the dispatchers when this transaction commits."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, '')", [CHANNEL])


def erase_payloads(*, subjects: Collection[str]) -> int:
    """Blank the snapshots of these subjects' events; how many. Deliveries not sent yet become dead ones."""
    with transaction.atomic():
        waiting = Delivery.objects.filter(event__subject__in=subjects, state__in=WAITING)
        waiting.update(state=DeliveryState.DEAD, reason=Reason.PAYLOAD_ERASED, finished_at=Now())
        return Event.objects.filter(subject__in=subjects, payload__isnull=False).update(payload=None)


def purge_payloads(*, days: int, at_most: int = 5_000) -> int:
    """Blank snapshots older than so many days, unless a delivery still needs them; how many. Call again until 0."""
    old = Event.objects.filter(issued_at__lt=Now() - timedelta(days=days), payload__isnull=False)
    needed = Delivery.objects.filter(event=OuterRef("pk"), state__in=(*WAITING, DeliveryState.DELIVERING))
    ids = list(old.filter(~Exists(needed)).order_by("issued_at").values_list("pk", flat=True)[:at_most])
    return Event.objects.filter(pk__in=ids).update(payload=None)
