"""What happened to a package, newest first: the log's own words with icons, the newest message, the order's arrival."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.utils.translation import gettext as _

from clickcollect.instore import badges
from clickcollect.oms.log import timeline
from clickcollect.oms.log_models import CommandLog, LogKind, NoteKind
from clickcollect.oms.models import MessageState, Package

MOST_ENTRIES: Final = 40

NOTE_ICONS: Final[dict[str, str]] = {
    NoteKind.LOCKED_OUT: "lock",
    NoteKind.PICKUP_EXPIRED: "overdue",
    NoteKind.SHELVED: "package",
    NoteKind.AFTER_PHONE_CHANGE: "phone",
    NoteKind.ORDER_CANCEL_REQUESTED: "cross",
}
COMMAND_ICONS: Final = {
    "RESEND_CODE": "message",
    "SEND_NEW_CODE": "message",
    "UNLOCK_CODE": "key",
    "EXTEND_PICKUP": "soon",
    "BACK_TO_PACKED": "packed",
    "CORRECT_PHONE": "phone",
    "DELIVER_WITHOUT_CODE": "key",
    "CONFIRM_ON_SHELF": "package",
}


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line. ``notes`` are free texts that somebody gave, such as a reason."""

    icon: str
    words: str
    at: datetime
    who: str = ""
    is_bad: bool = False
    notes: tuple[str, ...] = ()


def newest_rows(package: Package) -> list[CommandLog]:
    """The last forty log rows of a package."""
    return list(CommandLog.objects.filter(package_id=package.pk).order_by("-id")[:MOST_ENTRIES])


def timeline_of_package(package: Package, rows: list[CommandLog], *, state_names: Mapping[str, str]) -> list[Line]:
    """The log rows, the newest message, and the order's arrival."""
    shown = (row for row in rows if row.note_kind != NoteKind.CREATED)
    lines = [line_of(entry) for entry in timeline.timeline(shown, state_names=state_names)]
    if package.message_at and package.message_state != MessageState.NONE:
        lines.append(message_line(package, package.message_at))
    arrived = _("Order received from %(channel)s") % {"channel": package.order.channel}
    lines.append(Line(icon="order", words=arrived, at=package.created_date))
    return sorted(lines, key=lambda line: line.at, reverse=True)


def line_of(entry: timeline.TimelineEntry) -> Line:
    return Line(
        icon=icon_of(entry),
        words=entry.title,
        at=entry.row.at,
        who=entry.who,
        is_bad=entry.is_refusal or entry.row.note_kind == NoteKind.LOCKED_OUT,
        notes=entry.notes,
    )


def icon_of(entry: timeline.TimelineEntry) -> str:
    row = entry.row
    if entry.is_refusal:
        return "octagon-cross"
    if row.command_code in COMMAND_ICONS:
        return COMMAND_ICONS[row.command_code]
    if row.kind == LogKind.MOVE:
        return badges.STATUS.get(row.new_state, badges.ENDED)[1]
    return NOTE_ICONS.get(row.note_kind, "none")


def message_line(package: Package, at: datetime) -> Line:
    """What is known of the newest message."""
    badge = badges.sms(package)
    words = _("%(state)s to •••• %(digits)s") % {"state": badge.words, "digits": package.order.phone_number[-4:]}
    is_bad = package.message_state == MessageState.FAILED
    return Line(icon="message", words=words, at=at, is_bad=is_bad, notes=(badge.small,) if is_bad else ())
