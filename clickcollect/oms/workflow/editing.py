"""The process as data: states and command rows as one document that can be checked, compared, exported and put back.

A change is checked before it is saved (`process_checks.py`), under a lock, so that two operators cannot
together break what neither breaks alone. Source: contract section 1.
"""

from dataclasses import asdict, dataclass, field, replace
from typing import Any

from django.db import transaction
from django.db.models import Count, OuterRef, Subquery
from django.utils.translation import gettext as _

from clickcollect.errors import NotFound, ValidationFailed
from clickcollect.oms import states
from clickcollect.oms.access import Actor
from clickcollect.oms.log import write as log
from clickcollect.oms.log_models import NoteKind
from clickcollect.oms.models import CommandTransition, Package, PackageState
from clickcollect.oms.workflow import validation
from clickcollect.oms.workflow.document import FORMAT, Process, Row, State, read_document


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What an import would do, in sentences; ``nothing`` when the process is already so."""

    sentences: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def nothing(self) -> bool:
        return not self.sentences


def read() -> Process:
    """The process as it is now, in two statements."""
    found = PackageState.objects.filter(enum_class=states.ENUM_CLASS)
    rows = CommandTransition.objects.select_related("source", "destination").order_by("position", "id")
    return Process(
        states=tuple(State(enum_value=row.enum_value, name=row.name, config=row.config) for row in found),
        rows=tuple(row_of(row) for row in rows),
    )


def row_of(row: CommandTransition) -> Row:
    """A command row as data."""
    return Row(
        name=row.name,
        command_code=row.command_code,
        slug=row.slug,
        source=row.source.enum_value,
        destination=row.destination.enum_value,
        visibility=tuple(sorted(row.visibility)),
        configuration=row.configuration,
        is_active=row.is_active,
        is_primary=row.is_primary,
        position=row.position,
        pk=row.pk,
    )


def open_packages() -> dict[str, int]:
    """How many packages stand in each state that is not an end, by its number."""
    there = Package.objects.filter(state=OuterRef("pk")).order_by().values("state").annotate(n=Count("pk"))
    open_states = PackageState.objects.exclude(enum_value__in=states.ENDED).annotate(n=Subquery(there.values("n")))
    return {number: count for number, count in open_states.values_list("enum_value", "n") if count}


def lock() -> None:
    """Make every other change of the process wait until this transaction ends."""
    list(PackageState.objects.select_for_update(no_key=True).order_by("pk").values_list("pk"))


def check_change(*, wanted: Process, actor: Actor) -> list[str]:
    """Refuse a change that would break the process; call it under the lock. The warnings that remain.

    Raises Forbidden, ValidationFailed with every fault.
    """
    actor.require("process:write")
    faults = validation.faults(wanted=wanted, packages=open_packages())
    if faults:
        raise ValidationFailed(faults)
    return validation.warnings(wanted)


def save_row(*, row: Row, actor: Actor) -> list[str]:
    """Add a command row, or change the one with its ``pk``; the warnings.

    Raises Forbidden, NotFound, ValidationFailed.
    """
    with transaction.atomic():
        lock()
        now = read()
        if row.pk is not None and all(item.pk != row.pk for item in now.rows):
            raise NotFound
        warnings = check_change(wanted=with_row(now, row), actor=actor)
        CommandTransition(pk=row.pk, slug=row.slug, **columns(row)).save()
        note_change(actor=actor, subject=row.slug)
    return warnings


def delete_row(*, pk: int, actor: Actor) -> None:
    """Take a command row out. Raises Forbidden, NotFound, ValidationFailed."""
    with transaction.atomic():
        lock()
        now = read()
        gone = next((row for row in now.rows if row.pk == pk), None)
        if gone is None:
            raise NotFound
        check_change(wanted=without_row(now, pk), actor=actor)
        CommandTransition.objects.filter(pk=pk).delete()
        note_change(actor=actor, subject=gone.slug)


def save_state(*, state: State, is_new: bool, actor: Actor) -> list[str]:
    """Add a state, or change the one with its number. The warnings. Raises Forbidden, ValidationFailed."""
    with transaction.atomic():
        lock()
        now = read()
        if is_new and any(item.enum_value == state.enum_value for item in now.states):
            raise ValidationFailed.of("enum_value", _("Another state has this number."))
        if any(item.name == state.name and item.enum_value != state.enum_value for item in now.states):
            raise ValidationFailed.of("name", _("Another state has this name."))
        warnings = check_change(wanted=with_state(now, state), actor=actor)
        PackageState.objects.update_or_create(
            enum_class=states.ENUM_CLASS,
            enum_value=state.enum_value,
            defaults={"name": state.name, "config": state.config},
        )
        note_change(actor=actor, subject=state.enum_value)
    return warnings


def delete_state(*, enum_value: str, actor: Actor) -> None:
    """Take a state out that nothing needs. Raises Forbidden, ValidationFailed."""
    with transaction.atomic():
        lock()
        check_change(wanted=without_state(read(), enum_value), actor=actor)
        found = PackageState.objects.filter(enum_class=states.ENUM_CLASS, enum_value=enum_value)
        if Package.objects.filter(state__in=found).exists():
            raise ValidationFailed.of("states", _("Packages have ended in this state. It cannot be removed."))
        found.delete()
        note_change(actor=actor, subject=enum_value)


def with_row(process: Process, row: Row) -> Process:
    """The process with one row changed, or added where ``pk`` is None."""
    others = [item for item in process.rows if row.pk is None or item.pk != row.pk]
    return replace(process, rows=tuple(sorted([*others, row], key=lambda item: item.position)))


def without_row(process: Process, pk: int) -> Process:
    """The process with one row taken out."""
    return replace(process, rows=tuple(item for item in process.rows if item.pk != pk))


def with_state(process: Process, state: State) -> Process:
    """The process with one state changed or added."""
    others = [item for item in process.states if item.enum_value != state.enum_value]
    return replace(process, states=tuple(sorted([*others, state], key=lambda item: item.enum_value)))


def without_state(process: Process, enum_value: str) -> Process:
    """The process with one state taken out."""
    return replace(process, states=tuple(item for item in process.states if item.enum_value != enum_value))


def note_change(*, actor: Actor, subject: str) -> None:
    """Record that an operator changed a row or a state, by its slug or number."""
    log.noted(
        kind=NoteKind.PROCESS_CHANGED,
        actor=actor,
        attributes={"process.subject": subject[:120], "channel": str(actor.channel)},
    )


def export_document() -> dict[str, Any]:
    """The whole process as one JSON document, the same bytes for the same process."""
    process = read()
    return {
        "format": FORMAT,
        "states": [asdict(state) for state in process.states],
        "commands": [
            {name: value for name, value in asdict(row).items() if name != "pk"} | {"visibility": list(row.visibility)}
            for row in sorted(process.rows, key=lambda row: row.slug)
        ],
    }


def plan_import(data: Any, *, actor: Actor) -> Plan:
    """Dry run: what an import of this document would change. Raises what the import would raise."""
    actor.require("process:write")
    wanted = read_document(data)
    with transaction.atomic():
        lock()
        now = read()
        warnings = check_change(wanted=wanted, actor=actor)
    return Plan(sentences=differences(now=now, wanted=wanted), warnings=warnings)


def import_document(data: Any, *, actor: Actor) -> Plan:
    """Make the process what the document says: rows it does not name go; states go only where nothing needs them.

    All or nothing; packages stay where they are. Raises Forbidden, ValidationFailed with every fault.
    """
    actor.require("process:write")
    wanted = read_document(data)
    with transaction.atomic():
        lock()
        now = read()
        warnings = check_change(wanted=wanted, actor=actor)
        plan = Plan(sentences=differences(now=now, wanted=wanted), warnings=warnings)
        if plan.nothing:
            return plan
        put_states(now=now, wanted=wanted)
        put_rows(wanted)
        log.noted(
            kind=NoteKind.PROCESS_IMPORTED,
            actor=actor,
            attributes={"process.changes": len(plan.sentences), "channel": str(actor.channel)},
        )
    return plan


def put_states(*, now: Process, wanted: Process) -> None:
    for state in wanted.states:
        # Names are unique: two states that swap theirs pass through a name of neither.
        PackageState.objects.filter(enum_class=states.ENUM_CLASS, enum_value=state.enum_value).exclude(
            name=state.name
        ).update(name=f"{state.enum_value} …")
    for state in wanted.states:
        PackageState.objects.update_or_create(
            enum_class=states.ENUM_CLASS,
            enum_value=state.enum_value,
            defaults={"name": state.name, "config": state.config},
        )
    gone = {state.enum_value for state in now.states} - {state.enum_value for state in wanted.states}
    CommandTransition.objects.filter(source__enum_value__in=gone).delete()
    CommandTransition.objects.filter(destination__enum_value__in=gone).delete()
    PackageState.objects.filter(enum_class=states.ENUM_CLASS, enum_value__in=gone).delete()


def put_rows(wanted: Process) -> None:
    """Rows are told apart by their slug, so that a row that comes back keeps its id where it still has one."""
    CommandTransition.objects.exclude(slug__in=[row.slug for row in wanted.rows]).delete()
    CommandTransition.objects.filter(is_primary=True).update(is_primary=False)
    for row in wanted.rows:
        CommandTransition.objects.update_or_create(
            slug=row.slug,
            defaults=columns(row),
        )


def columns(row: Row) -> dict[str, Any]:
    """A row as the database has it, but for its slug."""
    ids = dict(PackageState.objects.filter(enum_class=states.ENUM_CLASS).values_list("enum_value", "pk"))
    return {
        "name": row.name,
        "command_code": row.command_code,
        "source_id": ids[row.source],
        "destination_id": ids[row.destination],
        "visibility": list(row.visibility),
        "configuration": row.configuration,
        "is_active": row.is_active,
        "is_primary": row.is_primary,
        "position": row.position,
    }


def differences(*, now: Process, wanted: Process) -> list[str]:
    """What would change, one sentence for each state and row."""
    told = []
    before = {state.enum_value: state for state in now.states}
    after = {state.enum_value: state for state in wanted.states}
    for number in sorted(before.keys() | after.keys()):
        names = {"name": (after.get(number) or before[number]).name, "number": number}
        if number not in before:
            told.append(_("State %(number)s %(name)s is added.") % names)
        elif number not in after:
            told.append(_("State %(number)s %(name)s is removed.") % names)
        elif before[number] != after[number]:
            told.append(_("State %(number)s %(name)s is changed.") % names)
    old = {row.slug: replace(row, pk=None) for row in now.rows}
    new = {row.slug: replace(row, pk=None) for row in wanted.rows}
    for slug in sorted(old.keys() | new.keys()):
        words = {"slug": slug}
        if slug not in old:
            told.append(_("Command %(slug)s is added.") % words)
        elif slug not in new:
            told.append(_("Command %(slug)s is removed.") % words)
        elif old[slug] != new[slug]:
            told.append(_("Command %(slug)s is changed.") % words)
    return told
