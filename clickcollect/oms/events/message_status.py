"""What became of the customers' messages, as the Extension reports it (contract sections 2 and 4).

Only the package's newest message counts, and a message that has arrived does not un-arrive.
"""

import json
import re
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from itertools import groupby
from operator import attrgetter
from typing import Final

from django.db import connection

from clickcollect.oms.models import MessageState

MOST_RECEIPTS: Final = 500  # in one call
LONGEST_REASON: Final = 200
DIGITS: Final = re.compile(r"\d(?:[\W_]?\d){3,}")  # an echo of the message could hold the code, or the phone number


class Receipt(StrEnum):
    """The words of the contract."""

    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class MessageReceipt:
    """What became of the message of one event."""

    event_uuid: str
    status: Receipt
    reason: str = ""


# The states from which a receipt moves a message on.
FOLLOWS: Final[dict[Receipt, tuple[MessageState, ...]]] = {
    Receipt.ACCEPTED: (MessageState.NONE, MessageState.QUEUED, MessageState.FAILED),
    Receipt.DELIVERED: (MessageState.NONE, MessageState.QUEUED, MessageState.ACCEPTED, MessageState.FAILED),
    Receipt.FAILED: (MessageState.NONE, MessageState.QUEUED, MessageState.ACCEPTED),
}
NOT_ARRIVED: Final = FOLLOWS[Receipt.DELIVERED]

# What receipts say, by the events of the hooks that speak.
RECEIPTS: Final = """
WITH told AS (
    SELECT CASE WHEN e.subject ~ '^package:[0-9]{1,18}$' THEN substr(e.subject, 9)::bigint END AS package_id,
           e.uuid, r.state, r.reason, r.follows
    FROM jsonb_to_recordset(%s::jsonb) AS r(uuid text, state text, reason text, follows text[])
    JOIN whisperer_event e ON e.uuid = r.uuid
    WHERE EXISTS (SELECT FROM whisperer_delivery d WHERE d.event_id = e.id AND d.hook_id = ANY(%s::bigint[]))
)
"""
MOVES: Final = """
WITH told AS (
    SELECT * FROM jsonb_to_recordset(%s::jsonb)
    AS r(package_id bigint, uuid text, state text, reason text, follows text[])
)
"""
# Packages are locked by id, as everywhere; who waited for a lock sees the row as it is then.
UPDATE_MESSAGES: Final = """
, locked AS MATERIALIZED (
    SELECT p.id FROM oms_package p WHERE p.id IN (
        SELECT known.id FROM told JOIN oms_package known ON known.id = package_id AND known.message_uuid = uuid
    ) ORDER BY p.id FOR NO KEY UPDATE
)
UPDATE oms_package p SET message_state = told.state, message_reason = told.reason,
                         message_at = CASE told.state WHEN 'none' THEN NULL ELSE now() END
FROM locked JOIN told ON told.package_id = locked.id
WHERE p.id = locked.id AND p.message_uuid = told.uuid AND p.message_state = ANY(told.follows)
"""


@dataclass(frozen=True, kw_only=True)
class MessageMove:
    """Where the message of one event goes, if it is in one of the states ``follows``."""

    package_id: int
    uuid: str
    state: MessageState
    reason: str
    follows: tuple[MessageState, ...]


def move(moves: Sequence[MessageMove]) -> None:
    """Move messages on, each event at most once, with one statement. Only a package's newest message moves."""
    with connection.cursor() as cursor:
        cursor.execute(MOVES + UPDATE_MESSAGES, [json.dumps([asdict(one) for one in moves])])


def record_receipts(receipts: Sequence[MessageReceipt], *, hook_ids: Collection[int]) -> int:
    """Note what became of messages, with one statement; how many packages it changes.

    It is as if the receipts came one after another. What changes nothing: an event that none of these hooks got, an
    older message, old news.
    """
    with connection.cursor() as cursor:
        cursor.execute(RECEIPTS + UPDATE_MESSAGES, [status_rows(receipts), list(hook_ids)])
        return int(cursor.rowcount)


def status_rows(receipts: Sequence[MessageReceipt]) -> str:
    """One row for each event: where its receipts lead, and from which states."""
    by_event = groupby(sorted(receipts, key=attrgetter("event_uuid")), key=attrgetter("event_uuid"))
    return json.dumps([status_row(uuid, list(of_event)) for uuid, of_event in by_event])


def status_row(uuid: str, receipts: Sequence[MessageReceipt]) -> dict[str, object]:
    """What several receipts of one event come to. The first of equal ones in a row tells the reason."""
    runs = [next(equal) for _status, equal in groupby(receipts, key=attrgetter("status"))]
    arrived = [one for one in runs if one.status is Receipt.DELIVERED]
    last = arrived[0] if arrived else runs[-1]
    return {
        "uuid": uuid,
        "state": MessageState(last.status.value).value,
        "reason": kept_reason(last.reason) if last.status is Receipt.FAILED else "",
        "follows": [state.value for state in (FOLLOWS[last.status] if len(runs) == 1 else NOT_ARRIVED)],
    }


def kept_reason(reason: str) -> str:
    """The reason without long numbers: nothing that could be a code is written down."""
    return DIGITS.sub("…", reason.strip())[:LONGEST_REASON]
