"""What the whisperer must know of our events: their schema, and how a code is added while one is sent.

Registered when the app is ready. `add_code` runs immediately before each attempt; its result stays in memory.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from itertools import zip_longest
from typing import Any, Final, NamedTuple

from django.db import connection

from clickcollect.errors import NotFound, OtpNotIssued
from clickcollect.omnitron.models import CANCELLED
from clickcollect.oms import states
from clickcollect.oms.codes import pickup_code
from clickcollect.oms.events import examples, message_status
from clickcollect.oms.events.message_status import MessageMove
from clickcollect.oms.events.payload_schemas import OrderOut, PackageOut
from clickcollect.oms.events.types import EVENTS, PackageReadyForCustomerPickupWhispererEvent, WhispererEvent
from clickcollect.oms.models import CodeIssue, MessageState, Package
from clickcollect.whisperer import registry
from clickcollect.whisperer.models import DeliveryState, Event
from clickcollect.whisperer.registry import DeliveryEnded, EventType, Expired, Superseded
from clickcollect.wire_format import utc

READY_EVENT: Final = PackageReadyForCustomerPickupWhispererEvent.type
CURRENT: Final = """
SELECT p.id, s.enum_value, o.status, p.issue_number, p.pickup_deadline, p.pickup_deadline <= clock_timestamp(),
       (SELECT max(e.sequence) FROM whisperer_event e WHERE e.subject = 'package:' || p.id AND e.type = %s),
       i.number, i.key_id, i.nonce, i.digits
FROM oms_package p JOIN oms_packagestate s ON s.id = p.state_id JOIN omnitron_order o ON o.id = p.order_id
LEFT JOIN oms_codeissue i ON i.package_id = p.id AND i.closed_at IS NULL
WHERE p.id = ANY(%s::bigint[])
"""
EXAMPLE_UUID: Final = "7d5c0f6a3b9e4c1f8a2d6e5b4c3f2a1d"
EXAMPLE_CODE: Final = "482913"  # made up: no package has it
KEY_LOST: Final = "key_lost"
QUEUED: Final[tuple[MessageState, ...]] = (MessageState.QUEUED,)
OTP_SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "description": "Only while a code is issued; exists in this request and nowhere else.",
    "properties": {
        "code": {"type": "string", "pattern": "^[0-9]{4,8}$"},
        "expires_at": {"type": "string", "format": "date-time"},
        "issue": {"type": "integer", "minimum": 1},
    },
    "required": ["code", "expires_at", "issue"],
}


class IssueRow(NamedTuple):
    """What decides about a code, as it is now."""

    package_id: int
    state: str
    order_status: int
    issue_number: int
    deadline: datetime | None
    is_expired: bool | None
    newest_sequence: int | None
    open_issue: CodeIssue | None


def package_id(source: Event | DeliveryEnded) -> int:
    """The id of the package an event is about."""
    return int(source.subject.removeprefix("package:"))


def read_current(events: Sequence[Event]) -> dict[int, IssueRow]:
    """The packages of these events with their open issues, by id, in one statement."""
    with connection.cursor() as cursor:
        cursor.execute(CURRENT, [READY_EVENT, [package_id(event) for event in events]])
        return {row[0]: IssueRow._make((*row[:7], issue_of(row[0], *row[7:]))) for row in cursor.fetchall()}


def issue_of(package: int, number: int | None, key_id: str, nonce: bytes, digits: int) -> CodeIssue | None:
    if number is None:
        return None
    return CodeIssue(package_id=package, number=number, key_id=key_id, nonce=nonce, digits=digits)


def check_row(event: Event, row: IssueRow | None) -> IssueRow:
    """Raises Superseded or Expired when the event must not be sent any more, NotFound without its package."""
    if row is None:
        raise NotFound
    if row.state != states.READY:
        raise Superseded(f"package_{row.state}")
    if row.order_status in CANCELLED:
        raise Superseded("order_cancelled")
    if row.newest_sequence is not None and row.newest_sequence > event.sequence:
        raise Superseded("newer_code")
    if row.is_expired:
        raise Expired
    return row


def check_current(event: Event) -> None:
    """Whether a code-bearing event may still be sent, without deriving its code."""
    check_row(event, read_current([event]).get(package_id(event)))


def add_code(event: Event) -> dict[str, Any]:
    """The code for one attempt: that of the issue that works now, or nothing where none was issued."""
    return added(event, read_current([event]).get(package_id(event)))


def add_codes(events: Sequence[Event]) -> list[dict[str, Any] | Exception]:
    """The same for many, with one statement; a refusal stands in its event's place."""
    rows = read_current(events)
    found: list[dict[str, Any] | Exception] = []
    for event in events:
        try:
            found.append(added(event, rows.get(package_id(event))))
        except Exception as refusal:  # noqa: BLE001  one that cannot be sent holds no other one back
            found.append(refusal)
    return found


