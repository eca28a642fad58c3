"""When each command is offered, and exactly what it writes: tables without a database, beside test_decide."""

from datetime import datetime, timedelta
from itertools import product
from typing import Any, Final

import pytest

from clickcollect.oms import deadlines, states
from clickcollect.oms.commands.base import COMMANDS, Move, Refusal
from clickcollect.oms.commands.extend_pickup import extended
from clickcollect.oms.commands.resend_code import pause_left
from clickcollect.oms.events import documents
from clickcollect.oms.events import types as events
from tests.oms.commands.test_decide import DELIVER, LATER, NOW, OVERRIDE, call, decided, key, right

__all__ = ["key"]  # a fixture of all tests here
READY, PACKED, DELIVERED = states.READY, states.PACKED, states.DELIVERED
SECOND, HOUR, INSTANT = timedelta(seconds=1), timedelta(hours=1), timedelta(microseconds=1)
JUST_NOW = timedelta(0)
GRID: Final[list[dict[str, Any]]] = [
    dict(zip(("issue_number", "issue_attempts", "total_attempts", "new_codes", "pickup_deadline"), row, strict=True))
    | {"applied": {"IS_OTP_ENABLED": is_on}}
    for *row, is_on in product((0, 1), (0, 4, 5), (0, 9, 10), (0, 2, 3), (NOW, NOW + INSTANT, LATER), (True, False))
]


def is_offered(code: str, *way: str, **given: Any) -> bool:
    made = call(code, *way, **given)
    return COMMANDS[code].offered(made.package, made.settings, NOW)


@pytest.mark.parametrize(
    ("code", "destination"),
    [
        ("RESEND_CODE", READY),
        ("SEND_NEW_CODE", READY),
        ("BACK_TO_PACKED", PACKED),
        ("UNLOCK_CODE", READY),
        ("RETURN_TO_STOCK", states.RETURNED),
        ("EXTEND_PICKUP", READY),
    ],
)
def test_a_command_is_offered_exactly_where_it_would_not_be_refused(code: str, destination: str) -> None:
    found = {True: 0, False: 0}
    for given in GRID:
        way = (code, READY, destination)
        offered = is_offered(*way, created_date=NOW, **given)
        found[offered] += 1
        assert isinstance(decided(*way, created_date=NOW, **given), Move) is offered, given
    assert found[True]
    assert found[False] or code == "EXTEND_PICKUP"


def test_a_handover_is_offered_by_whether_a_code_is_needed_and_the_time_is_over() -> None:
    for given in GRID:
        needs_code = given["applied"]["IS_OTP_ENABLED"] or given["issue_number"] > 0
        is_over = given["pickup_deadline"] <= NOW
        assert is_offered(DELIVER, READY, DELIVERED, **given) is (not needs_code or not is_over), given
        assert is_offered("DELIVER_WITHOUT_CODE", READY, DELIVERED, **given) is needs_code, given


@pytest.mark.parametrize(("take_out", "offered"), [([], False), (["1 × Mug"], True)])
def test_taking_out_is_offered_where_there_is_something_to_take_out(*, take_out: list[str], offered: bool) -> None:
    assert is_offered("CONFIRM_TAKEN_OUT", PACKED, PACKED, take_out=take_out) is offered


@pytest.mark.parametrize(("since", "offered"), [(None, False), (NOW, True)])
def test_a_look_at_the_shelf_is_offered_where_it_is_missing(*, since: datetime | None, offered: bool) -> None:
    assert is_offered("CONFIRM_ON_SHELF", READY, READY, shelf_unconfirmed_since=since) is offered


SENDS: Final = {"OTP_RESEND_COOLDOWN_SECONDS": 60, "OTP_SENDS_PER_DAY": 3}


@pytest.mark.parametrize(
    ("ago", "answer"),
    [
        ([], [JUST_NOW]),
        ([60 * SECOND], [60 * SECOND, JUST_NOW]),
        ([60 * SECOND - INSTANT], "You can resend it in 1 second."),
        ([59 * SECOND], "You can resend it in 1 second."),
        ([30 * SECOND], "You can resend it in 30 seconds."),
        ([3 * HOUR, 2 * HOUR], [3 * HOUR, 2 * HOUR, JUST_NOW]),
        ([3 * HOUR, 2 * HOUR, HOUR], 21 * 3600),
        ([9 * HOUR, 3 * HOUR, 2 * HOUR, HOUR], 21 * 3600),  # the third from the end decides
        ([24 * HOUR - INSTANT, 2 * HOUR, HOUR], 1),
        ([24 * HOUR, 2 * HOUR, HOUR], [2 * HOUR, HOUR, JUST_NOW]),  # a day later it counts no more
    ],
)
def test_a_code_is_sent_again_after_a_pause_and_so_many_times_a_day(
    ago: list[timedelta], answer: str | int | list[timedelta]
) -> None:
    sent = [NOW - one for one in ago]
    found = decided("RESEND_CODE", READY, READY, code_sent_at=sent, applied=SENDS)
    if isinstance(answer, list):
        assert isinstance(found, Move)
        assert found.changes == {"code_sent_at": [NOW - one for one in answer]}
        assert [one.event for one in found.events] == [events.PackagePickupCodeResentWhispererEvent]
        return
    assert isinstance(found, Refusal)
    assert found.error.code == "throttled"
    if isinstance(answer, str):
        assert answer in found.error.detail
        seconds = int(answer.split()[5])
        assert found.error.extra["retry_after"] == seconds
    else:
        assert found.error.extra["retry_after"] == answer
        assert "too many times today" in found.error.detail


