"""One SMS per event: who may send it, and when an event is finished. Short transactions, no network inside.

An event is claimed before its message is sent and finished afterwards. A copy that arrives in between is told to
come again. When the process dies in between, the claim runs out and the next copy is sent: at least once, and never
twice at the same time.
"""

import uuid as uuids
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Now

from extension import receipts
from extension.models import Message, Package
from extension.pickup_event import PickupEvent

LEASE = timedelta(seconds=60)  # longer than any provider may take


class Outcome(StrEnum):
    """How an event ended. Stored: never renamed."""

    SENT = "sent"
    REFUSED = "refused"
    TOO_LATE = "too_late"
    SUPERSEDED = "superseded"


@dataclass(frozen=True, kw_only=True)
class Claim:
    """The right to send this event's message, for as long as the lease runs."""

    uuid: str
    token: uuids.UUID


class NoClaim(StrEnum):
    """Why there is no claim."""

    FINISHED = "finished"
    BUSY = "busy"
    SUPERSEDED = "superseded"


def claim(notice: PickupEvent) -> Claim | NoClaim:
    """Claim an event, unless it is finished, under way, or its code has been replaced by a newer one."""
    issue = notice.code.issue if notice.code else None
    with transaction.atomic(durable=True):
        Package.objects.bulk_create([Package(id=notice.package_id)], ignore_conflicts=True)
        package = Package.objects.select_for_update().get(pk=notice.package_id)  # copies and rivals wait here
        row = Message(uuid=notice.uuid, type=notice.type, package_id=notice.package_id, issue=issue)
        Message.objects.bulk_create([row], ignore_conflicts=True)
        message = Message.objects.select_for_update().get(uuid=notice.uuid)
        if message.finished_at is not None:
            return NoClaim.FINISHED
        if Message.objects.filter(package_id=package.pk, finished_at=None, claimed_until__gt=Now()).exists():
            return NoClaim.BUSY
        if issue is not None and issue < package.highest_issue:
            _end(Message.objects.filter(pk=message.pk), Outcome.SUPERSEDED)
            return NoClaim.SUPERSEDED
        if issue is not None:
            Package.objects.filter(pk=package.pk).update(highest_issue=issue)
        token = uuids.uuid4()
        Message.objects.filter(pk=message.pk).update(
            claim=token,
            claimed_until=Now() + LEASE,
            attempts=F("attempts") + 1,
        )
        return Claim(uuid=notice.uuid, token=token)


def finish(claimed: Claim, *, outcome: Outcome, reports: Iterable[receipts.Report]) -> None:
    """Nothing more will be sent for this event; the OMS will hear how it went."""
    with transaction.atomic(durable=True):
        _end(Message.objects.filter(uuid=claimed.uuid, finished_at=None), outcome)
        receipts.queue_receipts(claimed.uuid, reports)


def release(claimed: Claim, *, reports: Iterable[receipts.Report]) -> None:
    """The message was not sent; the next copy of the event may try at once."""
    with transaction.atomic(durable=True):
        Message.objects.filter(uuid=claimed.uuid, claim=claimed.token).update(claim=None, claimed_until=None)
        receipts.queue_receipts(claimed.uuid, reports)


def _end(messages: QuerySet[Message], outcome: Outcome) -> None:
    messages.update(outcome=outcome, finished_at=Now(), claim=None, claimed_until=None)
