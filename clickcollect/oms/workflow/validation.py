"""What a workflow must be before it is saved, so that no change at noon leaves packages stranded at night.

Pure: a workflow, and how many packages stand where, go in; faults in words come out.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clickcollect.errors import Fault
from clickcollect.oms import states
from clickcollect.oms.commands.base import COMMANDS, Command
from clickcollect.oms.workflow.document import Transition, Workflow

FIRST_STATE: Final = states.WAITING
STATE_CHANGE_ONLY: Final = "PKG_STATE_TRANSITION"
IN_PLACE: Final = frozenset({"CORRECT_PHONE"})  # beside those whose source and destination are the same by nature


def faults(*, wanted: Workflow, packages: Mapping[str, int]) -> list[Fault]:
    """Everything that is wrong with a workflow.

    Arguments: ``packages``, open packages by state number.
    Source: contract section 1, and the rule that every way to Delivered verifies or overrides.
    """
    found = [*state_faults(wanted, packages=packages), *duplicates(wanted)]
    for transition in wanted.transitions:
        found += transition_faults(transition, workflow=wanted)
    if found:
        return found  # whether states can be reached is said only where every transition makes sense
    return list(reachability_faults(wanted, packages=packages))


def state_faults(workflow: Workflow, *, packages: Mapping[str, int]) -> Iterator[Fault]:
    """The states that the rules know must be there; one with packages in it cannot go."""
    numbers = [state.enum_value for state in workflow.states]
    for number in sorted({number for number in numbers if numbers.count(number) > 1}):
        yield fault("states", _("Two states have the number %(number)s."), number=number)
    names = [state.name for state in workflow.states]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield fault("states", _("Two states have the name %(name)s."), name=name)
    for number, name in states.NAMES.items():
        if number not in numbers:
            yield fault("states", _("State %(number)s %(name)s cannot be left out."), number=number, name=name)
    for number, count in packages.items():
        if number not in numbers:
            words = ngettext(
                "%(count)d package is in state %(number)s.", "%(count)d packages are in state %(number)s.", count
            )
            yield fault("states", words, count=count, number=number)


def duplicates(workflow: Workflow) -> Iterator[Fault]:
    """A slug names one transition; a state has one main button."""
    slugs = [transition.slug for transition in workflow.transitions]
    for slug in sorted({slug for slug in slugs if slugs.count(slug) > 1}):
        yield fault("slug", _("Two commands have the API name %(slug)s."), slug=slug)
    mains = [transition.source for transition in workflow.transitions if transition.is_active and transition.is_primary]
    for number in sorted({number for number in mains if mains.count(number) > 1}):
        words = _("%(state)s would have two main buttons. Keep only one of them.")
        yield fault("is_primary", words, state=workflow.name_of(number))


def transition_faults(transition: Transition, *, workflow: Workflow) -> Iterator[Fault]:
    """What is wrong with one transition by itself."""
    numbers = {state.enum_value for state in workflow.states}
    for loc, number in (("source", transition.source), ("destination", transition.destination)):
        if number not in numbers:
            yield fault(loc, _("%(slug)s: there is no state %(number)s."), slug=transition.slug, number=number)
    behaviour = COMMANDS.get(transition.command_code)
    if behaviour is None:
        known = ", ".join(sorted(COMMANDS))
        words = _("%(slug)s: there is no command code %(code)s. Known codes: %(known)s.")
        yield fault("command_code", words, slug=transition.slug, code=transition.command_code[:80], known=known)
        return
    if not isinstance(transition.configuration.get("sync_remote_order_status", True), bool):
        yield fault(
            "configuration", _("%(slug)s: sync_remote_order_status must be true or false."), slug=transition.slug
        )
    yield from source_faults(transition, behaviour, workflow=workflow)
    yield from destination_faults(transition, behaviour, workflow=workflow)


def source_faults(transition: Transition, behaviour: Command, *, workflow: Workflow) -> Iterator[Fault]:
    """Where a command can start: nowhere that is an end, and only where its behaviour makes sense."""
    if transition.source in states.ENDED:
        words = _("%(slug)s: a package in %(state)s has ended. Nothing leads out of it.")
        yield fault("source", words, slug=transition.slug, state=workflow.name_of(transition.source))
    elif behaviour.source_states is not None and transition.source not in behaviour.source_states:
        yield wrong_state_fault(transition, "source", behaviour.source_states, workflow=workflow)


def destination_faults(transition: Transition, behaviour: Command, *, workflow: Workflow) -> Iterator[Fault]:
    """Where a command can lead. Delivered is reached by verification or override (docs/safety.md, T14).

    A pure state change may lead there too, for home deliveries and while codes are off: `run_command` refuses it
    for every package that needs a code.
    """
    if behaviour.destination_states is not None and transition.destination not in behaviour.destination_states:
        yield wrong_state_fault(transition, "destination", behaviour.destination_states, workflow=workflow)
    if transition.destination == states.DELIVERED and not behaviour.hands_over and not only_changes_state(transition):
        words = _("%(slug)s: a package reaches Delivered only with the customer's code, or by Deliver Without Code.")
        yield fault("destination", words, slug=transition.slug)
    only_one = behaviour.source_states is not None and behaviour.source_states == behaviour.destination_states
    if transition.moves and transition.command_code in IN_PLACE:
        yield fault("destination", _("%(slug)s: this command leaves the package where it is."), slug=transition.slug)
    if not transition.moves and not only_one and transition.command_code not in IN_PLACE:
        yield fault("destination", _("%(slug)s: source and destination are the same state."), slug=transition.slug)


def wrong_state_fault(transition: Transition, loc: str, allowed: Iterable[str], *, workflow: Workflow) -> Fault:
    """A command that cannot start, or end, there."""
    names = ", ".join(workflow.name_of(number) for number in sorted(allowed))
    words = {
        "source": _("%(slug)s: this command can only start in %(names)s."),
        "destination": _("%(slug)s: this command can only lead to %(names)s."),
    }[loc]
    return fault(loc, words, slug=transition.slug, names=names)


def reachability_faults(workflow: Workflow, *, packages: Mapping[str, int]) -> Iterator[Fault]:
    """From everywhere a package can be there is a way to Delivered: no dead ends, nobody stranded."""
    good = reaching(workflow, states.DELIVERED)
    stranded = {number for number, count in packages.items() if count and number not in good}
    for number in sorted(stranded):
        words = ngettext(
            "%(count)d package in %(state)s would be stuck.",
            "%(count)d packages in %(state)s would be stuck.",
            packages[number],
        )
        yield fault("source", words, count=packages[number], state=workflow.name_of(number))
    for number in sorted(reachable(workflow) - good - states.ENDED - stranded):
        words = _("%(state)s would be a dead end: packages get in but never reach Delivered. Add a way out first.")
        yield fault("destination", words, state=workflow.name_of(number))


def used(workflow: Workflow) -> set[str]:
    """States out of which some command leads on, not only to an end."""
    return {
        transition.source
        for transition in workflow.transitions
        if transition.counts and transition.moves and transition.destination not in states.ENDED
    }


def warnings(workflow: Workflow) -> list[str]:
    """What is odd and may be meant: states with a way on that no package can reach."""
    unreachable = used(workflow) - reachable(workflow)
    pure = [
        _("%(slug)s hands packages over without a code: it is refused for every package that needs one.")
        % {"slug": transition.slug}
        for transition in workflow.transitions
        if transition.counts and hands_over_without_code(transition)
    ]
    return pure + [
        _("No package can reach %(state)s yet. Add a command that leads there.") % {"state": workflow.name_of(number)}
        for number in sorted(unreachable)
    ]


def reachable(workflow: Workflow) -> set[str]:
    """Every state a package can come to from Waiting."""
    return traverse_workflow(workflow, FIRST_STATE, lambda transition: (transition.source, transition.destination))


def reaching(workflow: Workflow, goal: str) -> set[str]:
    """Every state from which a package can come to the goal."""
    return traverse_workflow(workflow, goal, lambda transition: (transition.destination, transition.source))


def only_changes_state(transition: Transition) -> bool:
    """Whether the transition is a state change and nothing else."""
    return transition.command_code == STATE_CHANGE_ONLY


def hands_over_without_code(transition: Transition) -> bool:
    """A pure way to Delivered: no way for packages with a code."""
    return only_changes_state(transition) and transition.destination == states.DELIVERED


def traverse_workflow(workflow: Workflow, start: str, step: Callable[[Transition], tuple[str, str]]) -> set[str]:
    steps = [
        step(transition)
        for transition in workflow.transitions
        if transition.counts and transition.moves and not hands_over_without_code(transition)
    ]
    seen, edge = {start}, [start]
    while edge:
        here = edge.pop()
        fresh = {there for at, there in steps if at == here} - seen
        seen |= fresh
        edge += fresh
    return seen


def fault(loc: str, words: str, **values: object) -> Fault:
    return {"loc": loc, "msg": words % values}
