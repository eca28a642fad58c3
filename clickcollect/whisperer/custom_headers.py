"""A hook's additional headers. They may hold an API key, so they are encrypted at rest, and few may read the values.

Everybody else sees the names, each with a mask; a mask that is sent back means "leave this one as it is".
"""

import json
from collections.abc import Mapping
from typing import Any, Final, Protocol

from clickcollect.whisperer import encryption
from clickcollect.whisperer.models import HOOK_HEADERS, Hook

MASK: Final = "••••••"  # no header can have this value


class Reader(Protocol):
    """What this package needs of an actor who reads or changes a hook."""

    @property
    def user_id(self) -> int | None: ...

    def may(self, right: str) -> bool: ...


def may_read_values(reader: Reader | None, hook: Hook) -> bool:
    """The values are for the hook's owner, and for who decides where codes go."""
    return reader is not None and (reader.user_id == hook.user_id or reader.may("hooks:code-bearing"))


def seal_headers(hook: Hook, headers: Mapping[str, str]) -> None:
    """Encrypt the headers onto the hook. Does not save."""
    hook.sealed_headers = encryption.seal(json.dumps(dict(headers)) if headers else "", purpose=HOOK_HEADERS)


def unseal_headers(hook: Hook) -> dict[str, str]:
    """The headers with their values, for sending. Raises KeyLost."""
    text = encryption.unseal(hook.sealed_headers, purpose=HOOK_HEADERS)
    return dict(json.loads(text)) if text else {}


def headers_for_display(hook: Hook, *, with_values: bool) -> dict[str, str]:
    """For people and programs: masked where they may not know the values; nothing when their key is lost."""
    try:
        headers = unseal_headers(hook)
    except encryption.KeyLost:
        return {}
    return headers if with_values else dict.fromkeys(headers, MASK)


def restore_masked(hook: Hook, fields: dict[str, Any]) -> dict[str, Any]:
    """The fields of a change, with every mask that came back replaced by the value that it stands for."""
    given = fields.get("additional_headers")
    if not isinstance(given, Mapping) or MASK not in given.values():
        return fields
    known = headers_for_display(hook, with_values=True)
    return fields | {
        "additional_headers": {
            name: known.get(name, value) if value == MASK else value for name, value in given.items()
        },
    }
