"""One SMS per event: who may send it, and when an event is finished. Short transactions, no network inside.

An event is claimed before its message is sent and finished afterwards. A copy that arrives in between is told to
come again. When the process dies in between, the claim runs out and the next copy is sent: at least once, and never
twice at the same time.
"""

import uuid as uuids
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from django.db import connection

from extension import receipts
from extension.database import in_one_trip
from extension.pickup_event import PickupEvent
from extension.wording import clean_text

LEASE_SECONDS: Final = 60  # longer than any provider may take

# Runs with the package locked, by a snapshot taken after that: copies and rivals have decided before, or come later.
CLAIM: Final = """
WITH verdict AS (
    SELECT CASE
        WHEN EXISTS (SELECT FROM extension_message WHERE uuid = %(uuid)s AND finished_at IS NOT NULL) THEN 'finished'
        WHEN EXISTS (SELECT FROM extension_message WHERE package_id = %(package)s AND finished_at IS NULL
                     AND claimed_until > clock_timestamp()) THEN 'busy'
        WHEN %(issue)s::int < (SELECT highest_issue FROM extension_package WHERE id = %(package)s) THEN 'superseded'
        ELSE 'claimed' END AS word
), package AS (
    INSERT INTO extension_package AS known (id, highest_issue)
    SELECT %(package)s, coalesce(%(issue)s::int, 0) FROM verdict WHERE word = 'claimed'
    ON CONFLICT (id) DO UPDATE SET highest_issue = excluded.highest_issue
    WHERE excluded.highest_issue > known.highest_issue
), message AS (
    INSERT INTO extension_message AS known
           (uuid, type, package_id, issue, outcome, attempts, claim, claimed_until, finished_at)
    SELECT %(uuid)s, %(type)s, %(package)s, %(issue)s::int,
           CASE word WHEN 'superseded' THEN word ELSE '' END, (word = 'claimed')::int,
           CASE word WHEN 'claimed' THEN %(token)s::uuid END,
           CASE word WHEN 'claimed' THEN clock_timestamp() + %(lease)s * interval '1 second' END,
           CASE word WHEN 'superseded' THEN now() END
    FROM verdict WHERE word IN ('claimed', 'superseded')
    ON CONFLICT (uuid) DO UPDATE SET outcome = excluded.outcome, attempts = known.attempts + excluded.attempts,
        claim = excluded.claim, claimed_until = excluded.claimed_until, finished_at = excluded.finished_at
), store AS (
    INSERT INTO extension_store (code, name) SELECT %(store)s::text, %(store_name)s::text
    WHERE %(store)s::text > '' AND NOT EXISTS
          (SELECT FROM extension_store WHERE code = %(store)s::text AND name = %(store_name)s::text)
    ON CONFLICT (code) DO UPDATE SET name = excluded.name
)
SELECT word FROM verdict
"""
END_MESSAGE: Final = """
WITH ended AS (
    UPDATE extension_message SET outcome = %(outcome)s, finished_at = now(), claim = NULL, claimed_until = NULL
    WHERE uuid = %(uuid)s AND finished_at IS NULL
)
"""
RELEASE_MESSAGE: Final = """
WITH released AS (
    UPDATE extension_message SET claim = NULL, claimed_until = NULL WHERE uuid = %(uuid)s AND claim = %(token)s::uuid
)
"""


class Outcome(StrEnum):
    """How an event ended. Stored: never renamed."""

    SENT = "sent"
    REFUSED = "refused"
    TOO_LATE = "too_late"
    SUPERSEDED = "superseded"


@dataclass(frozen=True, kw_only=True)
class Claim:
    """The right to send this event's message, for as long as the lease runs.

    ``signed_with``: which of our secrets signed the event, and shall sign its receipts.
    """

    uuid: str
    token: uuids.UUID
    signed_with: int = 0


class NoClaim(StrEnum):
    """Why there is no claim."""

    FINISHED = "finished"
    BUSY = "busy"
    SUPERSEDED = "superseded"


def claim(notice: PickupEvent, *, signed_with: int) -> Claim | NoClaim:
    """Claim an event, unless it is finished, under way, or its code has been replaced by a newer one.

    A store that is new, or has a new name, is remembered along with it.
    """
    claimed = Claim(uuid=notice.uuid, token=uuids.uuid4(), signed_with=signed_with)
    values = {
        "uuid": notice.uuid,
        "type": notice.type,
        "package": notice.package_id,
        "issue": notice.code.issue if notice.code else None,
        "token": claimed.token,
        "lease": LEASE_SECONDS,
        "store": notice.store_code,
        "store_name": clean_text(notice.store, most=64),
    }
    ((word,),) = in_one_trip(CLAIM, values, lock=notice.package_id)
    return claimed if word == "claimed" else NoClaim(word)


def finish(claimed: Claim, *, outcome: Outcome, reports: Iterable[receipts.Report]) -> None:
    """Nothing more will be sent for this event; the OMS will hear how it went."""
    _write(END_MESSAGE, claimed, reports, outcome=outcome.value)


def release(claimed: Claim, *, reports: Iterable[receipts.Report]) -> None:
    """The message was not sent; the next copy of the event may try at once."""
    _write(RELEASE_MESSAGE, claimed, reports, token=claimed.token)


def _write(message: str, claimed: Claim, reports: Iterable[receipts.Report], **values: Any) -> None:
    """One statement for the message and its receipts: both are there, or neither."""
    queued = receipts.columns(claimed.uuid, reports, secret=claimed.signed_with)
    with connection.cursor() as cursor:
        cursor.execute(message + receipts.QUEUE, queued | values)
    receipts.wake()
