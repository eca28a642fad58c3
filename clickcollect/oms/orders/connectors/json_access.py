"""Reading somebody else's JSON: whatever is not there, or is of another kind, counts as left out."""

import json
import math
import re
from collections.abc import Iterator
from typing import Any, Final

DEEPEST: Final = 32
UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")


def read_leniently(body: bytes) -> dict[str, Any] | None:
    """The object that a body holds, with U+FFFD for what no database can store; None where it is no such thing.

    For senders that cannot be told to send it otherwise: what a program of ours must send right, they may not.
    """
    try:
        value = storable_json(json.loads(body, parse_constant=lambda _name: None), 0)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def storable_json(value: Any, depth: int) -> Any:
    """The same without what cannot be stored. Raises ValueError on what nests deeper than any order does."""
    if depth > DEEPEST:
        raise ValueError
    if isinstance(value, str):
        return UNSTORABLE.sub("\ufffd", value)
    if isinstance(value, dict):
        return {storable_json(name, depth): storable_json(inner, depth + 1) for name, inner in value.items()}
    if isinstance(value, list):
        return [storable_json(inner, depth + 1) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def child_object(data: Any, name: str) -> dict[str, Any]:
    """The object under a name; an empty one where there is none."""
    value = data.get(name) if isinstance(data, dict) else None
    return value if isinstance(value, dict) else {}


def child_objects(data: Any, name: str) -> Iterator[dict[str, Any]]:
    """The objects of a list under a name."""
    value = data.get(name) if isinstance(data, dict) else None
    yield from (item for item in value if isinstance(item, dict)) if isinstance(value, list) else ()


def first_given(*values: Any) -> Any:
    """The first value that says something; None if none does."""
    return next((value for value in values if value not in (None, "")), None)
