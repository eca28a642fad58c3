"""Claimed deliveries that no database knows: what becomes of them is decided without one."""

from datetime import UTC, datetime
from time import monotonic
from typing import Any, Final

from clickcollect.whisperer import encryption
from clickcollect.whisperer.claims import Claimed
from clickcollect.whisperer.models import HOOK_SECRET, Hook

CLOCK: Final = datetime(2026, 11, 28, 9, 0, tzinfo=UTC)
FIXED: Final = {"choice": "fixed", "kwargs": {"seconds": 7}}


def hook_with(**fields: Any) -> Hook:
    secrets = {name: encryption.seal(fields.pop(name, ""), purpose=HOOK_SECRET) for name in ("secret", "previous")}
    hook = Hook(secret=secrets["secret"], previous_secret=secrets["previous"], retry_countdown_config=FIXED)
    vars(hook)["overlaps"] = bool(secrets["previous"])
    for name, value in fields.items():
        setattr(hook, name, value)
    return hook


def claimed(hook: Hook | None = None, **fields: Any) -> Claimed:
    values: dict[str, Any] = {
        "id": 1,
        "fencing_token": 1,
        "attempts": 1,
        "hook": hook or hook_with(),
        "endpoint_id": 1,
        "subject": "package:1",
        "code_bearing": False,
        "age": 0.0,
        "clock": CLOCK,
        "at": monotonic(),
        "event_id": 1,
        "uuid": "0123abcd",
        "type": "test.news",
        "sequence": 4,
        "issued_at": CLOCK,
        "payload": '{"number": "P-ü"}',
        "is_test": False,
    }
    return Claimed(**values | fields)
