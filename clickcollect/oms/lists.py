"""The lists of packages that both Instore and OMS WEB show as tabs, and how they ask the database (contract section 6).

States are named by plain ids, so that the planner uses the lists' indexes however many packages there are.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from django.db.models import Q, Subquery
from django.db.models.functions import Now
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from clickcollect.oms import states
from clickcollect.oms.models import PackageState

MOST_COUNTED: Final = 999  # a longer number helps nobody on a tab


@dataclass(frozen=True, kw_only=True)
class Tab:
    """One list of packages. ``past_pickup``: only those whose pickup time is over; shown only while it has rows."""

    key: str
    label: Promise
    states: tuple[str, ...]
    past_pickup: bool = False

    @property
    def open_states(self) -> tuple[str, ...]:
        """Its states in which something is still to be done."""
        return tuple(number for number in self.states if number not in states.ENDED)

    @property
    def ended_states(self) -> tuple[str, ...]:
        return tuple(number for number in self.states if number in states.ENDED)

    @property
    def is_to_do(self) -> bool:
        """Whether all its packages are still to be handled, so that the most urgent stand first."""
        return not self.ended_states


TABS: Final[tuple[Tab, ...]] = (
    Tab(key="to-pack", label=_(states.LIST_NAMES[states.WAITING]), states=tuple(sorted(states.TO_PACK))),
    Tab(key="packed", label=_(states.LIST_NAMES[states.PACKED]), states=(states.PACKED,)),
    Tab(key="ready", label=_(states.LIST_NAMES[states.READY]), states=(states.READY,)),
    Tab(key="not-collected", label=_("Not collected"), states=(states.READY,), past_pickup=True),
    Tab(key="delivered", label=_(states.LIST_NAMES[states.DELIVERED]), states=(states.DELIVERED,)),
    Tab(key="all", label=_("All"), states=tuple(states.NAMES)),
)
TABS_BY_KEY: Final = {tab.key: tab for tab in TABS}
ALL: Final = TABS_BY_KEY["all"]
NOT_COLLECTED: Final = TABS_BY_KEY["not-collected"]

# The pickup time is over, by the database's clock; `deadlines.is_past_pickup` asks the same of one ready package.
PAST_PICKUP: Final = Q(pickup_deadline__lte=Now())


def state_id(number: str) -> Subquery:
    """The id of one state; a plain value to the planner, so that a list's index gives its order too."""
    return Subquery(PackageState.objects.filter(enum_class=states.ENUM_CLASS, enum_value=number).values("pk")[:1])


def state_ids(numbers: Iterable[str]) -> Subquery:
    """The ids of several states, looked up inside the statement that needs them."""
    found = PackageState.objects.filter(enum_class=states.ENUM_CLASS, enum_value__in=tuple(numbers)).order_by()
    return Subquery(found.values("pk"))
