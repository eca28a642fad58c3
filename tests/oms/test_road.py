"""The one road: what a command does, what it refuses, and that every refusal is recorded."""

import pytest

from clickcollect.accounts.models import Channel, Role
from clickcollect.errors import (
    CommandUnknown,
    DomainError,
    Forbidden,
    NotClickAndCollect,
    NotFound,
    OtpIncorrect,
    OtpNotIssued,
    OtpRequired,
    StateConflict,
)
from clickcollect.omnitron.models import DeliveryType
from clickcollect.oms import states
from clickcollect.oms.access import SYSTEM
from clickcollect.oms.commands.run import available_commands, run_command
from clickcollect.oms.log_models import CommandLog
from clickcollect.oms.models import CodeIssue, CommandTransition, PackageState
from tests import shop

pytestmark = pytest.mark.django_db
DELIVER = "self-service-package-delivery"


def test_the_whole_road_with_a_code() -> None:
    actor = shop.make_actor(Role.ASSOCIATE, shop.make_store())
    package = shop.make_package()
    run_command(package_id=package.pk, transition="complete-packaging-without-shipment", actor=actor)
    assert shop.state_of(package) == states.PACKED
    run_command(package_id=package.pk, transition="ready-for-customer-pickup", actor=actor)
    assert shop.state_of(package) == states.READY
    code = shop.right_code(package)
    assert len(code) == 6
    run_command(package_id=package.pk, transition=DELIVER, actor=actor, data={"otp": code})
    assert shop.state_of(package) == states.DELIVERED
    moves = CommandLog.objects.filter(package_id=package.pk, kind="move").values_list("old_state", "new_state")
    assert list(moves.order_by("id")) == [("100", "500"), ("500", "600"), ("600", "700")]
    package.order.refresh_from_db()
    assert package.order.status == 550


def test_wrong_code_keeps_the_state_and_says_what_is_left() -> None:
    package = shop.make_package(states.READY)
    with pytest.raises(OtpIncorrect) as caught:
        run_command(package_id=package.pk, transition=DELIVER, actor=SYSTEM, data={"otp": shop.wrong_code(package)})
    assert caught.value.extra == {"attempts_remaining": 4}
    assert caught.value.detail == "The code is incorrect. 4 attempts left."
    assert shop.state_of(package) == states.READY
    refusal = CommandLog.objects.get(kind="refused")
    assert (refusal.code, refusal.package_id, refusal.slug) == ("otp_incorrect", package.pk, DELIVER)
    run_command(package_id=package.pk, transition=DELIVER, actor=SYSTEM, data={"otp": shop.right_code(package)})
    assert shop.state_of(package) == states.DELIVERED


def test_a_right_code_gives_its_attempt_back_and_loses_its_nonce() -> None:
    package = shop.make_package(states.READY)
    run_command(package_id=package.pk, transition=DELIVER, actor=SYSTEM, data={"otp": shop.right_code(package)})
    package = shop.reread(package)
    assert (package.issue_attempts, package.total_attempts) == (0, 0)
    issue = CodeIssue.objects.get(package=package)
    assert issue.nonce is None
    assert issue.closed_reason == "delivered"


def test_without_otp_the_package_is_delivered_without_a_code() -> None:
    shop.put_setting("IS_OTP_ENABLED", value=False)
    package = shop.make_package(states.READY)
    assert not CodeIssue.objects.exists()
    run_command(package_id=package.pk, transition=DELIVER, actor=SYSTEM)
    assert shop.state_of(package) == states.DELIVERED


def test_switching_otp_off_never_unprotects_a_package_with_a_code() -> None:
    package = shop.make_package(states.READY)
    shop.put_setting("IS_OTP_ENABLED", value=False)
    with pytest.raises(OtpRequired):
        run_command(package_id=package.pk, transition=DELIVER, actor=SYSTEM)
    assert shop.state_of(package) == states.READY


def test_switching_otp_on_asks_for_a_new_code_for_packages_without_one() -> None:
    package = shop.make_package(states.READY, otp=False)
    for data in ({}, {"otp": "123456"}):
        with pytest.raises(OtpNotIssued):
            run_command(package_id=package.pk, transition=DELIVER, actor=SYSTEM, data=data)
    run_command(package_id=package.pk, transition="SEND_NEW_CODE", actor=SYSTEM)
    run_command(package_id=package.pk, transition=DELIVER, actor=SYSTEM, data={"otp": shop.right_code(package)})
    assert shop.state_of(package) == states.DELIVERED


@pytest.mark.parametrize("state", [states.PACKED, states.READY])
@pytest.mark.parametrize("transition", ["READY_FOR_PICKUP", DELIVER])
def test_a_home_delivery_is_not_collected_whatever_its_state(transition: str, state: str) -> None:
    package = shop.make_package(states.PACKED, delivery_type=DeliveryType.HOME_DELIVERY)
    if state == states.READY:
        package.state = PackageState.objects.get(enum_value=state)
        package.save(update_fields=["state"])
    with pytest.raises(NotClickAndCollect):
        run_command(package_id=package.pk, transition=transition, actor=SYSTEM)
    assert shop.state_of(package) == state


def test_another_store_s_package_is_not_to_be_found_before_the_command_is_looked_at() -> None:
    actor = shop.make_actor(Role.ASSOCIATE, shop.make_store("BER-01"))
    package = shop.make_package(store=shop.make_store("IST-01"))
    for transition in ("complete-packaging-without-shipment", "no-such-command"):
        with pytest.raises(NotFound):
            run_command(package_id=package.pk, transition=transition, actor=actor)


