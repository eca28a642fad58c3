"""Write the log. Rows are never changed; free text goes to notes that can be erased."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from django.db import models
from django.utils.translation import gettext as _

from clickcollect.errors import DomainError
from clickcollect.oms.access import Actor
from clickcollect.oms.log_models import CommandLog, LogKind, LogNote, NoteKind
from clickcollect.oms.models import CommandTransition, Package

# The application's role may insert into and read these, and no more.
APPEND_ONLY_TABLES: Final = ("oms_commandlog", "oms_seal")

SIGN_OFF_REFUSED: Final = "sign_off_refused"
DEVICE_USER: Final = "sign_off.device_user"  # who was signed in where a manager signed

Attributes = Mapping[str, str | int | bool]


def transition_attributes(transition: CommandTransition) -> dict[str, str | int | bool]:
    """What the log keeps of a transition: it may be edited later, the log may not."""
    return {
        "command.id": transition.pk,
        "command.name": transition.name,
        "command.slug": transition.slug,
        "command.code": transition.command_code,
    }


def actor_attributes(actor: Actor) -> dict[str, str | int | bool]:
    """The door; and where somebody signed on another person's device, that person."""
    device = {DEVICE_USER: actor.device_user_id} if actor.device_user_id is not None else {}
    return {"channel": str(actor.channel), **device}


def people_of(entries: Iterable[CommandLog]) -> list[int | None]:
    """Whose names log rows need: who did it, and on whose device."""
    return [user_id for entry in entries for user_id in (entry.actor_id, entry.attributes.get(DEVICE_USER))]


def who_did(entry: CommandLog, *, name: str, names: Mapping[int, str]) -> str:
    """The ``name`` of who did it; where a manager signed on somebody else's device, with whose."""
    device_user = names.get(entry.attributes.get(DEVICE_USER, 0))
    if device_user is None:
        return name
    return _("%(manager)s, on the device of %(employee)s") % {"manager": name, "employee": device_user}


def transition_entry(
    *, package: Package, transition: CommandTransition, actor: Actor, attributes: Attributes
) -> CommandLog:
    """What a command did, for whoever writes it inside the transaction."""
    return CommandLog(
        kind=LogKind.MOVE if transition.source_id != transition.destination_id else LogKind.NOTE,
        package_id=package.pk,
        order_id=package.order_id,
        store_id=package.stock_location_id,
        old_state=transition.source.enum_value,
        new_state=transition.destination.enum_value,
        actor_id=actor.user_id,
        channel=actor.channel,
        command_code=transition.command_code,
        slug=transition.slug,
        note_kind="",
        attributes={**transition_attributes(transition), **actor_attributes(actor), **attributes},
    )


def refusal_entry(
    *,
    package: Package | None,
    package_id: int | None,
    transition: CommandTransition | None,
    actor: Actor,
    error: DomainError,
) -> CommandLog:
    """A refusal with its code. What was typed is not kept."""
    named = transition_attributes(transition) if transition else {}
    return CommandLog(
        kind=LogKind.REFUSED,
        package_id=package.pk if package else fitting(package_id),
        order_id=package.order_id if package else None,
        store_id=package.stock_location_id if package else None,
        old_state=package.state.enum_value if package else "",
        new_state=transition.destination.enum_value if transition else "",
        actor_id=actor.user_id,
        channel=actor.channel,
        command_code=transition.command_code if transition else "",
        slug=transition.slug if transition else "",
        code=error.code,
        note_kind="",
        attributes={**named, **actor_attributes(actor)},
    )


def note_entry(
    *, kind: NoteKind, actor: Actor, package: Package | None = None, attributes: Attributes | None = None
) -> CommandLog:
    """Something that happened beside the commands, such as an expiry or an erasure."""
    return CommandLog(
        kind=LogKind.NOTE,
        package_id=package.pk if package else None,
        order_id=package.order_id if package else None,
        store_id=package.stock_location_id if package else None,
        actor_id=actor.user_id,
        channel=actor.channel,
        note_kind=kind,
        attributes=dict(attributes or {}),
    )


def fitting(package_id: int | None) -> int | None:
    """An id that a row can hold; a number from an address that no package could have is left out."""
    return package_id if package_id is not None and package_id <= models.BigIntegerField.MAX_BIGINT else None


def record_sign_off_refusal(
    *, package: Package, slug: str, actor: Actor, manager_id: int | None, error: DomainError
) -> CommandLog:
    """Record that a manager's signature was refused: on whose device, in whose name if anybody has it, and why."""
    named = {"sign_off.manager": manager_id} if manager_id is not None else {}
    return CommandLog.objects.create(
        kind=LogKind.REFUSED,
        package_id=package.pk,
        order_id=package.order_id,
        store_id=package.stock_location_id,
        old_state=package.state.enum_value,
        actor_id=actor.user_id,
        channel=actor.channel,
        slug=slug,
        code=SIGN_OFF_REFUSED,
        attributes={"sign_off.refused": error.code, **named, **actor_attributes(actor)},
    )


def record_setting_change(
    *, key: str, old: Any, new: Any, store_id: int | None, actor: Actor, reason: str
) -> CommandLog:
    """Record a changed setting with its old and new value."""
    entry = CommandLog.objects.create(
        kind=LogKind.SETTING,
        store_id=store_id,
        actor_id=actor.user_id,
        channel=actor.channel,
        attributes={"setting.key": key, "setting.old": old, "setting.new": new, "channel": str(actor.channel)},
    )
    write_notes(entry=entry, notes={"reason": reason} if reason else {})
    return entry


def record_note(
    *,
    kind: NoteKind,
    actor: Actor,
    package: Package | None = None,
    attributes: Attributes | None = None,
    notes: Mapping[str, str] | None = None,
) -> CommandLog:
    """Record something that happened beside the commands, such as an expiry or an erasure."""
    entry = note_entry(kind=kind, actor=actor, package=package, attributes=attributes)
    entry.save(force_insert=True)
    write_notes(entry=entry, notes=notes or {})
    return entry


def write_notes(*, entry: CommandLog, notes: Mapping[str, str]) -> None:
    """Keep free text beside a log row, at most 500 characters each."""
    rows = [
        LogNote(log_id=entry.pk, package_id=entry.package_id, kind=kind, text=text[:500])
        for kind, text in notes.items()
        if text
    ]
    if rows:
        LogNote.objects.bulk_create(rows)
