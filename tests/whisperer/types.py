"""Two types of event: plain news, and one that carries a code."""

from collections.abc import Callable
from typing import Any

from clickcollect.whisperer.models import Event
from clickcollect.whisperer.registry import EventType
from tests.whisperer.dispatch import CODE, NEWS


def known_types(fill: Callable[[Event], dict[str, Any]]) -> dict[str, EventType]:
    def check(event: Event) -> None:
        fill(event)

    return {
        NEWS: EventType(name=NEWS, class_name="News", example=lambda: {"number": "P-TEST"}),
        CODE: EventType(
            name=CODE,
            class_name="Code",
            code_bearing=True,
            fill=fill,
            check=check,
            example=lambda: {"number": "P-TEST", "otp": {"code": "123456", "issue": 1}},
        ),
    }