def test_a_command_from_another_state_tells_the_story() -> None:
    store = shop.make_store()
    actor = shop.make_actor(Role.ASSOCIATE, store)
    package = shop.make_package(states.PACKED, store=store)
    run_command(package_id=package.pk, transition="READY_FOR_PICKUP", actor=actor)
    run_command(package_id=package.pk, transition=DELIVER, actor=actor, data={"otp": shop.right_code(package)})
    with pytest.raises(StateConflict) as caught:
        run_command(package_id=package.pk, transition=DELIVER, actor=actor, data={"otp": "123456"})
    assert caught.value.extra["state"] == "Delivered"
    assert caught.value.extra["changed_by"] == actor.name
    assert caught.value.extra["changed_at"].endswith("Z")
    assert actor.name in caught.value.detail


@pytest.mark.parametrize("transition", ["no-such-command", 999_999, "", "COMPLETE PACKAGING"])
def test_an_unknown_command_is_unknown(transition: str | int) -> None:
    package = shop.make_package()
    with pytest.raises(CommandUnknown):
        run_command(package_id=package.pk, transition=transition, actor=SYSTEM)
    assert CommandLog.objects.get(kind="refused").code == "command_unknown"


def test_a_command_hidden_from_a_channel_is_unknown_there() -> None:
    CommandTransition.objects.filter(slug="complete-packaging-without-shipment").update(visibility=["OMS WEB"])
    store = shop.make_store()
    package = shop.make_package(store=store)
    actor = shop.make_actor(Role.ASSOCIATE, store)
    with pytest.raises(CommandUnknown):
        run_command(package_id=package.pk, transition="COMPLETE_PACKAGING_WITHOUT_SHIPMENT", actor=actor)
    assert "complete-packaging-without-shipment" not in {
        found.transition.slug for found in available_commands(package=shop.reread(package), actor=actor)
    }


@pytest.mark.parametrize("alias", ["SelfServisPackageDelivery", "SelfServicePackageDelivery", DELIVER])
def test_slug_code_and_aliases_name_the_same_command(alias: str) -> None:
    package = shop.make_package(states.READY)
    outcome = run_command(package_id=package.pk, transition=alias, actor=SYSTEM, data={"otp": shop.right_code(package)})
    assert outcome.transition.slug == DELIVER


def test_a_pure_row_to_delivered_never_bypasses_a_code() -> None:
    ready, packed, delivered = (PackageState.objects.get(enum_value=n) for n in ("600", "500", "700"))
    for name, source, destination in (("a", ready, delivered), ("b", ready, packed), ("c", packed, delivered)):
        CommandTransition.objects.create(
            name=name, slug=name, command_code="PKG_STATE_TRANSITION", source=source, destination=destination,
            visibility=[Channel.OMS_WEB],
        )  # fmt: skip
    package = shop.make_package(states.READY)
    with pytest.raises(OtpRequired):
        run_command(package_id=package.pk, transition="a", actor=SYSTEM)
    run_command(package_id=package.pk, transition="b", actor=SYSTEM)
    assert CodeIssue.objects.get().nonce is None, "a package that is no longer ready has no working code"
    with pytest.raises(OtpRequired):
        run_command(package_id=package.pk, transition="c", actor=SYSTEM)
    assert shop.state_of(package) == states.PACKED


@pytest.mark.parametrize("code", ["UNLOCK_CODE", "EXTEND_PICKUP", "DELIVER_WITHOUT_CODE", "CANCEL_PACKAGE"])
def test_an_associate_may_not_run_a_manager_s_command(code: str) -> None:
    store = shop.make_store()
    package = shop.make_package(states.READY, store=store)
    actor = shop.make_actor(Role.ASSOCIATE, store)
    with pytest.raises(Forbidden):
        run_command(
            package_id=package.pk, transition=code, actor=actor, data={"reason": "x", "evidence": "id_document"}
        )
    assert code not in {
        found.transition.command_code for found in available_commands(package=shop.reread(package), actor=actor)
    }


def test_every_refusal_is_recorded_with_who_and_why() -> None:
    store = shop.make_store()
    actor = shop.make_actor(Role.ASSOCIATE, store)
    package = shop.make_package(states.READY, store=store)
    for data in ({}, {"otp": "12"}, {"otp": shop.wrong_code(package)}, {"otp": 5}):
        with pytest.raises(DomainError):
            run_command(package_id=package.pk, transition=DELIVER, actor=actor, data=data)
    rows = CommandLog.objects.filter(kind="refused", actor_id=actor.user_id, channel="INSTORE").order_by("id")
    assert [row.code for row in rows] == ["otp_required", "otp_malformed", "otp_incorrect", "validation_error"]


def test_while_codes_are_on_no_edited_row_hands_over_a_package_that_never_had_one() -> None:
    CommandTransition.objects.create(
        name="Shortcut", slug="shortcut", command_code="PKG_STATE_TRANSITION", visibility=[Channel.OMS_WEB],
        source=PackageState.objects.get(enum_value="500"), destination=PackageState.objects.get(enum_value="700"),
    )  # fmt: skip
    package, parcel = shop.make_package(states.PACKED), shop.make_package(
        states.PACKED, delivery_type=DeliveryType.HOME_DELIVERY
    )  # fmt: skip
    with pytest.raises(OtpRequired):
        run_command(package_id=package.pk, transition="shortcut", actor=SYSTEM)
    run_command(package_id=parcel.pk, transition="shortcut", actor=SYSTEM)
    assert shop.state_of(parcel) == states.DELIVERED
    shop.put_setting("IS_OTP_ENABLED", value=False)
    run_command(package_id=package.pk, transition="shortcut", actor=SYSTEM)
    assert shop.state_of(package) == states.DELIVERED
