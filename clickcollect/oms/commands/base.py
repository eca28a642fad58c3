"""What a command is: one small class that says what must be asked, whether it may happen, and what else happens.

It knows no states, doors or transactions: those belong to the row and to `run.py`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Final, TypeVar

from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from clickcollect.errors import ValidationFailed
from clickcollect.oms.access import Actor
from clickcollect.oms.app_settings import Values
from clickcollect.oms.events.types import Letter
from clickcollect.oms.models import CommandTransition, Package


@dataclass(frozen=True, kw_only=True)
class Input:
    """One thing a command asks for. ``kind``: otp, text, choice or phone."""

    name: str
    label: Promise | str
    kind: str = "text"
    required: bool = True
    choices: tuple[tuple[str, Promise | str], ...] = ()
    help: Promise | str = ""


@dataclass(frozen=True, kw_only=True)
class Call:
    """Everything one run of a command may need. ``data`` may hold a customer's code: it is never shown or stored."""

    package: Package
    row: CommandTransition
    actor: Actor
    settings: Values
    now: datetime
    data: Mapping[str, Any] = field(repr=False)

    @property
    def moves(self) -> bool:
        """Whether the package goes to another state."""
        return self.row.source_id != self.row.destination_id

    def texts(self, *names: str) -> dict[str, str]:
        """The free texts of these names that were really given, for the notes beside the log."""
        given = {name: self.data.get(name) for name in names}
        return {name: text.strip() for name, text in given.items() if isinstance(text, str) and text.strip()}


def require_reason(call: Call) -> None:
    """Raise ValidationFailed unless a reason was given."""
    if not call.texts("reason"):
        raise ValidationFailed.of("reason", _("Say why, in a few words."))


@dataclass(kw_only=True)
class Applied:
    """What a command did besides the move: letters to post, ids and codes for the log, free text for its notes."""

    letters: list[Letter] = field(default_factory=list)
    attributes: dict[str, str | int | bool] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)


class Command:
    """A behaviour that command rows name by its code. Override only what differs.

    ``button``: the label of the main button; None = the row's own name.
    ``hands_over``: verifies the code, or writes an override; only such a command may deliver a package
    that was ever issued a code. ``click_and_collect_only``: refuses home deliveries, whatever their state.
    """

    code: ClassVar[str]
    button: ClassVar[Promise | None] = None
    hands_over: ClassVar[bool] = False
    click_and_collect_only: ClassVar[bool] = False
    source_states: ClassVar[frozenset[str] | None] = None
    destination_states: ClassVar[frozenset[str] | None] = None

    def inputs(self, package: Package, settings: Values) -> list[Input]:  # noqa: ARG002
        """What must be asked before it can run; nothing = no dialog opens."""
        return []

    def offered(self, package: Package, settings: Values, now: datetime) -> bool:  # noqa: ARG002
        """Whether it makes sense to show the button now; `check` decides all the same."""
        return True

    def check(self, call: Call) -> Any:  # noqa: ARG002
        """May it happen? Raise a DomainError if not. Runs outside the transaction: what it writes stays written."""
        return None

    def seen_version(self, call: Call, checked: Any) -> int:  # noqa: ARG002
        """The version of the package that `check` saw."""
        return call.package.version

    def guard(self, call: Call, checked: Any) -> Q:  # noqa: ARG002
        """What must still be true of the package at the very moment it moves."""
        return Q()

    def changes(self, call: Call, checked: Any) -> dict[str, Any]:  # noqa: ARG002
        """Further columns of the package, set in the same statement as its state."""
        return {}

    def apply(self, call: Call, checked: Any) -> Applied:  # noqa: ARG002
        """What else happens, inside the transaction, after the package has moved. Raise to undo it all."""
        return Applied()


COMMANDS: Final[dict[str, Command]] = {}
CommandClass = TypeVar("CommandClass", bound=type[Command])


def command(code: str) -> Callable[[CommandClass], CommandClass]:
    """Join a command code and the class that gives it meaning. A second owner of a code fails at import."""

    def join(cls: CommandClass) -> CommandClass:
        if code in COMMANDS:
            owner = type(COMMANDS[code]).__qualname__
            raise RuntimeError(f"The command code {code} belongs to {owner}; {cls.__qualname__} needs another one.")
        cls.code = code
        COMMANDS[code] = cls()
        return cls

    return join
