"""The workflow as data: states and transitions as one document that can be checked, compared, exported and put back.

A change is checked before it is saved (`validation.py`), under a lock, so that two operators cannot
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
from clickcollect.oms.configuration import Configuration
from clickcollect.oms.log.write import record_note
from clickcollect.oms.log_models import NoteKind
from clickcollect.oms.models import CommandTransition, Package, PackageState
from clickcollect.oms.workflow import validation
from clickcollect.oms.workflow.document import FORMAT, State, Transition, Workflow, read_document


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What an import would do, in sentences; ``nothing`` when the workflow is already so."""

    sentences: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def nothing(self) -> bool:
        return not self.sentences


def current_workflow() -> Workflow:
    """The workflow as it is now, in two statements."""
    found = PackageState.objects.filter(enum_class=states.ENUM_CLASS)
    transitions = CommandTransition.objects.select_related("source", "destination").order_by("position", "id")
    return Workflow(
        states=tuple(state_data(state) for state in found),
        transitions=tuple(transition_data(transition) for transition in transitions),
    )


def workflow_in_force(known: Configuration) -> Workflow:
    """The workflow without its inactive transitions, as it is in memory."""
    return Workflow(
        states=tuple(state_data(state) for state in known.states.values() if state.enum_class == states.ENUM_CLASS),
        transitions=tuple(transition_data(transition) for transition in known.transitions),
    )


def state_data(state: PackageState) -> State:
    """A state as data."""
    return State(enum_value=state.enum_value, name=state.name, config=state.config)


def transition_data(transition: CommandTransition) -> Transition:
    """A transition as data."""
    return Transition(
        name=transition.name,
        command_code=transition.command_code,
        slug=transition.slug,
        source=transition.source.enum_value,
        destination=transition.destination.enum_value,
        visibility=tuple(sorted(transition.visibility)),
        configuration=transition.configuration,
        is_active=transition.is_active,
        is_primary=transition.is_primary,
        position=transition.position,
        pk=transition.pk,
    )


def open_packages_by_state() -> dict[str, int]:
    """How many packages stand in each state that is not an end, by its number."""
    there = Package.objects.filter(state=OuterRef("pk")).order_by().values("state").annotate(n=Count("pk"))
    open_states = PackageState.objects.exclude(enum_value__in=states.ENDED).annotate(n=Subquery(there.values("n")))
    return {number: count for number, count in open_states.values_list("enum_value", "n") if count}


def lock_workflow() -> None:
    """Make every other change of the workflow wait until this transaction ends."""
    list(PackageState.objects.select_for_update(no_key=True).order_by("pk").values_list("pk"))


def check_change(*, wanted: Workflow, actor: Actor) -> list[str]:
    """Refuse a change that would break the workflow; call it under the lock. The warnings that remain.

    Raises Forbidden, ValidationFailed with every fault.
    """
    actor.require("process:write")
    faults = validation.faults(wanted=wanted, packages=open_packages_by_state())
    if faults:
        raise ValidationFailed(faults)
    return validation.warnings(wanted)


def save_transition(*, transition: Transition, actor: Actor) -> list[str]:
    """Add a transition, or change the one with its ``pk``; the warnings.

    Raises Forbidden, NotFound, ValidationFailed.
    """
    with transaction.atomic():
        lock_workflow()
        now = current_workflow()
        if transition.pk is not None and all(item.pk != transition.pk for item in now.transitions):
            raise NotFound
        warnings = check_change(wanted=with_transition(now, transition), actor=actor)
        CommandTransition(pk=transition.pk, slug=transition.slug, **columns(transition)).save()
        note_workflow(actor=actor, subject=transition.slug)
    return warnings


def delete_transition(*, pk: int, actor: Actor) -> None:
    """Take a transition out. Raises Forbidden, NotFound, ValidationFailed."""
    with transaction.atomic():
        lock_workflow()
        now = current_workflow()
        gone = next((transition for transition in now.transitions if transition.pk == pk), None)
        if gone is None:
            raise NotFound
        check_change(wanted=without_transition(now, pk), actor=actor)
        CommandTransition.objects.filter(pk=pk).delete()
        note_workflow(actor=actor, subject=gone.slug)


def save_state(*, state: State, is_new: bool, actor: Actor) -> list[str]:
    """Add a state, or change the one with its number. The warnings. Raises Forbidden, ValidationFailed."""
    with transaction.atomic():
        lock_workflow()
        now = current_workflow()
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
        note_workflow(actor=actor, subject=state.enum_value)
    return warnings


def delete_state(*, enum_value: str, actor: Actor) -> None:
    """Take a state out that nothing needs. Raises Forbidden, ValidationFailed."""
    with transaction.atomic():
        lock_workflow()
        check_change(wanted=without_state(current_workflow(), enum_value), actor=actor)
        found = PackageState.objects.filter(enum_class=states.ENUM_CLASS, enum_value=enum_value)
        if Package.objects.filter(state__in=found).exists():
            raise ValidationFailed.of("states", _("Packages have ended in this state. It cannot be removed."))
        found.delete()
        note_workflow(actor=actor, subject=enum_value)


