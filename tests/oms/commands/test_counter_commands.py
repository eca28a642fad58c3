"""What the counter needs besides: resend, new code, unlock, extend, without code, return, cancel, corrected phone."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils.timezone import now

from clickcollect.accounts.models import Role
from clickcollect.errors import (
    DomainError,
    OtpExpired,
    OtpIncorrect,
    OtpLocked,
    OtpNotIssued,
    StateConflict,
    Throttled,
    ValidationFailed,
)
from clickcollect.oms import states
from clickcollect.oms.access import SYSTEM
from clickcollect.oms.commands.run import available_commands, run_command
from clickcollect.oms.log.timeline import timeline
from clickcollect.oms.log_models import CommandLog, LogNote
from clickcollect.oms.models import CodeIssue, Package
from tests import shop

pytestmark = pytest.mark.django_db
DELIVER = "SELF_SERVICE_PACKAGE_DELIVERY_COMMAND"


def run(package: Package, command: str, **data: object) -> None:
    run_command(package_id=package.pk, transition=command, actor=SYSTEM, data=data)


def guess_wrong(package: Package, times: int) -> None:
    for offset in range(1, times + 1):
        with pytest.raises(OtpIncorrect):
            run(package, DELIVER, otp=shop.wrong_code(package, offset))


def expire(package: Package) -> None:
    Package.objects.filter(pk=package.pk).update(pickup_deadline=now() - timedelta(minutes=1))


def offered(package: Package, role: Role = Role.OPERATOR) -> set[str]:
    actor = shop.make_actor(role, package.stock_location)
    return {found.transition.command_code for found in available_commands(package=shop.reread(package), actor=actor)}


def test_five_wrong_codes_lock_the_issue_and_the_right_one_too() -> None:
    package = shop.make_package(states.READY)
    guess_wrong(package, 5)
    for code in (shop.wrong_code(package, 9), shop.right_code(package)):
        with pytest.raises(OtpLocked):
            run(package, DELIVER, otp=code)
    assert shop.state_of(package) == states.READY
    assert CommandLog.objects.filter(note_kind="locked_out").count() == 1


def test_t11_a_new_code_never_refills_the_package_s_budget() -> None:
    package = shop.make_package(states.READY)
    guess_wrong(package, 5)
    run(package, "SEND_NEW_CODE")
    guess_wrong(package, 5)
    with pytest.raises(OtpLocked):
        run(package, "SEND_NEW_CODE")
    with pytest.raises(OtpLocked, match="manager"):
        run(package, DELIVER, otp=shop.right_code(package))
    run(package, "UNLOCK_CODE", reason="customer is here with an identity card")
    guess_wrong(package, 4)
    run(package, DELIVER, otp=shop.right_code(package))
    assert shop.state_of(package) == states.DELIVERED


def test_unlock_is_refused_while_nothing_is_locked() -> None:
    package = shop.make_package(states.READY)
    with pytest.raises(StateConflict):
        run(package, "UNLOCK_CODE")


def test_at_most_three_new_codes() -> None:
    package = shop.make_package(states.READY)
    seen = {shop.right_code(package)}
    for _turn in range(3):
        run(package, "SEND_NEW_CODE")
        seen.add(shop.right_code(package))
    with pytest.raises(OtpLocked):
        run(package, "SEND_NEW_CODE")
    assert CodeIssue.objects.filter(package=package).count() == 4
    assert CodeIssue.objects.filter(package=package, nonce__isnull=False).count() == 1


def test_the_old_code_dies_with_the_new_one() -> None:
    package = shop.make_package(states.READY)
    old = shop.right_code(package)
    run(package, "SEND_NEW_CODE")
    if old != shop.right_code(package):  # one in a million is the same
        with pytest.raises(OtpIncorrect):
            run(package, DELIVER, otp=old)


def test_resend_pauses_and_ends() -> None:
    package = shop.make_package(states.READY)
    code = shop.right_code(package)
    run(package, "RESEND_CODE")
    with pytest.raises(Throttled) as caught:
        run(package, "RESEND_CODE")
    assert 0 < caught.value.extra["retry_after"] <= 60
    for _turn in range(4):
        let_time_pass(package, minutes=2)
        run(package, "RESEND_CODE")
    let_time_pass(package, minutes=2)
    with pytest.raises(Throttled, match="today"):
        run(package, "RESEND_CODE")
    let_time_pass(package, minutes=60 * 24)
    run(package, "RESEND_CODE")
    assert shop.right_code(package) == code


def let_time_pass(package: Package, *, minutes: int) -> None:
    sent = [moment - timedelta(minutes=minutes) for moment in shop.reread(package).code_sent_at]
    Package.objects.filter(pk=package.pk).update(code_sent_at=sent)


def test_an_expired_code_works_again_after_extend_pickup() -> None:
    package = shop.make_package(states.READY)
    code = shop.right_code(package)
    expire(package)
    for command in (DELIVER, "RESEND_CODE", "SEND_NEW_CODE"):
        with pytest.raises(OtpExpired):
            run(package, command, otp=code)
    assert shop.reread(package).total_attempts == 0, "nothing was compared, nothing is counted"
    run(package, "EXTEND_PICKUP")
    run(package, DELIVER, otp=code)
    assert shop.state_of(package) == states.DELIVERED


def test_return_to_stock_only_after_the_deadline() -> None:
    package = shop.make_package(states.READY)
    with pytest.raises(StateConflict, match="until"):
        run(package, "RETURN_TO_STOCK")
    assert "RETURN_TO_STOCK" not in offered(package)
    expire(package)
    assert "RETURN_TO_STOCK" in offered(package, Role.ASSOCIATE)
    run(package, "RETURN_TO_STOCK")
    assert shop.state_of(package) == states.RETURNED
    assert CodeIssue.objects.get().nonce is None


def test_deliver_without_code_needs_reason_and_evidence_and_names_both_faults() -> None:
    package = shop.make_package(states.READY)
    with pytest.raises(ValidationFailed) as caught:
        run(package, "DELIVER_WITHOUT_CODE", evidence="a nice smile", reason="  ")
    assert {fault["loc"] for fault in caught.value.errors} == {"evidence", "reason"}
    run(package, "DELIVER_WITHOUT_CODE", evidence="id_document", reason="phone is broken", collector_name="Ali Veli")
    assert shop.state_of(package) == states.DELIVERED
    entry = CommandLog.objects.get(command_code="DELIVER_WITHOUT_CODE", kind="move")
    assert entry.attributes["override.evidence"] == "id_document"
    assert "phone is broken" not in str(entry.attributes)
    assert set(LogNote.objects.values_list("kind", "text")) == {
        ("reason", "phone is broken"), ("collector_name", "Ali Veli"),
    }  # fmt: skip
    (told,) = timeline([entry])
    assert told.notes == ("Identity document", "Collected by Ali Veli", "phone is broken")


@pytest.mark.parametrize("state", [states.WAITING, states.PACKED, states.READY])
def test_cancel_asks_for_a_reason_and_ends_the_code(state: str) -> None:
    package = shop.make_package(state)
    with pytest.raises(ValidationFailed):
        run(package, "CANCEL_PACKAGE")
    run(package, "CANCEL_PACKAGE", reason="customer called")
    assert shop.state_of(package) == states.CANCELLED
    assert not CodeIssue.objects.filter(closed_at=None).exists()
    package.order.refresh_from_db()
    assert package.order.status == 100


def test_out_of_stock_says_what_is_missing() -> None:
    package = shop.make_package(states.WAITING)
    with pytest.raises(ValidationFailed):
        run(package, "MARK_OUT_OF_STOCK")
    run(package, "MARK_OUT_OF_STOCK", reason="one T-shirt short")
    assert shop.state_of(package) == states.OUT_OF_STOCK


def test_a_corrected_phone_number_gets_a_new_code_and_kills_the_old_ones() -> None:
    package = shop.make_package(states.READY)
    sibling = shop.make_package(states.READY, order=package.order)
    run(package, "CORRECT_PHONE", phone_number="0555 000 01 02", reason="typing error")
    package.order.refresh_from_db()
    assert package.order.phone_number == "+905550000102"
    assert CodeIssue.objects.get(package=package, closed_at=None).number == 2
    with pytest.raises(OtpNotIssued):
        run(sibling, DELIVER, otp="123456")
    with pytest.raises(ValidationFailed):
        run(package, "CORRECT_PHONE", phone_number="twelve", reason="typing error")


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [("0212 555 01 00", "landline"), ("0599 123 45 67", "not a valid number"), ("491701234567", "or +49 170 1234567")],
)
def test_a_correction_is_read_as_orders_are_and_nothing_of_it_is_logged(typed: str, sentence: str) -> None:
    package = shop.make_package(states.READY)
    with pytest.raises(ValidationFailed) as refusal:
        run(package, "CORRECT_PHONE", phone_number=typed, reason="typing error")
    (fault,) = refusal.value.errors
    assert fault["loc"] == "phone_number"
    assert sentence in fault["msg"]
    package.order.refresh_from_db()
    assert package.order.phone_number == "+905550000101"
    assert CodeIssue.objects.get(package=package, closed_at=None).number == 1
    entry = CommandLog.objects.get(package_id=package.pk, command_code="CORRECT_PHONE")
    assert (entry.code, LogNote.objects.filter(log_id=entry.pk).count()) == ("validation_error", 0)
    assert "212" not in str(entry.attributes)
    assert "170" not in str(entry.attributes)


@pytest.mark.parametrize("stored", ["+49491701234567", "+902125550100", "+9053", "", "0532", "+447700900123"])
def test_a_number_that_older_rules_stored_stops_nothing(stored: str, settings: Any) -> None:
    settings.ALLOW_FICTITIOUS_NUMBERS = False
    package = shop.make_package(states.PACKED, order=shop.make_order(phone_number=stored))
    run(package, "READY_FOR_PICKUP")
    run(package, "CORRECT_PHONE", phone_number="0532 123 45 67", reason="typing error")
    package.order.refresh_from_db()
    assert package.order.phone_number == "+905321234567"
    run(package, DELIVER, otp=shop.right_code(package))
    assert shop.state_of(package) == states.DELIVERED


@pytest.mark.parametrize(
    "typed", [{}, {"otp": ""}, {"otp": "12"}, {"otp": "PK-10001"}, {"otp": 123456}, {"otp": "x" * 99}]
)
def test_t16_what_cannot_be_a_code_is_not_counted(typed: dict[str, object]) -> None:
    package = shop.make_package(states.READY)
    for _turn in range(7):
        with pytest.raises(DomainError):
            run(package, DELIVER, **typed)
    package = shop.reread(package)
    assert (package.issue_attempts, package.total_attempts) == (0, 0)


def test_codes_have_the_length_of_the_store() -> None:
    store = shop.make_store()
    shop.put_setting("OTP_LENGTH", value=4, store=store)
    package = shop.make_package(states.READY, store=store)
    shop.put_setting("OTP_LENGTH", value=8, store=store)
    assert len(shop.right_code(package)) == 4, "an issue keeps the digits it was made with"
    run(package, "SEND_NEW_CODE")
    assert len(shop.right_code(package)) == 8
