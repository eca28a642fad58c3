"""The one road: every change of a package's state goes through `run_command`, and every refusal is recorded here.

Lock, read, decide, write, answer. One transaction, which nobody may wrap:

1. the package, its order and, where a code was typed, who tries are locked; later statements read what is needed;
2. the command decides, without a query: a move, or a refusal, which may count a wrong code;
3. all of it is written, events and log row with it, and committed. A refusal commits its log row and its count;
4. and only then is it told: no outcome is told before its count is committed (contract section 5, docs/safety.md).

An error that is no refusal rolls everything back. If it comes after a wrong comparison, that is counted in a
transaction of its own before the error is told.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from django.db import Error, connection, models, transaction
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables
from psycopg import errors

from clickcollect.accounts.idempotency import Once
from clickcollect.errors import (
    CommandUnknown,
    DatabaseAway,
    DomainError,
    Forbidden,
    HeldBySomeoneElse,
    IdempotencyInProgress,
    IdempotencyMismatch,
    NotClickAndCollect,
    NotFound,
    OtpRequired,
    StateConflict,
)
from clickcollect.oms import configuration, states
from clickcollect.oms.access import SYSTEM, Actor, get_package
from clickcollect.oms.app_settings import Values
from clickcollect.oms.codes import attempt_limits, pickup_code
from clickcollect.oms.codes.pickup_code import Comparison
from clickcollect.oms.commands import statements, write
from clickcollect.oms.commands.base import CODE, COMMANDS, Call, Command, Input, Outcome, Refusal
from clickcollect.oms.configuration import Configuration
from clickcollect.oms.events import documents
from clickcollect.oms.log import conflicts
from clickcollect.oms.log.write import refusal_entry
from clickcollect.oms.models import CommandLog, CommandTransition, Package

ALIASES: Final = {
    "SelfServisPackageDelivery": "SELF_SERVICE_PACKAGE_DELIVERY_COMMAND",
    "SelfServicePackageDelivery": "SELF_SERVICE_PACKAGE_DELIVERY_COMMAND",
}
ASK_AGAIN_AFTER: Final = 1  # seconds, when somebody else held the package for too long
NOTHING_KNOWN: Final = Configuration(version=None, states={}, transitions=())  # of a package that is not there
NOTHING_RAN: Final = (IdempotencyInProgress, IdempotencyMismatch)  # refused before anything was looked at


@dataclass(kw_only=True)
class Run:
    """One walk along the road, as far as it came: who must still record or count something finds here what.

    ``data`` may hold a customer's code: it is never shown.
    """

    package_id: int
    asked: int | str
    actor: Actor
    data: Mapping[str, Any] = field(repr=False)
    once: Once | None
    comparison: Comparison
    at: datetime | None = None
    found: statements.FoundPackage | None = None
    transition: CommandTransition | None = None
    call: Call | None = None

    @property
    def package(self) -> Package | None:
        return self.found.package if self.found else None


@sensitive_variables("data", "run")
def run_command(
    *,
    package_id: int,
    transition: int | str,
    actor: Actor,
    data: Mapping[str, Any] | None = None,
    once: Once | None = None,
    at: datetime | None = None,
) -> Outcome:
    """Run one command on one package: the only way a package changes.

    Arguments: ``transition``, the transition's id, or its slug, command code or an alias; ``data``, what was asked
    for; ``once``, a request that may be sent again: its answer is kept in the same transaction; ``at``, a moment in
    place of now, for the past of the demo shop and for nothing else.
    Raises a DomainError, which stands in the log by then; nothing has changed in that case but a counted attempt.
    HeldBySomeoneElse when somebody else held the package for too long. Source: contract sections 1 and 5.
    """
    package_id = min(package_id, models.BigIntegerField.MAX_BIGINT)  # nobody's
    run = Run(
        package_id=package_id,
        asked=transition,
        actor=actor,
        data=data or {},
        once=once,
        comparison=Comparison(),
        at=at,
    )
    try:
        outcome = walk(run)
    except NOTHING_RAN:
        raise
    except DomainError as error:  # raised while it was written: nothing of it is left, and it is recorded by itself
        count_alone(run)
        raise record_alone(run, error) from None
    except BaseException as error:
        count_alone(run)
        if came_from(error, errors.LockNotAvailable):
            raise HeldBySomeoneElse(retry_after=ASK_AGAIN_AFTER) from None
        raise
    if isinstance(outcome, DomainError):
        raise outcome
    return outcome


@transaction.atomic(durable=True)
@sensitive_variables("run", "decision")
def walk(run: Run) -> Outcome | DomainError:
    """Lock, read, decide and write, in one transaction; what is returned is committed."""
    run.found = statements.lock_and_read(
        package_id=run.package_id, actor=run.actor, is_trying=CODE in run.data, once=run.once
    )
    if run.at is not None:
        run.found = run.found.at(run.at)
    known = configuration.of_version(run.found.version) if run.found.package else NOTHING_KNOWN
    try:
        command, call = prepare(run, known)
        decision = command.decide(call)
    except DomainError as error:
        decision = Refusal(error=error, counts=run.comparison.is_wrong)
    if isinstance(decision, Refusal):
        told = conflicts.explain_conflict(decision.error, run.package)
        entry = refusal_of_run(run, told)
        write.write_refusal(refusal=replace(decision, error=told), entry=entry, call=run.call, once=run.once)
        return told
    return write.write_move(call=call, command=command, move=decision, found=run.found, known=known, once=run.once)


def prepare(run: Run, known: Configuration) -> tuple[Command, Call]:
    """The command, and all that it may need. Raises a DomainError for what is refused before it is asked."""
    found, package = run.found, run.package
    if found is None or package is None or found.now is None:
        raise NotFound
    package.state = known.states[package.state_id]
    run.transition = find_transition(known, asked=run.asked, package=package, actor=run.actor)
    command = COMMANDS[run.transition.command_code]
    refuse_start(transition=run.transition, command=command, package=package, actor=run.actor)
    run.call = Call(
        package=package,
        transition=run.transition,
        actor=run.actor,
        settings=Values(known.settings_of(package.stock_location_id)),
        now=found.now,
        issue=found.issue,
        tried=attempt_limits.of_actor(run.actor, employee=found.employee, here=found.here, everywhere=found.everywhere),
        order_has_codes=any(number > 0 for _id, _state, number in found.siblings),
        comparison=run.comparison,
        data=run.data,
    )
    refuse_unverified_delivery(call=run.call, command=command)
    return command, run.call


def refusal_of_run(run: Run, error: DomainError) -> CommandLog:
    return refusal_entry(
        package=run.package, package_id=run.package_id, transition=run.transition, actor=run.actor, error=error
    )


def record_alone(run: Run, error: DomainError) -> DomainError:
    """Record a refusal whose transaction was rolled back; the refusal as it is told."""
    with transaction.atomic(durable=True):
        told = conflicts.explain_conflict(error, get_package(SYSTEM, package_id=run.package_id))
        entry = refusal_of_run(run, told)
        write.write_refusal(refusal=Refusal(error=told), entry=entry, call=run.call, once=run.once)
    return told


def count_alone(run: Run) -> None:
    """Count a wrong code whose transaction failed, package and person each by itself, unless it is counted already.

    Raises DatabaseAway where that fails too: then a wrong code is told as a right one would be.
    """
    if not run.comparison.is_wrong or run.call is None or run.found is None:
        return
    try:
        if not connection.in_atomic_block:
            connection.close()  # in whatever state it was left
        for statement, values in write.wrong_code_of(run.call, transaction=run.found.transaction).statements():
            with transaction.atomic(durable=True), connection.cursor() as cursor:
                cursor.execute(statement, values)
    except Error:
        raise DatabaseAway from None


def came_from(error: BaseException | None, kind: type[Exception]) -> bool:
    """Whether an error is of a kind, or came from one."""
    while error is not None and not isinstance(error, kind):
        error = error.__cause__
    return error is not None


def find_transition(known: Configuration, *, asked: int | str, package: Package, actor: Actor) -> CommandTransition:
    """The transition that a caller means, one that starts where the package is if there is one.

    Raises CommandUnknown.
    """
    starting_here = [one for one in known.transitions if one.source_id == package.state_id]
    for one in (*starting_here, *known.transitions):
        if matches(one, asked) and actor.channel in one.visibility and one.command_code in COMMANDS:
            return one
    raise CommandUnknown


def refuse_start(*, transition: CommandTransition, command: Command, package: Package, actor: Actor) -> None:
    """Raises Forbidden, NotClickAndCollect for a home delivery, whatever its state, or StateConflict."""
    if not actor.may_run(transition.command_code):
        raise Forbidden
    if command.click_and_collect_only and not package.order.is_click_and_collect:
        raise NotClickAndCollect
    if transition.source_id != package.state_id or is_held_back(transition=transition, package=package):
        raise StateConflict
    if awaits_taking_out(transition=transition, package=package):
        words = _("The shop changed this package. Take out %(goods)s, choose Confirm taken out, and then continue.")
        raise StateConflict(words % {"goods": ", ".join(package.take_out)})
    if awaits_confirmation(transition=transition, package=package):
        raise StateConflict(
            _(
                "The shop was restored from a backup, and this package may have been collected since. Look for it on "
                "its shelf, choose Confirm on shelf, and then hand it over."
            )
        )


def is_held_back(*, transition: CommandTransition, package: Package) -> bool:
    """Whether nobody wants the package any more and the command does more than end it in the store.

    Nothing of such an order is packed, made ready, sent a code, extended or handed over (contract section 1).
    """
    stays_in_the_store = states.ENDED - {states.DELIVERED}
    return package.is_unwanted and transition.destination.enum_value not in stays_in_the_store


def awaits_taking_out(*, transition: CommandTransition, package: Package) -> bool:
    """Whether the command sends a package on that still holds what the shop took off: somebody takes it out first."""
    stays = (states.ENDED - {states.DELIVERED}) | states.TO_PACK | {states.PACKED}
    return bool(package.take_out) and transition.destination.enum_value not in stays


def awaits_confirmation(*, transition: CommandTransition, package: Package) -> bool:
    """Whether the command hands over a package that may be gone since the backup the shop was restored from.

    With the code, without it or by a plain change of state: somebody must see it on its shelf first (T63).
    """
    return package.shelf_unconfirmed_since is not None and transition.destination.enum_value == states.DELIVERED


def active_transitions() -> list[CommandTransition]:
    """All active ones, in the order of the list; there are a few dozen at the most."""
    return list(configuration.current().transitions)


def matches(transition: CommandTransition, asked: int | str) -> bool:
    """Whether a transition is what was asked for: by id, slug, command code or alias."""
    if isinstance(asked, int):
        return transition.pk == asked
    return asked in (transition.slug, transition.command_code) or ALIASES.get(asked) == transition.command_code


def refuse_unverified_delivery(*, call: Call, command: Command) -> None:
    """While codes are on, and ever after one was issued, a package is handed over by verification or by an override.

    That holds whatever an edited transition says. A home delivery has no code and is not handed over at the counter.
    """
    if command.hands_over or call.transition.destination.enum_value != states.DELIVERED:
        return
    is_on = call.settings.is_otp_enabled and call.package.order.is_click_and_collect
    if is_on or pickup_code.has_ever_had_code(call.package):
        raise OtpRequired(_("Hand this package over with the customer's code, or without it as a manager."))


@dataclass(frozen=True, kw_only=True)
class Available:
    """A command that this caller may run on this package now, and what it will ask for."""

    transition: CommandTransition
    command: Command
    inputs: list[Input]

    @property
    def needs_otp(self) -> bool:
        return any(item.kind == "otp" for item in self.inputs)

    @property
    def label(self) -> str:
        """The word on the button: the command's own, or the transition's name."""
        return str(self.command.button) if self.command.button else _(self.transition.name)

    def document(self) -> dict[str, Any]:
        """As the API shows it (contract section 2, `commands[]`)."""
        return {
            "transition": self.transition.pk,
            "slug": self.transition.slug,
            "name": self.transition.name,
            "code": self.transition.command_code,
            "destination_state": documents.state_document(self.transition.destination),
            "visibility": self.transition.visibility,
            "needs_otp": self.needs_otp,
        }


def available_commands(
    *,
    package: Package,
    actor: Actor,
    values: Values | None = None,
    known: Configuration | None = None,
    with_manager: bool = False,
) -> list[Available]:
    """The commands that this caller may run on this package now, in the order of the list (contract section 2).

    ``values``, ``known``: the settings of the package's store and the configuration, where the caller has read them.
    ``with_manager``: also those that an associate may run once a manager signs.
    """
    known = known or configuration.current()
    values = values or Values(known.settings_of(package.stock_location_id))
    found = []
    for transition in known.transitions:
        behaviour = COMMANDS.get(transition.command_code)
        if behaviour is None or transition.source_id != package.state_id or actor.channel not in transition.visibility:
            continue
        if is_held_back(transition=transition, package=package):
            continue
        if awaits_taking_out(transition=transition, package=package):
            continue
        if awaits_confirmation(transition=transition, package=package):
            continue
        if behaviour.click_and_collect_only and not package.order.is_click_and_collect:
            continue
        may_run = actor.may_run(transition.command_code, with_manager=with_manager)
        if may_run and behaviour.offered(package, values, package.clock):
            found.append(Available(transition=transition, command=behaviour, inputs=behaviour.inputs(package, values)))
    return found
