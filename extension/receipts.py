"""Telling the OMS what became of each message (contract section 2), signed, in order, until it has heard it.

A receipt is written by the statement that finishes the event and deleted when the OMS has taken it. One thread sends
them, many in one call: a moment after something was written, and with growing pauses while the OMS cannot be reached.
"""

import asyncio
import contextlib
import json
import logging
import threading
import time
import uuid as uuids
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import aiohttp
from django.db import connection

from extension import outage, retention
from extension.backoff import pause
from extension.config import Config, config
from extension.database import in_one_trip
from extension.safe_logging import places
from extension.signature import sign_body

logger = logging.getLogger("extension.receipts")

PATH: Final = "/api/v1/oms/message-receipts/"
BATCH: Final = 500  # what the OMS takes in one call
GATHER_SECONDS: Final = 0.1  # what is written meanwhile goes in the same call
AT_ONCE: Final = 8
TIMEOUT: Final = aiohttp.ClientTimeout(total=10, connect=5)
LEASE_SECONDS: Final = 15  # after a crash in the middle; the same receipt twice would do no harm
POLL_SECONDS: Final = 1.0
FINAL: Final = frozenset({400, 404, 409, 410, 413, 422})  # the OMS has understood, and does not want it
ONE_AT_A_TIME: Final = -1  # the lock of those who claim: of one event's receipts the oldest goes first

# The end of the statement that finishes or releases an event.
QUEUE: Final = """
INSERT INTO extension_receipt (event_uuid, status, reason, attempts, secret)
SELECT %(uuid)s, status, reason, 0, %(secret)s
FROM unnest(%(statuses)s::text[], %(reasons)s::text[]) WITH ORDINALITY AS report(status, reason, place) ORDER BY place
ON CONFLICT (event_uuid, status) DO NOTHING
"""
CLAIM_DUE: Final = """
WITH due AS (
    SELECT id FROM extension_receipt r WHERE next_attempt_at <= clock_timestamp() AND NOT EXISTS (
        SELECT FROM extension_receipt older
        WHERE older.event_uuid = r.event_uuid AND older.id < r.id AND older.next_attempt_at > clock_timestamp()
    ) ORDER BY next_attempt_at, id LIMIT %(most)s
)
UPDATE extension_receipt r
SET attempts = r.attempts + 1, next_attempt_at = clock_timestamp() + %(lease)s * interval '1 second'
FROM due WHERE r.id = due.id
RETURNING r.id, r.event_uuid, r.status, r.reason, r.attempts - 1, r.secret
"""
RECORD: Final = """
WITH told AS (DELETE FROM extension_receipt WHERE id = ANY(%(told)s::bigint[]))
UPDATE extension_receipt r SET next_attempt_at = clock_timestamp() + again.wait * interval '1 second'
FROM unnest(%(again)s::bigint[], %(waits)s::float8[]) AS again(id, wait) WHERE r.id = again.id
"""

_written = threading.Event()


@dataclass(frozen=True, kw_only=True)
class Report:
    """`accepted`, `delivered` or `failed`, and why it failed in a sentence of ours."""

    status: str
    reason: str = ""


class Due(NamedTuple):
    """A receipt to be sent now. ``secret``: which of our secrets signed its event."""

    id: int
    event_uuid: str
    status: str
    reason: str
    attempts: int
    secret: int


def columns(event_uuid: str, reports: Iterable[Report], *, secret: int) -> dict[str, Any]:
    """The values of `QUEUE`; no receipts where nobody is to hear of them."""
    rows = list(reports) if config().oms_url else []
    statuses, reasons = [one.status for one in rows], [one.reason[:200] for one in rows]
    return {"uuid": event_uuid, "statuses": statuses, "reasons": reasons, "secret": secret}


def wake() -> None:
    """Something was written."""
    _written.set()


def start_sending() -> None:
    """Begin sending in the background of this process."""
    threading.Thread(target=_run, name="receipts", daemon=True).start()


def _run() -> None:
    while True:
        try:
            while _send_batch(config()) == BATCH:
                pass
            retention.sweep_now_and_then()
            connection.close()
        except Exception as error:  # noqa: BLE001 (the database may be away: the thread must outlive that)
            outage.availability.is_away = outage.is_away(error)
            if outage.availability.is_away:
                logger.warning("The database is not responding. Receipts wait; trying again.")
            else:
                logger.warning("receipts wait: %s", "\n".join(places(error)))
            with contextlib.suppress(Exception):
                connection.close()
            time.sleep(POLL_SECONDS)
            while outage.availability.still_away():
                time.sleep(POLL_SECONDS)
        if _written.wait(POLL_SECONDS):
            time.sleep(GATHER_SECONDS)
        _written.clear()


