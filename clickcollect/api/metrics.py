"""Figures for Prometheus, read from the database when they are asked for: the same from every web process.

Each one is a bounded statement on an index; nothing here names a person, an order or a code.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Any, Final

from django.db.models import Count, Min, QuerySet
from django.db.models.functions import Extract, Now
from procrastinate.contrib.django.models import ProcrastinateJob, ProcrastinateWorker
from prometheus_client import CollectorRegistry, PlatformCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from clickcollect.oms import alarms, states
from clickcollect.oms.log_models import CommandLog, LogKind, NoteKind
from clickcollect.oms.models import Package
from clickcollect.oms.orders.connectors.counts import counts
from clickcollect.oms.repair_models import WAITING, OrderToRepair
from clickcollect.whisperer.models import IS_UNDELIVERED, Delivery

MOST_CHANNELS: Final = 100
HOUR: Final = timedelta(hours=1)
Figures = Mapping[str, float]


def gauge(name: str, words: str, figures: Figures, *, label: str) -> GaugeMetricFamily:
    """One figure for each value of a label."""
    family = GaugeMetricFamily(f"clickcollect_{name}", words, labels=[label])
    for value, figure in figures.items():
        family.add_metric([value], figure)
    return family


def count_by(rows: QuerySet[Any, Any], column: str) -> Figures:
    found = rows.order_by().values_list(column).annotate(count=Count("pk"))
    return {str(value): count for value, count in found}


def packages() -> Figures:
    """Open packages by state; those that have ended are too many to count every few seconds."""
    return count_by(Package.objects.exclude(state__enum_value__in=states.ENDED), "state__enum_value")


def refusals() -> Figures:
    lately = CommandLog.objects.filter(at__gte=Now() - HOUR, kind=LogKind.REFUSED)
    return count_by(lately, "code")


def moves() -> Figures:
    lately = CommandLog.objects.filter(at__gte=Now() - HOUR, kind=LogKind.MOVE)
    return count_by(lately, "command_code")


def undelivered() -> QuerySet[Delivery]:
    return Delivery.objects.filter(IS_UNDELIVERED)


def by_channel(waiting: QuerySet[OrderToRepair]) -> Figures:
    """The channels with the most orders to repair; the figure of all others is in none."""
    found = waiting.order_by().values_list("channel").annotate(count=Count("pk")).order_by("-count", "channel")
    return dict(found[:MOST_CHANNELS])


def age_of_oldest(rows: QuerySet[Any], column: str = "queued_at") -> float:
    """Seconds since the oldest of these came; 0 where there is none."""
    age = rows.order_by().aggregate(age=Extract(Now() - Min(column), "epoch"))["age"]
    return float(age or 0)


class Shop(Collector):
    """What the shop looks like now."""

    def collect(self) -> Iterator[Metric]:
        yield gauge("packages", "Open packages by state.", packages(), label="state")
        yield gauge("moves_last_hour", "Commands that ran, by command code.", moves(), label="command")
        yield gauge("refusals_last_hour", "Refused commands, by error code.", refusals(), label="code")
        yield gauge("deliveries", "Events on their way, by state.", count_by(undelivered(), "state"), label="state")
        yield gauge(
            "jobs", "Background jobs, by status.", count_by(ProcrastinateJob.objects.all(), "status"), label="status"
        )
        ages = {"code": undelivered().filter(code_bearing=True), "any": undelivered()}
        yield gauge(
            "oldest_delivery_seconds",
            "Age of the oldest event on its way; `code` = of those that carry a customer's code.",
            {kind: age_of_oldest(rows) for kind, rows in ages.items()},
            label="kind",
        )
        waiting = OrderToRepair.objects.filter(WAITING)
        yield gauge(
            "orders_to_repair", "Orders that wait to be repaired, by channel.", by_channel(waiting), label="channel"
        )
        yield GaugeMetricFamily(
            "clickcollect_oldest_order_to_repair_seconds",
            "Age of the order that waits longest to be repaired.",
            value=age_of_oldest(waiting, "received_at"),
        )
        yield gauge("alarms", "What needs a person now, by kind; 0 = in order.", alarms_by_kind(), label="kind")
        yield gauge("workers", "Workers by sign of life.", workers(), label="heartbeat")
        yield gauge(
            "last_success_timestamp_seconds",
            "When a backup was made last, and when a restore drill passed last; 0 = never.",
            {"backup": newest_note(NoteKind.BACKED_UP), "drill": newest_note(NoteKind.DRILL_PASSED)},
            label="task",
        )
        yield connectors()


def connectors() -> CounterMetricFamily:
    """What became of everything that shops sent, since the first day."""
    family = CounterMetricFamily(
        "clickcollect_connector_messages", "What became of what shops sent.", labels=["connector", "outcome"]
    )
    for labels, number in counts().items():
        family.add_metric(labels, number)
    return family


def newest_note(kind: NoteKind) -> float:
    """When the log was told of this last, in seconds of Unix; 0 where it never was."""
    at = CommandLog.objects.filter(note_kind=kind).exclude(note_kind="").order_by("-id").values_list("at", flat=True)
    newest = at.first()
    return newest.timestamp() if newest else 0.0


def alarms_by_kind() -> Figures:
    """How many alarms of each kind there are now."""
    found = Counter(str(alarm.kind) for alarm in alarms.current_alarms())
    return {str(kind): found[str(kind)] for kind in alarms.AlarmKind}


def workers() -> Figures:
    """How many workers gave a sign of life in the last half minute, and how many are silent."""
    alive = ProcrastinateWorker.objects.filter(last_heartbeat__gt=Now() - timedelta(seconds=30)).count()
    return {"alive": alive, "silent": ProcrastinateWorker.objects.count() - alive}


registry: Final = CollectorRegistry(auto_describe=False)
PARTS: Final[Iterable[Collector]] = (Shop(), PlatformCollector(registry=None))
for part in PARTS:
    registry.register(part)


def exposition() -> bytes:
    """All figures, in Prometheus' text format."""
    return generate_latest(registry)
