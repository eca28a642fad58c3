"""The progress of a package as four bars: what is done, where it is now, what comes."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.utils.translation import gettext as _

from clickcollect.instore import badges, time_format
from clickcollect.oms import states
from clickcollect.oms.log_models import CommandLog, LogKind
from clickcollect.oms.models import Package

MAIN_STATES: Final = (states.WAITING, states.PACKED, states.READY, states.DELIVERED)


@dataclass(frozen=True, kw_only=True)
class Step:
    """One bar. ``stage``: done, now or to come."""

    words: str
    icon: str
    stage: str
    small: str = ""
    kind: str = "step"

    @property
    def is_now(self) -> bool:
        return self.stage == "now"


def steps_of(package: Package, rows: list[CommandLog]) -> list[Step]:
    """The bars of a package; one that ended another way shows that state instead of those it will not reach."""
    now = package.state.enum_value
    reached = times_reached(package, rows)
    if now in MAIN_STATES:
        path = list(MAIN_STATES)
    elif now in states.TO_PACK:
        path = [states.WAITING, now, *MAIN_STATES[1:]]
    else:
        path = [number for number in MAIN_STATES if number in reached] + [now]
    current = path.index(now)
    return [
        step_of(package, number, at=reached.get(number), passed=place < current) for place, number in enumerate(path)
    ]


def times_reached(package: Package, rows: list[CommandLog]) -> dict[str, datetime]:
    """When each state was reached, as far as the log rows at hand tell."""
    moves = {row.new_state: row.at for row in rows if row.kind == LogKind.MOVE}
    return {states.WAITING: package.created_date} | moves | {package.state.enum_value: package.state_changed_at}


def step_of(package: Package, number: str, *, at: datetime | None, passed: bool) -> Step:
    when = time_format.short(at, now=package.clock) if at else ""
    if passed:
        return Step(words=_(states.NAMES[number]), icon="check", stage="done", small=when)
    if number != package.state.enum_value:
        return Step(words=_(states.NAMES[number]), icon="todo", stage="later")
    badge = badges.status(package)
    small = time_format.since(at, now=package.clock) if at else ""
    return Step(words=badge.words, icon=badge.icon, stage="now", small=small, kind=badge.kind)
