"""What happened, newest first: the log's own words with the icons of OMS WEB."""

from dataclasses import dataclass
from typing import Final

from django.db.models import QuerySet

from clickcollect.omnitron.models import Order
from clickcollect.oms.log.timeline import COMMANDS, TimelineEntry, timeline
from clickcollect.oms.log_models import CommandLog, LogKind
from clickcollect.oms.models import Package

MOST_ENTRIES: Final = 100
ICONS: Final = {
    LogKind.MOVE: "check_circle",
    LogKind.REFUSED: "block",
    LogKind.SETTING: "tune",
    LogKind.NOTE: "edit_note",
}


@dataclass(frozen=True)
class TimelineLine:
    """One line of a timeline."""

    entry: TimelineEntry

    @property
    def icon(self) -> str:
        return ICONS[LogKind(self.entry.row.kind)]

    @property
    def tone(self) -> str:
        """The class in the stylesheet: bad, ok or plain."""
        if self.entry.is_refusal:
            return "bad"
        return "ok" if self.entry.is_delivery else "plain"

    @property
    def detail(self) -> str:
        """The command's name, where it says more than the title does."""
        if not self.entry.is_refusal and self.entry.row.command_code in COMMANDS:
            return ""
        return "" if self.entry.command.casefold() == self.entry.title.casefold() else self.entry.command


def timeline_of_package(package: Package) -> list[TimelineLine]:
    """The last hundred things that happened to a package."""
    return newest_lines(CommandLog.objects.filter(package_id=package.pk))


def timeline_of_order(order: Order) -> list[TimelineLine]:
    """The last hundred things that happened to the packages of an order."""
    package_ids = list(order.packages.values_list("pk", flat=True)[:MOST_ENTRIES])
    return newest_lines(CommandLog.objects.filter(package_id__in=package_ids))


def newest_lines(rows: QuerySet[CommandLog]) -> list[TimelineLine]:
    return [TimelineLine(entry) for entry in timeline(rows.order_by("-id")[:MOST_ENTRIES])]