def _send_batch(settings: Config) -> int:
    """Send what is due; how many were tried."""
    if not settings.oms_url:
        return 0
    values = {"most": BATCH, "lease": LEASE_SECONDS}
    due = sorted(Due(*row) for row in in_one_trip(CLAIM_DUE, values, lock=ONE_AT_A_TIME))
    if due:
        _record(due, asyncio.run(_post_all(due, settings)))
    return len(due)


def _by_secret(due: Sequence[Due], settings: Config) -> dict[str, list[Due]]:
    """Each receipt with the secret that signed its event.

    While a secret is being changed the OMS may know only one of the two: later tries take turns.
    """
    found: dict[str, list[Due]] = defaultdict(list)
    for receipt in due:
        place = (receipt.secret + receipt.attempts) % len(settings.webhook_secrets)
        found[settings.webhook_secrets[place]].append(receipt)
    return found


async def _post_all(due: Sequence[Due], settings: Config) -> dict[int, int]:
    """The HTTP status by receipt, or 0 where there was none."""
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=AT_ONCE),
        timeout=TIMEOUT,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
    ) as session:
        batches = [_post_batch(session, rows, settings, secret=key) for key, rows in _by_secret(due, settings).items()]
        return {key: status for found in await asyncio.gather(*batches) for key, status in found.items()}


async def _post_batch(
    session: aiohttp.ClientSession, receipts: Sequence[Due], settings: Config, *, secret: str
) -> dict[int, int]:
    """One call for all; where the OMS does not want the batch, one for each event, so that only the bad ones go."""
    status = await _post(session, receipts, settings, secret=secret)
    events: dict[str, list[Due]] = defaultdict(list)
    for receipt in receipts:
        events[receipt.event_uuid].append(receipt)
    if status not in FINAL or len(receipts) == 1:
        return {receipt.id: status for receipt in receipts}
    alone = [_post_in_turn(session, rows, settings, secret=secret) for rows in events.values()]
    return {key: status for found in await asyncio.gather(*alone) for key, status in found.items()}


async def _post_in_turn(
    session: aiohttp.ClientSession, receipts: Sequence[Due], settings: Config, *, secret: str
) -> dict[int, int]:
    """The receipts of one event, one after another; what comes behind one that was not heard waits with it."""
    found: dict[int, int] = {}
    status = 0
    for receipt in receipts:
        if not found or _is_final(status):
            status = await _post(session, [receipt], settings, secret=secret)
        found[receipt.id] = status
    return found


async def _post(session: aiohttp.ClientSession, receipts: Sequence[Due], settings: Config, *, secret: str) -> int:
    """The HTTP status, or 0 when there was none."""
    documents = [_document(receipt) for receipt in receipts]
    body = json.dumps(documents[0] if len(documents) == 1 else {"receipts": documents}).encode()
    headers = {"Content-Type": "application/json"}
    headers |= sign_body(body=body, secret=secret, message_id=uuids.uuid4().hex, now=time.time())
    try:
        async with session.post(settings.oms_url + PATH, data=body, headers=headers, allow_redirects=False) as answer:
            return answer.status
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError):
        return 0


def _document(receipt: Due) -> dict[str, str]:
    reason = {"reason": receipt.reason} if receipt.reason else {}
    return {"event_uuid": receipt.event_uuid, "status": receipt.status} | reason


def _is_final(status: int) -> bool:
    """The OMS has taken the receipt, or does not want it."""
    return 200 <= status < 300 or status in FINAL


def _record(due: Sequence[Due], statuses: Mapping[int, int]) -> None:
    """One statement: what is told is gone, the rest is due again after a pause."""
    again = [receipt for receipt in due if not _is_final(statuses[receipt.id])]
    for receipt in due:
        if statuses[receipt.id] in FINAL:
            logger.warning(
                "event=%s the OMS did not want the receipt (HTTP %s)", receipt.event_uuid, statuses[receipt.id]
            )
    if again:
        logger.info("%s receipts not taken (HTTP %s), they are sent again", len(again), statuses[again[0].id])
    values: dict[str, Any] = {
        "told": [receipt.id for receipt in due if _is_final(statuses[receipt.id])],
        "again": [receipt.id for receipt in again],
        "waits": [float(pause(receipt.attempts)) for receipt in again],
    }
    with connection.cursor() as cursor:
        cursor.execute(RECORD, values)
