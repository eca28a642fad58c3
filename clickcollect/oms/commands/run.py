"""The one road: every change of a package's state goes through `run_command`, and every refusal is recorded here.

1. find the row and the class, quickly, for people;
2. `check` outside the transaction: what it counts stays counted;
3. one transaction: the conditional UPDATE first, then what else happens, the events, the log row. All or nothing;
4. any DomainError becomes a log row with its code, and is raised again.

While an order is being cancelled its packages are held back: asked in 1, so that nothing is compared or counted, and
again in 3 under the order's lock, so that a cancellation that was answered before is never overtaken.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import formats
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from clickcollect.errors import (
    CommandUnknown,
    DomainError,
    Forbidden,
    NotClickAndCollect,
    OtpRequired,
    StateConflict,
)
from clickcollect.oms import app_settings, order_status, states
from clickcollect.oms.access import Actor, get_package, names_of, packages_of
from clickcollect.oms.app_settings import Values
from clickcollect.oms.codes import pickup_code
from clickcollect.oms.commands.base import COMMANDS, Call, Command, Input
from clickcollect.oms.events import documents
from clickcollect.oms.events import types as events
from clickcollect.oms.log import write as log
from clickcollect.oms.log_models import CommandLog, LogKind, NoteKind
from clickcollect.oms.models import CommandTransition, Package

ALIASES: Final = {
    "SelfServisPackageDelivery": "SELF_SERVICE_PACKAGE_DELIVERY_COMMAND",
    "SelfServicePackageDelivery": "SELF_SERVICE_PACKAGE_DELIVERY_COMMAND",
}


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a command led to: the package as it is now, and the row that took it there."""

    package: Package
    row: CommandTransition


@dataclass(frozen=True, kw_only=True)
class Available:
    """A command that this caller may run on this package now, and what it will ask for."""

    row: CommandTransition
    command: Command
    inputs: list[Input]

    @property
    def needs_otp(self) -> bool:
        return any(item.kind == "otp" for item in self.inputs)

    @property
    def label(self) -> str:
        """The word on the button: the command's own, or the row's name."""
        return str(self.command.button or self.row.name)

    def document(self) -> dict[str, Any]:
        """As the API shows it (contract section 2, `commands[]`)."""
        return {
            "transition": self.row.pk,
            "slug": self.row.slug,
            "name": self.row.name,
            "code": self.row.command_code,
            "destination_state": documents.state_document(self.row.destination),
            "visibility": self.row.visibility,
            "needs_otp": self.needs_otp,
        }


@sensitive_variables("data")
def run_command(
    *,
    package_id: int,
    transition: int | str,
    actor: Actor,
    data: Mapping[str, Any] | None = None,
) -> Outcome:
    """Run one command on one package: the only way a package changes.

    Arguments: ``transition``, the row's id, or its slug, command code or an alias; ``data``, what was asked for.
    Raises a DomainError, which stands in the log by then; nothing has changed in that case
    but a counted attempt. Source: contract sections 1 and 5.
    """
    package: Package | None = None
    row: CommandTransition | None = None
    try:
        package = get_package(actor, package_id=package_id)
        row = find_row(transition=transition, package=package, actor=actor)
        command = COMMANDS[row.command_code]
        refuse_start(row=row, command=command, package=package, actor=actor)
        call = Call(
            package=package,
            row=row,
            actor=actor,
            settings=app_settings.settings_in_force(package.stock_location_id),
            now=package.clock,
            data=data or {},
        )
        refuse_unverified_delivery(call=call, command=command)
        checked = command.check(call)
        return Outcome(package=move(call=call, command=command, checked=checked), row=row)
    except DomainError as error:
        told = conflict_story(error=error, package=package)
        log.refused(package=package, package_id=package_id, row=row, actor=actor, error=told)
        raise told from None


def find_row(*, transition: int | str, package: Package, actor: Actor) -> CommandTransition:
    """The row that a caller means, one that starts where the package is if there is one. Raises CommandUnknown."""
    rows = [row for row in active_rows() if names(row, transition) and actor.channel in row.visibility]
    rows = [row for row in rows if row.command_code in COMMANDS]
    if not rows:
        raise CommandUnknown
    return next((row for row in rows if row.source_id == package.state_id), rows[0])


def refuse_start(*, row: CommandTransition, command: Command, package: Package, actor: Actor) -> None:
    """Raises Forbidden, NotClickAndCollect for a home delivery, whatever its state, or StateConflict."""
    if not actor.may_run(row.command_code):
        raise Forbidden
    if command.click_and_collect_only and not package.order.is_click_and_collect:
        raise NotClickAndCollect
    if row.source_id != package.state_id or is_held_back(row=row, package=package):
        raise StateConflict


def is_held_back(*, row: CommandTransition, package: Package) -> bool:
    """Whether the package's order is being cancelled and the command does more than end the package in the store.

    Nothing of such an order is packed, made ready, sent a code, extended or handed over (contract section 1).
    """
    stays_in_the_store = states.ENDED - {states.DELIVERED}
    return package.order.is_being_cancelled and row.destination.enum_value not in stays_in_the_store


def active_rows() -> list[CommandTransition]:
    """All active rows, in the order of the list; there are a few dozen at the most."""
    return list(CommandTransition.objects.filter(is_active=True).select_related("source", "destination"))


