"""What an event tells us, read with care: everything in it was written by another program."""

import json
import math
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

READY: Final = "package.status.ready_for_pickup"
RESENT: Final = "package.pickup.code_resent"
REMINDER: Final = "package.pickup.reminder"
OVERRIDDEN: Final = "package.pickup.overridden"
PHONE_CHANGED: Final = "package.pickup.phone_changed"  # the phone number in it is the old one
PACKED: Final = "package.status.packed"  # asks for an SMS where the package was ready before: `ready_at` is there
ANSWERED_TYPES: Final = frozenset({READY, RESENT, REMINDER, OVERRIDDEN, PHONE_CHANGED, PACKED})
NEVER_TOO_LATE: Final = frozenset({OVERRIDDEN, PHONE_CHANGED, PACKED})  # of what was done: never too late
LARGEST_ID: Final = 2**63 - 1


class Unreadable(Exception):
    """The event is genuine, but not one that we understand. The words name the place and hold nothing of it."""


@dataclass(frozen=True, kw_only=True)
class Envelope:
    """The part that every event has."""

    uuid: str
    type: str
    issued_at: datetime | None
    payload: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Code:
    """A customer's code. It can be read, but it does not show itself."""

    digits: str = field(repr=False)
    issue: int
    expires_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class PickupEvent:
    """One event that asks for an SMS. Nothing of a person, and no code, in its ``repr``."""

    uuid: str
    type: str
    issued_at: datetime | None
    package_id: int
    order: str
    store: str
    store_code: str
    store_phone: str = field(repr=False)
    zone: ZoneInfo | None
    languages: tuple[str, ...]
    phone: str = field(repr=False)
    first_name: str = field(repr=False)
    deadline: datetime | None
    code: Code | None


def read_envelope(body: bytes) -> Envelope:
    """Raises Unreadable when the body is not an event."""
    try:
        document = json.loads(body, object_pairs_hook=_object, parse_int=_whole)
    except ValueError:
        raise Unreadable("The body is not JSON.") from None
    except RecursionError:
        raise Unreadable("The body is nested too deeply.") from None
    event = _mapping(document, "event")
    uuid, kind = _text(event, "uuid"), _text(event, "type")
    if not re.fullmatch(r"[0-9A-Za-z-]{1,64}", uuid):
        raise Unreadable("event.uuid is missing.")
    if not re.fullmatch(r"[0-9A-Za-z._-]{1,100}", kind):
        raise Unreadable("event.type is missing.")
    payload = document.get("payload")
    return Envelope(
        uuid=uuid,
        type=kind,
        issued_at=_moment(event, "issued_at"),
        payload=payload if isinstance(payload, dict) else {},
    )


def asks_for_message(envelope: Envelope) -> bool:
    """Whether an event asks for an SMS: news of a packed package does only where the customer was told it was ready."""
    if envelope.type == PACKED:
        return _moment(envelope.payload, "ready_at") is not None
    return envelope.type in ANSWERED_TYPES


def read_pickup_event(envelope: Envelope) -> PickupEvent:
    """Raises Unreadable when a package cannot be recognised, or a code is none."""
    payload = envelope.payload
    place, customer = _part(payload, "stock_location"), _part(payload, "customer")
    return PickupEvent(
        uuid=envelope.uuid,
        type=envelope.type,
        issued_at=envelope.issued_at,
        package_id=_number(payload, "id", most=LARGEST_ID),
        order=_text(payload, "order_number"),
        store=_text(place, "name"),
        store_code=_text(place, "erp_code")[:64],
        store_phone=_text(place, "daytime_phone"),
        zone=_zone(_text(place, "time_zone")),
        languages=tuple(filter(None, (_language(customer), _language(place)))),
        phone=re.sub(r"[\s().-]", "", _text(customer, "phone_number")),
        first_name=_text(customer, "first_name"),
        deadline=_moment(payload, "pickup_deadline"),
        code=_code(payload),
    )


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Of two values under one name, each program takes another one."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise Unreadable(f"{name if re.fullmatch('[a-z_]{1,64}', name) else 'A field'} stands twice.")
        found[name] = value
    return found


def _whole(digits: str) -> float:
    """No number of ours has twenty digits; where one is asked for, an infinite one is refused by the field's name."""
    return int(digits) if len(digits) < 20 else math.inf


def _code(payload: Mapping[str, Any]) -> Code | None:
    """The code, when there is one. A broken one is refused: a message without its code would be of no use."""
    if payload.get("otp") is None:
        return None
    otp = _mapping(payload, "otp")
    digits = "".join(_digit(sign) for sign in _text(otp, "code") if sign not in " -")
    if not re.fullmatch(r"[0-9]{4,8}", digits):
        raise Unreadable("payload.otp.code is not a code of 4 to 8 digits.")
    return Code(digits=digits, issue=_number(otp, "issue", most=2**31 - 1), expires_at=_moment(otp, "expires_at"))


def _digit(sign: str) -> str:
    """The ASCII digit for a decimal digit of any script."""
    return str(unicodedata.decimal(sign, "x"))


def _mapping(holder: Any, key: str) -> Mapping[str, Any]:
    found = holder.get(key) if isinstance(holder, dict) else None
    if not isinstance(found, dict):
        raise Unreadable(f"{key} is missing.")
    return found


def _part(holder: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = holder.get(key)
    return found if isinstance(found, dict) else {}


def _text(holder: Mapping[str, Any], key: str) -> str:
    found = holder.get(key)
    return found[:500].replace("\x00", "").encode(errors="ignore").decode() if isinstance(found, str) else ""


def _number(holder: Mapping[str, Any], key: str, *, most: int) -> int:
    found = holder.get(key)
    if isinstance(found, bool) or not isinstance(found, int) or not 0 < found <= most:
        raise Unreadable(f"{key} is not a number that counts from 1.")
    return found


def _moment(holder: Mapping[str, Any], key: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(_text(holder, key))
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (KeyError, ValueError, OSError):  # unknown, not a name, a folder of the zone files
        return None


def _language(holder: Mapping[str, Any]) -> str:
    """`pt-BR`, `pt_BR`, `PT` are all `pt`."""
    return re.split(r"[-_]", _text(holder, "language_code").strip().lower())[0][:8]
