"""The lists of a store: tabs with counts, most urgent first, one page at a time.

What is open stands before what has ended; open packages by the time they are due, ended ones by when they ended.
A page costs the same at any depth: the cursor names the last row seen.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from django.db.models import F
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from clickcollect.instore.store_session import StoreSession
from clickcollect.oms import deadlines, search, states
from clickcollect.oms.access import packages_of
from clickcollect.oms.lists import MOST_COUNTED, Tab
from clickcollect.oms.models import Package
from clickcollect.oms.store_list_sql import After
from clickcollect.wire_format import whole_number

PER_PAGE: Final = 50
MOST_FOUND: Final = 200


@dataclass(frozen=True, kw_only=True)
class Counts:
    """How many packages each tab holds, and how many of them press."""

    by_state: Counter[str]
    past_pickup: int = 0
    overdue: int = 0
    today: int = 0

    @property
    def pack_late(self) -> int:
        """What the store is late with. A customer who is late to collect is another thing: *Not collected*."""
        return max(0, self.overdue - self.past_pickup)

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


def count_tabs(session: StoreSession) -> Counts:
    """One statement: what is open, exactly; what has ended, up to 999 a state."""
    found = session.lists.counts(end_of_day=end_of_day())
    return Counts(
        by_state=Counter({row.number: row.packages for row in found}),
        past_pickup=sum(row.past_pickup for row in found if row.number == states.READY),
        overdue=sum(row.overdue for row in found),
        today=sum(row.today for row in found),
    )


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
    """The rows after the cursor, at most 50: the open ones, and when they end the ended ones; one statement."""
    found = session.lists.page(tab, after=parse_cursor(cursor), limit=PER_PAGE + 1)
    on_page = found[:PER_PAGE]
    return ListPage(rows=on_page, next_cursor=cursor_after(on_page[-1]) if len(found) > PER_PAGE else "")


def cursor_after(package: Package) -> str:
    """`open~2026-11-23T17:00:00+00:00~12`; with `ended` the moment when it ended."""
    if package.state.enum_value in states.ENDED:
        return f"ended~{package.state_changed_at.isoformat()}~{package.pk}"
    return f"open~{package.due_at.isoformat() if package.due_at else ''}~{package.pk}"


def parse_cursor(text: str) -> After | None:
    """Where a page begins; anything that makes no sense is the beginning."""
    part, _tilde, rest = text.partition("~")
    moment, _tilde, number = rest.partition("~")
    pk = whole_number(number)
    if part not in ("open", "ended") or pk is None:
        return None
    try:
        due = parse_datetime(moment) if moment else None
    except ValueError:
        due = None
    if (moment or part == "ended") and (due is None or timezone.is_naive(due)):
        return None
    return After(has_ended=part == "ended", moment=due, id=pk)
