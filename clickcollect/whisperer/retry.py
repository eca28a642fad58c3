"""When to try again, as a pure function (contract section 3).

The n-th retry waits as the hook's `retry_countdown_config` says, at least a second and at most a day, and never less
than the receiver asked for. A delivery is given up after 100 attempts or three days; one that carries a code is not:
it ends with its code, but from the hundredth attempt on it goes out every five minutes at most.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

from clickcollect.whisperer.models import Reason

SHORTEST_WAIT: Final = 1.0
LONGEST_WAIT: Final = 86_400.0
LONGEST_RETRY_AFTER: Final = 3_600.0
MOST_ATTEMPTS: Final = 100
OLDEST_SECONDS: Final = 3 * 86_400.0
MANY_ATTEMPTS_WAIT: Final = 300.0
DEFAULT_LIMIT: Final = 3_600
DEFAULT_CODE_LIMIT: Final = 300
LARGEST_EXPONENT: Final = 64
ASKS_FOR_A_PAUSE: Final = (429, 503)
CHOICES: Final = ("fixed", "linear", "exponential", "random")

Chance = Callable[[], float]


@dataclass(frozen=True, kw_only=True)
class Failure:
    """An attempt that failed: its number, from 1; the delivery's age in seconds; the receiver's status and header."""

    attempts: int
    age: float
    code_bearing: bool = False
    status: int | None = None
    retry_after: str = ""


@dataclass(frozen=True, kw_only=True)
class Decision:
    """Wait so many seconds and try again, or give up for a reason."""

    wait: float | None
    reason: Reason | None = None


def next_attempt(failure: Failure, *, config: Mapping[str, Any], now: datetime, chance: Chance) -> Decision:
    """What to do after a failure. ``chance`` gives numbers from 0 up to 1."""
    if not failure.code_bearing and failure.attempts >= MOST_ATTEMPTS:
        return Decision(wait=None, reason=Reason.TOO_MANY_ATTEMPTS)
    wait = countdown(config, attempts=failure.attempts, code_bearing=failure.code_bearing, chance=chance)
    if failure.status in ASKS_FOR_A_PAUSE:
        wait = max(wait, min(seconds_asked_for(failure.retry_after, now=now), LONGEST_RETRY_AFTER))
    if failure.attempts >= MOST_ATTEMPTS:
        wait = max(wait, MANY_ATTEMPTS_WAIT)
    if not failure.code_bearing and failure.age + wait > OLDEST_SECONDS:
        return Decision(wait=None, reason=Reason.TOO_OLD)
    return Decision(wait=wait)


def countdown(config: Mapping[str, Any], *, attempts: int, code_bearing: bool, chance: Chance) -> float:
    """Seconds before the next attempt, when ``attempts`` have failed."""
    kwargs = config.get("kwargs") or {}
    limit = kwargs.get("limit")
    match config.get("choice"):
        case "fixed":
            wait = float(kwargs["seconds"])
        case "linear":
            wait = float(kwargs["base"] * attempts)
        case "exponential":
            wait = raised(kwargs["base"], attempts) * (kwargs.get("factor") or 1)
        case "random":
            low, high = kwargs["min_value"], kwargs["max_value"]
            wait = low + (high - low) * chance()
        case _:
            limit = DEFAULT_CODE_LIMIT if code_bearing else DEFAULT_LIMIT
            wait = min(raised(2, attempts), limit) * (0.5 + chance() / 2)
    if limit is not None:
        wait = min(wait, limit)
    return min(max(wait, SHORTEST_WAIT), LONGEST_WAIT)


def raised(base: float, exponent: int) -> float:
    """base^exponent, as far as a waiting time can use it."""
    return min(float(base) ** min(exponent, LARGEST_EXPONENT), LONGEST_WAIT)


def seconds_asked_for(retry_after: str, *, now: datetime) -> float:
    """What a `Retry-After` header asks for, in seconds or as a date (RFC 9110); 0 when it cannot be read."""
    text = retry_after.strip()[:64]
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return 0.0
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max((moment - now).total_seconds(), 0.0)


def config_fault(config: Any) -> str | None:
    """What is wrong with a `retry_countdown_config`, as the name of a place in it; None when nothing is."""
    if config in (None, {}):
        return None
    if not isinstance(config, Mapping) or set(config) - {"choice", "kwargs"} or config.get("choice") not in CHOICES:
        return "choice"
    kwargs = config.get("kwargs")
    needed, optional = ARGUMENTS[config["choice"]]
    if not isinstance(kwargs, Mapping) or not needed <= set(kwargs) <= needed | optional:
        return "kwargs"
    for name, value in kwargs.items():
        if value is None and name in optional:
            continue
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= LONGEST_WAIT:
            return f"kwargs.{name}"
    if config["choice"] == "random" and kwargs["min_value"] >= kwargs["max_value"]:
        return "kwargs.max_value"
    return None


ARGUMENTS: Final[dict[str, tuple[set[str], set[str]]]] = {
    "fixed": ({"seconds"}, set()),
    "linear": ({"base"}, {"limit"}),
    "exponential": ({"base"}, {"factor", "limit"}),
    "random": ({"min_value", "max_value"}, set()),
}
