"""The dashboard: what needs a person now, how the day goes, and the process at a glance. Bounded, few statements."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from django.contrib.postgres.fields import ArrayField
from django.db.models import Count, DateTimeField, Func, IntegerField, Min, QuerySet, Value
from django.db.models.functions import Least
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clickcollect.oms import alarms, reviews, states
from clickcollect.oms.access import packages_of
from clickcollect.oms.lists import state_id
from clickcollect.oms.log_models import CommandLog, LogKind
from clickcollect.oms.models import Package
from clickcollect.oms.repair_models import WAITING, OrderToRepair
from clickcollect.oms.workflow import editing
from clickcollect.omsweb.actor import actor_of, may
from clickcollect.omsweb.hooks import FAILING
from clickcollect.omsweb.listing import midnight, tally
from clickcollect.omsweb.packages import ALONG_DUE, LATE
from clickcollect.omsweb.templatetags.omsweb import moment
from clickcollect.omsweb.workflow_diagram import draw_workflow
from clickcollect.whisperer.models import Delivery, DeliveryState, Hook

DAYS: Final = 14
DEAD_DAYS: Final = 7
MOST: Final = 1000  # a figure stops here: more than that is "many" anyway
SHOWN: Final = 8
MOST_NAMED: Final = 3
PACKAGES: Final = (
    (
        "no_message",
        "sms_failed",
        "bad",
        gettext_lazy("The message failed. Correct the phone number, or send it again."),
    ),
    ("to_pack", "schedule", "bad", ""),
    (
        "not_collected",
        "event_busy",
        "warn",
        gettext_lazy("The pickup time has passed. Extend it, or return the package to stock."),
    ),
    ("forgotten", "inventory_2", "warn", gettext_lazy("Packed two days ago and not yet marked ready for pickup.")),
)


@dataclass(frozen=True, kw_only=True)
class Need:
    """One thing that waits for a person. ``tone``: bad or warn."""

    count: int
    title: str
    detail: str
    link: str
    icon: str
    tone: str = "bad"

    @property
    def figure(self) -> str:
        return f"{MOST}+" if self.count > MOST else str(self.count)


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One day of a chart; ``height`` in percent of the highest."""

    label: str
    value: int
    height: int
    is_today: bool


def bounded(rows: QuerySet[Any], *along: str) -> int:
    """How many, counted to one more than `MOST`; ``along`` the index that has this order."""
    return rows.order_by(*along).values("pk")[: MOST + 1].count()


def stores_behind(rows: QuerySet[Package]) -> str:
    """The stores with the most packages that are not packed in time, by name, each with how many.

    Where very many are late, only the ones that `bounded` counts are looked at.
    """
    late = rows.filter(LATE["to_pack"][1]).select_related(None).order_by()
    counted = tally(late.values_list("stock_location__name")[: MOST + 1], "store")
    most = sorted(counted, key=lambda store: (-store[1], store[0]))
    named = [f"{name} ({count})" for name, count in most[:MOST_NAMED]]
    more = ["…"] if len(most) > MOST_NAMED else []
    return ", ".join([*named, *more])


def needs(request: HttpRequest) -> list[Need]:
    """Everything that waits, the most urgent kind first; what is nothing is left out."""
    actor = actor_of(request)
    rows = packages_of(actor)
    waiting = [
        Need(
            count=bounded(rows.filter(LATE[name][1]), *(ALONG_DUE if name == "not_collected" else ())),
            title=str(LATE[name][0]),
            detail=stores_behind(rows) if name == "to_pack" else str(detail),
            link=f"{reverse('omsweb:oms_package_changelist')}?late={name}",
            icon=icon,
            tone=tone,
        )
        for name, icon, tone, detail in PACKAGES
    ]
    found = [
        *waiting,
        *order_needs(request),
        *delivery_needs(request),
        Need(
            count=min(reviews.to_review(actor)[: MOST + 1].count(), MOST + 1),
            title=_("Handovers to review"),
            detail=_("Without a code, or locked after wrong codes."),
            link=reverse("omsweb:reviews"),
            icon="key",
            tone="warn",
        ),
    ]
    return [need for need in found if need.count]


