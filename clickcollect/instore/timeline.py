"""What happened to a package, newest first, in the words of the counter."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from clickcollect.errors import DomainError
from clickcollect.instore import badges
from clickcollect.oms import states
from clickcollect.oms.access import names_of
from clickcollect.oms.log import write as log
from clickcollect.oms.log_models import CommandLog, LogKind, LogNote, NoteKind
from clickcollect.oms.models import Package

MOST_ENTRIES: Final = 40

# A kind that is not named here shows in the words of the registered list.
NOTED: Final[dict[str, tuple[str, str | Promise]]] = {
    "locked_out": ("lock", gettext_lazy("Code locked after too many wrong tries")),
    "pickup_expired": ("overdue", gettext_lazy("The pickup time passed")),
    "delivered_after_phone_change": ("phone", gettext_lazy("Delivered after the phone number was changed")),
    "order_cancel_requested": ("cross", gettext_lazy("The order was cancelled")),
}
DONE: Final[dict[str, tuple[str, Promise]]] = {
    "RESEND_CODE": ("message", gettext_lazy("Code sent again")),
    "SEND_NEW_CODE": ("message", gettext_lazy("New code sent, the old one ended")),
    "UNLOCK_CODE": ("key", gettext_lazy("Code unlocked")),
    "EXTEND_PICKUP": ("soon", gettext_lazy("Pickup time extended")),
    "CORRECT_PHONE": ("phone", gettext_lazy("Phone number corrected")),
    "DELIVER_WITHOUT_CODE": ("key", gettext_lazy("Delivered without code")),
}
REFUSED: Final[dict[str, Promise]] = {
    "otp_incorrect": gettext_lazy("Wrong code entered"),
    "otp_malformed": gettext_lazy("Entry was not a code, not counted"),
    log.SIGN_OFF_REFUSED: gettext_lazy("A manager's approval failed"),
}


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line. ``notes`` are free texts that somebody gave, such as a reason."""

    icon: str
    words: str
    at: datetime
    who: str = ""
    is_bad: bool = False
    notes: tuple[str, ...] = ()


def rows_of(package: Package) -> list[CommandLog]:
    """The last forty log rows of a package."""
    return list(CommandLog.objects.filter(package_id=package.pk).order_by("-id")[:MOST_ENTRIES])


def entries(package: Package, rows: list[CommandLog]) -> list[Entry]:
    """The timeline: log rows, the newest message, and the order's arrival."""
    names = names_of(log.people_of(rows))
    notes = notes_of(rows)
    titles = {number: _(name) for number, name in states.NAMES.items()} | {
        package.state.enum_value: _(package.state.name)
    }
    shown = [row for row in rows if row.note_kind != NoteKind.CREATED]
    told = [entry(row, titles=titles, names=names, notes=notes.get(row.pk, ())) for row in shown]
    if package.message_at and package.message_state != "none":
        told.append(message_entry(package, package.message_at))
    arrived = _("Order received from %(channel)s") % {"channel": package.order.channel}
    told.append(Entry(icon="order", words=arrived, at=package.created_date))
    return sorted(told, key=lambda line: line.at, reverse=True)


def entry(row: CommandLog, *, titles: Mapping[str, str], names: Mapping[int, str], notes: Iterable[str]) -> Entry:
    """A log row in words."""
    icon, words, is_bad = told(row, titles)
    who = names.get(row.actor_id, "") if row.actor_id else _("the system")
    return Entry(
        icon=icon,
        words=words,
        at=row.at,
        who=log.who_did(row, name=who, names=names),
        is_bad=is_bad,
        notes=tuple(notes),
    )


def told(row: CommandLog, titles: Mapping[str, str]) -> tuple[str, str, bool]:
    """Icon, words, and whether it went wrong."""
    if row.kind == LogKind.REFUSED:
        why = REFUSED.get(row.code) or _("Refused: %(why)s") % {"why": TITLES.get(row.code, row.code)}
        return "octagon-cross", str(why), True
    if row.command_code in DONE:
        icon, said = DONE[row.command_code]
        return icon, str(said), False
    if row.kind == LogKind.MOVE:
        return badges.STATUS.get(row.new_state, badges.ENDED)[1], titles.get(row.new_state, row.new_state), False
    if row.note_kind == NoteKind.SHELVED:
        return "package", place_words(row), False
    if row.note_kind:
        noted_icon, words = NOTED.get(row.note_kind, ("none", row.get_note_kind_display()))
        return noted_icon, str(words), row.note_kind == NoteKind.LOCKED_OUT
    name = str(row.attributes.get("command.name", ""))
    return "none", _(name) if name else _("Noted"), False


def place_words(row: CommandLog) -> str:
    """Shelf B4, 2 bags."""
    shelf, bags = str(row.attributes.get("shelf", "")), int(row.attributes.get("bags", 0))
    words = [_("Shelf %(shelf)s") % {"shelf": shelf} if shelf else _("No shelf")]
    if bags:
        words.append(ngettext("%(count)d bag", "%(count)d bags", bags) % {"count": bags})
    return ", ".join(words)


def message_entry(package: Package, at: datetime) -> Entry:
    """What is known of the newest message."""
    shown = badges.message_told(package)
    words = _("%(state)s to •••• %(digits)s") % {
        "state": shown.words,
        "digits": package.order.phone_number[-4:],
    }
    is_bad = shown.kind == "failed"
    return Entry(icon="message", words=words, at=at, is_bad=is_bad, notes=(shown.small,) if is_bad else ())


def notes_of(rows: Iterable[CommandLog]) -> dict[int, list[str]]:
    """The free texts beside log rows, in one statement."""
    found: dict[int, list[str]] = {}
    for note in LogNote.objects.filter(log_id__in=[row.pk for row in rows]):
        found.setdefault(note.log_id, []).append(note.text)
    return found


TITLES: Final = {kind.code: kind.title for kind in DomainError.__subclasses__()}
