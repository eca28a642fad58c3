"""The last round trip of the one road: what a decision says is written, COMMIT with it (docs/safety.md)."""

from collections.abc import Mapping
from typing import Any

from clickcollect.accounts.idempotency import Once
from clickcollect.database import Execute
from clickcollect.oms import order_status, states
from clickcollect.oms.codes import pickup_code
from clickcollect.oms.codes.attempt_limits import Counted, left_of_package
from clickcollect.oms.commands import statements
from clickcollect.oms.commands.base import Call, Command, Move, Outcome, Refusal
from clickcollect.oms.commands.statements import Written
from clickcollect.oms.configuration import Configuration
from clickcollect.oms.events import types as events
from clickcollect.oms.events.types import OutgoingEvent
from clickcollect.oms.log.write import note_entry, transition_entry
from clickcollect.oms.log_models import CommandLog, NoteKind
from clickcollect.oms.models import CodeIssue
from clickcollect.whisperer import outbox


def write_move(
    *, call: Call, command: Command, move: Move, found: statements.FoundPackage, known: Configuration, once: Once | None
) -> Outcome:
    """Write everything that belongs to a move, and commit it; the package is then what it has become."""
    package, order = call.package, call.package.order
    seen = package.version
    issue = pickup_code.new_issue(package, digits=call.settings["OTP_LENGTH"]) if move.new_code else None
    changes = package_columns(call, move, issue)
    order_changes = dict(move.order_changes)
    if call.moves:
        package.state = call.transition.destination
        now_in = [call.transition.destination_id if pk == package.pk else state for pk, state, _n in found.siblings]
        order_changes |= order_status.following_columns(
            order,
            [known.states[state_id].enum_value for state_id in now_in],
            tell_omnitron=call.transition.configuration.get("sync_remote_order_status", True),
            now=call.now,
        )
    set_values(package, changes)
    set_values(order, order_changes)
    command.apply(call, move)
    outgoing = outgoing_events(call, move, status_changed="status" in order_changes)
    values, uuids = outbox.publishing(events.with_snapshots(outgoing), now=call.now)
    follow = follow_message(outgoing, uuids, known=known, call=call)
    set_values(package, follow)
    outcome = Outcome(package=package, transition=call.transition)
    with statements.written_last() as written:
        statements.update_package(written, package, changes | follow, seen=seen)
        if order_changes:
            statements.update_order(written, order, order_changes)
        if call.issue is not None and (reason := why_issue_ends(call, move)):
            statements.close_issue(written, call.issue, reason=reason, now=call.now)
        if issue is not None:
            statements.insert_issue(written, issue, now=call.now)
        if outgoing:
            statements.write_events(written, values)
        for entry, notes in log_rows(call, move, issue):
            statements.write_log(written, entry, notes, at=call.now)
        keep_answer(written.send(), once, outcome)
    return outcome


def package_columns(call: Call, move: Move, issue: CodeIssue | None) -> dict[str, Any]:
    """What every move sets, and what the command adds."""
    changes: dict[str, Any] = {"version": call.package.version + 1}
    if call.moves:
        changes |= {
            "state_id": call.transition.destination_id,
            "state_changed_at": call.now,
            "modified_date": call.now,
        }
        if call.transition.destination.enum_value in states.ENDED:
            changes["due_at"] = None
    if issue is not None:
        changes |= {"issue_number": issue.number, "issue_attempts": 0}
    return changes | dict(move.changes)


def set_values(row: Any, changes: Mapping[str, Any]) -> None:
    """Let an object be what its row will be."""
    for name, value in changes.items():
        setattr(row, name, value)


def why_issue_ends(call: Call, move: Move) -> str:
    """Why the open issue ends with this move, if it does: a package that is no longer ready has no working code."""
    if move.closes_issue or move.new_code:
        return move.closes_issue or "replaced"
    leaves_ready = call.moves and call.transition.source.enum_value == states.READY
    return call.transition.destination.enum_value if leaves_ready else ""


def outgoing_events(call: Call, move: Move, *, status_changed: bool) -> list[OutgoingEvent]:
    """The command's own events first: the customer's code must not wait behind the general ones."""
    outgoing = list(move.events)
    if call.moves:
        outgoing += events.events_for_transition(call.package)
    if status_changed:
        outgoing.append(OutgoingEvent(event=events.OrderUpdatedWhispererEvent, order=call.package.order))
    return outgoing


def follow_message(
    outgoing: list[OutgoingEvent], uuids: list[str], *, known: Configuration, call: Call
) -> dict[str, Any]:
    """From now on the package shows what becomes of the message with its code, if one goes out."""
    for event, uuid in zip(outgoing, uuids, strict=True):
        if event.event.code_bearing:
            has_receiver = event.event.type in known.subscribed
            return events.message_columns(uuid, has_receiver=has_receiver, now=call.now)
    return {}


def log_rows(call: Call, move: Move, issue: CodeIssue | None) -> list[tuple[CommandLog, Mapping[str, str]]]:
    """The log row of the move, and one more where the number was changed before the handover."""
    attributes = dict(move.attributes) | ({"otp.issue": issue.number} if issue else {})
    entry = transition_entry(package=call.package, transition=call.transition, actor=call.actor, attributes=attributes)
    rows: list[tuple[CommandLog, Mapping[str, str]]] = [(entry, move.notes)]
    delivered = call.moves and call.transition.destination.enum_value == states.DELIVERED
    if delivered and call.package.order.phone_changed_at:
        rows.append((note_entry(kind=NoteKind.AFTER_PHONE_CHANGE, actor=call.actor, package=call.package), {}))
    return rows


def write_refusal(*, refusal: Refusal, entry: CommandLog, call: Call | None, once: Once | None) -> None:
    """Write a refusal and what it counts, and commit it; nothing else has changed."""
    with statements.written_last() as written:
        if refusal.counts and call is not None:
            statements.write_count(written, wrong_code_of(call))
            set_values(call.package, count_on(call))
        statements.write_log(written, entry, at=call.now if call else None)
        if refusal.counts and call is not None and left_of_package(call.package, call.settings) <= 0:
            write_lock(written, call)
        keep_answer(written.send(), once, refusal.error)


def wrong_code_of(call: Call, *, transaction: str | None = None) -> Counted:
    """The wrong code of this call."""
    return Counted(
        package_id=call.package.pk,
        issue_number=call.issue.number if call.issue else 0,
        store_id=call.package.stock_location_id,
        actor=call.actor,
        now=call.now,
        transaction=transaction,
    )


def count_on(call: Call) -> dict[str, int]:
    return {
        "issue_attempts": call.package.issue_attempts + 1,
        "total_attempts": call.package.total_attempts + 1,
    }


def write_lock(written: Written, call: Call) -> None:
    """The wrong code that used the last try tells everybody that the package is locked."""
    locked = OutgoingEvent(event=events.PackagePickupLockedWhispererEvent, package=call.package)
    values, _uuids = outbox.publishing(events.with_snapshots([locked]), now=call.now)
    statements.write_events(written, values)
    attributes = {"otp.issue": call.package.issue_number}
    entry = note_entry(kind=NoteKind.LOCKED_OUT, actor=call.actor, package=call.package, attributes=attributes)
    statements.write_log(written, entry, at=call.now)


def keep_answer(execute: Execute, once: Once | None, led_to: Any) -> None:
    """Keep the answer for those who ask again with the same Idempotency-Key, in the work's own transaction."""
    if once and (statement := once.keeping(led_to)):
        execute(*statement)
