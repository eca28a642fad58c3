"""The tabs over the package table: the same words and lists as at the counter (contract section 6), with counts."""

from collections import Counter
from dataclasses import dataclass
from typing import Final

from django.db.models import Count, F, Q, Value
from django.db.models.functions import Now
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from clickcollect.oms import states
from clickcollect.oms.lists import state_id, state_ids
from clickcollect.omsweb.listing import Filter, Listing, Rows

MOST_COUNTED: Final = 999  # a longer number helps nobody on a tab; the line below it says the whole
MOST_HITS: Final = 10_000
WITHOUT_STATE_INDEX: Final = frozenset({"message", "late"})  # filters whose index, if any, does not tell the state
PARAMETER: Final = "tab"


@dataclass(frozen=True, kw_only=True)
class Tab:
    """One list. ``numbers``: its states, none means every package; ``late``: only past the pickup deadline."""

    key: str
    label: Promise
    numbers: tuple[str, ...] = ()
    late: bool = False

    def by_state(self) -> list[Q]:
        """The packages of each of its states, so that an index finds them."""
        late = Q(pickup_deadline__lt=Now()) if self.late else Q()
        return [Q(state_id=state_id(number)) & late for number in self.numbers] or [Q()]

    def fits(self) -> Q:
        return self.by_state()[0] if len(self.numbers) < 2 else Q(state_id__in=state_ids(self.numbers))


TABS: Final = (
    Tab(key="to-pack", label=gettext_lazy("To pack"), numbers=tuple(sorted(states.TO_PACK))),
    Tab(key="packed", label=gettext_lazy("Packed"), numbers=(states.PACKED,)),
    Tab(key="ready", label=gettext_lazy("Ready for customer"), numbers=(states.READY,)),
    Tab(key="not-collected", label=gettext_lazy("Not collected"), numbers=(states.READY,), late=True),
    Tab(key="delivered", label=gettext_lazy("Delivered"), numbers=(states.DELIVERED,)),
    Tab(key="all", label=gettext_lazy("All")),
)
BY_KEY: Final = {tab.key: tab for tab in TABS}
ALL: Final = BY_KEY["all"]


@dataclass(frozen=True, kw_only=True)
class ShownTab:
    """A tab as the page draws it."""

    key: str
    label: str
    count: str
    link: str
    selected: bool


def tab_filter() -> Filter:
    """The tab as one more filter of the list, so that saved filters and exports keep it."""
    return Filter(
        name=PARAMETER,
        label="",
        kind="tab",
        choices=[(tab.key, tab.label) for tab in TABS if tab is not ALL],
        apply=lambda rows, value: rows.filter(BY_KEY[value].fits()),
    )


def shown_tabs(listing: Listing) -> list[ShownTab]:
    """Every tab with how many it holds of what the other filters leave; one statement."""
    chosen = listing.chosen.get(PARAMETER, ALL.key)
    has_hits = bool(listing.query or listing.chosen.keys() & WITHOUT_STATE_INDEX)
    counted = (count_hits if has_hits else count)(listing.found_without(PARAMETER))
    return [
        ShownTab(
            key=tab.key,
            label=str(tab.label),
            count=f"{MOST_COUNTED}+" if counted[tab.key] > MOST_COUNTED else str(counted[tab.key]),
            link=listing.link(tab=None if tab is ALL else tab.key),
            selected=tab.key == chosen,
        )
        for tab in TABS
        if not tab.late or counted[tab.key] or tab.key == chosen
    ]


def count(rows: Rows) -> Counter[str]:
    """Each tab to one more than `MOST_COUNTED`."""
    bare = rows.select_related(None).order_by()
    parts = [
        bare.filter(asked).values_list(Value(tab.key))[: MOST_COUNTED + 1] for tab in TABS for asked in tab.by_state()
    ]
    return Counter(key for (key,) in parts[0].union(*parts[1:], all=True))


def count_hits(rows: Rows) -> Counter[str]:
    """Each tab among what was found, of which it reads no more than 10,001: found once, not once a tab."""
    hits = rows.select_related(None).order_by()[: MOST_HITS + 1]
    return Counter(hits.aggregate(**{tab.key: Count("pk", filter=tab.fits()) for tab in TABS}))


def urgent_first(listing_tab: str) -> bool:
    """Whether a tab's packages are still to be handled, so that the most urgent stand first."""
    return listing_tab in BY_KEY and listing_tab not in ("all", "delivered")


BY_DUE: Final = (F("due_at").asc(nulls_last=True), "pk")
