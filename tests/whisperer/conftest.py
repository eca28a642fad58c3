"""A small post office: two types of event, somebody who subscribes, receivers on this machine."""

from collections.abc import Callable
from typing import Any

import pytest

from clickcollect.accounts.models import Role, User
from clickcollect.whisperer import registry
from clickcollect.whisperer.models import Event, Hook
from clickcollect.whisperer.registry import EventType
from tests.whisperer.post import CODE, NEWS, make_hook, make_user


class Filler:
    """Stands for the OMS: says what a letter's code is, or that the letter is not wanted any more."""

    def __init__(self) -> None:
        self.answer: Callable[[Event], dict[str, Any]] = lambda _event: {"otp": {"code": "482913", "issue": 1}}
        self.asked: list[str] = []

    def __call__(self, event: Event) -> dict[str, Any]:
        self.asked.append(event.uuid)
        return self.answer(event)

    def check(self, event: Event) -> None:
        self.answer(event)


@pytest.fixture
def filler(monkeypatch: pytest.MonkeyPatch) -> Filler:
    """Two types: plain news, and one that carries a code."""
    filler = Filler()
    types = {
        NEWS: EventType(name=NEWS, class_name="News", example=lambda: {"number": "P-TEST"}),
        CODE: EventType(
            name=CODE,
            class_name="Code",
            code_bearing=True,
            fill=filler,
            check=filler.check,
            example=lambda: {"number": "P-TEST", "otp": {"code": "123456", "issue": 1}},
        ),
    }
    monkeypatch.setattr(registry, "_types", types)
    monkeypatch.setattr(registry, "_listeners", [])
    return filler


@pytest.fixture
def user(db: None) -> User:
    return make_user("integration", role=Role.ADMIN)


@pytest.fixture
def hook(user: User, filler: Filler) -> Hook:
    return make_hook(user)
