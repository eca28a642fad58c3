"""The story of a conflict: what package or order is now, since when and by whom (contract section 2, `state_conflict`).

Every state conflict gets its story here, whoever raises it.
"""

from datetime import datetime
from typing import Final

from django.utils import formats
from django.utils.translation import gettext as _

from clickcollect.accounts.people import full_names
from clickcollect.errors import DomainError, StateConflict
from clickcollect.omnitron.models import Order
from clickcollect.oms import states
from clickcollect.oms.clock import local_time
from clickcollect.oms.log_models import CommandLog, LogKind, NoteKind
from clickcollect.oms.models import Package
from clickcollect.wire_format import utc

WITHOUT_WORDS: Final = StateConflict.sentence


def explain_conflict(error: DomainError, package: Package | None) -> DomainError:
    """A bare state conflict with its story, "already Delivered, since 10:42 by Ayla"; anything else as it is."""
    if not isinstance(error, StateConflict) or error.extra or package is None:
        return error
    has_words = error.detail != str(WITHOUT_WORDS)
    if package.is_held_back and not has_words:
        return of_cancellation(package)
    entry = CommandLog.objects.filter(package_id=package.pk, kind=LogKind.MOVE).first()
    when = entry.at if entry else package.state_changed_at
    who = actor_name_of(entry)
    local = formats.time_format(local_time(when, store=package.stock_location), "H:i")
    words = {"state": _(package.state.name), "time": local, "name": who}
    if package.state.enum_value == states.DELIVERED:
        story = _("Already handed over at %(time)s by %(name)s.") % words
    else:
        story = _("This package is already %(state)s. Changed at %(time)s by %(name)s.") % words
    return conflict(error.detail if has_words else story, state=package.state.name, at=when, who=who)


def why_held_back(package: Package) -> str:
    """Why it only waits for its end, for every door; empty where it does not."""
    if not package.is_held_back:
        return ""
    if package.order.is_being_cancelled:
        return _("This order is being cancelled. Keep the package in the store.")
    return _("The shop removed every item from this package, and it is being cancelled. Keep it in the store.")


def of_cancellation(package: Package) -> StateConflict:
    """Why a package is held back: who asked for the end of its order and when, or that everything was taken off it."""
    words = why_held_back(package)
    if not package.order.is_being_cancelled:
        return conflict(words, state=package.state.name, at=package.modified_date, who=actor_name_of(None))
    asked = CommandLog.objects.filter(package_id=package.pk, note_kind=NoteKind.ORDER_CANCEL_REQUESTED).first()
    return conflict(
        words,
        state=package.state.name,
        at=package.order.cancel_requested_at,
        who=actor_name_of(asked),
    )


def of_order(order: Order, words: str) -> StateConflict:
    """The same of an order: who moved a package of it last, and when."""
    moves = CommandLog.objects.filter(kind=LogKind.MOVE, package_id__in=order.packages.values("pk"))
    last = moves.first()
    when = last.at if last else order.ended_at or order.created_date
    return conflict(words, state=order.get_status_display(), at=when, who=actor_name_of(last))


def conflict(words: str, *, state: str, at: datetime | None, who: str) -> StateConflict:
    """A state conflict with everything that the contract promises of one."""
    return StateConflict(words, state=state, changed_at=utc(at), changed_by=who)


def actor_name_of(entry: CommandLog | None) -> str:
    """Who wrote a log row."""
    who = full_names([entry.actor_id]).get(entry.actor_id or 0, "") if entry else ""
    return who or _("the system")
