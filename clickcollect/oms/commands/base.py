"""What a command is: one small class that says what must be asked, and what shall happen.

It knows no doors, queries or transactions: those belong to the transition and to `run.py`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Final, TypeVar

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clickcollect.errors import DomainError, Fault, ValidationFailed
from clickcollect.oms.access import Actor
from clickcollect.oms.app_settings import Values
from clickcollect.oms.codes.attempt_limits import WrongCodes
from clickcollect.oms.codes.pickup_code import Comparison
from clickcollect.oms.events.types import OutgoingEvent
from clickcollect.oms.models import CodeIssue, CommandTransition, Package

CODE: Final = "otp"  # the field in which a customer's code comes
FILL_IN: Final = gettext_lazy("Required.")


@dataclass(frozen=True, kw_only=True)
class Input:
    """One thing a command asks for. ``kind``: otp, text, choice or phone; ``missing``: said where it was left empty."""

    name: str
    label: Promise | str
    kind: str = "text"
    required: bool = True
    choices: tuple[tuple[str, Promise | str], ...] = ()
    help: Promise | str = ""
    missing: Promise | str = ""


@dataclass(frozen=True, kw_only=True)
class Call:
    """Everything one run of a command may need, read after the locks.

    ``issue``: the one whose code works now; ``tried``: the wrong codes of who tries; ``order_has_codes``: whether a
    code was ever issued for any package of the order; ``comparison``: told of every comparison before it is made.
    ``data`` may hold a customer's code: it is never shown or stored.
    """

    package: Package
    transition: CommandTransition
    actor: Actor
    settings: Values
    now: datetime
    issue: CodeIssue | None = None
    tried: WrongCodes = field(default_factory=WrongCodes)
    order_has_codes: bool = False
    comparison: Comparison = field(default_factory=Comparison)
    data: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def moves(self) -> bool:
        """Whether the package goes to another state."""
        return self.transition.source_id != self.transition.destination_id

    def texts(self, *names: str) -> dict[str, str]:
        """The free texts of these names that were really given, for the notes beside the log."""
        given = {name: self.data.get(name) for name in names}
        return {name: text.strip() for name, text in given.items() if isinstance(text, str) and text.strip()}


def missing_inputs(inputs: Iterable[Input], data: Mapping[str, Any]) -> list[Fault]:
    """What was left empty of what must be given, each with its own sentence. A code is the code's to judge."""
    required = (item for item in inputs if item.required and item.kind != CODE)
    return [
        {"loc": item.name, "msg": str(item.missing or FILL_IN)} for item in required if not given(data.get(item.name))
    ]


def given(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


REASON: Final = Input(
    name="reason", label=gettext_lazy("Reason"), missing=gettext_lazy("Enter a reason, in a few words.")
)


def require_reason(call: Call) -> None:
    """Raise ValidationFailed unless a reason was given."""
    if faults := missing_inputs([REASON], call.data):
        raise ValidationFailed(faults)


def collector_notes(call: Call) -> dict[str, str]:
    """Who takes the package in place of the customer, if somebody does. Raises ValidationFailed without a name."""
    notes = call.texts("collector_name", "collector_relation")
    if "collector_relation" in notes and "collector_name" not in notes:
        raise ValidationFailed.of("collector_name", _("Enter the name of the person who is collecting."))
    return notes


@dataclass(frozen=True, kw_only=True)
class Move:
    """What shall be written when the command happens, beside state, version and log row.

    ``changes``: further columns of the package; ``order_changes``: of its order; ``new_code``: a new issue takes the
    place of the old one; ``closes_issue``: why the issue of the call ends, which is then exactly the one compared;
    ``events``: before those of the new state; ``attributes``: ids and codes for the log; ``notes``: its free text.
    """

    changes: Mapping[str, Any] = field(default_factory=dict)
    order_changes: Mapping[str, Any] = field(default_factory=dict)
    new_code: bool = False
    closes_issue: str = ""
    events: Sequence[OutgoingEvent] = ()
    attributes: Mapping[str, str | int | bool] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """Why nothing happens. ``counts``: a wrong code was compared, and is written down with the refusal."""

    error: DomainError
    counts: bool = False


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a command led to: the package as it is now, and the transition that took it there."""

    package: Package
    transition: CommandTransition

    @property
    def command_code(self) -> str:
        return self.transition.command_code


class Command:
    """A behaviour that command transitions name by its code. Override only what differs.

    ``button``: the label of the main button; None = the transition's own name.
    ``hands_over``: verifies the code, or writes an override; only such a command may deliver a package
    that was ever issued a code. ``click_and_collect_only``: refuses home deliveries, whatever their state.
    ``source_states``, ``destination_states``: where its transitions may start and end; None = anywhere.
    """

    code: ClassVar[str]
    button: ClassVar[Promise | None] = None
    hands_over: ClassVar[bool] = False
    click_and_collect_only: ClassVar[bool] = False
    source_states: ClassVar[frozenset[str] | None] = None
    destination_states: ClassVar[frozenset[str] | None] = None

    def inputs(self, package: Package, settings: Values) -> list[Input]:
        """What must be asked before it can run; nothing = no dialog opens."""
        return []

    def consequence(self, package: Package, settings: Values) -> str:
        """What happens with it that nobody would guess, in a sentence or two, for whoever is about to confirm it."""
        return ""

    def offered(self, package: Package, settings: Values, now: datetime) -> bool:
        """Whether it makes sense to show the button now; `decide` has the last word all the same."""
        return True

    def decide(self, call: Call) -> Move | Refusal:
        """What shall happen, without a query or a clock of its own. Raises a DomainError that counts nothing."""
        return Move()

    def apply(self, call: Call, move: Move) -> None:
        """What a rare command writes beside its move, inside the transaction. Raise a DomainError to undo it all."""


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
