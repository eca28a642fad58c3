"""What became of a command, as it is kept for a repeated request: done, or refused. Never a page, never a code."""

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from clickcollect.accounts.idempotency import Answer
from clickcollect.errors import DomainError
from clickcollect.oms.commands.base import Outcome


@dataclass(frozen=True, kw_only=True)
class CommandResult:
    """Done by ``command_code``, which led to the state ``new_state``; or refused with ``code`` and ``detail``.

    ``has_moved``: the package was in another state before. ``extra``: what belongs to the refusal, as in a problem
    document. ``command_code`` is empty where nothing ran.
    """

    status: int = 200
    command_code: str = ""
    new_state: str = ""
    has_moved: bool = False
    code: str = ""
    detail: str = ""
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def is_done(self) -> bool:
        return self.status < 300

    @classmethod
    def from_outcome(cls, outcome: Outcome) -> "CommandResult":
        step = outcome.transition
        return cls(
            command_code=outcome.command_code,
            new_state=step.destination.enum_value,
            has_moved=step.source_id != step.destination_id,
        )

    @classmethod
    def from_error(cls, error: DomainError) -> "CommandResult":
        return cls(status=error.status, code=error.code, detail=error.detail, extra=dict(error.extra))

    @classmethod
    def rendered(cls, led_to: Outcome | DomainError) -> Answer:
        """What a command led to, as it is kept for a repeated request."""
        result = cls.from_error(led_to) if isinstance(led_to, DomainError) else cls.from_outcome(led_to)
        return result.as_answer()

    @classmethod
    def from_answer(cls, answer: Answer) -> "CommandResult":
        """The result that was kept for this request."""
        return cls(**{**json.loads(answer.body), "status": answer.status})

    def as_answer(self) -> Answer:
        """As it is kept for a repeated request."""
        return Answer(status=self.status, content_type="application/json", body=json.dumps(asdict(self)).encode())
