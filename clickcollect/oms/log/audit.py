"""Seal the log into a hash chain, and tell whether anybody touched it.

The worker seals within a minute, in the order found, off the hot path: a low id may commit late.
Each link is SHA-256 of the link before it and of the row, so that a changed, missing, added or moved row shows.
Whoever keeps an exported head elsewhere also sees when the whole end was cut off or the chain was made anew.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _

from clickcollect.oms.events import documents
from clickcollect.oms.log_models import CommandLog, Seal

START: Final = bytes(32)
LONGEST_TRANSACTION: Final = timedelta(hours=1)  # a row older than the last seal by more than this was not there then
GRACE: Final = timedelta(minutes=5)
BATCH: Final = 1000
SEALER_LOCK: Final = 0x5EA1


@dataclass(frozen=True, kw_only=True)
class Head:
    """The end of the chain: keep it outside the database."""

    links: int
    log_id: int
    hash: str

    def text(self) -> str:
        return json.dumps(vars(self), sort_keys=True)


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What `verify_chain` found: the first bad row and why, or None."""

    checked: int
    bad_log_id: int | None = None
    reason: str = ""

    @property
    def is_whole(self) -> bool:
        return not self.reason


def link(previous: bytes, row: CommandLog) -> bytes:
    """The hash of a row that follows ``previous``. A note's kind is hashed as the code (docs/decisions/0013)."""
    fields: dict[str, Any] = {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}  # noqa: SLF001
    fields["at"] = documents.utc(row.at)
    fields["code"] = fields.pop("note_kind") or row.code
    text = json.dumps(fields, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(previous + text.encode()).digest()


def unsealed(looking_back: timedelta) -> QuerySet[CommandLog]:
    """Rows without a seal, oldest id first; only those that can have come since the last seal are looked at."""
    rows = CommandLog.objects.filter(~Exists(Seal.objects.filter(log_id=OuterRef("pk")))).order_by("pk")
    last = Seal.objects.order_by("-pk").first()
    return rows.filter(at__gte=last.sealed_at - looking_back) if last else rows


def seal(*, looking_back: timedelta = LONGEST_TRANSACTION) -> int:
    """Append a link for every row not yet sealed; how many there were. One sealer at a time, others return 0.

    Arguments: ``looking_back``, how much older than the last seal a new row may be.
    """
    done = 0
    while made := seal_batch(looking_back):
        done += made
    return done


def seal_batch(looking_back: timedelta = LONGEST_TRANSACTION) -> int:
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [SEALER_LOCK])
            (is_mine,) = cursor.fetchone()
        if not is_mine:
            return 0
        last = Seal.objects.order_by("-pk").first()
        previous = bytes(last.hash) if last else START
        links = []
        for row in unsealed(looking_back)[:BATCH]:
            previous = link(previous, row)
            links.append(Seal(log_id=row.pk, hash=previous))
        Seal.objects.bulk_create(links)
        return len(links)


def chain() -> Iterator[tuple[Seal, CommandLog | None]]:
    """Every link with its row, in the order of the chain."""
    after = 0
    while seals := list(Seal.objects.filter(pk__gt=after).order_by("pk")[:BATCH]):
        rows = CommandLog.objects.in_bulk([item.log_id for item in seals])
        for item in seals:
            yield item, rows.get(item.log_id)
        after = seals[-1].pk


def verify_chain(*, kept_head: Head | None = None) -> Verdict:
    """Walk the chain and name the first bad row.

    Arguments: ``kept_head``, a head exported earlier: the chain must still contain it.
    """
    previous, checked, seen_head = START, 0, kept_head is None
    for item, row in chain():
        if row is None:
            return Verdict(checked=checked, bad_log_id=item.log_id, reason=_("This row is missing from the log."))
        previous = link(previous, row)
        if previous != bytes(item.hash):
            return Verdict(
                checked=checked,
                bad_log_id=row.pk,
                reason=_("This row, or the link before it, was changed, added, removed or moved."),
            )
        checked += 1
        seen_head = seen_head or (kept_head is not None and previous.hex() == kept_head.hash)
    if not seen_head and kept_head is not None:
        lost = _("The chain no longer contains the kept head.")
        return Verdict(checked=checked, bad_log_id=kept_head.log_id, reason=lost)
    stray = first_stray()
    if stray is not None:
        return Verdict(checked=checked, bad_log_id=stray, reason=_("This row was added without a seal."))
    return Verdict(checked=checked)


def first_stray() -> int | None:
    """A row that should have been sealed long ago and is not; those of the last minutes may wait for the worker."""
    never_sealed = CommandLog.objects.filter(~Exists(Seal.objects.filter(log_id=OuterRef("pk"))))
    last = Seal.objects.order_by("-pk").first()
    if last is None:
        return None
    return never_sealed.filter(at__lt=last.sealed_at - GRACE).order_by("pk").values_list("pk", flat=True).first()


def head() -> Head | None:
    """The end of the chain now; None before the first seal."""
    last = Seal.objects.order_by("-pk").first()
    return Head(links=Seal.objects.count(), log_id=last.log_id, hash=bytes(last.hash).hex()) if last else None
