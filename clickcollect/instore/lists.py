"""The lists of a store: tabs with counts, most urgent first, one page at a time.

What is open stands before what has ended; open packages by the time they are due, ended ones by when they ended.
A page costs the same at any depth: the cursor names the last row seen.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from django.db.models import Count, F, OrderBy, Q, QuerySet, Value
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from clickcollect.instore.store_session import StoreSession
from clickcollect.oms import deadlines, search, states
from clickcollect.oms.access import packages_of
from clickcollect.oms.lists import ALL, MOST_COUNTED, PAST_PICKUP, Tab, state_id, state_ids
from clickcollect.oms.models import Package
from clickcollect.wire_format import whole_number

PER_PAGE: Final = 50
MOST_FOUND: Final = 200

Rows = QuerySet[Package]


@dataclass(frozen=True, kw_only=True)
class Counts:
    """How many packages each tab holds, and how many of them press."""

    by_state: Counter[str]
    past_pickup: int = 0
    overdue: int = 0
    today: int = 0

    def in_tab(self, tab: Tab) -> int:
        return self.past_pickup if tab.past_pickup else sum(self.by_state[number] for number in tab.states)

    def words(self, tab: Tab) -> str:
        """The number on the tab; a plus sign where counting stopped."""
        was_cut = any(self.by_state[number] > MOST_COUNTED for number in tab.ended_states)
        return f"{self.in_tab(tab) - 1}+" if was_cut else str(self.in_tab(tab))


@dataclass(frozen=True, kw_only=True)
class ListPage:
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


def count_tabs(session: StoreSession) -> Counts:
    """Two statements: what is open, exactly; what has ended, up to 999 a state."""
    in_store = Package.objects.filter(stock_location=session.store).order_by()
    by_number = in_store.filter(state__in=state_ids(ALL.open_states)).values("state__enum_value")
    open_rows = list(
        by_number.annotate(
            n=Count("pk"),
            past_pickup=Count("pk", filter=PAST_PICKUP),
            overdue=Count("pk", filter=Q(due_at__lte=Now())),
            today=Count("pk", filter=Q(due_at__gt=Now(), due_at__lte=end_of_day())),
        )
    )
    by_state: Counter[str] = Counter({row["state__enum_value"]: row["n"] for row in open_rows})
    by_state.update(count_ended(in_store))
    return Counts(
        by_state=by_state,
        past_pickup=sum(row["past_pickup"] for row in open_rows if row["state__enum_value"] == states.READY),
        overdue=sum(row["overdue"] for row in open_rows),
        today=sum(row["today"] for row in open_rows),
    )


def count_ended(in_store: Rows) -> Counter[str]:
    """Each ended state up to 999, in one statement."""
    parts = [
        in_store.filter(state_id=state_id(number)).values_list(Value(number))[: MOST_COUNTED + 1]
        for number in sorted(states.ENDED)
    ]
    return Counter(number for (number,) in parts[0].union(*parts[1:], all=True))


def end_of_day() -> datetime:
    """The last microsecond of the store's day."""
    return timezone.localtime().replace(hour=23, minute=59, second=59, microsecond=999999)


@dataclass(frozen=True, kw_only=True)
class SearchResult:
    """The hits of a search in a store, the most urgent first; 200 at the most."""

    hits: list[Package]

    @property
    def counts(self) -> Counts:
        """How many hits each tab holds."""
        return Counts(
            by_state=Counter(package.state.enum_value for package in self.hits),
            past_pickup=sum(map(deadlines.is_past_pickup, self.hits)),
            overdue=sum(package.due_at is not None and package.due_at <= package.clock for package in self.hits),
        )

    def in_tab(self, tab: Tab) -> list[Package]:
        hits = [package for package in self.hits if package.state.enum_value in tab.states]
        return list(filter(deadlines.is_past_pickup, hits)) if tab.past_pickup else hits


def search_store(session: StoreSession, query: str) -> SearchResult:
    """Search the store: first as a label, then in everything a package is found by."""
    in_store = packages_of(session.actor)
    if meant := search.by_label(in_store, query):
        return SearchResult(hits=meant)
    hits = search.matching(in_store, query).order_by(F("due_at").asc(nulls_last=True), "-id")[:MOST_FOUND]
    return SearchResult(hits=list(hits))


def page_of_tab(session: StoreSession, tab: Tab, cursor: str = "") -> ListPage:
    """The rows after the cursor, at most 50: the open ones, and when they end the ended ones."""
    rows = packages_of(session.actor)
    part, moment, last_id = parse_cursor(cursor)
    found: list[Package] = []
    if part == "open" and tab.open_states:
        found = open_after(rows, tab, moment, last_id)
        last_id = None
    if len(found) <= PER_PAGE and tab.ended_states:
        since = moment if part == "ended" else None
        found += ended_after(rows, tab, since, last_id)[: PER_PAGE + 1 - len(found)]
    on_page = found[:PER_PAGE]
    return ListPage(rows=on_page, next_cursor=cursor_after(on_page[-1]) if len(found) > PER_PAGE else "")


def open_after(rows: Rows, tab: Tab, due: datetime | None, last_id: int | None) -> list[Package]:
    """The most urgent first; what has no due time comes last."""
    if tab.past_pickup:
        rows = rows.filter(PAST_PICKUP)
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


def parse_cursor(text: str) -> tuple[str, datetime | None, int | None]:
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
