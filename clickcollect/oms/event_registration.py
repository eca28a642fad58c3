"""What the whisperer must know of our events: their schema, and how a code is added while one is sent.

Registered when the app is ready. `add_code` runs immediately before each attempt; its result stays in memory.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any, Final

from django.db.models.functions import Now

from clickcollect.errors import OtpNotIssued
from clickcollect.oms import states
from clickcollect.oms.access import SYSTEM, get_package
from clickcollect.oms.codes import pickup_code
from clickcollect.oms.events import examples
from clickcollect.oms.events.payload_schemas import OrderOut, PackageOut
from clickcollect.oms.events.types import EVENTS, PackageReadyForCustomerPickupWhispererEvent, WhispererEvent
from clickcollect.oms.models import CodeIssue, MessageState, Package
from clickcollect.whisperer import registry
from clickcollect.whisperer.models import DeliveryState, Event
from clickcollect.whisperer.registry import DeliveryEnded, EventType, Expired, Superseded
from clickcollect.wire_format import utc

EXAMPLE_UUID: Final = "7d5c0f6a3b9e4c1f8a2d6e5b4c3f2a1d"
EXAMPLE_CODE: Final = "482913"  # made up: no package has it
KEY_LOST: Final = "key_lost"
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


def package_id(source: Event | DeliveryEnded) -> int:
    """The id of the package an event is about."""
    return int(source.subject.removeprefix("package:"))


def current(event: Event) -> Package:
    """The package of a code-bearing event. Raises Superseded or Expired when it must not be sent any more."""
    package = get_package(SYSTEM, package_id=package_id(event))
    if package.state.enum_value != states.READY:
        raise Superseded(f"package_{package.state.enum_value}")
    if package.order.is_being_cancelled:
        raise Superseded("order_cancelled")
    newer = Event.objects.filter(
        subject=event.subject,
        type=PackageReadyForCustomerPickupWhispererEvent.type,
        sequence__gt=event.sequence,
    )
    if newer.exists():
        raise Superseded("newer_code")
    if pickup_code.is_expired(package):
        raise Expired
    return package


def check_current(event: Event) -> None:
    """Whether a code-bearing event may still be sent, without deriving its code."""
    current(event)


def add_code(event: Event) -> dict[str, Any]:
    """The code for one attempt: that of the issue that works now, or nothing where none was issued."""
    package = current(event)
    issue = pickup_code.open_issue(package)
    if issue is None:
        if pickup_code.has_ever_had_code(package):
            raise Superseded("issue_closed")
        return {}
    return {"otp": otp(package, issue)}


def otp(package: Package, issue: CodeIssue) -> dict[str, Any]:
    """The part of the payload that is never stored. Raises Expired when the key of the issue is lost."""
    try:
        code = pickup_code.derive(issue)
    except OtpNotIssued:
        raise Expired(KEY_LOST) from None
    return {"code": code.reveal(), "expires_at": utc(package.pickup_deadline), "issue": issue.number}


def update_message_state(ended: Sequence[DeliveryEnded]) -> None:
    """A customer's message that was taken or died shows on its package; the receipts of the Extension go further."""
    for delivery in ended:
        if delivery.is_test or not EVENTS[delivery.event_type].code_bearing:
            continue
        newest = Package.objects.filter(pk=package_id(delivery), message_uuid=delivery.event_uuid)
        queued = newest.filter(message_state=MessageState.QUEUED)
        if delivery.state == DeliveryState.DEAD:
            unanswered = newest.filter(message_state__in=(MessageState.QUEUED, MessageState.ACCEPTED))
            unanswered.update(message_state=MessageState.FAILED, message_reason=delivery.reason, message_at=Now())
        elif delivery.state == DeliveryState.DELIVERED:
            queued.update(message_state=MessageState.ACCEPTED, message_reason="", message_at=Now())
        else:  # superseded: the package left the counter before its message did, so there is none to wait for
            queued.update(message_state=MessageState.NONE, message_reason="", message_at=None)


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
                check_current=check_current if event.code_bearing else None,
                example=partial(payload_example, event),
            ),
        )
    registry.register_outcome_listener(update_message_state)
