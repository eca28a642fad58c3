"""What the page of one package shows: its facts, what may be done now, and what has happened."""

from dataclasses import dataclass
from typing import Any

from clickcollect.oms import states
from clickcollect.oms.access import Actor
from clickcollect.oms.commands.run import Available, available_commands
from clickcollect.oms.models import Package
from clickcollect.omsweb.timeline import MOST_ENTRIES, Entry, timeline_of_package


@dataclass(frozen=True)
class Button:
    """A command in its place. A dialog opens where something is asked, or where the package ends for good."""

    available: Available

    @property
    def address(self) -> int:
        return self.available.row.pk

    @property
    def label(self) -> str:
        return self.available.label

    @property
    def opens_dialog(self) -> bool:
        return bool(self.available.inputs) or self.available.row.destination.enum_value in states.ENDED


@dataclass(kw_only=True)
class PackagePage:
    """Everything the page of one package shows, read anew for every answer."""

    package: Package
    main: Button | None
    more: list[Button]
    timeline: list[Entry]
    items: list[Any]

    @classmethod
    def read(cls, *, package: Package, actor: Actor) -> "PackagePage":
        available = available_commands(package=package, actor=actor)
        main = main_command(package=package, available=available)
        return cls(
            package=package,
            main=Button(main) if main else None,
            more=[Button(item) for item in available if item is not main],
            timeline=timeline_of_package(package),
            items=list(package.items.all()[:MOST_ENTRIES]),
        )


def main_command(*, package: Package, available: list[Available]) -> Available | None:
    """The row marked primary; past the deadline, what moves the deadline (contract section 6)."""
    if is_overdue(package):
        for item in available:
            if item.row.command_code == "EXTEND_PICKUP":
                return item
    return next((item for item in available if item.row.is_primary), None)


def is_overdue(package: Package) -> bool:
    """Ready, and its pickup time has passed."""
    deadline = package.pickup_deadline
    return package.state.enum_value == states.READY and deadline is not None and deadline <= package.clock
