"""What is added to a delivery just before it is sent, or why it is not: for every kind of event and of answer."""

import logging
from collections.abc import Sequence
from typing import Any

import pytest
from django.db import OperationalError

from clickcollect.whisperer import delivery as sending
from clickcollect.whisperer import registry
from clickcollect.whisperer.delivery import CodeNotAdded
from clickcollect.whisperer.models import Event
from clickcollect.whisperer.registry import EventType, Expired, NotSendable, Superseded
from tests.whisperer.claimed import claimed
from tests.whisperer.conftest import Filler
from tests.whisperer.dispatch import CODE, NEWS

EXTRA = {"otp": {"code": "482913", "issue": 1}}


class OnHold(NotSendable):
    """A refusal of somebody else's."""


def event_of(type_: str, *, is_test: bool = False, payload: Any = None) -> Event:
    return Event(uuid="0123abcd", type=type_, is_test=is_test, payload=payload)


def test_a_code_is_added_to_the_events_that_carry_one(filler: Filler) -> None:
    assert sending.add_code(event_of(CODE)) == EXTRA


@pytest.mark.parametrize("event", [event_of("nobody.knows"), event_of(NEWS)])
def test_where_nobody_knows_a_code_none_is_added(event: Event, filler: Filler) -> None:
    assert isinstance(sending.add_code(event), CodeNotAdded)
    assert filler.asked == []


@pytest.mark.parametrize(
    ("payload", "added"),
    [(None, {"number", "otp"}), ({"number": "P1"}, {"otp"}), ({"number": "P1", "otp": {}}, set())],
)
def test_a_test_event_gets_what_it_lacks_of_the_example_and_never_a_real_code(
    payload: Any, added: set[str], filler: Filler
) -> None:
    got = sending.add_code(event_of(CODE, is_test=True, payload=payload))
    assert isinstance(got, dict)
    assert set(got) == added
    assert got.get("otp", {"code": "123456"})["code"] == "123456"
    assert filler.asked == []


def test_a_test_event_of_a_type_without_an_example_gets_nothing(filler: Filler) -> None:
    registry._types["test.bare"] = EventType(name="test.bare", class_name="Bare", code_bearing=True, add_code=filler)
    assert sending.add_code(event_of("test.bare", is_test=True)) == {}


@pytest.mark.parametrize("refusal", [Superseded("newer_code"), Expired(), OnHold("on_hold")])
def test_a_refusal_is_handed_on_without_the_frames_that_knew_a_code(refusal: NotSendable, filler: Filler) -> None:
    """Ours are made anew; what somebody else's holds beside its reason is theirs to know."""

    def refuse(_event: Event) -> dict[str, Any]:
        raise refusal

    filler.answer = refuse
    got = sending.add_code(event_of(CODE))
    assert isinstance(got, NotSendable)
    assert (type(got), got.reason) == (type(refusal), refusal.reason)
    assert (got is refusal) is isinstance(refusal, OnHold)
    assert got is refusal or got.__traceback__ is None


def test_an_error_is_told_by_its_kind_alone(filler: Filler, caplog: pytest.LogCaptureFixture) -> None:
    def broken(_event: Event) -> dict[str, Any]:
        raise LookupError("482913")

    filler.answer = broken
    with caplog.at_level(logging.DEBUG):
        assert isinstance(sending.add_code(event_of(CODE)), CodeNotAdded)
    assert "LookupError" in caplog.text
    assert "482913" not in caplog.text


def test_each_delivery_gets_the_code_of_its_own_event(filler: Filler) -> None:
    filler.answer = lambda event: {"otp": {"code": event.subject}}
    deliveries = [claimed(type=CODE, subject=f"package:{number}", code_bearing=True) for number in (2, 0, 1)]
    deliveries.insert(2, claimed(type="nobody.knows", code_bearing=True))
    added = sending.add_codes(deliveries)
    assert isinstance(added.pop(2), CodeNotAdded)
    assert added == [{"otp": {"code": f"package:{number}"}} for number in (2, 0, 1)]


def test_a_type_that_can_add_many_codes_at_once_is_asked_once(filler: Filler, caplog: pytest.LogCaptureFixture) -> None:
    asked: list[list[str]] = []

    def add_many(events: Sequence[Event]) -> list[dict[str, Any] | Exception]:
        asked.append([event.subject for event in events])
        assert all(event.payload is None for event in events)
        return [EXTRA, Superseded("newer_code"), LookupError("482913")]

    register(filler, add_many)
    subjects = [f"package:{number}" for number in range(3)]
    deliveries = [claimed(type="test.many", subject=subject, code_bearing=True) for subject in subjects]
    test = claimed(type="test.many", is_test=True, code_bearing=True)
    with caplog.at_level(logging.DEBUG):
        first, example, refusal, error = sending.add_codes([deliveries[0], test, *deliveries[1:]])
    assert asked == [subjects]
    assert (first, example) == (EXTRA, {})
    assert isinstance(refusal, Superseded)
    assert isinstance(error, CodeNotAdded)
    assert "482913" not in caplog.text


def test_when_many_cannot_be_added_none_is(filler: Filler, caplog: pytest.LogCaptureFixture) -> None:
    def broken(_events: Sequence[Event]) -> list[dict[str, Any] | Exception]:
        raise LookupError("482913")

    register(filler, broken)
    with caplog.at_level(logging.DEBUG):
        added = sending.add_codes([claimed(type="test.many", code_bearing=True)] * 2)
    assert [type(one) for one in added] == [CodeNotAdded, CodeNotAdded]
    assert "482913" not in caplog.text


@pytest.mark.parametrize("kind", ["test.many", CODE])
def test_a_lost_connection_is_told_to_who_can_make_it_anew(filler: Filler, kind: str) -> None:
    """Swallowed, it would stay lost, and no code would ever be added again."""

    def lost(_events: Any) -> Any:
        raise OperationalError

    filler.answer = lost
    register(filler, lost)
    with pytest.raises(OperationalError):
        sending.add_codes([claimed(type=kind, code_bearing=True)])


def register(filler: Filler, add_many: Any) -> None:
    registry._types["test.many"] = EventType(
        name="test.many", class_name="Many", code_bearing=True, add_code=filler, add_codes=add_many
    )
