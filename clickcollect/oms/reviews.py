"""What a manager and an operator look at afterwards: overrides, locked codes, handovers after a changed phone."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from clickcollect.accounts.models import ApiToken
from clickcollect.accounts.people import full_names
from clickcollect.errors import NotFound
from clickcollect.omnitron.models import RetailStore
from clickcollect.oms import states
from clickcollect.oms.access import Actor
from clickcollect.oms.log.timeline import evidence_shown
from clickcollect.oms.log.write import people_of, who_did
from clickcollect.oms.log_models import (
    OVERRIDE,
    WANTS_REVIEW,
    CommandLog,
    LogKind,
    LogNote,
    NoteKind,
    OverrideReview,
)
from clickcollect.oms.models import Package

CORRECTION: Final = "CORRECT_PHONE"
LOOK_BACK: Final = timedelta(days=90)
LONGEST_LIST: Final = 200
TAKE_BACK_WITHIN: Final = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Review:
    """One handover without a code or after a changed phone number, or one locked code, that somebody should look at.

    Or a token from before the scope `packages:override`, which may still do without a code; ``token`` is its name.
    ``note_kind``: that of the log row. ``evidence``: what the customer showed, in words. ``changed_by``: who changed
    the number; ``reason`` is theirs then.
    """

    log_id: int
    is_override: bool
    note_kind: str
    at: datetime
    package: Package | None
    who: str
    evidence: str
    reason: str
    changed_by: str = ""
    token: str = ""

    @property
    def is_phone_change(self) -> bool:
        return self.note_kind == NoteKind.AFTER_PHONE_CHANGE

    @property
    def is_token(self) -> bool:
        return self.note_kind == NoteKind.TOKEN_KEEPS_OVERRIDE

    @property
    def is_lock_out(self) -> bool:
        return self.note_kind == NoteKind.LOCKED_OUT


@dataclass(frozen=True, kw_only=True)
class Share:
    """How many handovers of a store or an employee went without a code."""

    name: str
    handovers: int
    overrides: int

    @property
    def percent(self) -> float:
        return round(100 * self.overrides / self.handovers, 1) if self.handovers else 0.0


def recent_log(actor: Actor) -> QuerySet[CommandLog]:
    """The log of the actor's stores within the last 90 days."""
    rows = CommandLog.objects.filter(at__gte=Now() - LOOK_BACK)
    return rows if actor.store_ids is None else rows.filter(store_id__in=actor.store_ids)


def to_review(actor: Actor) -> QuerySet[CommandLog]:
    """What nobody has looked at yet, newest first."""
    done = OverrideReview.objects.filter(log_id=OuterRef("pk"))
    return recent_log(actor).filter(WANTS_REVIEW).filter(~Exists(done)).order_by("-at", "-pk")


def open_reviews(actor: Actor) -> list[Review]:
    """The list to look through, newest first, at most 200. Raises Forbidden."""
    actor.require("logs:read")
    return reviews_of(list(to_review(actor)[:LONGEST_LIST]))


def reviewed_lately(actor: Actor) -> list[Review]:
    """What was marked as reviewed within the last day, and can still be taken back. Raises Forbidden."""
    actor.require("logs:read")
    lately = OverrideReview.objects.filter(reviewed_at__gte=Now() - TAKE_BACK_WITHIN).values("log_id")
    done = recent_log(actor).filter(WANTS_REVIEW, pk__in=lately).order_by("-at", "-pk")
    return reviews_of(list(done[:LONGEST_LIST]))


