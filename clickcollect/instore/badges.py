"""Icon, word and colour for what a package is, when it is due, and what became of its message. In that order."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clickcollect.instore import time_format
from clickcollect.oms import states
from clickcollect.oms.app_settings import Values
from clickcollect.oms.codes import attempts
from clickcollect.oms.events.types import NO_RECEIVER
from clickcollect.oms.models import MessageState, Package
from clickcollect.oms.urgency import Urgency, urgency_of


@dataclass(frozen=True, kw_only=True)
class Badge:
    """``kind`` is the class in the stylesheet; ``small`` stands beside the words."""

    kind: str
    icon: str
    words: str
    small: str = ""


STATUS: Final[dict[str, tuple[str, str]]] = {
    states.WAITING: ("waiting", "waiting"),
    states.PREPARING: ("waiting", "waiting"),
    states.READY_FOR_PACKAGING: ("waiting", "waiting"),
    states.PACKED: ("packed", "packed"),
    states.READY: ("ready", "ready"),
    states.DELIVERED: ("done", "delivered"),
}
ENDED: Final = ("none", "cross")

MESSAGE: Final[dict[str, tuple[str, str]]] = {
    MessageState.NONE: ("none", "none"),
    MessageState.QUEUED: ("queued", "queued"),
    MessageState.ACCEPTED: ("accepted", "check"),
    MessageState.DELIVERED: ("sent", "checks"),
    MessageState.FAILED: ("failed", "failed"),
}


def status(package: Package) -> Badge:
    """The circle that fills."""
    kind, icon = STATUS.get(package.state.enum_value, ENDED)
    return Badge(kind=kind, icon=icon, words=_(package.state.name))


def lock(package: Package, values: Values) -> Badge | None:
    """Code locked: no code is compared until somebody helps; None while it is not."""
    if not attempts.is_code_locked(package, values):
        return None
    return Badge(kind="locked", icon="lock", words=_("Code locked"))


def hold(package: Package) -> Badge | None:
    """What somebody must do in the store before the package goes further; None where it is free to."""
    if package.is_held_back:
        return None
    if package.shelf_unconfirmed_since is not None and package.state.enum_value == states.READY:
        return Badge(kind="hold", icon="package", words=_("Confirm on shelf"))
    if package.take_out and package.state.enum_value == states.PACKED:
        return Badge(kind="hold", icon="package", words=_("Take items out"))
    return None


def due(package: Package, values: Values) -> Badge:
    """Four levels of urgency; what has ended says when, and what is held back is due no more."""
    if package.state.enum_value in states.ENDED:
        icon = "check" if package.state.enum_value == states.DELIVERED else "none"
        when = time_format.short(package.state_changed_at, now=package.clock)
        return Badge(kind="none", icon=icon, words=_(package.state.name), small=when)
    if package.is_held_back:
        return Badge(kind="overdue", icon="cross", words=_("Being cancelled"))
    if package.due_at is None:
        return Badge(kind="none", icon="none", words=_("No due time"))
    return urgency_badge(package, due_at=package.due_at, soon_hours=values["URGENCY_SOON_HOURS"])


def urgency_badge(package: Package, *, due_at: datetime, soon_hours: int) -> Badge:
    """Overdue since when, due today by when, soon or fine: the level's word, and beside it the time."""
    now = package.clock
    level = urgency_of(due_at, now=now, soon_hours=soon_hours, zone=ZoneInfo(package.stock_location.time_zone))
    match level:
        case Urgency.OVERDUE:
            small = time_format.since(due_at, now=now)
        case Urgency.TODAY:
            small = time_format.by(due_at)
        case Urgency.SOON:
            small = time_format.ahead(due_at, now=now)
        case Urgency.FINE:
            small = time_format.day(due_at)
    is_not_collected = level is Urgency.OVERDUE and package.state.enum_value == states.READY
    words = _("Not collected") if is_not_collected else str(level.label)
    return Badge(kind=level.value, icon=level.value, words=words, small=small)


REASONS: Final = {NO_RECEIVER: gettext_lazy("No message service is connected")}
SMS_WORDS: Final = {
    MessageState.NONE: gettext_lazy("No SMS sent yet"),
    MessageState.QUEUED: gettext_lazy("SMS queued"),
    MessageState.ACCEPTED: gettext_lazy("SMS accepted"),
    MessageState.DELIVERED: gettext_lazy("SMS delivered"),
    MessageState.FAILED: gettext_lazy("SMS failed"),
}


def message(package: Package) -> Badge:
    """What is known of the customer's newest message."""
    state = MessageState(package.message_state)
    kind, icon = MESSAGE[state]
    failed = str(REASONS.get(package.message_reason, package.message_reason))
    small = failed if state == MessageState.FAILED else ""
    if not small and package.message_at and state != MessageState.NONE:
        small = time_format.short(package.message_at, now=package.clock)
    return Badge(kind=kind, icon=icon, words=str(state.label), small=small)


def sms(package: Package) -> Badge:
    """The same, saying that it is an SMS: SMS delivered, SMS failed."""
    state = MessageState(package.message_state)
    if state == MessageState.NONE and package.state.enum_value in states.ENDED:
        return replace(message(package), words=_("No SMS sent"))
    return replace(message(package), words=str(SMS_WORDS[state]))
