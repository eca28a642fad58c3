"""Reading somebody else's JSON: whatever is not there, or is of another kind, counts as left out."""

from collections.abc import Iterator
from typing import Any


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
