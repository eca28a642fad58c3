"""The shape of the workflow as a JSON document, and its only reader: every fault of a document is named at once."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated, Any, Final, Literal

from django.utils.translation import gettext as _
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from clickcollect.errors import Fault, ValidationFailed

FORMAT: Final = "clickcollect-process-1"
SLUG: Final = r"^[a-z0-9]+(?:-[a-z0-9]+)*$"
NUMBER: Final = r"^[0-9]{1,6}$"
MOST_STATES: Final = 100
MOST_TRANSITIONS: Final = 500


@dataclass(frozen=True, kw_only=True)
class State:
    """Where a package can be."""

    enum_value: str
    name: str
    config: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Transition:
    """A transition; ``pk`` is None for one that is not kept yet."""

    name: str
    command_code: str
    slug: str
    source: str
    destination: str
    visibility: tuple[str, ...]
    configuration: dict[str, Any] = field(default_factory=dict)
    is_active: bool = True
    is_primary: bool = False
    position: int = 100
    pk: int | None = None

    @property
    def moves(self) -> bool:
        return self.source != self.destination

    @property
    def counts(self) -> bool:
        """Whether somebody could run it."""
        return self.is_active and bool(self.visibility)


@dataclass(frozen=True, kw_only=True)
class Workflow:
    """All states and all transitions."""

    states: tuple[State, ...]
    transitions: tuple[Transition, ...]

    def name_of(self, number: str) -> str:
        """The name of a state, for sentences."""
        return next((_(state.name) for state in self.states if state.enum_value == number), number)


def one_line(text: str) -> str:
    """No control characters, no NUL, something to read."""
    text = text.strip()
    if not text or any(ord(char) < 32 or char == "\x7f" for char in text):
        raise ValueError("one line")
    return text


Words = Annotated[str, Field(max_length=120), AfterValidator(one_line)]


class DocumentPart(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)


class StateIn(DocumentPart):
    enum_value: Annotated[str, Field(pattern=NUMBER)]
    name: Annotated[str, Field(max_length=80), AfterValidator(one_line)]
    config: dict[str, Any] = {}


class TransitionIn(DocumentPart):
    name: Words
    command_code: Annotated[str, Field(max_length=80)]
    slug: Annotated[str, Field(max_length=120, pattern=SLUG)]
    source: Annotated[str, Field(pattern=NUMBER)]
    destination: Annotated[str, Field(pattern=NUMBER)]
    visibility: list[Literal["OMS WEB", "INSTORE"]] = ["OMS WEB", "INSTORE"]
    configuration: dict[str, Any] = {}
    is_active: bool = True
    is_primary: bool = False
    position: Annotated[int, Field(ge=0, le=32767)] = 100


class DocumentIn(DocumentPart):
    format: Literal["clickcollect-process-1"]
    states: Annotated[list[StateIn], Field(min_length=1, max_length=MOST_STATES)]
    commands: Annotated[list[TransitionIn], Field(min_length=1, max_length=MOST_TRANSITIONS)]


def read_document(data: Any) -> Workflow:
    """Read an exported workflow. Raises ValidationFailed; the checks of sense come after."""
    try:
        found = DocumentIn.model_validate(data)
    except ValidationError as error:
        raise ValidationFailed(list(faults_of_document(error))) from None
    faults = list(unstorable(data))
    if faults:
        raise ValidationFailed(faults)
    return Workflow(
        states=tuple(State(**state.model_dump()) for state in found.states),
        transitions=tuple(
            Transition(**(row.model_dump() | {"visibility": tuple(sorted(set(row.visibility)))}))
            for row in found.commands
        ),
    )


def faults_of_document(error: ValidationError) -> Iterator[Fault]:
    """Pydantic's findings, where they are, in our words."""
    for row in error.errors(include_url=False, include_input=False, include_context=False):
        kind = row["type"]
        words = {
            "missing": _("Required."),
            "extra_forbidden": _("This is not part of a process document."),
            "string_pattern_mismatch": _("This has the wrong format."),
            "value_error": _("Enter one line of text."),
            "literal_error": _("Unknown value."),
        }
        loc = ".".join(str(step) for step in row["loc"]) or "document"
        yield {"loc": loc, "msg": words.get(kind, _("This value is not allowed: %(kind)s.") % {"kind": kind})}


def unstorable(data: Any, loc: str = "document") -> Iterator[Fault]:
    """PostgreSQL keeps no NUL, wherever it hides."""
    if isinstance(data, dict):
        for key, value in data.items():
            yield from unstorable(key, loc)
            yield from unstorable(value, f"{loc}.{key}"[:200])
    elif isinstance(data, list):
        for at, value in enumerate(data):
            yield from unstorable(value, f"{loc}.{at}"[:200])
    elif isinstance(data, str) and "\x00" in data:
        yield {"loc": loc.replace("\x00", ""), "msg": _("Text cannot contain a NUL character.")}
