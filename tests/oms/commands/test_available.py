"""Which command is the main button (contract section 6), for everybody and every reason, and whose limit it was."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from clickcollect.errors import OtpIncorrect, OtpLocked
from clickcollect.omnitron.models import DeliveryType, Order
from clickcollect.oms import app_settings, states
from clickcollect.oms.access import Actor
from clickcollect.oms.codes import attempts
from clickcollect.oms.commands.available import offers_of
from clickcollect.oms.commands.base import COMMANDS
from clickcollect.oms.commands.run import run_command
from clickcollect.oms.models import EmployeeBudget, Package
from tests import shop

pytestmark = pytest.mark.django_db(transaction=True)
DELIVER = "SELF_SERVICE_PACKAGE_DELIVERY_COMMAND"
CODE_LOCKED = {"issue_attempts": 5, "total_attempts": 5}
PACKAGE_LOCKED = {"issue_attempts": 2, "total_attempts": 10}
NO_NEW_CODE = {"issue_attempts": 5, "total_attempts": 5, "new_codes": 3}
PAST = {"pickup_deadline": shop.PAST, "due_at": shop.PAST}


def main_of(package: Package, actor: Actor) -> tuple[str, bool]:
    main = offers_of(package=shop.reread(package), actor=actor).main
    assert main
    return main.command_code, main.needs_manager


@pytest.mark.parametrize(
    ("columns", "associate", "manager"),
    [
        ({}, (DELIVER, False), DELIVER),
        ({"issue_attempts": 4, "total_attempts": 9}, (DELIVER, False), DELIVER),
        (CODE_LOCKED, ("SEND_NEW_CODE", False), "UNLOCK_CODE"),
        (PACKAGE_LOCKED, ("UNLOCK_CODE", True), "UNLOCK_CODE"),
        (NO_NEW_CODE, ("UNLOCK_CODE", True), "UNLOCK_CODE"),
        (PACKAGE_LOCKED | {"unlocks": 1}, (DELIVER, False), DELIVER),
        (PAST, ("EXTEND_PICKUP", True), "EXTEND_PICKUP"),
        (PAST | CODE_LOCKED, ("EXTEND_PICKUP", True), "EXTEND_PICKUP"),
    ],
)
def test_the_main_button_is_what_helps(columns: dict[str, object], associate: tuple[str, bool], manager: str) -> None:
    package = shop.make_package(states.READY)
    Package.objects.filter(pk=package.pk).update(**columns)
    assert main_of(package, shop.make_actor("associate", package.stock_location)) == associate
    for role in ("manager", "operator", "admin"):
        assert main_of(package, shop.make_actor(role, package.stock_location)) == (manager, False)


@pytest.mark.parametrize("otp", [True, False])
def test_the_button_of_the_dialog_says_whether_a_code_is_verified(*, otp: bool) -> None:
    package = shop.make_package(states.READY, otp=otp)
    if not otp:
        shop.put_setting("IS_OTP_ENABLED", value=False)
    offers = offers_of(package=package, actor=shop.make_actor("manager", package.stock_location))
    assert offers.main
    words = (offers.main.title, offers.main.confirm_label)
    deliver = offers.main.label
    assert words == (("Verify pickup code", "Verify and deliver") if otp else (deliver, deliver))
    assert offers.main.hands_over_unasked == (not otp)
    assert offers.main_label == deliver
    back = offers.by_code("BACK_TO_PACKED")
    assert back
    assert back.confirm_label == back.title == back.label


def test_a_dialog_opens_where_something_is_asked_somebody_signs_or_nothing_leads_back() -> None:
    package = shop.make_package(states.READY)
    asked = {"BACK_TO_PACKED", "CANCEL_PACKAGE", "DELIVER_WITHOUT_CODE", "EXTEND_PICKUP", DELIVER}
    for role in ("associate", "manager"):
        found = offers_of(package=package, actor=shop.make_actor(role, package.stock_location)).all
        opens = {offer.command_code for offer in found if offer.opens_dialog}
        assert opens == asked, role
        assert {offer.command_code for offer in found} - opens == {"RESEND_CODE", "SEND_NEW_CODE"}
    past = {"pickup_deadline": shop.PAST, "due_at": shop.PAST}
    Package.objects.filter(pk=package.pk).update(**past)
    found = offers_of(package=shop.reread(package), actor=shop.make_actor("manager", package.stock_location)).all
    back = next(offer for offer in found if offer.command_code == "RETURN_TO_STOCK")
    assert (back.inputs, back.needs_manager, back.opens_dialog) == ([], False, True)


def test_a_home_delivery_is_offered_nothing_that_only_the_counter_does() -> None:
    package = shop.make_package(states.READY)
    manager = shop.make_actor("manager", package.stock_location)
    collected = {offer.command_code for offer in offers_of(package=package, actor=manager).all}
    Order.objects.filter(pk=package.order_id).update(delivery_type=DeliveryType.HOME_DELIVERY)
    offered = {offer.command_code for offer in offers_of(package=shop.reread(package), actor=manager).all}
    assert offered == {code for code in collected if not COMMANDS[code].click_and_collect_only}
    assert {command.click_and_collect_only for command in COMMANDS.values()} == {True, False}


def test_what_may_be_gone_since_a_backup_is_confirmed_before_anybody_hands_it_over() -> None:
    package = shop.make_package(states.READY)
    Package.objects.filter(pk=package.pk).update(shelf_unconfirmed_since=shop.PAST)
    offers = offers_of(package=shop.reread(package), actor=shop.make_actor("manager", package.stock_location))
    assert offers.main is offers.by_code("CONFIRM_ON_SHELF")
    assert not [offer.command_code for offer in offers.all if offer.hands_over]


def test_what_the_shop_took_off_is_taken_out_before_the_package_goes_on() -> None:
    package = shop.make_package(states.PACKED)
    Package.objects.filter(pk=package.pk).update(take_out=["1 × Mug"])
    associate = shop.make_actor("associate", package.stock_location)
    assert main_of(package, associate) == ("CONFIRM_TAKEN_OUT", False)
    offers = offers_of(package=shop.reread(package), actor=associate)
    assert offers.by_code("READY_FOR_PICKUP") is None


def test_a_locked_code_is_not_resent_and_every_command_stands_once() -> None:
    package = shop.make_package(states.READY)
    Package.objects.filter(pk=package.pk).update(**CODE_LOCKED)
    offers = offers_of(package=shop.reread(package), actor=shop.make_actor("associate", package.stock_location))
    assert offers.main
    codes = [offer.command_code for offer in (offers.main, *offers.more)]
    assert "RESEND_CODE" not in codes
    assert len(codes) == len(set(codes))
    assert offers.lock


def refused(package: Package, actor: Actor) -> OtpIncorrect:
    data = {"otp": shop.wrong_code(package)}
    with pytest.raises(OtpIncorrect) as caught:
        run_command(package_id=package.pk, transition=DELIVER, actor=actor, data=data)
    return caught.value


def tried(actor: Actor, count: int) -> None:
    """So many wrong codes of this person within the hour, on other packages."""
    moments = [timezone.now() - timedelta(minutes=5, seconds=n) for n in range(count)]
    EmployeeBudget.objects.create(user_id=actor.user_id or 0, tried_at=moments)


@pytest.mark.parametrize(
    ("columns", "by_employee", "reached", "words"),
    [
        ({"issue_attempts": 4, "total_attempts": 4}, 0, ["code"], "the code is locked. Send a new code"),
        ({"issue_attempts": 1, "total_attempts": 9}, 0, ["package"], "Only a manager can unlock it."),
        ({"issue_attempts": 4, "total_attempts": 4, "new_codes": 3}, 0, ["code"], "no new codes are left"),
        ({}, 9, ["employee"], "Ask a colleague to take over, or try again in 55 minutes."),
        ({"issue_attempts": 4, "total_attempts": 4}, 9, ["code", "employee"], "You've reached your limit"),
    ],
)
def test_the_wrong_code_that_reaches_a_limit_says_whose_it_is(
    columns: dict[str, int], by_employee: int, reached: list[str], words: str
) -> None:
    package = shop.make_package(states.READY)
    if columns:
        Package.objects.filter(pk=package.pk).update(**columns)
    actor = shop.make_actor("associate", package.stock_location)
    tried(actor, by_employee)
    refusal = refused(package, actor)
    assert refusal.extra == {"attempts_remaining": 0, "limits_reached": reached}
    assert words in refusal.detail
    assert refusal.detail.startswith("The code is incorrect. ")
    assert attempts.has_locked(refusal.extra) is (reached != ["employee"])


def test_what_is_locked_names_the_limit_too() -> None:
    package = shop.make_package(states.READY)
    actor = shop.make_actor("associate", package.stock_location)
    for columns, limit in ((CODE_LOCKED, "code"), (PACKAGE_LOCKED, "package")):
        Package.objects.filter(pk=package.pk).update(**columns)
        for command in (DELIVER, "RESEND_CODE"):
            with pytest.raises(OtpLocked) as caught:
                run_command(
                    package_id=package.pk, transition=command, actor=actor, data={"otp": shop.right_code(package)}
                )
            assert caught.value.extra == {"limits_reached": [limit]}


def test_a_manager_sees_who_entered_wrong_codes_and_when_they_can_go_on() -> None:
    store, elsewhere = shop.make_store(), shop.make_store("BER-01")
    at_limit, a_few, stranger = (shop.make_actor("associate", place) for place in (store, store, elsewhere))
    for actor, count in ((at_limit, 10), (a_few, 3), (stranger, 5)):
        tried(actor, count)
    EmployeeBudget.objects.create(user_id=shop.make_user("associate", store).pk, tried_at=[shop.PAST])
    limits = app_settings.settings_in_force(store.pk)
    told = attempts.tried_by_staff(actor=shop.make_actor("manager", store), store_id=store.pk, limits=limits)
    assert [(line.name, line.within_hour, line.within_day) for line in told] == [
        (at_limit.name, 10, 10),
        (a_few.name, 3, 3),
    ]
    assert told[0].free_at
    now = EmployeeBudget.objects.annotate(clock=Now()).values_list("clock", flat=True)[0]
    assert timedelta(minutes=54) < told[0].free_at - now < timedelta(minutes=56)
    assert told[1].free_at is None


def test_whose_limit_was_reached_is_said_to_that_employee_alone() -> None:
    package = shop.make_package(states.READY)
    limits = app_settings.settings_in_force(package.stock_location_id)
    out, fresh = (shop.make_actor("associate", package.stock_location) for _ in range(2))
    budget = EmployeeBudget.objects.create(user_id=out.user_id or 0, tried_at=[timezone.now()] * 9)
    assert attempts.attempts_of_employee(out).left(limits) == 1
    assert attempts.attempts_of_employee(out).is_out(limits) == ""
    budget.tried_at.append(timezone.now())
    budget.save()
    assert attempts.attempts_of_employee(out).left(limits) == 0
    assert "reached your limit of wrong codes" in attempts.attempts_of_employee(out).is_out(limits)
    assert attempts.attempts_of_employee(fresh).left(limits) == 10
    assert attempts.attempts_of_employee(fresh).is_out(limits) == ""