def test_without_a_send_there_is_no_pause() -> None:
    made = call("RESEND_CODE", READY, READY, code_sent_at=[], applied=SENDS)
    assert pause_left(made.package, made.settings, NOW) == 0


@pytest.mark.parametrize(
    ("code", "way", "given", "attributes", "changes"),
    [
        (DELIVER, (READY, DELIVERED), {"data": right}, {"otp.verified": True, "otp.issue": 1}, {}),
        (
            DELIVER,
            (READY, DELIVERED),
            {"issue_number": 0, "applied": {"IS_OTP_ENABLED": False}},
            {"otp.verified": False},
            {},
        ),
        (
            "DELIVER_WITHOUT_CODE",
            (READY, DELIVERED),
            {"data": OVERRIDE},
            {"override": True, "override.evidence": "id_document"},
            {},
        ),
        ("READY_FOR_PICKUP", (PACKED, READY), {}, {"otp.issued": True}, {"ready_at": NOW}),
        ("READY_FOR_PICKUP", (PACKED, READY), {"applied": {"IS_OTP_ENABLED": False}}, {"otp.issued": False}, {}),
        ("RESEND_CODE", (READY, READY), {"issue_number": 3}, {"otp.issue": 3}, {}),
        ("SEND_NEW_CODE", (READY, READY), {"new_codes": 1}, {}, {"new_codes": 2, "pickup_deadline": LATER}),
        ("SEND_NEW_CODE", (READY, READY), {"issue_number": 0, "new_codes": 0}, {}, {"new_codes": 0, "due_at": LATER}),
        ("BACK_TO_PACKED", (READY, PACKED), {"new_codes": 1}, {}, {"new_codes": 2, "message_at": None}),
        ("BACK_TO_PACKED", (READY, PACKED), {"issue_number": 0}, {}, {"new_codes": 0, "pickup_deadline": None}),
        (
            "UNLOCK_CODE",
            (READY, READY),
            {"issue_attempts": 5, "unlocks": 1},
            {"otp.issue": 1},
            {"issue_attempts": 0, "unlocks": 2},
        ),
        ("CONFIRM_TAKEN_OUT", (PACKED, PACKED), {"take_out": ["a", "b"]}, {"items.taken_out": 2}, {"take_out": []}),
    ],
)
def test_the_values_that_are_written(
    code: str, way: tuple[str, str], given: dict[str, Any], attributes: dict[str, Any], changes: dict[str, Any]
) -> None:
    given = given | ({"data": given["data"]()} if callable(given.get("data")) else {})
    move = decided(code, *way, created_date=NOW, **given)
    assert isinstance(move, Move)
    assert dict(move.attributes) == attributes
    assert {name: move.changes.get(name, "missing") for name in changes} == changes


@pytest.mark.parametrize(
    ("data", "faults"),
    [
        ({}, ["evidence", "reason"]),
        ({"evidence": "a smile"}, ["evidence", "reason"]),
        ({"evidence": "a smile", "reason": "late"}, ["evidence"]),
        ({"evidence": " ", "reason": "late"}, ["evidence"]),
        ({"evidence": "id_document"}, ["reason"]),
    ],
)
def test_what_is_wrong_with_a_handover_without_a_code_is_named_at_once(data: dict[str, str], faults: list[str]) -> None:
    found = decided("DELIVER_WITHOUT_CODE", READY, DELIVERED, data=data)
    assert isinstance(found, Refusal)
    assert [fault["loc"] for fault in found.error.extra["errors"]] == faults
    smiled = data.get("evidence") == "a smile"
    assert ("Choose one of" in str(found.error.extra["errors"][0]["msg"])) is smiled


@pytest.mark.parametrize(("source", "issues", "ends_a_code"), [(READY, 1, True), (READY, 0, False), (PACKED, 1, False)])
def test_cancelling_says_whether_a_code_ends(*, source: str, issues: int, ends_a_code: bool) -> None:
    made = call("CANCEL_PACKAGE", source, states.CANCELLED, issue_number=issues)
    words = COMMANDS["CANCEL_PACKAGE"].consequence(made.package, made.settings)
    assert ("customer's code" in words) is ends_a_code
    assert "cannot be undone" in words


@pytest.mark.parametrize(("deadline", "since"), [(None, NOW), (NOW - HOUR, NOW), (NOW, NOW), (LATER, LATER)])
def test_more_time_begins_with_the_deadline_or_now_whichever_is_later(
    deadline: datetime | None, since: datetime
) -> None:
    made = call("EXTEND_PICKUP", READY, READY, pickup_deadline=deadline)
    days = made.settings["PICKUP_EXTENSION_DAYS"]
    until = deadlines.for_store(made.package.stock_location, since=since, open_days=days)
    assert extended(made.package, made.settings, now=NOW) == until
    move = COMMANDS["EXTEND_PICKUP"].decide(made)
    assert isinstance(move, Move)
    assert move.changes == {"pickup_deadline": until, "due_at": until}
    assert move.attributes == {"pickup.deadline": documents.utc(until)}


@pytest.mark.parametrize(
    ("deadline", "returns"), [(None, True), (NOW, True), (NOW - HOUR, True), (NOW + INSTANT, False)]
)
def test_goods_go_back_from_the_deadline_on(*, deadline: datetime | None, returns: bool) -> None:
    found = decided("RETURN_TO_STOCK", READY, states.RETURNED, pickup_deadline=deadline, item_count=2)
    assert isinstance(found, Move) is returns
    if isinstance(found, Refusal):
        assert "The customer can still collect it until 20 November, 13:00" in found.error.detail
