"""What a process must be before it is saved, so that no change at noon leaves packages stranded at night.

Pure: a process, and how many packages stand where, go in; faults in words come out.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clickcollect.errors import Fault
from clickcollect.oms import states
from clickcollect.oms.commands.base import COMMANDS, Command
from clickcollect.oms.workflow.document import Process, Row

START: Final = states.WAITING
PURE: Final = "PKG_STATE_TRANSITION"
STAYS: Final = frozenset({"CORRECT_PHONE"})  # beside those whose source and destination are the same by nature


def faults(*, wanted: Process, packages: Mapping[str, int]) -> list[Fault]:
    """Everything that is wrong with a process.

    Arguments: ``packages``, open packages by state number.
    Source: contract section 1, and the rule that every road to Delivered verifies or overrides.
    """
    found = [*state_faults(wanted, packages=packages), *duplicates(wanted)]
    for row in wanted.rows:
        found += row_faults(row, process=wanted)
    if found:
        return found  # roads are told only where every row makes sense
    return list(roads(wanted, packages=packages))


def state_faults(process: Process, *, packages: Mapping[str, int]) -> Iterator[Fault]:
    """The states that the rules know must be there; one with packages in it cannot go."""
    numbers = [state.enum_value for state in process.states]
    for number in sorted({number for number in numbers if numbers.count(number) > 1}):
        yield fault("states", _("Two states have the number %(number)s."), number=number)
    names = [state.name for state in process.states]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield fault("states", _("Two states have the name %(name)s."), name=name)
    for number, name in states.NAMES.items():
        if number not in numbers:
            yield fault("states", _("The state %(number)s %(name)s cannot be left out."), number=number, name=name)
    for number, count in packages.items():
        if number not in numbers:
            words = ngettext(
                "%(count)d package stands in state %(number)s.", "%(count)d packages stand in state %(number)s.", count
            )
            yield fault("states", words, count=count, number=number)


def duplicates(process: Process) -> Iterator[Fault]:
    """A slug names one row; a state has one main button."""
    slugs = [row.slug for row in process.rows]
    for slug in sorted({slug for slug in slugs if slugs.count(slug) > 1}):
        yield fault("slug", _("Two commands have the slug %(slug)s."), slug=slug)
    mains = [row.source for row in process.rows if row.is_active and row.is_primary]
    for number in sorted({number for number in mains if mains.count(number) > 1}):
        words = _("%(state)s would have two main buttons. Take the mark off one of them.")
        yield fault("is_primary", words, state=process.name_of(number))


def row_faults(row: Row, *, process: Process) -> Iterator[Fault]:
    """What is wrong with one row by itself."""
    numbers = {state.enum_value for state in process.states}
    for loc, number in (("source", row.source), ("destination", row.destination)):
        if number not in numbers:
            yield fault(loc, _("%(slug)s: there is no state %(number)s."), slug=row.slug, number=number)
    behaviour = COMMANDS.get(row.command_code)
    if behaviour is None:
        known = ", ".join(sorted(COMMANDS))
        words = _("%(slug)s: there is no command code %(code)s. Known are: %(known)s.")
        yield fault("command_code", words, slug=row.slug, code=row.command_code[:80], known=known)
        return
    if not isinstance(row.configuration.get("sync_remote_order_status", True), bool):
        yield fault("configuration", _("%(slug)s: sync_remote_order_status is true or false."), slug=row.slug)
    yield from source_faults(row, behaviour, process=process)
    yield from destination_faults(row, behaviour, process=process)


def source_faults(row: Row, behaviour: Command, *, process: Process) -> Iterator[Fault]:
    """Where a command can start: nowhere that is an end, and only where its behaviour makes sense."""
    if row.source in states.ENDED:
        words = _("%(slug)s: a package has ended in %(state)s. Nothing leads out of it.")
        yield fault("source", words, slug=row.slug, state=process.name_of(row.source))
    elif behaviour.source_states is not None and row.source not in behaviour.source_states:
        yield impossible(row, "source", behaviour.source_states, process=process)


def destination_faults(row: Row, behaviour: Command, *, process: Process) -> Iterator[Fault]:
    """Where a command can lead. Delivered is reached by verification or override (docs/safety.md, T14).

    A pure state change may lead there too, for home deliveries and while codes are off: `run_command` refuses it
    for every package that needs a code.
    """
    if behaviour.destination_states is not None and row.destination not in behaviour.destination_states:
        yield impossible(row, "destination", behaviour.destination_states, process=process)
    if row.destination == states.DELIVERED and not behaviour.hands_over and not is_pure(row):
        words = _("%(slug)s: a package reaches Delivered with the customer's code, or by Deliver Without Code only.")
        yield fault("destination", words, slug=row.slug)
    only_one = behaviour.source_states is not None and behaviour.source_states == behaviour.destination_states
    if row.moves and row.command_code in STAYS:
        yield fault("destination", _("%(slug)s: this command leaves the package where it is."), slug=row.slug)
    if not row.moves and not only_one and row.command_code not in STAYS:
        yield fault("destination", _("%(slug)s: source and destination are the same state."), slug=row.slug)


def impossible(row: Row, loc: str, allowed: Iterable[str], *, process: Process) -> Fault:
    """A command that cannot start, or end, there."""
    names = ", ".join(process.name_of(number) for number in sorted(allowed))
    words = {
        "source": _("%(slug)s: this command starts in %(names)s only."),
        "destination": _("%(slug)s: this command leads to %(names)s only."),
    }[loc]
    return fault(loc, words, slug=row.slug, names=names)


def roads(process: Process, *, packages: Mapping[str, int]) -> Iterator[Fault]:
    """From everywhere a package can be there is a road to Delivered: no dead ends, nobody stranded."""
    good = reaching(process, states.DELIVERED)
    stranded = {number for number, count in packages.items() if count and number not in good}
    for number in sorted(stranded):
        words = ngettext(
            "%(count)d package in %(state)s would have no way on.",
            "%(count)d packages in %(state)s would have no way on.",
            packages[number],
        )
        yield fault("source", words, count=packages[number], state=process.name_of(number))
    for number in sorted(reachable(process) - good - states.ENDED - stranded):
        words = _("%(state)s would be a dead end: packages get in, and not on to Delivered. Add the way on first.")
        yield fault("destination", words, state=process.name_of(number))


def used(process: Process) -> set[str]:
    """States out of which some command leads on, not only to an end."""
    return {row.source for row in process.rows if row.counts and row.moves and row.destination not in states.ENDED}


def warnings(process: Process) -> list[str]:
    """What is odd and may be meant: states with a way on that no package can reach."""
    unreachable = used(process) - reachable(process)
    pure = [
        _("%(slug)s hands packages over without a code: it is refused for every package that needs one.")
        % {"slug": row.slug}
        for row in process.rows
        if row.counts and hands_over_without_code(row)
    ]
    return pure + [
        _("No package can reach %(state)s yet. Add a command that leads there.") % {"state": process.name_of(number)}
        for number in sorted(unreachable)
    ]


def reachable(process: Process) -> set[str]:
    """Every state a package can come to from Waiting."""
    return walk(process, START, lambda row: (row.source, row.destination))


def reaching(process: Process, goal: str) -> set[str]:
    """Every state from which a package can come to the goal."""
    return walk(process, goal, lambda row: (row.destination, row.source))


def is_pure(row: Row) -> bool:
    """Whether the row is a state change and nothing else."""
    return row.command_code == PURE


def hands_over_without_code(row: Row) -> bool:
    """A pure way to Delivered: no road for packages with a code."""
    return is_pure(row) and row.destination == states.DELIVERED


def walk(process: Process, start: str, step: Callable[[Row], tuple[str, str]]) -> set[str]:
    steps = [step(row) for row in process.rows if row.counts and row.moves and not hands_over_without_code(row)]
    seen, edge = {start}, [start]
    while edge:
        here = edge.pop()
        fresh = {there for at, there in steps if at == here} - seen
        seen |= fresh
        edge += fresh
    return seen


def fault(loc: str, words: str, **values: object) -> Fault:
    return {"loc": loc, "msg": words % values}