def with_transition(workflow: Workflow, transition: Transition) -> Workflow:
    """The workflow with one transition changed, or added where ``pk`` is None."""
    others = [item for item in workflow.transitions if transition.pk is None or item.pk != transition.pk]
    return replace(workflow, transitions=tuple(sorted([*others, transition], key=lambda item: item.position)))


def without_transition(workflow: Workflow, pk: int) -> Workflow:
    """The workflow with one transition taken out."""
    return replace(workflow, transitions=tuple(item for item in workflow.transitions if item.pk != pk))


def with_state(workflow: Workflow, state: State) -> Workflow:
    """The workflow with one state changed or added."""
    others = [item for item in workflow.states if item.enum_value != state.enum_value]
    return replace(workflow, states=tuple(sorted([*others, state], key=lambda item: item.enum_value)))


def without_state(workflow: Workflow, enum_value: str) -> Workflow:
    """The workflow with one state taken out."""
    return replace(workflow, states=tuple(item for item in workflow.states if item.enum_value != enum_value))


def note_workflow(*, actor: Actor, subject: str) -> None:
    """Record that an operator changed a transition or a state, by its slug or number."""
    record_note(
        kind=NoteKind.PROCESS_CHANGED,
        actor=actor,
        attributes={"process.subject": subject[:120], "channel": str(actor.channel)},
    )


def export_document() -> dict[str, Any]:
    """The whole workflow as one JSON document, the same bytes for the same workflow."""
    workflow = current_workflow()
    return {
        "format": FORMAT,
        "states": [asdict(state) for state in workflow.states],
        "commands": [
            {name: value for name, value in asdict(transition).items() if name != "pk"}
            | {"visibility": list(transition.visibility)}
            for transition in sorted(workflow.transitions, key=lambda transition: transition.slug)
        ],
    }


def plan_import(data: Any, *, actor: Actor) -> Plan:
    """Dry run: what an import of this document would change. Raises what the import would raise."""
    actor.require("process:write")
    wanted = read_document(data)
    with transaction.atomic():
        lock_workflow()
        now = current_workflow()
        warnings = check_change(wanted=wanted, actor=actor)
    return Plan(sentences=differences(now=now, wanted=wanted), warnings=warnings)


def import_document(data: Any, *, actor: Actor) -> Plan:
    """Make the workflow what the document says: transitions it does not name go, states only where nothing needs them.

    All or nothing; packages stay where they are. Raises Forbidden, ValidationFailed with every fault.
    """
    actor.require("process:write")
    wanted = read_document(data)
    with transaction.atomic():
        lock_workflow()
        now = current_workflow()
        warnings = check_change(wanted=wanted, actor=actor)
        plan = Plan(sentences=differences(now=now, wanted=wanted), warnings=warnings)
        if plan.nothing:
            return plan
        replace_states(now=now, wanted=wanted)
        replace_transitions(wanted)
        record_note(
            kind=NoteKind.PROCESS_IMPORTED,
            actor=actor,
            attributes={"process.changes": len(plan.sentences), "channel": str(actor.channel)},
        )
    return plan


def replace_states(*, now: Workflow, wanted: Workflow) -> None:
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


def replace_transitions(wanted: Workflow) -> None:
    """Transitions are told apart by their slug, so that one that comes back keeps its id where it still has one."""
    CommandTransition.objects.exclude(slug__in=[transition.slug for transition in wanted.transitions]).delete()
    CommandTransition.objects.filter(is_primary=True).update(is_primary=False)
    for transition in wanted.transitions:
        CommandTransition.objects.update_or_create(
            slug=transition.slug,
            defaults=columns(transition),
        )


def columns(transition: Transition) -> dict[str, Any]:
    """A transition as the database has it, but for its slug."""
    ids = dict(PackageState.objects.filter(enum_class=states.ENUM_CLASS).values_list("enum_value", "pk"))
    return {
        "name": transition.name,
        "command_code": transition.command_code,
        "source_id": ids[transition.source],
        "destination_id": ids[transition.destination],
        "visibility": list(transition.visibility),
        "configuration": transition.configuration,
        "is_active": transition.is_active,
        "is_primary": transition.is_primary,
        "position": transition.position,
    }


def differences(*, now: Workflow, wanted: Workflow) -> list[str]:
    """What would change, one sentence for each state and transition."""
    sentences = []
    before = {state.enum_value: state for state in now.states}
    after = {state.enum_value: state for state in wanted.states}
    for number in sorted(before.keys() | after.keys()):
        names = {"name": (after.get(number) or before[number]).name, "number": number}
        if number not in before:
            sentences.append(_("State %(number)s %(name)s will be added.") % names)
        elif number not in after:
            sentences.append(_("State %(number)s %(name)s will be removed.") % names)
        elif before[number] != after[number]:
            sentences.append(_("State %(number)s %(name)s will be changed.") % names)
    old = {transition.slug: replace(transition, pk=None) for transition in now.transitions}
    new = {transition.slug: replace(transition, pk=None) for transition in wanted.transitions}
    for slug in sorted(old.keys() | new.keys()):
        words = {"slug": slug}
        if slug not in old:
            sentences.append(_("Command %(slug)s will be added.") % words)
        elif slug not in new:
            sentences.append(_("Command %(slug)s will be removed.") % words)
        elif old[slug] != new[slug]:
            sentences.append(_("Command %(slug)s will be changed.") % words)
    return sentences
