"""A hook's own headers: an API key may be among them, so they lie sealed, and only who may know them reads the values.

Whoever may not sees the names, each with a mask; a mask that is sent back means "leave this one as it is".
"""

import json
from collections.abc import Mapping
from typing import Any, Final, Protocol

from clickcollect.whisperer import encryption
from clickcollect.whisperer.models import HOOK_HEADERS, Hook

MASK: Final = "••••••"  # no header can have this value


class Reader(Protocol):
    """Whoever reads or changes a hook, as far as this room needs to know."""

    @property
    def user_id(self) -> int | None: ...

    def may(self, right: str) -> bool: ...


def are_known_to(reader: Reader | None, hook: Hook) -> bool:
    """The values are for the hook's owner, and for who decides where codes go."""
    return reader is not None and (reader.user_id == hook.user_id or reader.may("hooks:code-bearing"))


def put(hook: Hook, headers: Mapping[str, str]) -> None:
    """Seal them; saving is the caller's."""
    hook.sealed_headers = encryption.seal(json.dumps(dict(headers)) if headers else "", purpose=HOOK_HEADERS)


def read(hook: Hook) -> dict[str, str]:
    """With their values, for sending. Raises KeyLost."""
    text = encryption.unseal(hook.sealed_headers, purpose=HOOK_HEADERS)
    return dict(json.loads(text)) if text else {}


def shown(hook: Hook, *, with_values: bool) -> dict[str, str]:
    """For people and programs: masked where they may not know the values; nothing when their key is lost."""
    try:
        headers = read(hook)
    except encryption.KeyLost:
        return {}
    return headers if with_values else dict.fromkeys(headers, MASK)


def kept(hook: Hook, fields: dict[str, Any]) -> dict[str, Any]:
    """The fields of a change, with every mask that came back replaced by the value that it stands for."""
    given = fields.get("additional_headers")
    if not isinstance(given, Mapping) or MASK not in given.values():
        return fields
    known = shown(hook, with_values=True)
    return fields | {
        "additional_headers": {
            name: known.get(name, value) if value == MASK else value for name, value in given.items()
        },
    }
