"""What happened, newest first, in the words of the shop: log rows with names, states and notes put in."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clickcollect.errors import DomainError
from clickcollect.omnitron.models import Order
from clickcollect.oms import states
from clickcollect.oms.access import names_of
from clickcollect.oms.log import write as log
from clickcollect.oms.log_models import CommandLog, LogKind, LogNote
from clickcollect.oms.models import Package, PackageState

MOST_ENTRIES: Final = 100
ICONS: Final = {
    LogKind.MOVE: "check_circle",
    LogKind.REFUSED: "block",
    LogKind.SETTING: "tune",
    LogKind.NOTE: "edit_note",
}


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line of a timeline. ``tone``: plain, bad or ok."""

    at: datetime
    title: str
    who: str
    icon: str
    tone: str = "plain"
    detail: str = ""
    notes: tuple[str, ...] = ()


def timeline_of_package(package: Package) -> list[Entry]:
    """The last hundred things that happened to a package."""
    return entries(CommandLog.objects.filter(package_id=package.pk))


def timeline_of_order(order: Order) -> list[Entry]:
    """The last hundred things that happened to the packages of an order."""
    package_ids = list(order.packages.values_list("pk", flat=True)[:MOST_ENTRIES])
    return entries(CommandLog.objects.filter(package_id__in=package_ids))


def entries(rows: QuerySet[CommandLog]) -> list[Entry]:
    """Log rows for people; names, states and notes are read for all of them at once."""
    found = list(rows.order_by("-id")[:MOST_ENTRIES])
    names = names_of(log.people_of(found))
    titles = state_names()
    notes = notes_of(row.pk for row in found)
    return [entry(row, names=names, titles=titles, notes=notes.get(row.pk, ())) for row in found]


def entry(row: CommandLog, *, names: Mapping[int, str], titles: Mapping[str, str], notes: Iterable[str]) -> Entry:
    refused = row.kind == LogKind.REFUSED
    title, detail = title_of(row, titles=titles), command_name(row)
    delivered = row.kind == LogKind.MOVE and row.new_state == states.DELIVERED
    return Entry(
        at=row.at,
        title=title,
        who=log.who_did(row, name=actor_name(row.actor_id, names), names=names),
        icon=ICONS[LogKind(row.kind)],
        tone="bad" if refused else "ok" if delivered else "plain",
        detail="" if detail.casefold() == title.casefold() else detail,
        notes=tuple(notes),
    )


def title_of(row: CommandLog, *, titles: Mapping[str, str]) -> str:
    """What a log row says, in a few words."""
    if row.kind == LogKind.REFUSED:
        return _("Refused: %(why)s") % {"why": refusal_title(row.code)}
    if row.kind == LogKind.SETTING:
        key = str(row.attributes.get("setting.key", ""))
        return _("%(key)s changed") % {"key": key}
    if row.kind == LogKind.NOTE:
        return row.get_note_kind_display() or command_name(row)
    return titles.get(row.new_state, row.new_state)


def command_name(row: CommandLog) -> str:
    """The name that the command row had then."""
    name = str(row.attributes.get("command.name", "") or row.command_code)
    return _(name) if name else ""


def refusal_title(code: str) -> str:
    """The short words of an error code."""
    return str(REFUSALS.get(code, code))


def actor_name(user_id: int | None, names: Mapping[int, str]) -> str:
    """Who it was; the house itself where nobody pressed a button."""
    if user_id is None:
        return _("the system")
    return names.get(user_id) or _("a former employee (%(id)d)") % {"id": user_id}


def state_names() -> dict[str, str]:
    """The states' names by number."""
    found = PackageState.objects.filter(enum_class=states.ENUM_CLASS).values_list("enum_value", "name")
    return {value: _(name) for value, name in found}


def notes_of(log_ids: Iterable[int]) -> dict[int, list[str]]:
    """The free texts beside log rows, in one statement."""
    found: dict[int, list[str]] = {}
    for note in LogNote.objects.filter(log_id__in=list(log_ids)):
        found.setdefault(note.log_id, []).append(note.text)
    return found


def _all_refusals(base: type[DomainError]) -> dict[str, Any]:
    return {kind.code: kind.title for kind in base.__subclasses__()}


REFUSALS: Final = _all_refusals(DomainError) | {log.SIGN_OFF_REFUSED: gettext_lazy("A manager's approval failed")}
