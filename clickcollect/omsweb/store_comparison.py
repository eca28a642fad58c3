"""Stores beside each other, the one that needs help most first: late work now, and speed and care in a period.

It is a part of the dashboard that is fetched after it, in a fixed number of statements, each bounded.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clickcollect.omnitron.models import RetailStore
from clickcollect.oms import configuration, states
from clickcollect.oms.access import packages_of
from clickcollect.oms.list_sql import fetched
from clickcollect.oms.log_models import OVERRIDE, CommandLog, LogKind
from clickcollect.oms.models import Package
from clickcollect.omsweb.actor import actor_of
from clickcollect.omsweb.htmx import htmx_of
from clickcollect.omsweb.listing import midnight
from clickcollect.omsweb.packages import LATE
from clickcollect.omsweb.site import site

MOST_STORES: Final = 500
MOST_SHOWN: Final = 50
MOST_LATE: Final = 10_000
MOST_HANDOVERS: Final = 100_000
NEWEST: Final = 50  # so many packages of a store tell how long it takes
PERIODS: Final[dict[int, Promise]] = {
    1: gettext_lazy("Today"),
    7: gettext_lazy("7 days"),
    30: gettext_lazy("30 days"),
}
TO_READY: Final = f"""
SELECT store.id, percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM made.at - package.created_date))
FROM unnest(%(stores)s::bigint[]) AS store (id)
CROSS JOIN LATERAL (
    SELECT log.at, log.package_id FROM {CommandLog._meta.db_table} log
    WHERE log.store_id = store.id AND log.kind = %(move)s AND log.at >= %(since)s AND log.new_state = %(ready)s
    ORDER BY log.at DESC, log.id DESC LIMIT {NEWEST}
) made
JOIN {Package._meta.db_table} package ON package.id = made.package_id
GROUP BY store.id
"""  # noqa: S608, SLF001
HANDOVERS: Final = f"""
SELECT newest.store_id, count(*), count(*) FILTER (WHERE newest.command_code = %(override)s)
FROM (
    SELECT log.store_id, log.command_code FROM {CommandLog._meta.db_table} log
    WHERE log.kind = '{LogKind.MOVE}' AND log.new_state = '{states.DELIVERED}' AND log.at >= %(since)s
    ORDER BY log.at DESC LIMIT {MOST_HANDOVERS}
) newest
GROUP BY newest.store_id
"""  # noqa: S608, SLF001


@dataclass(frozen=True, kw_only=True)
class Row:
    """One store. ``to_ready``: the median in minutes, None where nothing was made ready."""

    store: RetailStore
    overdue: int
    not_collected: int
    to_ready: float | None
    handovers: int
    without_code: int

    @property
    def share(self) -> float:
        """Handovers without a code, in percent."""
        return 100 * self.without_code / self.handovers if self.handovers else 0.0

    @property
    def to_ready_words(self) -> str:
        """2 h 10 min; 3 d 4 h from two days on."""
        if self.to_ready is None:
            return "–"
        hours, minutes = divmod(round(self.to_ready), 60)
        if hours >= 48:
            return _("%(days)d d %(hours)d h") % {"days": hours // 24, "hours": hours % 24}
        if hours:
            return _("%(hours)d h %(minutes)d min") % {"hours": hours, "minutes": minutes}
        return _("%(minutes)d min") % {"minutes": minutes}


@dataclass(frozen=True, kw_only=True)
class Column:
    """What stores are ranked by. ``rank``: the higher, the sooner a store stands there."""

    name: str
    title: Promise
    rank: Callable[[Row], float]


COLUMNS: Final = (
    Column(name="overdue", title=gettext_lazy("Not packed in time"), rank=lambda row: row.overdue),
    Column(name="not_collected", title=gettext_lazy("Not collected"), rank=lambda row: row.not_collected),
    Column(name="to_ready", title=gettext_lazy("Time to ready"), rank=lambda row: row.to_ready or -1),
    Column(name="without_code", title=gettext_lazy("Handed over without a code"), rank=lambda row: row.share),
)


def late(request: HttpRequest, name: str) -> Counter[int]:
    """How many packages of each store are late in that way, counted to `MOST_LATE` over all stores."""
    rows = packages_of(actor_of(request)).filter(LATE[name][1]).select_related(None).order_by()
    if name == "not_collected":  # the state by its number too: the planner knows how few are in it, and takes an index
        rows = rows.filter(
            state_id__in=[pk for pk, one in configuration.current().states.items() if one.enum_value == states.READY]
        )
    return Counter(rows.values_list("stock_location_id", flat=True)[:MOST_LATE])


def compare_stores(request: HttpRequest, *, since: datetime, by: Column) -> list[Row]:
    """Every open store, in six statements; the one that needs help most first, then by name."""
    found = list(RetailStore.objects.filter(is_active=True).only("erp_code", "name").order_by("erp_code")[:MOST_STORES])
    asked = {"stores": [store.pk for store in found], "since": since, "move": LogKind.MOVE, "ready": states.READY}
    to_ready = {store_id: float(seconds) / 60 for store_id, seconds in fetched(TO_READY, asked)}
    counted = fetched(HANDOVERS, {"since": since, "override": OVERRIDE})
    handovers = {store_id: (count, without) for store_id, count, without in counted}
    overdue, not_collected = late(request, "to_pack"), late(request, "not_collected")
    rows = [
        Row(
            store=store,
            overdue=overdue[store.pk],
            not_collected=not_collected[store.pk],
            to_ready=to_ready.get(store.pk),
            handovers=handovers.get(store.pk, (0, 0))[0],
            without_code=handovers.get(store.pk, (0, 0))[1],
        )
        for store in found
    ]
    return sorted(rows, key=lambda row: (-by.rank(row), row.store.name, row.store.pk))


def links_of(row: Row, *, first_day: str) -> dict[str, str]:
    """The lists behind the figures of a store."""
    packages, log = reverse("omsweb:oms_package_changelist"), reverse("omsweb:oms_commandlog_changelist")
    in_period = {"store": row.store.pk, "from": first_day}
    return {
        "overdue": f"{packages}?{urlencode({'store': row.store.pk, 'late': 'to_pack'})}",
        "not_collected": f"{packages}?{urlencode({'store': row.store.pk, 'late': 'not_collected'})}",
        "to_ready": f"{log}?{urlencode(in_period | {'new_state': states.READY})}",
        "without_code": f"{log}?{urlencode(in_period | {'command': OVERRIDE})}",
    }


def choice(title: Promise, *, days: int, by: Column, is_on: bool) -> dict[str, Any]:
    """The same table in another order or of another period."""
    address = f"{reverse('omsweb:store_comparison')}?{urlencode({'days': days, 'by': by.name})}"
    return {"title": title, "link": address, "is_on": is_on}


def store_comparison(request: HttpRequest) -> HttpResponse:
    """The table, alone for the dashboard that asks for it, else on a page of its own. Raises Forbidden."""
    actor_of(request).require("logs:read")
    asked = request.GET.get("days", "")
    days = int(asked) if asked in map(str, PERIODS) else 1
    by = next((column for column in COLUMNS if column.name == request.GET.get("by")), COLUMNS[0])
    first_day = timezone.localdate() - timedelta(days=days - 1)
    rows = compare_stores(request, since=midnight(first_day), by=by)
    context: dict[str, Any] = {
        "lines": [{"row": row, "links": links_of(row, first_day=first_day.isoformat())} for row in rows[:MOST_SHOWN]],
        "more": max(len(rows) - MOST_SHOWN, 0),
        "columns": [choice(column.title, days=days, by=column, is_on=column is by) for column in COLUMNS],
        "periods": [choice(title, days=count, by=by, is_on=count == days) for count, title in PERIODS.items()],
    }
    if htmx_of(request):
        return TemplateResponse(request, "omsweb/_store_comparison.html", context)
    page = {**site.each_context(request), "title": _("Stores compared"), **context}
    return TemplateResponse(request, "omsweb/store_comparison.html", page)
