"""The tabs over the package table, with counts: the lists of `oms/lists.py` as one more filter of the table."""

from collections import Counter
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from django.db.models import BooleanField, ExpressionWrapper, F, Q, Value

from clickcollect.oms.access import SYSTEM, packages_of
from clickcollect.oms.lists import ALL, MOST_COUNTED, PAST_PICKUP, TABS, TABS_BY_KEY, Tab, state_id, state_ids
from clickcollect.omsweb.actor import actor_of
from clickcollect.omsweb.listing import Filter, Listing, Rows, Statement, tally, tally_of

MOST_HITS: Final = 10_000
WITHOUT_STATE_INDEX: Final = frozenset({"message", "late"})  # filters whose index, if any, does not tell the state
PARAMETER: Final = "tab"


@dataclass(frozen=True, kw_only=True)
class ShownTab:
    """A tab as the page draws it."""

    key: str
    label: str
    count: str
    link: str
    selected: bool


def conditions_by_state(tab: Tab) -> list[Q]:
    """The packages of each of its states, so that an index finds them; one for every state together where it is all."""
    if tab is ALL:
        return [Q()]
    past = PAST_PICKUP if tab.past_pickup else Q()
    return [Q(state_id=state_id(number)) & past for number in tab.states]


def condition(tab: Tab) -> Q:
    """The packages of a tab."""
    by_state = conditions_by_state(tab)
    return by_state[0] if len(by_state) == 1 else Q(state_id__in=state_ids(tab.states))


def tab_filter() -> Filter:
    """The tab as one more filter of the list, so that saved filters and exports keep it."""
    return Filter(
        name=PARAMETER,
        label="",
        kind="tab",
        choices=[(tab.key, tab.label) for tab in TABS if tab is not ALL],
        apply=lambda rows, value: rows.filter(condition(TABS_BY_KEY[value])),
    )


def shown_tabs(listing: Listing, *, any_ready: bool) -> list[ShownTab]:
    """Every tab with how many it holds of what the other filters leave; one statement.

    ``any_ready``: whether those filters leave packages that are ready for pickup.
    """
    chosen = listing.chosen.get(PARAMETER, ALL.key)
    has_hits = bool(listing.query or listing.chosen.keys() & WITHOUT_STATE_INDEX)
    rows = listing.found_without(PARAMETER)
    if has_hits:
        counted = count_hits(rows, any_ready=any_ready)
    else:
        is_narrowed = bool(listing.chosen.keys() - {PARAMETER})
        every = count_tabs(rows) if is_narrowed else count_all_tabs(actor_of(listing.request).store_ids)
        counted = Counter(dict(tally(every)))
    if has_hits and PARAMETER not in listing.chosen:
        listing.counted = counted[ALL.key]  # the same packages: they need not be found twice
    return [
        ShownTab(
            key=tab.key,
            label=str(tab.label),
            count=f"{MOST_COUNTED}+" if counted[tab.key] > MOST_COUNTED else str(counted[tab.key]),
            link=listing.link(tab=None if tab is ALL else tab.key),
            selected=tab.key == chosen,
        )
        for tab in TABS
        if not tab.past_pickup or counted[tab.key] or tab.key == chosen
    ]


@lru_cache(maxsize=64)
def count_all_tabs(store_ids: frozenset[int] | None) -> Statement:
    """What counts each tab among all packages of these stores; put together once."""
    return count_tabs(packages_of(replace(SYSTEM, store_ids=store_ids)))


def count_tabs(rows: Rows) -> Statement:
    """What counts each tab to one more than `MOST_COUNTED`.

    What is past its time is counted along an index: the planner expects too many.
    """
    bare = rows.select_related(None)
    parts = [
        bare.filter(asked)
        .order_by(*(BY_DUE if tab.past_pickup else ()))
        .values_list(Value(tab.key))[: MOST_COUNTED + 1]
        for tab in TABS
        for asked in conditions_by_state(tab)
    ]
    return tally_of(parts[0].union(*parts[1:], all=True), "tab")


def count_hits(rows: Rows, *, any_ready: bool) -> Counter[str]:
    """Each tab among what was found, of which it reads no more than 10,001: found once, not once a tab.

    Where no package is ready for pickup, none is past it: no index knows, and to ask would read every row.
    """
    is_past = ExpressionWrapper(PAST_PICKUP, BooleanField()) if any_ready else Value(value=False)
    hits = rows.select_related(None).order_by().values_list("state__enum_value", is_past)[: MOST_HITS + 1]
    counted: Counter[str] = Counter()
    for number, past, count in tally(tally_of(hits, "state", "past")):
        fits = [tab.key for tab in TABS if (tab is ALL or number in tab.states) and (past or not tab.past_pickup)]
        counted.update(dict.fromkeys(fits, count))
    return counted


def urgent_first(tab_key: str) -> bool:
    """Whether a tab's packages are still to be handled, so that the most urgent stand first."""
    return tab_key in TABS_BY_KEY and TABS_BY_KEY[tab_key].is_to_do


BY_DUE: Final = (F("due_at").asc(nulls_last=True), "pk")
