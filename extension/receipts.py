"""Telling the OMS what became of each message (contract section 2), signed, in order, until it has heard it.

A receipt is written in the transaction that finishes the event and deleted when the OMS has taken it. One thread
sends them: at once when something was written, and with growing pauses while the OMS cannot be reached.
"""

import asyncio
import contextlib
import json
import logging
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

import aiohttp
from django.db import connection, transaction
from django.db.models import F, OuterRef, Subquery
from django.db.models.functions import Now

from extension import outage, retention
from extension.backoff import pause
from extension.config import Config, config
from extension.models import Receipt
from extension.safe_logging import places
from extension.signature import sign

logger = logging.getLogger("extension.receipts")

PATH = "/api/v1/oms/message-receipts/"
BATCH = 100
AT_ONCE = 8
TIMEOUT = aiohttp.ClientTimeout(total=10, connect=5)
LEASE_SECONDS = 15  # after a crash in the middle; the same receipt twice would do no harm
POLL_SECONDS = 1.0
FINAL = {400, 404, 409, 410, 413, 422}  # the OMS has understood, and does not want it

_written = threading.Event()


@dataclass(frozen=True, kw_only=True)
class Report:
    """`accepted`, `delivered` or `failed`, and why it failed in a sentence of ours."""

    status: str
    reason: str = ""


def queue_receipts(event_uuid: str, reports: Iterable[Report]) -> None:
    """Write receipts down, inside the caller's transaction."""
    rows = [Receipt(event_uuid=event_uuid, status=one.status, reason=one.reason[:200]) for one in reports]
    if rows and config().oms_url:
        Receipt.objects.bulk_create(rows, ignore_conflicts=True)
        transaction.on_commit(_written.set)


def start_sending() -> None:
    """Begin sending in the background of this process."""
    threading.Thread(target=_run, name="receipts", daemon=True).start()


def _run() -> None:
    while True:
        try:
            while _send_batch(config()):
                pass
            retention.sweep_now_and_then()
            connection.close()
        except Exception as error:  # noqa: BLE001 (the database may be away: the thread must outlive that)
            logger.warning("receipts wait: %s", "\n".join(places(error)))
            outage.availability.is_away = outage.is_away(error)
            with contextlib.suppress(Exception):
                connection.close()
            time.sleep(POLL_SECONDS)
            while outage.availability.still_away():
                time.sleep(POLL_SECONDS)
        _written.wait(POLL_SECONDS)
        _written.clear()


def _send_batch(settings: Config) -> int:
    """Send what is due; how many were tried."""
    due = _claim_due() if settings.oms_url else []
    if due:
        statuses = asyncio.run(_post_all(due, settings))
        for receipt, status in zip(due, statuses, strict=True):
            _record(receipt, status)
    return len(due)


def _claim_due() -> list[Receipt]:
    """Due receipts, only the oldest of each event: *delivered* never overtakes *accepted*."""
    oldest = Receipt.objects.filter(event_uuid=OuterRef("event_uuid")).order_by("id").values("id")[:1]
    with transaction.atomic(durable=True):
        due = list(
            Receipt.objects.filter(next_attempt_at__lte=Now(), id=Subquery(oldest))
            .order_by("next_attempt_at", "id")
            .select_for_update(skip_locked=True, of=("self",))[:BATCH],
        )
        ids = [receipt.pk for receipt in due]
        Receipt.objects.filter(pk__in=ids).update(
            attempts=F("attempts") + 1,
            next_attempt_at=Now() + timedelta(seconds=LEASE_SECONDS),
        )
    return due


async def _post_all(due: list[Receipt], settings: Config) -> list[int]:
    connector = aiohttp.TCPConnector(limit=AT_ONCE)
    jar = aiohttp.DummyCookieJar()
    async with aiohttp.ClientSession(
        connector=connector,
        timeout=TIMEOUT,
        cookie_jar=jar,
        auto_decompress=False,
    ) as session:
        return list(await asyncio.gather(*(_post(session, receipt, settings) for receipt in due)))


async def _post(session: aiohttp.ClientSession, receipt: Receipt, settings: Config) -> int:
    """The HTTP status, or 0 when there was none."""
    document = {"event_uuid": receipt.event_uuid, "status": receipt.status}
    if receipt.reason:
        document["reason"] = receipt.reason
    body = json.dumps(document).encode()
    # While a secret is being changed the OMS may know only one of the two: take turns.
    secret = settings.webhook_secrets[receipt.attempts % len(settings.webhook_secrets)]
    headers = {"Content-Type": "application/json"}
    headers |= sign(body=body, secret=secret, message_id=receipt.event_uuid, now=time.time())
    try:
        async with session.post(settings.oms_url + PATH, data=body, headers=headers, allow_redirects=False) as answer:
            return answer.status
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError):
        return 0


def _record(receipt: Receipt, status: int) -> None:
    if 200 <= status < 300 or status in FINAL:
        if status in FINAL:
            logger.warning("event=%s the OMS did not want the receipt (HTTP %s)", receipt.event_uuid, status)
        Receipt.objects.filter(pk=receipt.pk).delete()
        return
    wait = pause(receipt.attempts)
    logger.info("event=%s receipt not taken (HTTP %s), again in %s s", receipt.event_uuid, status, wait)
    Receipt.objects.filter(pk=receipt.pk).update(next_attempt_at=Now() + timedelta(seconds=wait))
