"""Icon, word and colour for what a package is, when it is due, and what became of its message. In that order."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clickcollect.instore import time_format
from clickcollect.oms import states
from clickcollect.oms.app_settings import Values
from clickcollect.oms.codes import attempts
from clickcollect.oms.events.types import NO_RECEIVER
from clickcollect.oms.models import MessageState, Package


@dataclass(frozen=True, kw_only=True)
class Mark:
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


def status(package: Package) -> Mark:
    """The circle that fills."""
    kind, icon = STATUS.get(package.state.enum_value, ENDED)
    return Mark(kind=kind, icon=icon, words=_(package.state.name))


def is_overdue(package: Package) -> bool:
    return package.due_at is not None and package.due_at <= package.clock


def lock(package: Package, values: Values) -> Mark | None:
    """Code locked: no code is compared until somebody helps; None while it is not."""
    if not attempts.is_locked(package, values):
        return None
    return Mark(kind="locked", icon="lock", words=_("Code locked"))


def due(package: Package, values: Values) -> Mark:
    """Four levels of urgency; what has ended says when, and what is held back is due no more."""
    if package.state.enum_value in states.ENDED:
        icon = "check" if package.state.enum_value == states.DELIVERED else "none"
        when = time_format.short(package.state_changed_at, now=package.clock)
        return Mark(kind="none", icon=icon, words=_(package.state.name), small=when)
    if package.is_held_back:
        return Mark(kind="overdue", icon="cross", words=_("Being cancelled"))
    if package.due_at is None:
        return Mark(kind="none", icon="none", words=_("No due time"))
    return urgency(package.due_at, now=package.clock, soon=timedelta(hours=values["URGENCY_SOON_HOURS"]))


def urgency(moment: datetime, *, now: datetime, soon: timedelta) -> Mark:
    """Overdue, due today, soon, fine: by the store's day and the setting."""
    if moment <= now:
        words = _("Overdue")
        return Mark(kind="overdue", icon="overdue", words=words, small=time_format.since(moment, now=now))
    if timezone.localdate(moment) == timezone.localdate(now):
        return Mark(kind="today", icon="today", words=_("Due today"), small=time_format.by(moment))
    ahead = time_format.ahead(moment, now=now)
    if moment <= now + soon:
        return Mark(kind="soon", icon="soon", words=_("Soon"), small=ahead)
    return Mark(kind="fine", icon="fine", words=_("Fine"), small=time_format.day(moment))


REASONS: Final = {NO_RECEIVER: gettext_lazy("No message service is connected")}
TOLD: Final = {
    MessageState.NONE: gettext_lazy("No SMS sent yet"),
    MessageState.QUEUED: gettext_lazy("SMS queued"),
    MessageState.ACCEPTED: gettext_lazy("SMS accepted"),
    MessageState.DELIVERED: gettext_lazy("SMS delivered"),
    MessageState.FAILED: gettext_lazy("SMS failed"),
}


def message(package: Package) -> Mark:
    """What is known of the customer's newest message."""
    state = MessageState(package.message_state)
    kind, icon = MESSAGE[state]
    failed = str(REASONS.get(package.message_reason, package.message_reason))
    small = failed if state == MessageState.FAILED else ""
    if not small and package.message_at and state != MessageState.NONE:
        small = time_format.short(package.message_at, now=package.clock)
    return Mark(kind=kind, icon=icon, words=str(state.label), small=small)


def message_told(package: Package) -> Mark:
    """The same, saying that it is an SMS: SMS delivered, SMS failed."""
    state = MessageState(package.message_state)
    if state == MessageState.NONE and package.state.enum_value in states.ENDED:
        return replace(message(package), words=_("No SMS sent"))
    return replace(message(package), words=str(TOLD[state]))
