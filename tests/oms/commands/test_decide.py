"""What each command decides, with no database at all: a table of what it finds and what shall be written."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from clickcollect.accounts.models import Channel, Role
from clickcollect.errors import DomainError
from clickcollect.omnitron.models import DeliveryType, Order, RetailStore
from clickcollect.oms import commands, states  # noqa: F401  registers every command
from clickcollect.oms.access import Actor
from clickcollect.oms.app_settings import Values
from clickcollect.oms.codes import pickup_code
from clickcollect.oms.codes.attempt_limits import Limit, WrongCodes
from clickcollect.oms.codes.pickup_code import Comparison
from clickcollect.oms.commands.base import (
    CODE,
    COMMANDS,
    Call,
    Command,
    Input,
    Move,
    Outcome,
    Refusal,
    command,
    missing_inputs,
)  # fmt: skip
from clickcollect.oms.commands.run import Run
from clickcollect.oms.commands.statements import FoundPackage
from clickcollect.oms.models import CodeIssue, CommandTransition, Package, PackageState

NOW: Final = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
LATER: Final = NOW + timedelta(days=2)
DELIVER: Final = "SELF_SERVICE_PACKAGE_DELIVERY_COMMAND"
OVERRIDE: Final = {"evidence": "id_document", "reason": "phone is broken"}
ACTOR: Final = Actor(
    user_id=7, name="Ayla", role=Role.MANAGER, channel=Channel.INSTORE, store_ids=frozenset({1}), scopes=None
)


@pytest.fixture(autouse=True)
def key(settings: Any) -> None:
    settings.PICKUP_CODE_KEYS = {"k1": bytes(32)}


def state_of(number: str) -> PackageState:
    return PackageState(pk=int(number), name=states.NAMES[number], enum_value=number)


def call(code: str, source: str, destination: str, *, data: dict[str, Any] | None = None, **given: Any) -> Call:
    """A call of a command; ``given``: columns of the package, and whatever else differs from a quiet day."""
    applied, tried = given.pop("applied", {}), given.pop("tried", WrongCodes(of=Limit.EMPLOYEE))
    has_codes = given.pop("order_has_codes", False)
    order = Order(pk=5, status=400, phone_number="+905550000101", delivery_type=DeliveryType.IN_STORE)
    store = RetailStore(pk=1, time_zone="Europe/Istanbul", country="TR")
    columns = {"issue_number": 1, "pickup_deadline": LATER} if source == states.READY else {}
    package = Package(pk=9, order=order, stock_location=store, state=state_of(source), **(columns | given))
    package.clock = NOW
    is_open = source == states.READY and package.issue_number > 0
    issue = CodeIssue(package_id=9, number=package.issue_number, nonce=bytes(16), key_id="k1", digits=6)
    return Call(
        package=package,
        transition=CommandTransition(
            pk=1, command_code=code, source=state_of(source), destination=state_of(destination)
        ),
        actor=ACTOR,
        settings=Values(applied),
        now=NOW,
        issue=issue if is_open else None,
        tried=tried,
        order_has_codes=has_codes,
        data=data or {},
    )


def right() -> dict[str, str]:
    """The code of the issue that `call` makes."""
    issue = CodeIssue(package_id=9, number=1, nonce=bytes(16), key_id="k1", digits=6)
    return {"otp": pickup_code.derive(issue).reveal()}


def wrong() -> dict[str, str]:
    return {"otp": str((int(right()["otp"]) + 1) % 1_000_000).zfill(6)}


def decided(code: str, *way: str, **given: Any) -> Move | Refusal:
    """A move or a refusal; one that was raised counts nothing."""
    made = call(code, *way, **given)
    try:
        return COMMANDS[code].decide(made)
    except DomainError as error:
        return Refusal(error=error)


READY, DELIVERED, PACKED = states.READY, states.DELIVERED, states.PACKED
MANY = [NOW - timedelta(minutes=n) for n in range(10)]


@pytest.mark.parametrize(
    ("code", "way", "given", "expected"),
    [
        ("COMPLETE_PACKAGING_WITHOUT_SHIPMENT", ("100", PACKED), {}, {}),
        ("PKG_STATE_TRANSITION", ("100", "200"), {}, {}),
        (
            "READY_FOR_PICKUP",
            (PACKED, READY),
            {},
            {"new_code": True, "sets": {"ready_at", "pickup_deadline", "due_at"}},
        ),
        ("READY_FOR_PICKUP", (PACKED, READY), {"applied": {"IS_OTP_ENABLED": False}}, {"new_code": False}),
        (DELIVER, (READY, DELIVERED), {"data": right}, {"closes_issue": "delivered"}),
        (DELIVER, (READY, DELIVERED), {"issue_number": 0, "applied": {"IS_OTP_ENABLED": False}}, {"closes_issue": ""}),
        ("DELIVER_WITHOUT_CODE", (READY, DELIVERED), {"data": OVERRIDE}, {"closes_issue": "overridden"}),
        ("RESEND_CODE", (READY, READY), {}, {"sets": {"code_sent_at"}}),
        ("SEND_NEW_CODE", (READY, READY), {}, {"new_code": True, "sets": {"new_codes", "pickup_deadline", "due_at"}}),
        (
            "BACK_TO_PACKED",
            (READY, PACKED),
            {"created_date": NOW},
            {
                "sets": {
                    "due_at",
                    "pickup_deadline",
                    "new_codes",
                    "message_uuid",
                    "message_state",
                    "message_reason",
                    "message_at",
                }
            },
        ),
        ("BACK_TO_PACKED", (READY, PACKED), {"created_date": NOW, "issue_number": 0, "total_attempts": 10}, {}),
        ("UNLOCK_CODE", (READY, READY), {"issue_attempts": 5}, {"sets": {"issue_attempts", "unlocks"}}),
        ("EXTEND_PICKUP", (READY, READY), {}, {"sets": {"pickup_deadline", "due_at"}}),
        ("CONFIRM_TAKEN_OUT", (PACKED, PACKED), {"take_out": ["1 × Mug"]}, {"sets": {"take_out"}}),
        (
            "CONFIRM_ON_SHELF",
            (READY, READY),
            {"shelf_unconfirmed_since": NOW},
            {"sets": {"shelf_unconfirmed_since"}},
        ),
        ("RETURN_TO_STOCK", (READY, states.RETURNED), {"pickup_deadline": NOW}, {}),
        ("CANCEL_PACKAGE", (READY, states.CANCELLED), {"data": {"reason": "late"}}, {}),
        ("MARK_OUT_OF_STOCK", ("100", states.OUT_OF_STOCK), {"data": {"reason": "one short"}}, {}),
        (
            "CORRECT_PHONE",
            (READY, READY),
            {"data": {"phone_number": "+905550000102", "reason": "typing error"}, "order_has_codes": True},
            {"new_code": True, "sets": {"new_codes", "code_sent_at"}, "tells": 2},
        ),
        (
            "CORRECT_PHONE",
            (PACKED, PACKED),
            {"data": {"phone_number": "+905550000102", "reason": "typing error"}},
            {"sets": set()},
        ),
    ],
)
def test_what_shall_be_written(
    code: str, way: tuple[str, str], given: dict[str, Any], expected: dict[str, Any]
) -> None:
    given = given | ({"data": given["data"]()} if callable(given.get("data")) else {})
    move = decided(code, *way, **given)
    assert isinstance(move, Move)
    assert set(move.changes) == expected.get("sets", set(move.changes))
    assert move.new_code is expected.get("new_code", False)
    assert move.closes_issue == expected.get("closes_issue", "")
    assert len(move.events) == expected.get("tells", len(move.events))
    assert right()["otp"] not in f"{move.changes} {move.attributes} {move.notes}"


@pytest.mark.parametrize(
    ("code", "way", "given", "refusal"),
    [
        (DELIVER, (READY, DELIVERED), {}, "otp_required"),
        (DELIVER, (READY, DELIVERED), {"data": {"otp": "12"}}, "otp_malformed"),
        (DELIVER, (READY, DELIVERED), {"data": {"otp": 5}}, "validation_error"),
        (DELIVER, (READY, DELIVERED), {"data": right, "issue_number": 0}, "otp_not_issued"),
        (DELIVER, (READY, DELIVERED), {"data": right, "pickup_deadline": NOW}, "otp_expired"),
        (DELIVER, (READY, DELIVERED), {"data": right, "issue_attempts": 5}, "otp_locked"),
        (DELIVER, (READY, DELIVERED), {"data": right, "total_attempts": 10}, "otp_locked"),
        (DELIVER, (READY, DELIVERED), {"data": right, "tried": WrongCodes(of=Limit.EMPLOYEE, here=MANY)}, "throttled"),
        ("DELIVER_WITHOUT_CODE", (READY, DELIVERED), {}, "validation_error"),
        (
            "DELIVER_WITHOUT_CODE",
            (READY, DELIVERED),
            {"data": OVERRIDE | {"collector_relation": "sister"}},
            "validation_error",
        ),
        ("RESEND_CODE", (READY, READY), {"issue_number": 0}, "otp_not_issued"),
        ("RESEND_CODE", (READY, READY), {"issue_attempts": 5}, "otp_locked"),
        ("RESEND_CODE", (READY, READY), {"code_sent_at": [NOW]}, "throttled"),
        ("RESEND_CODE", (READY, READY), {"pickup_deadline": NOW}, "otp_expired"),
        ("SEND_NEW_CODE", (READY, READY), {"issue_number": 0, "applied": {"IS_OTP_ENABLED": False}}, "otp_not_issued"),
        ("SEND_NEW_CODE", (READY, READY), {"pickup_deadline": NOW}, "otp_expired"),
        ("SEND_NEW_CODE", (READY, READY), {"new_codes": 3}, "otp_locked"),
        ("SEND_NEW_CODE", (READY, READY), {"total_attempts": 10}, "otp_locked"),
        ("BACK_TO_PACKED", (READY, PACKED), {"pickup_deadline": NOW}, "otp_expired"),
        ("BACK_TO_PACKED", (READY, PACKED), {"new_codes": 3}, "otp_locked"),
        ("BACK_TO_PACKED", (READY, PACKED), {"total_attempts": 10}, "otp_locked"),
        ("UNLOCK_CODE", (READY, READY), {}, "state_conflict"),
        ("CONFIRM_TAKEN_OUT", (PACKED, PACKED), {}, "state_conflict"),
        ("CONFIRM_ON_SHELF", (READY, READY), {}, "state_conflict"),
        ("RETURN_TO_STOCK", (READY, states.RETURNED), {}, "state_conflict"),
        ("CANCEL_PACKAGE", (READY, states.CANCELLED), {}, "validation_error"),
        ("MARK_OUT_OF_STOCK", ("100", states.OUT_OF_STOCK), {"data": {"reason": " "}}, "validation_error"),
        ("CORRECT_PHONE", (READY, READY), {"data": {"phone_number": "+905550000101"}}, "validation_error"),
    ],
)
def test_what_is_refused_without_a_comparison_counts_nothing(
    code: str, way: tuple[str, str], given: dict[str, Any], refusal: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = given | ({"data": given["data"]()} if callable(given.get("data")) else {})
    monkeypatch.setattr(pickup_code.Code, "matches", None)  # a comparison would be an error
    found = decided(code, *way, **given)
    assert isinstance(found, Refusal)
    assert (found.error.code, found.counts) == (refusal, False)


@pytest.mark.parametrize(
    ("given", "remaining", "reached"),
    [
        ({}, 4, None),
        ({"issue_attempts": 4, "total_attempts": 4}, 0, ["code"]),
        ({"issue_attempts": 3}, 1, None),
        ({"total_attempts": 8}, 1, None),
        ({"total_attempts": 9}, 0, ["package"]),
        ({"total_attempts": 9, "unlocks": 1}, 4, None),
        ({"tried": WrongCodes(of=Limit.EMPLOYEE, here=MANY[:9])}, 0, ["employee"]),
        ({"tried": WrongCodes(of=Limit.PROGRAM, here=MANY)}, 4, None),
        ({"tried": WrongCodes(of=Limit.PROGRAM, everywhere=[NOW] * 499)}, 0, ["program"]),
        ({"issue_attempts": 4, "tried": WrongCodes(of=Limit.EMPLOYEE, here=MANY[:9])}, 0, ["code", "employee"]),
        ({"issue_attempts": 4, "tried": WrongCodes(of=Limit.EMPLOYEE, here=MANY[:8])}, 0, ["code"]),
        ({"issue_attempts": 3, "tried": WrongCodes(of=Limit.EMPLOYEE, here=MANY[:9])}, 0, ["employee"]),
    ],
)
def test_a_wrong_code_is_counted_and_says_what_is_left(
    given: dict[str, Any], remaining: int, reached: list[str] | None
) -> None:
    made = call(DELIVER, READY, DELIVERED, data=wrong(), **given)
    found = COMMANDS[DELIVER].decide(made)
    assert isinstance(found, Refusal)
    assert (found.error.code, found.counts, made.comparison.is_wrong) == ("otp_incorrect", True, True)
    assert found.error.extra["attempts_remaining"] == remaining
    assert found.error.extra.get("limits_reached") == reached


def test_every_command_stands_in_the_table() -> None:
    marks = [mark for mark in test_what_shall_be_written.pytestmark if mark.name == "parametrize"]
    assert {row[0] for mark in marks for row in mark.args[1]} == set(COMMANDS)


@pytest.mark.parametrize(("issues", "tells_of_the_code"), [(0, False), (1, True)])
def test_back_to_packed_says_whether_a_code_stops_working(*, issues: int, tells_of_the_code: bool) -> None:
    made = call("BACK_TO_PACKED", READY, PACKED, issue_number=issues)
    words = COMMANDS["BACK_TO_PACKED"].consequence(made.package, made.settings)
    assert "told" in words
    assert ("code" in words) is tells_of_the_code


@pytest.mark.parametrize(
    ("given", "is_offered"),
    [
        ({}, True),
        ({"new_codes": 3}, False),
        ({"total_attempts": 10}, False),
        ({"pickup_deadline": NOW}, False),
        ({"issue_number": 0}, True),  # what never had a code uses none up
        ({"issue_number": 0, "new_codes": 3}, True),
        ({"issue_number": 0, "pickup_deadline": NOW}, False),
    ],
)
def test_back_to_packed_is_offered_where_it_would_not_be_refused(*, given: dict[str, Any], is_offered: bool) -> None:
    made = call("BACK_TO_PACKED", READY, PACKED, created_date=NOW, **given)
    assert COMMANDS["BACK_TO_PACKED"].offered(made.package, made.settings, NOW) is is_offered
    assert isinstance(decided("BACK_TO_PACKED", READY, PACKED, created_date=NOW, **given), Move) is is_offered


def test_whether_a_reason_must_be_given() -> None:
    asks = {
        code: {item.name: item.required for item in one.inputs(made.package, made.settings)}
        for code, one in COMMANDS.items()
        for made in [call(code, READY, READY)]
    }
    assert {code for code, inputs in asks.items() if "reason" in inputs and not inputs["reason"]} == {
        "BACK_TO_PACKED",
        "EXTEND_PICKUP",
        "UNLOCK_CODE",
    }


FIELDS: Final = [
    Input(name="otp", label="Code", kind=CODE),
    Input(name="shelf", label="Shelf", required=False),
    Input(name="reason", label="Reason"),
    Input(name="evidence", label="Evidence", kind="choice", missing="Choose what you saw."),
]


@pytest.mark.parametrize(
    ("data", "missing"),
    [
        ({}, {"reason": "Required.", "evidence": "Choose what you saw."}),
        ({"reason": " ", "evidence": 5}, {"reason": "Required.", "evidence": "Choose what you saw."}),
        ({"reason": "late"}, {"evidence": "Choose what you saw."}),
        ({"reason": "late", "evidence": "id_document"}, {}),
    ],
)
def test_every_field_that_is_missing_is_named_but_a_code(data: dict[str, Any], missing: dict[str, str]) -> None:
    assert {fault["loc"]: fault["msg"] for fault in missing_inputs(FIELDS, data)} == missing


def test_what_was_typed_is_not_shown_by_what_carries_it() -> None:
    made = call(DELIVER, READY, DELIVERED, data={"otp": "712904"})
    made.package.number = "PK-9"
    run = Run(package_id=9, asked=DELIVER, actor=ACTOR, data=made.data, once=None, comparison=Comparison(), call=made)
    assert "712904" not in f"{made!r} {run!r} {made} {run}"
    assert "712904" in repr(made.data)  # control


def test_an_outcome_says_which_command_it_was() -> None:
    made = call(DELIVER, READY, DELIVERED)
    assert Outcome(package=made.package, transition=made.transition).command_code == DELIVER


def test_a_package_can_be_seen_as_it_was_at_another_moment() -> None:
    found = FoundPackage(package=call(DELIVER, READY, DELIVERED).package, now=NOW).at(LATER)
    assert found.package is not None
    assert (found.now, found.package.clock) == (LATER, LATER)
    assert FoundPackage().at(LATER).package is None


def test_which_commands_hand_over_and_which_are_for_click_and_collect_alone() -> None:
    assert {code for code, one in COMMANDS.items() if one.hands_over} == {DELIVER, "DELIVER_WITHOUT_CODE"}
    assert {code for code, one in COMMANDS.items() if one.click_and_collect_only} == {
        DELIVER,
        "DELIVER_WITHOUT_CODE",
        "READY_FOR_PICKUP",
        "SEND_NEW_CODE",
    }


def test_a_command_code_has_one_owner() -> None:
    owner = COMMANDS[DELIVER]
    with pytest.raises(RuntimeError, match=f"belongs to {type(owner).__qualname__}"):
        command(DELIVER)(type("Another", (Command,), {}))
    assert COMMANDS[DELIVER] is owner
