"""JSON that comes from outside: only what every program reads alike, and a database can store."""

import json
import math
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

from django.utils.translation import gettext as _

from clickcollect.errors import Fault, ValidationFailed

DEEPEST: Final = 32
MOST_FAULTS: Final = 100
LONGEST_WHOLE: Final = 309  # digits of the largest double (RFC 8259, section 6)
NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")  # digits may be a code: no name holds nothing but them
LONGEST_PLACE: Final = 8


class ObjectWithRepeats(dict[str, Any]):
    """An object in which names stood twice: which of the values counts differs from program to program."""

    names: tuple[str, ...] = ()


class FormDecoder(json.JSONDecoder):
    """The same for a `forms.JSONField`, whose sentence is Django's own."""

    def decode(self, s: str, *_args: Any) -> Any:
        """Raises JSONDecodeError."""
        try:
            return parse_json(s)
        except (ValueError, ValidationFailed):
            raise json.JSONDecodeError("", s, 0) from None


def parse_json(text: str | bytes, *, root: str = "body") -> Any:
    """A JSON document (RFC 8259) without NaN, numbers beyond a double, NUL, half surrogates, doubled names, deep nests.

    Arguments: ``root``, what the document as a whole is called in a fault.
    Raises ValueError where it is no JSON, ValidationFailed that names every other bad field.
    """
    written = text.decode() if isinstance(text, bytes) else text
    try:
        value = json.loads(written, parse_int=parse_whole_number, object_pairs_hook=object_of)
    except RecursionError:
        raise ValidationFailed([too_deep((), root=root)]) from None
    if faults := list(islice(faults_of(value, (), root=root), MOST_FAULTS)):
        raise ValidationFailed(faults)
    return value


def parse_whole_number(digits: str) -> int | float:
    """A whole number; one that is too large for a double becomes infinite, as one with a point does."""
    return int(digits) if len(digits) <= LONGEST_WHOLE else math.inf


def object_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    names = [name for name, _value in pairs]
    repeated = ObjectWithRepeats(found)
    repeated.names = tuple(name for name in found if names.count(name) > 1)
    return repeated


def faults_of(value: Any, steps: tuple[str, ...], *, root: str) -> Iterator[Fault]:
    """What is wrong with a value and with all that it holds; the value itself is never told."""
    if len(steps) > DEEPEST:
        yield too_deep(steps, root=root)
    elif isinstance(value, dict):
        for name in value.names if isinstance(value, ObjectWithRepeats) else ():
            yield {
                "loc": field_path((*steps, name), root=root),
                "msg": _("This field appears twice. Send it once."),
            }
        for name, inner in value.items():
            if not is_storable(name):
                yield {"loc": field_path(steps, root=root), "msg": unstorable()}
            yield from faults_of(inner, (*steps, name), root=root)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from faults_of(inner, (*steps, str(number)), root=root)
    elif isinstance(value, str) and not is_storable(value):
        yield {"loc": field_path(steps, root=root), "msg": unstorable()}
    elif isinstance(value, float) and not math.isfinite(value):
        yield {
            "loc": field_path(steps, root=root),
            "msg": _("This number is too large, or not a number. Send another one."),
        }


def field_path(steps: tuple[str, ...], *, root: str) -> str:
    """Where a value stands, as far as its names are names: what was sent in place of one may be a secret."""
    named: list[str] = []
    for step in steps[:LONGEST_PLACE]:
        if not (NAME.fullmatch(step) or (step.isdigit() and len(step) < 4)):
            break
        named.append(step)
    return ".".join(named) or root


def too_deep(steps: tuple[str, ...], *, root: str) -> Fault:
    return {"loc": field_path(steps, root=root), "msg": _("The document is nested too deeply.")}


def is_storable(text: str) -> bool:
    """NUL cannot be stored, and half a surrogate pair cannot even be encoded."""
    return "\x00" not in text and not any("\ud800" <= char <= "\udfff" for char in text if char > "\ud7ff")


def unstorable() -> str:
    return _("This text contains characters that cannot be stored. Remove them.")
