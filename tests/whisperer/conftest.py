"""A small Whisperer: two types of event, somebody who subscribes, receivers on this machine."""

from collections.abc import Callable
from typing import Any

import pytest

from clickcollect.accounts.models import Role, User
from clickcollect.whisperer import registry
from clickcollect.whisperer.models import Event, Hook
from tests.whisperer.dispatch import make_hook, make_user
from tests.whisperer.types import known_types


class Filler:
    """Stands for the OMS: says what a delivery's code is, or that the delivery is not wanted any more."""

    def __init__(self) -> None:
        self.answer: Callable[[Event], dict[str, Any]] = lambda _event: {"otp": {"code": "482913", "issue": 1}}
        self.asked: list[str] = []

    def __call__(self, event: Event) -> dict[str, Any]:
        self.asked.append(event.uuid)
        return self.answer(event)


@pytest.fixture
def filler(monkeypatch: pytest.MonkeyPatch) -> Filler:
    """Two types: plain news, and one that carries a code."""
    filler = Filler()
    monkeypatch.setattr(registry, "_types", known_types(filler))
    monkeypatch.setattr(registry, "_listeners", [])
    return filler


@pytest.fixture
def user(db: None) -> User:
    return make_user("integration", role=Role.ADMIN)


@pytest.fixture
def hook(user: User, filler: Filler) -> Hook:
    return make_hook(user)