def reviews_of(entries: list[CommandLog]) -> list[Review]:
    """Log rows with their packages, people and reasons; a fixed number of statements, none for no rows."""
    if not entries:
        return []
    packages = Package.objects.select_related("order", "stock_location", "state").in_bulk(
        [entry.package_id for entry in entries],
    )
    told_of = corrections_of(entries)
    names = full_names(people_of([*entries, *told_of.values()]))
    telling = [told_of.get(entry.pk, entry).pk for entry in entries]
    notes = LogNote.objects.filter(log_id__in=telling, kind="reason")
    told_tokens = {token_of(entry) for entry in entries} - {0}
    tokens = dict(ApiToken.objects.filter(pk__in=told_tokens).values_list("pk", "name")) if told_tokens else {}
    reasons = {note.log_id: note.text for note in notes}
    return [
        Review(
            log_id=entry.pk,
            is_override=entry.command_code == OVERRIDE,
            note_kind=entry.note_kind,
            at=entry.at,
            package=packages.get(entry.package_id or 0),
            who=who_did(entry, name=names.get(entry.actor_id or 0, ""), names=names),
            evidence="".join(evidence_shown(entry)),
            reason=reasons.get(told_of.get(entry.pk, entry).pk, ""),
            changed_by=names.get(told_of[entry.pk].actor_id or 0, "") if entry.pk in told_of else "",
            token=tokens.get(token_of(entry), ""),
        )
        for entry in entries
    ]


def token_of(entry: CommandLog) -> int:
    """The id of the token that a row tells of; 0 for none."""
    return int(entry.attributes.get("token.id", 0)) if entry.note_kind == NoteKind.TOKEN_KEEPS_OVERRIDE else 0


def corrections_of(entries: Iterable[CommandLog]) -> dict[int, CommandLog]:
    """The newest correction of the phone number before each handover that followed one, by the handover's log row."""
    after = [entry for entry in entries if entry.note_kind == NoteKind.AFTER_PHONE_CHANGE]
    packages = Package.objects.filter(order_id__in={entry.order_id for entry in after}).values("pk")
    done = CommandLog.objects.filter(package_id__in=packages, command_code=CORRECTION, code="").order_by("pk")
    corrections = list(done.filter(attributes__contains={"phone.had_code": True})) if after else []
    return {
        entry.pk: row for entry in after for row in corrections if row.order_id == entry.order_id and row.pk < entry.pk
    }


def mark_reviewed(*, log_ids: Iterable[int], actor: Actor) -> int:
    """Say that somebody with authority has looked; how many were still open. Raises Forbidden, NotFound."""
    actor.require("reviews:write")
    found = list(to_review(actor).filter(pk__in=list(log_ids)[:LONGEST_LIST]).values_list("pk", flat=True))
    if not found:
        raise NotFound
    OverrideReview.objects.bulk_create(
        [OverrideReview(log_id=log_id, reviewed_by=actor.user_id or 0) for log_id in found],
        ignore_conflicts=True,
    )
    return len(found)


def mark_not_reviewed(*, log_ids: Iterable[int], actor: Actor) -> int:
    """Take a *Reviewed* back: somebody should look once more; how many it was. Raises Forbidden, NotFound."""
    actor.require("reviews:write")
    asked = recent_log(actor).filter(WANTS_REVIEW, pk__in=list(log_ids)[:LONGEST_LIST])
    count, _rows = OverrideReview.objects.filter(log_id__in=asked.values("pk")).delete()
    if not count:
        raise NotFound
    return count


def share_by_store(actor: Actor) -> list[Share]:
    """The share of handovers without a code, store by store, the highest first."""
    rows = handovers_by(actor, "store_id")
    return ranked(rows, names=dict(RetailStore.objects.filter(pk__in=rows).values_list("pk", "name")))


def share_by_employee(actor: Actor) -> list[Share]:
    """The share of handovers without a code, person by person, the highest first."""
    rows = handovers_by(actor, "actor_id")
    return ranked(rows, names=full_names(rows))


def handovers_by(actor: Actor, field: str) -> dict[int, tuple[int, int]]:
    """Handovers and overrides by a column of the log."""
    actor.require("logs:read")
    handovers = recent_log(actor).filter(kind=LogKind.MOVE, new_state=states.DELIVERED).order_by()
    rows = handovers.values(field).annotate(
        n=Count("*"), overrides=Count("command_code", filter=Q(command_code=OVERRIDE))
    )
    return {row[field] or 0: (row["n"], row["overrides"]) for row in rows[:1000]}


def ranked(rows: dict[int, tuple[int, int]], *, names: dict[int, str]) -> list[Share]:
    shares = [
        Share(name=names.get(key, ""), handovers=handovers, overrides=overrides)
        for key, (handovers, overrides) in rows.items()
    ]
    return sorted(shares, key=lambda share: (-share.percent, -share.overrides, share.name))[:LONGEST_LIST]