def added(event: Event, current: IssueRow | None) -> dict[str, Any]:
    """What is added to this event. Raises Superseded, Expired, NotFound."""
    row = check_row(event, current)
    if row.open_issue is None:
        if pickup_code.has_ever_had_code(Package(issue_number=row.issue_number)):
            raise Superseded("issue_closed")
        return {}
    return {"otp": otp(row.open_issue, deadline=row.deadline)}


def otp(issue: CodeIssue, *, deadline: datetime | None) -> dict[str, Any]:
    """The part of the payload that is never stored. Raises Expired when the key of the issue is lost."""
    try:
        code = pickup_code.derive(issue)
    except OtpNotIssued:
        raise Expired(KEY_LOST) from None
    return {"code": code.reveal(), "expires_at": utc(deadline), "issue": issue.number}


def update_message_state(ended: Sequence[DeliveryEnded]) -> None:
    """A customer's message that was taken or died shows on its package; the receipts of the Extension go further.

    One statement for all; where an event ended at several hooks, one for each time, in turn.
    """
    by_event: dict[str, list[MessageMove]] = {}
    for delivery in ended:
        if EVENTS[delivery.event_type].code_bearing and not delivery.is_test:
            by_event.setdefault(delivery.event_uuid, []).append(move_of(delivery))
    for turn in zip_longest(*by_event.values()):
        message_status.move([one for one in turn if one is not None])


def move_of(ended: DeliveryEnded) -> MessageMove:
    """What the end of a delivery means for the message."""
    if ended.state == DeliveryState.DEAD:
        state, reason, follows = MessageState.FAILED, ended.reason, (*QUEUED, MessageState.ACCEPTED)
    elif ended.state == DeliveryState.DELIVERED:
        state, reason, follows = MessageState.ACCEPTED, "", QUEUED
    else:  # superseded: the package left the counter before its message did, so there is none to wait for
        state, reason, follows = MessageState.NONE, "", QUEUED
    return MessageMove(package_id=package_id(ended), uuid=ended.event_uuid, state=state, reason=reason, follows=follows)


def payload_schema(event: type[WhispererEvent]) -> dict[str, Any]:
    """JSON Schema of an event's payload."""
    schema = (OrderOut if event.of_order else PackageOut).model_json_schema()
    schema.pop("examples", None)
    schema["title"] = event.__name__
    schema["description"] = " ".join((event.__doc__ or "").split())
    if event.of_order:
        schema["properties"].pop("packages")
        schema["required"].remove("packages")
    if event.code_bearing:
        schema["properties"]["otp"] = OTP_SCHEMA
    return schema


def payload_example(event: type[WhispererEvent]) -> dict[str, Any]:
    """A made-up payload, with a made-up code where there is one."""
    if event.of_order:
        return {key: value for key, value in examples.ORDER.items() if key != "packages"}
    package = {**examples.PACKAGE, "commands": []}
    if event.code_bearing:
        package["otp"] = {"code": EXAMPLE_CODE, "expires_at": package["pickup_deadline"], "issue": 1}
    return package


def envelope_example(event: type[WhispererEvent]) -> dict[str, Any]:
    """What a subscriber receives."""
    head = {"type": event.type, "uuid": EXAMPLE_UUID, "issued_at": "2026-11-19T07:12:00.000000Z", "sequence": 3}
    return {"event": head, "payload": payload_example(event)}


def envelope_schema(event: type[WhispererEvent]) -> dict[str, Any]:
    """JSON Schema of the whole body."""
    payload = payload_schema(event)
    definitions = payload.pop("$defs", {})
    head = {
        "type": "object",
        "properties": {
            "type": {"const": event.type},
            "uuid": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
            "issued_at": {"type": "string", "format": "date-time"},
            "sequence": {"type": "integer", "minimum": 1},
        },
        "required": ["type", "uuid", "issued_at", "sequence"],
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": event.type,
        "type": "object",
        "properties": {"event": head, "payload": payload},
        "required": ["event", "payload"],
        "$defs": definitions,
    }


def register_all() -> None:
    """Register every type with the whisperer."""
    for event in EVENTS.values():
        registry.register(
            EventType(
                name=event.type,
                class_name=event.__name__,
                description=" ".join((event.__doc__ or "").split()),
                code_bearing=event.code_bearing,
                payload_schema=partial(payload_schema, event),
                add_code=add_code if event.code_bearing else None,
                add_codes=add_codes if event.code_bearing else None,
                check_current=check_current if event.code_bearing else None,
                example=partial(payload_example, event),
            ),
        )
    registry.register_outcome_listener(update_message_state)
