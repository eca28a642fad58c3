"""Two types of event: plain news, and one that carries a code."""

from collections.abc import Callable
from typing import Any

from clickcollect.whisperer.models import Event
from clickcollect.whisperer.registry import EventType
from tests.whisperer.dispatch import CODE, NEWS


def known_types(add_code: Callable[[Event], dict[str, Any]]) -> dict[str, EventType]:
    def check_current(event: Event) -> None:
        add_code(event)

    return {
        NEWS: EventType(name=NEWS, class_name="News", example=lambda: {"number": "P-TEST"}),
        CODE: EventType(
            name=CODE,
            class_name="Code",
            code_bearing=True,
            add_code=add_code,
            check_current=check_current,
            example=lambda: {"number": "P-TEST", "otp": {"code": "123456", "issue": 1}},
        ),
    }
