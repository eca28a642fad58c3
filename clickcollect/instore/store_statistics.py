"""What a manager wants to know of a store: how long things take, what went wrong, day by day and hour by hour.

Everything is read from the log and the packages of the last days, in a fixed number of statements.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from statistics import median
from typing import Final

from django.db.models import Q
from django.utils import timezone

from clickcollect.instore.store_session import StoreSession
from clickcollect.oms import states
from clickcollect.oms.log_models import CommandLog, LogKind, NoteKind
from clickcollect.oms.models import Package

MOST_ROWS: Final = 20_000
LONGEST_DWELL: Final = 7  # days; the last bar of the chart holds all that took longer
PERIODS: Final = (1, 7, 14)

Move = tuple[str, str, str, str, str, datetime, int | None]


@dataclass(kw_only=True)
class Day:
    """The figures of one day. Durations in minutes (``to_ready``) and hours (``dwell``)."""

    day: date
    counts: Counter[str] = field(default_factory=Counter)
    to_ready: list[float] = field(default_factory=list)
    dwell: list[float] = field(default_factory=list)

    @property
    def median_to_ready(self) -> float | None:
        return median(self.to_ready) if self.to_ready else None

    @property
    def median_dwell(self) -> float | None:
        return median(self.dwell) if self.dwell else None


@dataclass(frozen=True, kw_only=True)
class StoreStatistics:
    """A period of a store. ``hours``: handovers by hour of the day; ``collected_after``: packages by days waited."""

    days: list[Day]
    hours: Counter[int]
    collected_after: Counter[int]

    @property
    def counts(self) -> Counter[str]:
        return sum((day.counts for day in self.days), Counter())

    @property
    def median_to_ready(self) -> float | None:
        times = [minutes for day in self.days for minutes in day.to_ready]
        return median(times) if times else None

    @property
    def median_dwell(self) -> float | None:
        times = [hours for day in self.days for hours in day.dwell]
        return median(times) if times else None


def compute_statistics(session: StoreSession, *, days: int) -> StoreStatistics:
    """The last days of a store, today included: two statements."""
    today = timezone.localdate()
    shown = {today - timedelta(days=back): Day(day=today - timedelta(days=back)) for back in range(days - 1, -1, -1)}
    since = timezone.make_aware(datetime.combine(min(shown), datetime.min.time()))
    rows = log_rows(session, since)
    times = times_of({package_id for *_rest, package_id in rows if package_id})
    hours: Counter[int] = Counter()
    waited: Counter[int] = Counter()
    for row in rows:
        *_names, at, package_id = row
        local = timezone.localtime(at)
        day = shown.get(local.date())
        if day is None:
            continue
        kind = counted_as(row)
        day.counts[kind] += 1
        if kind == "overridden":  # one of those that were delivered
            day.counts["delivered"] += 1
        created, ready = times.get(package_id or 0, (None, None))
        if kind == "ready" and created:
            day.to_ready.append((at - created).total_seconds() / 60)
        if kind in ("delivered", "overridden"):
            hours[local.hour] += 1
            if ready:
                day.dwell.append((at - ready).total_seconds() / 3600)
                waited[min((at - ready).days, LONGEST_DWELL)] += 1
    return StoreStatistics(days=list(shown.values()), hours=hours, collected_after=waited)


def log_rows(session: StoreSession, since: datetime) -> list[Move]:
    """What counts, newest first, at most 20,000 rows."""
    moves = Q(kind=LogKind.MOVE, new_state__in=(states.PACKED, states.READY, states.DELIVERED))
    wrong = Q(kind=LogKind.REFUSED, code="otp_incorrect")
    noted = Q(kind=LogKind.NOTE, note_kind=NoteKind.LOCKED_OUT) | Q(kind=LogKind.NOTE, command_code="RESEND_CODE")
    rows = CommandLog.objects.filter(moves | wrong | noted, store_id=session.store.pk, at__gte=since).order_by("-at")
    columns = ("kind", "new_state", "command_code", "code", "note_kind", "at", "package_id")
    return list(rows.values_list(*columns)[:MOST_ROWS])


def counted_as(row: Move) -> str:
    """The name under which a log row is counted."""
    kind, new_state, command_code, code, note_kind, _at, _package_id = row
    if code or note_kind:
        return "locked" if note_kind == NoteKind.LOCKED_OUT else "wrong"
    if kind == LogKind.NOTE:
        return "resent"
    if command_code == "DELIVER_WITHOUT_CODE":
        return "overridden"
    return {states.PACKED: "packed", states.READY: "ready", states.DELIVERED: "delivered"}[new_state]


def times_of(package_ids: set[int]) -> dict[int, tuple[datetime, datetime | None]]:
    """When each package was made, and when it was ready."""
    rows = Package.objects.filter(pk__in=list(package_ids)).values_list("pk", "created_date", "ready_at")
    return {pk: (created, ready) for pk, created, ready in rows}
