"""The dashboard: what needs a person now, how the day goes, and the process at a glance. Bounded, few statements."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any, Final

from django.contrib.postgres.fields import ArrayField
from django.db.models import DateTimeField, Func, IntegerField, Value
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from clickcollect.oms import alarms, states
from clickcollect.oms.access import packages_of
from clickcollect.oms.browser_sessions import configuration_of
from clickcollect.oms.lists import state_id
from clickcollect.oms.log_models import CommandLog, LogKind
from clickcollect.oms.models import Package
from clickcollect.oms.package_sql import listed_packages
from clickcollect.oms.workflow import editing
from clickcollect.omsweb.actor import actor_of, may
from clickcollect.omsweb.listing import Statement, midnight, tally, tally_of
from clickcollect.omsweb.needs import needs
from clickcollect.omsweb.workflow_diagram import Picture, draw_workflow

DAYS: Final = 14
DRAWN: Final = (states.DELIVERED, states.READY)
SHOWN: Final = 8


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One day of a chart; ``height`` in percent of the highest."""

    label: str
    value: int
    height: int
    is_today: bool


@dataclass(frozen=True, kw_only=True)
class Chart:
    """The days of one state; ``total`` of all of them."""

    title: str
    bars: list[Bar]
    total: int


class DayNumber(Func):
    """Which of some days a moment is in, from 1: of many rows a third of the time that a date for each takes."""

    function = "width_bucket"
    output_field = IntegerField()

    def __init__(self, moment: str, midnights: Sequence[datetime]) -> None:
        super().__init__(moment, Value(list(midnights), ArrayField(DateTimeField())))


def charts(today: date) -> list[Chart]:
    """How many packages came to a state on each of 14 days up to this one, by the log and the page's clock."""
    days = [today - timedelta(days=back) for back in range(DAYS - 1, -1, -1)]
    ends = midnight(today + timedelta(days=1))
    counted = {(state, number): count for state, number, count in tally(moves_by_day((*map(midnight, days), ends)))}
    return [
        chart(state, {day: counted.get((state, number), 0) for number, day in enumerate(days, 1)}) for state in DRAWN
    ]


@lru_cache(maxsize=64)
def moves_by_day(midnights: tuple[datetime, ...]) -> Statement:
    """What counts the packages that came to each state, by the number of the day; put together once."""
    moves = CommandLog.objects.filter(
        kind=LogKind.MOVE, new_state__in=DRAWN, at__gte=midnights[0], at__lt=midnights[-1]
    )
    return tally_of(moves.order_by().values_list("new_state", DayNumber("at", midnights[:-1])), "state", "day")


def chart(state: str, counted: Mapping[date, int]) -> Chart:
    """One state's days, the last of them today."""
    highest, today = max(counted.values()) or 1, max(counted)
    bars = [
        Bar(label=date_format(day, "j M"), value=count, height=round(100 * count / highest), is_today=day == today)
        for day, count in counted.items()
    ]
    return Chart(title=_(states.LIST_NAMES[state]), bars=bars, total=sum(counted.values()))


def most_urgent(request: HttpRequest) -> list[Package]:
    """The ready packages whose time ends next."""
    ready = packages_of(actor_of(request)).filter(state_id=state_id(states.READY), due_at__isnull=False)
    return listed_packages(list(ready.order_by("due_at", "pk").values_list("pk", flat=True)[:SHOWN]))


def picture(request: HttpRequest) -> Picture | None:
    """The process as it is in force, with the packages in it, for those who may see it."""
    if not may(request, "process:read"):
        return None
    workflow = editing.workflow_in_force(configuration_of(request.session))
    return draw_workflow(workflow, packages=editing.open_packages_by_state(), whole=False)


def dashboard(request: HttpRequest) -> dict[str, Any]:
    """Everything the first page shows."""
    return {
        "alarms": alarms.current_alarms(),
        "alarms_link": may(request, "hooks:read"),
        "needs": needs(request),
        "charts": charts(timezone.localdate()),
        "urgent": most_urgent(request),
        "picture": picture(request),
    }