def names(row: CommandTransition, transition: int | str) -> bool:
    """Whether a row is what was asked for: by id, slug, command code or alias."""
    if isinstance(transition, int):
        return row.pk == transition
    return transition in (row.slug, row.command_code) or ALIASES.get(transition) == row.command_code


def refuse_unverified_delivery(*, call: Call, command: Command) -> None:
    """While codes are on, and ever after one was issued, a package is handed over by verification or by an override.

    That holds whatever an edited row says. A home delivery has no code and is not handed over at the counter.
    """
    if command.hands_over or call.row.destination.enum_value != states.DELIVERED:
        return
    needs_code = call.settings.is_otp_enabled and call.package.order.is_click_and_collect
    if needs_code or pickup_code.is_protected(call.package):
        raise OtpRequired(_("Hand this package over with the customer's code, or without it as a manager."))


def move(*, call: Call, command: Command, checked: Any) -> Package:
    """Step 3 of the one road: all or nothing."""
    package, row = call.package, call.row
    with transaction.atomic(durable=True):
        changes = columns(call) | command.changes(call, checked)
        untouched = Q(pk=package.pk, state_id=row.source_id, version=command.seen_version(call, checked))
        if Package.objects.filter(untouched & command.guard(call, checked)).update(**changes) != 1:
            raise StateConflict
        order_status.hold(package.order_id)
        package = packages_of(call.actor).get(pk=package.pk)
        if is_held_back(row=row, package=package):
            raise StateConflict
        applied = command.apply(replace(call, package=package), checked)
        letters = list(applied.letters)
        if call.moves:
            leave_ready(call=call, command=command)
            letters += events.letters_of_move(package)
            order = order_status.follow(package, tell_omnitron=row.configuration.get("sync_remote_order_status", True))
            letters += [events.Letter(event=events.OrderUpdatedWhispererEvent, order=order)] if order else []
        events.post(letters)
        log.moved(package=package, row=row, actor=call.actor, attributes=applied.attributes, notes=applied.notes)
        if row.destination.enum_value == states.DELIVERED and package.order.phone_changed_at:
            log.noted(kind=NoteKind.AFTER_PHONE_CHANGE, actor=call.actor, package=package)
    return package


def columns(call: Call) -> dict[str, Any]:
    """What every run sets: the state, the version, and since when."""
    if not call.moves:
        return {"version": F("version") + 1}
    ended = call.row.destination.enum_value in states.ENDED
    return {
        "version": F("version") + 1,
        "state_id": call.row.destination_id,
        "state_changed_at": Now(),
        "modified_date": Now(),
        **({"due_at": None} if ended else {}),
    }


def leave_ready(*, call: Call, command: Command) -> None:
    """A package that is no longer ready has no working code; one that hands over has closed it already."""
    if call.row.source.enum_value == states.READY and not command.hands_over:
        pickup_code.close(call.package, reason=call.row.destination.enum_value)


def available_commands(
    *, package: Package, actor: Actor, values: Values | None = None, with_manager: bool = False
) -> list[Available]:
    """The commands that this caller may run on this package now, in the order of the list (contract section 2).

    ``values``: the settings of the package's store, where the caller has read them already.
    ``with_manager``: also those that an associate may run once a manager signs.
    """
    values = values or app_settings.settings_in_force(package.stock_location_id)
    found = []
    for row in active_rows():
        behaviour = COMMANDS.get(row.command_code)
        if behaviour is None or row.source_id != package.state_id or actor.channel not in row.visibility:
            continue
        if is_held_back(row=row, package=package):
            continue
        if behaviour.click_and_collect_only and not package.order.is_click_and_collect:
            continue
        may_run = actor.may_run(row.command_code, with_manager=with_manager)
        if may_run and behaviour.offered(package, values, package.clock):
            found.append(Available(row=row, command=behaviour, inputs=behaviour.inputs(package, values)))
    return found


def conflict_story(*, error: DomainError, package: Package | None) -> DomainError:
    """Turn a bare state conflict into its story: "already Delivered at 10:42 by Ayla"."""
    if not isinstance(error, StateConflict) or error.extra or package is None:
        return error
    row = Package.objects.select_related("state", "stock_location", "order").get(pk=package.pk)
    if row.is_held_back:
        return cancellation_story(row)
    entry = CommandLog.objects.filter(package_id=package.pk, kind=LogKind.MOVE).first()
    when = entry.at if entry else row.state_changed_at
    who = names_of([entry.actor_id]).get(entry.actor_id or 0, "") if entry else ""
    local = formats.time_format(when.astimezone(ZoneInfo(row.stock_location.time_zone)), "H:i")
    words = {"state": _(row.state.name), "time": local, "name": who or _("the system")}
    return StateConflict(
        _("This package is already %(state)s, since %(time)s by %(name)s.") % words,
        state=row.state.name,
        changed_at=documents.utc(when),
        changed_by=words["name"],
    )


def cancellation_story(package: Package) -> StateConflict:
    """Why a package is held back: who asked for the end of its order, and when."""
    asked = CommandLog.objects.filter(package_id=package.pk, note_kind=NoteKind.ORDER_CANCEL_REQUESTED).first()
    who = names_of([asked.actor_id]).get(asked.actor_id or 0, "") if asked else ""
    return StateConflict(
        _("This order is being cancelled. Keep the package in the store."),
        state=package.state.name,
        changed_at=documents.utc(package.order.cancel_requested_at),
        changed_by=who or _("the system"),
    )