def order_needs(request: HttpRequest) -> Iterable[Need]:
    """What a shop sent and could not be placed: its customers wait for a package that no store packs."""
    if may(request, "orders:read"):
        yield Need(
            count=bounded(OrderToRepair.objects.filter(WAITING)),
            title=_("Orders to repair"),
            detail=_("Orders from a shop that could not be placed."),
            link=reverse("omsweb:oms_ordertorepair_changelist"),
            icon="build",
        )


def delivery_needs(request: HttpRequest) -> Iterable[Need]:
    """Hooks that fail, and events that never arrived."""
    if not may(request, "hooks:read"):
        return
    failing = Hook.objects.filter(FAILING, deleted_at=None)
    since = failing.aggregate(first=Least(Min("endpoint__failing_since"), Min("stopped_at")))["first"]
    detail = _("A receiver is not responding, or has unsubscribed.")
    if since:
        words = _("Since %(since)s a receiver is not responding, or has unsubscribed.")
        detail = mark_safe(words % {"since": moment(since, "j M, H:i")})  # noqa: S308  our own words
    yield Need(
        count=bounded(failing),
        title=_("Failing webhooks"),
        detail=detail,
        link=f"{reverse('omsweb:whisperer_hook_changelist')}?state=failing",
        icon="webhook",
    )
    week_ago = timezone.localdate() - timedelta(days=DEAD_DAYS)
    dead = Delivery.objects.filter(state=DeliveryState.DEAD, queued_at__gte=midnight(week_ago))
    yield Need(
        count=bounded(dead),
        title=_("Dead letters"),
        detail=_("Events of the last 7 days that reached no one."),
        link=f"{reverse('omsweb:whisperer_delivery_changelist')}?state={DeliveryState.DEAD}&from={week_ago.isoformat()}",
        icon="mail_off",
        tone="warn",
    )


class DayNumber(Func):
    """Which of some days a moment is in, from 1: of many rows a third of the time that a date for each takes."""

    function = "width_bucket"
    output_field = IntegerField()

    def __init__(self, moment: str, midnights: list[datetime]) -> None:
        super().__init__(moment, Value(midnights, ArrayField(DateTimeField())))


def per_day(today: date, *, new_state: str) -> list[Bar]:
    """How many packages came to a state on each of 14 days up to this one, by the log and the page's clock."""
    days = [today - timedelta(days=back) for back in range(DAYS - 1, -1, -1)]
    midnights = [midnight(day) for day in days]
    moves = CommandLog.objects.filter(kind=LogKind.MOVE, new_state=new_state).order_by()
    rows = moves.filter(at__gte=midnights[0], at__lt=midnight(today + timedelta(days=1)))
    per_number = rows.annotate(number=DayNumber("at", midnights)).values_list("number")
    by_number = dict(per_number.annotate(count=Count("*")))  # of `pk` it would have to read each row
    counted = {day: by_number.get(number, 0) for number, day in enumerate(days, 1)}
    highest = max(counted.values()) or 1
    return [
        Bar(
            label=date_format(day, "j M"),
            value=count,
            height=round(100 * count / highest),
            is_today=day == today,
        )
        for day, count in counted.items()
    ]


def most_urgent(request: HttpRequest) -> list[Package]:
    """The ready packages whose time ends next."""
    ready = packages_of(actor_of(request)).filter(state_id=state_id(states.READY), due_at__isnull=False)
    return list(ready.order_by("due_at", "pk")[:SHOWN])


def dashboard(request: HttpRequest) -> dict[str, Any]:
    """Everything the first page shows."""
    picture = None
    if may(request, "process:read"):
        picture = draw_workflow(editing.current_workflow(), packages=editing.open_packages_by_state(), whole=False)
    today = timezone.localdate()
    days = {number: per_day(today, new_state=number) for number in (states.DELIVERED, states.READY)}
    return {
        "alarms": alarms.current_alarms(),
        "alarms_link": may(request, "hooks:read"),
        "needs": needs(request),
        "charts": [
            {"title": _(states.LIST_NAMES[number]), "bars": bars, "total": sum(bar.value for bar in bars)}
            for number, bars in days.items()
        ],
        "urgent": most_urgent(request),
        "picture": picture,
    }
