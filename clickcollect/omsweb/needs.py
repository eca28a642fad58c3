"""What waits for a person, the first thing on the dashboard: counted in one statement, named only where it is there."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final

from django.db.models import Min, QuerySet, Value
from django.db.models.functions import Least
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clickcollect.oms import reviews
from clickcollect.oms.access import SYSTEM, Actor, packages_of
from clickcollect.oms.repair_models import WAITING, OrderToRepair
from clickcollect.omsweb.actor import actor_of, may
from clickcollect.omsweb.hooks import FAILING
from clickcollect.omsweb.listing import Rows, Statement, midnight, tally, tally_of
from clickcollect.omsweb.packages import ALONG_DUE, LATE
from clickcollect.omsweb.templatetags.omsweb import moment
from clickcollect.whisperer.models import Delivery, DeliveryState, Hook

DEAD_DAYS: Final = 7
MOST: Final = 1000  # a figure stops here: more than that is "many" anyway
MOST_NAMED: Final = 3
PACKAGES: Final = "omsweb:oms_package_changelist"


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of thing that waits. ``tone``: bad or warn; ``page``: where it is listed; ``right``: who is told."""

    title: str | Promise
    detail: str | Promise = ""
    icon: str
    tone: str = "bad"
    page: str = PACKAGES
    query: str = ""
    right: str = ""


KINDS: Final[Mapping[str, Kind]] = {  # the most urgent first
    "no_message": Kind(
        title=LATE["no_message"][0],
        detail=gettext_lazy("The message failed. Correct the phone number, or send it again."),
        icon="sms_failed",
        query="?late=no_message",
    ),
    "to_pack": Kind(title=LATE["to_pack"][0], icon="schedule", query="?late=to_pack"),
    "not_collected": Kind(
        title=LATE["not_collected"][0],
        detail=gettext_lazy("The pickup time has passed. Extend it, or return the package to stock."),
        icon="event_busy",
        tone="warn",
        query="?late=not_collected",
    ),
    "forgotten": Kind(
        title=LATE["forgotten"][0],
        detail=gettext_lazy("Packed two days ago and not yet marked ready for pickup."),
        icon="inventory_2",
        tone="warn",
        query="?late=forgotten",
    ),
    "orders": Kind(
        title=gettext_lazy("Orders to repair"),
        detail=gettext_lazy("Orders from a shop that could not be placed."),
        icon="build",
        page="omsweb:oms_ordertorepair_changelist",
        right="orders:read",
    ),
    "hooks": Kind(
        title=gettext_lazy("Failing webhooks"),
        detail=gettext_lazy("A receiver is not responding, or has unsubscribed."),
        icon="webhook",
        page="omsweb:whisperer_hook_changelist",
        query="?state=failing",
        right="hooks:read",
    ),
    "letters": Kind(
        title=gettext_lazy("Dead letters"),
        detail=gettext_lazy("Events of the last 7 days that reached no one."),
        icon="mail_off",
        tone="warn",
        page="omsweb:whisperer_delivery_changelist",
        query=f"?state={DeliveryState.DEAD}&from=",
        right="hooks:read",
    ),
    "reviews": Kind(
        title=gettext_lazy("Handovers to review"),
        detail=gettext_lazy("Without a code, or locked after wrong codes."),
        icon="key",
        tone="warn",
        page="omsweb:reviews",
    ),
}


@dataclass(frozen=True, kw_only=True)
class Need:
    """So many of one kind wait for a person."""

    kind: Kind
    count: int
    detail: str
    link: str

    @property
    def figure(self) -> str:
        return f"{MOST}+" if self.count > MOST else str(self.count)


def needs(request: HttpRequest) -> list[Need]:
    """Everything that waits, the most urgent kind first; what is nothing is left out."""
    actor, week_ago = actor_of(request), timezone.localdate() - timedelta(days=DEAD_DAYS)
    told = tuple(name for name, kind in KINDS.items() if not kind.right or may(request, kind.right))
    counts = dict(tally(counting(told, store_ids=actor.store_ids, week_ago=midnight(week_ago))))
    return [
        Need(
            kind=KINDS[name],
            count=counts[name],
            detail=detail(name, actor),
            link=reverse(KINDS[name].page) + KINDS[name].query + (week_ago.isoformat() if name == "letters" else ""),
        )
        for name in told
        if name in counts
    ]


@lru_cache(maxsize=64)
def counting(names: tuple[str, ...], *, store_ids: frozenset[int] | None, week_ago: datetime) -> Statement:
    """What counts these kinds in these stores, each to one more than `MOST`; put together once."""
    actor = replace(SYSTEM, store_ids=store_ids)
    rows: dict[str, Rows] = {
        **{name: packages_of(actor).filter(is_late).order_by() for name, (_title, is_late) in LATE.items()},
        "orders": OrderToRepair.objects.filter(WAITING).order_by(),
        "hooks": failing_hooks().order_by(),
        "letters": Delivery.objects.filter(state=DeliveryState.DEAD, queued_at__gte=week_ago).order_by(),
        "reviews": reviews.to_review(actor),
    }
    rows["not_collected"] = rows["not_collected"].order_by(*ALONG_DUE)
    first, *others = (rows[name].values_list(Value(name))[: MOST + 1] for name in names)
    return tally_of(first.union(*others, all=True), "name")


def failing_hooks() -> QuerySet[Hook]:
    return Hook.objects.filter(FAILING, deleted_at=None)


def detail(name: str, actor: Actor) -> str:
    """What to do about one kind, or more of what it is."""
    if name == "to_pack":
        return stores_behind(actor)
    if name == "hooks":
        since = failing_hooks().aggregate(first=Least(Min("endpoint__failing_since"), Min("stopped_at")))["first"]
        if since is None:  # taken up again this moment
            return str(KINDS[name].detail)
        words = _("Since %(since)s a receiver is not responding, or has unsubscribed.")
        return mark_safe(words % {"since": moment(since, "j M, H:i")})  # noqa: S308  our own words
    return str(KINDS[name].detail)


def stores_behind(actor: Actor) -> str:
    """The stores with the most packages that are not packed in time, by name, each with how many.

    Where very many are late, only as many are looked at as are counted.
    """
    most = sorted(tally(late_stores(actor.store_ids)), key=lambda store: (-store[1], store[0]))
    named = [f"{name} ({count})" for name, count in most[:MOST_NAMED]]
    more = ["…"] if len(most) > MOST_NAMED else []
    return ", ".join([*named, *more])


@lru_cache(maxsize=64)
def late_stores(store_ids: frozenset[int] | None) -> Statement:
    """What counts the packages that are not packed in time, by their stores' names; put together once."""
    late = packages_of(replace(SYSTEM, store_ids=store_ids)).filter(LATE["to_pack"][1]).select_related(None)
    return tally_of(late.order_by().values_list("stock_location__name")[: MOST + 1], "store")
