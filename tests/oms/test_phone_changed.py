"""Correct Phone is no quiet way to somebody else's package (contract sections 3 and 5)."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.test import Client
from django.utils.timezone import now

from clickcollect.accounts.models import Role
from clickcollect.errors import DomainError, OtpExpired, OtpIncorrect, OtpLocked, Throttled, ValidationFailed
from clickcollect.oms import event_registration, reviews, states
from clickcollect.oms.access import SYSTEM
from clickcollect.oms.commands.run import run_command
from clickcollect.oms.events.types import OutgoingEvent, PackagePickupPhoneChangedWhispererEvent
from clickcollect.oms.log_models import CommandLog, LogNote
from clickcollect.oms.models import CodeIssue, Package
from clickcollect.oms.search import matching
from clickcollect.whisperer import registry
from clickcollect.whisperer.models import Event
from tests import shop
from tests.api.caller import code_of, make_caller
from tests.concurrency import at_once

pytestmark = pytest.mark.django_db
DELIVER = "SELF_SERVICE_PACKAGE_DELIVERY_COMMAND"
CHANGED = "package.pickup.phone_changed"
READY = "package.status.ready_for_pickup"
OLD, NEW, NEWER = "+905550000101", "+905550000202", "+905550000303"


def run(package: Package, command: str, **data: object) -> None:
    run_command(package_id=package.pk, transition=command, actor=SYSTEM, data=data)


def correct(package: Package, number: str, reason: str = "typing error") -> None:
    run(package, "CORRECT_PHONE", phone_number=number, reason=reason)


def phone_events(package: Package) -> list[dict[str, Any]]:
    """The payloads that say that the number was changed."""
    events = Event.objects.filter(subject=f"package:{package.pk}", type=CHANGED).order_by("sequence")
    return [event.payload or {} for event in events]


def let_time_pass(package: Package, *, minutes: int = 2) -> None:
    sent = [moment - timedelta(minutes=minutes) for moment in shop.reread(package).code_sent_at]
    Package.objects.filter(pk=package.pk).update(code_sent_at=sent)


def changed_rows(package: Package) -> tuple[object, ...]:
    row = Package.objects.filter(pk=package.pk).values().get()
    return row, shop.reread(package).order.phone_number, Event.objects.count(), CodeIssue.objects.count()


def test_the_old_number_is_told_and_learns_nothing() -> None:
    package = shop.make_package(states.READY)
    correct(package, NEW)
    (payload,) = phone_events(package)
    assert_learns_nothing(package, payload)
    assert set(payload) == set(event_registration.payload_example(PackagePickupPhoneChangedWhispererEvent))
    assert not registry.is_code_bearing(CHANGED)


def assert_learns_nothing(package: Package, payload: dict[str, Any]) -> None:
    """It names the old number, and neither the new one nor a code."""
    assert payload["customer"]["phone_number"] == OLD
    assert "otp" not in payload
    for secret in (NEW, NEW[-4:], shop.right_code(package)):
        assert secret not in str(payload["customer"])


def test_control_a_snapshot_shared_with_the_new_number_s_message_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    package = shop.make_package(states.READY)
    monkeypatch.setattr(OutgoingEvent, "about", property(lambda event: (event.subject, "")))
    correct(package, NEW)
    with pytest.raises(AssertionError):
        assert_learns_nothing(package, phone_events(package)[0])


def test_the_new_number_s_code_does_not_wait_behind_the_news() -> None:
    package = shop.make_package(states.READY)
    old_code = shop.right_code(package)
    correct(package, NEW)
    newest = Event.objects.filter(subject=f"package:{package.pk}").order_by("-sequence")[:2]
    assert [event.type for event in newest] == [CHANGED, READY]
    ready = newest[1]
    assert (ready.payload or {})["customer"]["phone_number"] == NEW
    assert event_registration.add_code(ready)["otp"]["issue"] == 2
    if old_code != shop.right_code(package):  # one in a million is the same
        with pytest.raises(OtpIncorrect):
            run(package, DELIVER, otp=old_code)


@pytest.mark.parametrize("typed", [OLD, "0555 000 01 01", "+90 (555) 000-0101"])
@pytest.mark.parametrize("state", [states.WAITING, states.READY])
def test_the_number_that_it_has_is_refused(state: str, typed: str) -> None:
    package = shop.make_package(state)
    before = changed_rows(package)
    with pytest.raises(ValidationFailed) as refusal:
        correct(package, typed)
    assert [fault["loc"] for fault in refusal.value.errors] == ["phone_number"]
    assert changed_rows(package) == before


@pytest.mark.parametrize("reason", ["", "   ", None, 7])
@pytest.mark.parametrize("number", [NEW, OLD, "twelve", None])
def test_a_reason_is_needed_and_every_fault_is_named_at_once(number: object, reason: object) -> None:
    package = shop.make_package(states.READY)
    before = changed_rows(package)
    with pytest.raises(ValidationFailed) as refusal:
        run(package, "CORRECT_PHONE", phone_number=number, reason=reason)
    wrong = {"reason"} if number == NEW else {"phone_number", "reason"}
    assert {fault["loc"] for fault in refusal.value.errors} == wrong
    assert changed_rows(package) == before


@pytest.mark.parametrize("before", [0, 1, 3])
def test_it_counts_as_a_new_code(before: int) -> None:
    package = shop.make_package(states.READY)
    for _turn in range(before):
        run(package, "SEND_NEW_CODE")
    for turn in range(3 - before):
        correct(package, f"+90555000090{turn}")
        let_time_pass(package)
    for command in ("CORRECT_PHONE", "SEND_NEW_CODE"):
        with pytest.raises(OtpLocked, match="No new codes are left"):
            run(package, command, phone_number=NEW, reason="typing error")
    assert shop.reread(package).new_codes == 3
    assert CodeIssue.objects.filter(package=package).count() == 4
    assert len(phone_events(package)) == 3 - before


def test_it_keeps_the_pause_between_two_sends_and_begins_one() -> None:
    package = shop.make_package(states.READY)
    run(package, "RESEND_CODE")
    with pytest.raises(Throttled) as refusal:
        correct(package, NEW)
    assert 0 < refusal.value.extra["retry_after"] <= 60
    let_time_pass(package)
    correct(package, NEW)
    for again in (partial(correct, package, NEWER), partial(run, package, "RESEND_CODE")):
        with pytest.raises(Throttled):
            again()
    let_time_pass(package)
    correct(package, NEWER)
    assert [payload["customer"]["phone_number"] for payload in phone_events(package)] == [OLD, NEW]


def test_it_counts_as_one_of_the_day_s_sends() -> None:
    package = shop.make_package(states.READY)
    shop.put_setting("OTP_SENDS_PER_DAY", value=1)
    correct(package, NEW)
    let_time_pass(package)
    with pytest.raises(Throttled, match="today"):
        run(package, "RESEND_CODE")


def test_it_opens_neither_a_locked_package_nor_an_expired_one() -> None:
    locked, expired = shop.make_package(states.READY), shop.make_package(states.READY)
    Package.objects.filter(pk=locked.pk).update(total_attempts=10)
    with pytest.raises(OtpLocked, match="manager"):
        correct(locked, NEW)
    Package.objects.filter(pk=expired.pk).update(pickup_deadline=now() - timedelta(minutes=1))
    with pytest.raises(OtpExpired):
        correct(expired, NEW)


@pytest.mark.parametrize(("state", "otp"), [(states.WAITING, True), (states.PACKED, True), (states.READY, False)])
def test_before_a_code_was_issued_it_corrects_and_nothing_more(state: str, otp: bool) -> None:  # noqa: FBT001
    package = shop.make_package(state, otp=otp)
    Event.objects.all().delete()
    for number in (NEW, NEWER, OLD):  # no pause either
        correct(package, number)
    package = shop.reread(package)
    assert (package.order.phone_number, package.new_codes, package.issue_number) == (OLD, 0, 0)
    assert (package.order.phone_changed_at, Event.objects.count()) == (None, 0)


def test_another_package_of_the_order_is_no_way_round() -> None:
    """The number is the order's: changed on a package without a code, it is told to who got the other one's."""
    ready = shop.make_package(states.READY)
    waiting = shop.make_package(states.WAITING, order=ready.order)
    correct(waiting, NEW)
    assert [payload["customer"]["phone_number"] for payload in phone_events(waiting)] == [OLD]
    assert not CodeIssue.objects.filter(closed_at=None).exists()
    run(ready, "SEND_NEW_CODE")
    assert shop.reread(ready).new_codes == 1
    run(ready, DELIVER, otp=shop.right_code(ready))
    assert [item.package for item in reviews.open_reviews(SYSTEM)] == [ready]


def test_a_package_whose_code_a_sibling_s_correction_ended_gets_a_new_one_with_its_own() -> None:
    package = shop.make_package(states.READY)
    sibling = shop.make_package(states.READY, order=package.order)
    correct(package, NEW)
    correct(sibling, NEWER)
    assert shop.reread(sibling).new_codes == 1
    run(sibling, DELIVER, otp=shop.right_code(sibling))
    assert shop.state_of(sibling) == states.DELIVERED


# ---- The review list --------------------------------------------------------------------------------------


def test_the_handover_that_follows_stands_on_the_review_list() -> None:
    store = shop.make_store()
    operator, associate = shop.make_actor(Role.OPERATOR), shop.make_actor(Role.ASSOCIATE, store)
    package = shop.make_package(states.READY)
    data = {"phone_number": NEW, "reason": "she gave me another one"}
    run_command(package_id=package.pk, transition="CORRECT_PHONE", actor=operator, data=data)
    assert reviews.open_reviews(operator) == []
    otp = {"otp": shop.right_code(package)}
    run_command(package_id=package.pk, transition=DELIVER, actor=associate, data=otp)
    for reader in (operator, shop.make_actor(Role.MANAGER, store)):
        (found,) = reviews.open_reviews(reader)
        assert (found.package, found.is_phone_change, found.is_override, found.is_lock_out) == (
            package, True, False, False,
        )  # fmt: skip
        assert (found.who, found.changed_by, found.reason) == (associate.name, operator.name, data["reason"])
    assert reviews.open_reviews(shop.make_actor(Role.MANAGER, shop.make_store("BER-01"))) == []
    assert reviews.mark_reviewed(log_ids=[found.log_id], actor=operator) == 1
    assert reviews.open_reviews(operator) == []


def test_of_several_corrections_the_last_one_is_shown() -> None:
    package = shop.make_package(states.READY)
    correct(package, NEW, reason="first")
    let_time_pass(package)
    correct(package, NEWER, reason="second")
    run(package, "DELIVER_WITHOUT_CODE", reason="no phone at all", evidence="id_document")
    found = reviews.open_reviews(SYSTEM)
    assert [(item.is_phone_change, item.reason) for item in found] == [(True, "second"), (False, "no phone at all")]


def test_a_handover_without_a_correction_does_not() -> None:
    package = shop.make_package(states.PACKED)
    correct(package, NEW)
    run(package, "READY_FOR_PICKUP")
    run(package, DELIVER, otp=shop.right_code(package))
    assert reviews.open_reviews(SYSTEM) == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("role", "address"), [(Role.OPERATOR, "/oms/reviews/"), (Role.MANAGER, "/instore/manager/")])
def test_both_review_pages_show_it(client: Client, role: Role, address: str) -> None:
    package = shop.make_package(states.READY)
    client.force_login(shop.make_user(role, package.stock_location))
    operator = shop.make_actor(Role.OPERATOR)
    data = {"phone_number": NEW, "reason": "she <b>asked</b>"}
    run_command(package_id=package.pk, transition="CORRECT_PHONE", actor=operator, data=data)
    run(package, DELIVER, otp=shop.right_code(package))
    page = client.get(address).content.decode()
    for words in (
        "Phone changed",
        package.number,
        f"Number changed by {operator.name}",
        "she &lt;b&gt;asked&lt;/b&gt;",
    ):
        assert words in page


# ---- Doors and races --------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_over_http_both_faults_are_named_and_the_reason_is_kept_beside_the_log() -> None:
    package = shop.make_package(states.READY)
    operator = make_caller(Role.OPERATOR)
    refused = operator.command(package.pk, {"slug": "CORRECT_PHONE", "phone_number": OLD})
    assert (refused.status_code, code_of(refused)) == (400, "validation_error")
    body = {"slug": "CORRECT_PHONE", "phone_number": NEW, "reason": "called back"}
    assert operator.command(package.pk, body).status_code == 204
    assert LogNote.objects.get(kind="reason").text == "called back"
    assert OLD not in str(list(CommandLog.objects.values()))
    assert NEW not in str(list(CommandLog.objects.values()))
    for role in (Role.ASSOCIATE, Role.MANAGER):
        assert make_caller(role, package.stock_location).command(package.pk, body).status_code == 403


@pytest.mark.parametrize("state", [states.WAITING, states.READY])
def test_every_package_of_the_order_is_found_by_the_new_number(state: str) -> None:
    package = shop.make_package(state)
    sibling = shop.make_package(states.WAITING, order=package.order)
    correct(package, NEW)
    assert set(matching(Package.objects.all(), NEW[-4:])) == {package, sibling}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("rounds", [8, pytest.param(200, marks=[pytest.mark.soak, pytest.mark.timeout(1800)])])
def test_two_corrections_at_once_tell_each_number_that_the_order_had(rounds: int) -> None:
    def correction(package: Package, number: str) -> Callable[[], None]:
        return partial(correct, package, number)

    for _turn in range(rounds):
        package = shop.make_package(states.READY)
        sibling = shop.make_package(states.READY, order=package.order)
        answers = at_once([correction(package, NEW), correction(sibling, NEWER)])
        assert not [answer for answer in answers if isinstance(answer, DomainError)]
        left = shop.reread(package).order.phone_number
        numbers = {payload["customer"]["phone_number"] for one in (package, sibling) for payload in phone_events(one)}
        assert numbers == {OLD, NEW, NEWER} - {left}
        assert CodeIssue.objects.filter(package__order=package.order, closed_at=None).count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_same_correction_twice_at_once_is_one() -> None:
    package = shop.make_package(states.READY)
    sibling = shop.make_package(states.READY, order=package.order)
    answers = at_once([partial(correct, one, NEW) for one in (package, sibling)])
    assert sorted(isinstance(answer, DomainError) for answer in answers) == [False, True]
    assert len(phone_events(package)) + len(phone_events(sibling)) == 1
