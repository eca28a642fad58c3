"""The lists of a store: tabs with counts, most urgent first, one page at a time.

What is open stands before what has ended; open packages by the time they are due, ended ones by when they ended.
A page costs the same at any depth: the cursor names the last row seen.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.db.models import Count, F, OrderBy, Q, QuerySet, Value
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from clickcollect.instore.store_session import Desk
from clickcollect.oms import search, states
from clickcollect.oms.access import packages_of
from clickcollect.oms.lists import state_id, state_ids
from clickcollect.oms.models import Package
from clickcollect.wire_format import whole_number

PER_PAGE: Final = 50
MOST_COUNTED: Final = 999  # of what has ended; a longer count helps nobody at a counter
MOST_FOUND: Final = 200

OPEN: Final = (states.WAITING, states.PREPARING, states.READY_FOR_PACKAGING, states.PACKED, states.READY)
Rows = QuerySet[Package]


@dataclass(frozen=True, kw_only=True)
class Tab:
    """One list. ``hides_when_empty``: shown only while it has rows."""

    key: str
    label: Promise
    open_states: tuple[str, ...] = ()
    ended_states: tuple[str, ...] = ()
    only_late: bool = False
    hides_when_empty: bool = False


TABS: Final[tuple[Tab, ...]] = (
    Tab(key="to-pack", label=_("To pack"), open_states=tuple(sorted(states.TO_PACK))),
    Tab(key="packed", label=_("Packed"), open_states=(states.PACKED,)),
    Tab(key="ready", label=_("Ready for customer"), open_states=(states.READY,)),
    Tab(
        key="not-collected",
        label=_("Not collected"),
        open_states=(states.READY,),
        only_late=True,
        hides_when_empty=True,
    ),
    Tab(key="delivered", label=_("Delivered"), ended_states=(states.DELIVERED,)),
    Tab(key="all", label=_("All"), open_states=OPEN, ended_states=tuple(sorted(states.ENDED))),
)
BY_KEY: Final = {tab.key: tab for tab in TABS}
ALL: Final = BY_KEY["all"]


@dataclass(frozen=True, kw_only=True)
class Counts:
    """How many packages each tab holds, and how many of them press."""

    by_state: Counter[str]
    late: int = 0
    overdue: int = 0
    today: int = 0

    def of(self, tab: Tab) -> int:
        if tab.only_late:
            return self.late
        return sum(self.by_state[number] for number in (*tab.open_states, *tab.ended_states))

    def words(self, tab: Tab) -> str:
        """The number on the tab; a plus sign where counting stopped."""
        cut = any(self.by_state[number] > MOST_COUNTED for number in tab.ended_states)
        return f"{self.of(tab) - 1}+" if cut else str(self.of(tab))


@dataclass(frozen=True, kw_only=True)
class Page:
    """A page of rows, and where the next begins."""

    rows: list[Package] = field(default_factory=list)
    next_cursor: str = ""


def first_in_states(rows: Rows, numbers: tuple[str, ...], *order: OrderBy) -> list[Package]:
    """The first 51 packages of these states, in this order; one statement.

    The index of a list gives the order within one state. Of several states the first 51 of each are found by it, and
    only those are sorted, however many packages the store has had.
    """
    parts = [rows.filter(state_id=state_id(number)).order_by(*order)[: PER_PAGE + 1] for number in numbers]
    if len(parts) == 1:
        return list(parts[0])
    first, *others = [part.values("pk") for part in parts]
    return list(rows.filter(pk__in=first.union(*others, all=True)).order_by(*order)[: PER_PAGE + 1])


def count(desk: Desk) -> Counts:
    """Two statements: what is open, exactly; what has ended, up to 999."""
    mine = Package.objects.filter(stock_location=desk.store).order_by()
    day_ends = end_of_day()
    late = Count("pk", filter=Q(due_at__lte=Now()))
    today = Count("pk", filter=Q(due_at__gt=Now(), due_at__lt=day_ends))
    by_number = mine.filter(state__in=state_ids(OPEN)).values("state__enum_value")
    open_rows = list(by_number.annotate(n=Count("pk"), late=late, today=today))
    by_state: Counter[str] = Counter({row["state__enum_value"]: row["n"] for row in open_rows})
    by_state.update(count_ended(mine))
    return Counts(
        by_state=by_state,
        late=sum(row["late"] for row in open_rows if row["state__enum_value"] == states.READY),
        overdue=sum(row["late"] for row in open_rows),
        today=sum(row["today"] for row in open_rows),
    )


def count_ended(mine: Any) -> Counter[str]:
    """Each ended state up to 999, in one statement."""
    parts = [
        mine.filter(state_id=state_id(number)).values_list(Value(number))[: MOST_COUNTED + 1]
        for number in sorted(states.ENDED)
    ]
    return Counter(number for (number,) in parts[0].union(*parts[1:], all=True))


def end_of_day() -> datetime:
    """Midnight in the store."""
    return timezone.localtime().replace(hour=23, minute=59, second=59, microsecond=999999)


@dataclass(frozen=True, kw_only=True)
class Found:
    """The hits of a search in a store, the most urgent first; 200 at the most."""

    hits: list[Package]

    @property
    def counts(self) -> Counts:
        """How many hits each tab holds."""
        late = [package for package in self.hits if is_late(package)]
        return Counts(
            by_state=Counter(package.state.enum_value for package in self.hits),
            late=sum(package.state.enum_value == states.READY for package in late),
            overdue=len(late),
        )

    def of(self, tab: Tab) -> list[Package]:
        numbers = (*tab.open_states, *tab.ended_states)
        hits = [package for package in self.hits if package.state.enum_value in numbers]
        return [package for package in hits if is_late(package)] if tab.only_late else hits


def is_late(package: Package) -> bool:
    return package.due_at is not None and package.due_at <= package.clock


def find(desk: Desk, query: str) -> Found:
    """Search the store: first as a label, then in everything a package is found by."""
    mine = packages_of(desk.actor)
    if meant := search.by_label(mine, query):
        return Found(hits=meant)
    hits = search.matching(mine, query).order_by(F("due_at").asc(nulls_last=True), "-id")[:MOST_FOUND]
    return Found(hits=list(hits))


def page(desk: Desk, tab: Tab, cursor: str) -> Page:
    """The rows after the cursor, at most 50: the open ones, and when they end the ended ones."""
    rows = packages_of(desk.actor)
    part, due, last_id = read_cursor(cursor)
    found: list[Package] = []
    if part == "open" and tab.open_states:
        found = open_after(rows, tab, due, last_id)
        last_id = None
    if len(found) <= PER_PAGE and tab.ended_states:
        since = due if part == "ended" else None
        found += ended_after(rows, tab, since, last_id)[: PER_PAGE + 1 - len(found)]
    shown = found[:PER_PAGE]
    return Page(rows=shown, next_cursor=cursor_after(shown[-1]) if len(found) > PER_PAGE else "")


def open_after(rows: Rows, tab: Tab, due: datetime | None, last_id: int | None) -> list[Package]:
    """The most urgent first; what has no due time comes last."""
    if tab.only_late:
        rows = rows.filter(due_at__lte=Now())
    if last_id is not None:
        same = Q(due_at=due, id__gt=last_id)
        later = Q(due_at__gt=due) | Q(due_at=None) if due else Q(pk__in=())
        rows = rows.filter(same | later)
    return first_in_states(rows, tab.open_states, F("due_at").asc(), F("id").asc())


def ended_after(rows: Rows, tab: Tab, since: datetime | None, last_id: int | None) -> list[Package]:
    """What ended last comes first."""
    if since and last_id is not None:
        rows = rows.filter(Q(state_changed_at__lt=since) | Q(state_changed_at=since, id__lt=last_id))
    return first_in_states(rows, tab.ended_states, F("state_changed_at").desc(), F("id").desc())


def cursor_after(package: Package) -> str:
    """`open~2026-11-23T17:00:00+00:00~12`; with `ended` the moment when it ended."""
    if package.state.enum_value in states.ENDED:
        return f"ended~{package.state_changed_at.isoformat()}~{package.pk}"
    return f"open~{package.due_at.isoformat() if package.due_at else ''}~{package.pk}"


def read_cursor(text: str) -> tuple[str, datetime | None, int | None]:
    """Where a page begins; anything that makes no sense is the beginning."""
    part, _tilde, rest = text.partition("~")
    moment, _tilde, number = rest.partition("~")
    pk = whole_number(number)
    if part not in ("open", "ended") or pk is None:
        return "open", None, None
    try:
        due = parse_datetime(moment) if moment else None
    except ValueError:
        due = None
    if (moment or part == "ended") and (due is None or timezone.is_naive(due)):
        return "open", None, None
    return part, due, pk
