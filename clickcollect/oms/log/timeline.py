"""What the log says happened, in words for people: every page that lists log rows shows the same ones."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext

from clickcollect import errors
from clickcollect.accounts.people import full_names
from clickcollect.oms import states
from clickcollect.oms.app_settings import SETTINGS
from clickcollect.oms.log.write import SIGN_OFF_REFUSED, people_of, who_did
from clickcollect.oms.log_models import CommandLog, Evidence, LogKind, LogNote, NoteKind
from clickcollect.oms.models import PackageState

# Commands whose effect is said better than by the state they lead to.
COMMANDS: Final[dict[str, Promise]] = {
    "RESEND_CODE": gettext_lazy("Code resent"),
    "SEND_NEW_CODE": gettext_lazy("New code sent; the old one no longer works"),
    "UNLOCK_CODE": gettext_lazy("Code unlocked"),
    "EXTEND_PICKUP": gettext_lazy("Pickup time extended"),
    "CORRECT_PHONE": gettext_lazy("Phone number corrected"),
    "DELIVER_WITHOUT_CODE": gettext_lazy("Delivered without code"),
    "BACK_TO_PACKED": gettext_lazy("Back to packed; the code no longer works"),
    "CONFIRM_TAKEN_OUT": gettext_lazy("Items removed by the shop were taken out"),
    "CONFIRM_ON_SHELF": gettext_lazy("Confirmed on its shelf after a restore"),
}
COLLECTOR: Final = ("collector_name", "collector_relation")


@dataclass(frozen=True, kw_only=True)
class TimelineEntry:
    """A log row in words. ``command``: its name when it ran; ``notes``: what the customer showed, and free texts.

    ``actor``: who did it; ``who``: the same, and on whose device where a manager signed.
    """

    row: CommandLog
    title: str
    command: str
    actor: str
    who: str
    notes: tuple[str, ...]

    @property
    def is_refusal(self) -> bool:
        return self.row.kind == LogKind.REFUSED

    @property
    def is_delivery(self) -> bool:
        return self.row.kind == LogKind.MOVE and self.row.new_state == states.DELIVERED


def timeline(rows: Iterable[CommandLog], *, state_names: Mapping[str, str] | None = None) -> list[TimelineEntry]:
    """Log rows with the names of people and states and the notes put in; each kind is read in one statement.

    ``state_names``: the states' names by number, where the page has read them already.
    """
    found = list(rows)
    states_by_number = read_state_names() if state_names is None else state_names
    people = full_names(people_of(found))
    notes = notes_by_row(row.pk for row in found)
    return [
        TimelineEntry(
            row=row,
            title=title_of(row, state_names=states_by_number),
            command=command_name(row),
            actor=actor,
            who=who_did(row, name=actor, names=people),
            notes=(*evidence_shown(row), *notes.get(row.pk, ())),
        )
        for row in found
        for actor in (person_name(row.actor_id, people),)
    ]


def title_of(row: CommandLog, *, state_names: Mapping[str, str]) -> str:
    """What a log row says, in a few words."""
    match row.kind:
        case LogKind.REFUSED:
            return _("Refused: %(why)s") % {"why": refusal_title(row.code)}
        case LogKind.SETTING:
            key = row.attributes.get("setting.key", "")
            return _("“%(title)s” changed") % {"title": SETTINGS[key].title if key in SETTINGS else key}
        case _ if row.command_code in COMMANDS:
            return str(COMMANDS[row.command_code])
        case LogKind.MOVE:
            return state_names.get(row.new_state, row.new_state)
    return note_title(row)


def note_title(row: CommandLog) -> str:
    """What was noted; for a command that has no words of its own its name."""
    if row.note_kind == NoteKind.SHELVED:
        return shelf_words(row)
    return row.get_note_kind_display() or command_name(row)


def refusal_title(code: str) -> str:
    """The short words of an error code."""
    if code == SIGN_OFF_REFUSED:
        return _("No manager's approval")
    return str(errors.BY_CODE[code].title) if code in errors.BY_CODE else code


def shelf_words(row: CommandLog) -> str:
    """Shelf B4, 2 bags."""
    shelf, bags = str(row.attributes.get("shelf", "")), int(row.attributes.get("bags", 0))
    words = [_("Shelf %(shelf)s") % {"shelf": shelf} if shelf else _("No shelf")]
    if bags:
        words.append(ngettext("%(count)d bag", "%(count)d bags", bags) % {"count": bags})
    return ", ".join(words)


def evidence_shown(row: CommandLog) -> list[str]:
    """What the customer showed in place of the code, if that was how the package was handed over."""
    value = row.attributes.get("override.evidence", "")
    return [str(Evidence(value).label) if value in Evidence.values else str(value)] if value else []


def command_name(row: CommandLog) -> str:
    """The name that the command had when it ran."""
    name = str(row.attributes.get("command.name", "") or row.command_code)
    return _(name) if name else ""


def person_name(user_id: int | None, names: Mapping[int, str]) -> str:
    """Who it was; the system where nobody pressed a button."""
    if user_id is None:
        return pgettext("actor", "System")
    return names.get(user_id) or _("a former employee (%(id)d)") % {"id": user_id}


def read_state_names() -> dict[str, str]:
    """The states' names by number, as an operator last edited them."""
    found = PackageState.objects.filter(enum_class=states.ENUM_CLASS).values_list("enum_value", "name")
    return {value: _(name) for value, name in found}


def notes_by_row(log_ids: Iterable[int]) -> dict[int, list[str]]:
    """The free texts beside log rows, in one statement; who collected is said as such."""
    found: dict[int, dict[str, str]] = {}
    for note in LogNote.objects.filter(log_id__in=list(log_ids)).order_by("pk"):
        found.setdefault(note.log_id, {})[note.kind] = note.text
    return {log_id: notes_in_words(texts) for log_id, texts in found.items()}


def notes_in_words(texts: Mapping[str, str]) -> list[str]:
    """Free texts as they were given, and “Collected by Ali Veli (brother)”."""
    others = [text for kind, text in texts.items() if kind not in COLLECTOR]
    name, relation = (texts.get(kind, "") for kind in COLLECTOR)
    if not name:
        return [*others, relation] if relation else others
    words = _("Collected by %(name)s (%(relation)s)") if relation else _("Collected by %(name)s")
    return [words % {"name": name, "relation": relation}, *others]


def collector_of(package_id: int) -> str:
    """The name of who took the package in place of the customer; empty where the customer did."""
    found = LogNote.objects.filter(package_id=package_id, kind=COLLECTOR[0]).order_by("-pk")
    return found.values_list("text", flat=True).first() or ""
