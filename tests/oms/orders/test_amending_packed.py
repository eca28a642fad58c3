"""A shop's own word on an order that is packed: lines taken off, and a new phone by Correct Phone's road."""

from typing import Any

import pytest

from clickcollect.accounts.models import Channel, Role
from clickcollect.errors import OlderOrder, OrderConflict
from clickcollect.omnitron.models import Order, OrderStatus
from clickcollect.oms import states
from clickcollect.oms.access import SYSTEM, Actor
from clickcollect.oms.commands.run import run_command
from clickcollect.oms.log_models import CommandLog
from clickcollect.oms.models import CodeIssue, CommandTransition, Package, PackageState
from clickcollect.whisperer.models import Event
from tests import shop
from tests.oms.orders.test_amending import (
    COMPLETE,
    MUG,
    READY,
    SHOP,
    TEA,
    contents,
    customer,
    kept_lines,
    receive,
    run,
    sent,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _stores() -> None:
    shop.make_store()
    shop.make_store("IST-02")


# --- a shop's word on what is packed ---


def test_a_shop_takes_lines_off_what_is_packed_and_the_store_confirms() -> None:
    receive(sent())
    run(COMPLETE)
    less = sent(amount="10.00", order_item=[MUG | {"quantity": 1}])
    assert str(receive(less, actor=SHOP, from_shop=True).became) == "amended"
    package = Package.objects.get()
    assert (contents(package), package.item_count) == ([("MUG", 1)], 1)
    assert package.take_out == ["2 × Ceramic mug", "1 × Black tea"]
    with pytest.raises(Exception, match="Take out 2 × Ceramic mug, 1 × Black tea"):
        run(READY)
    run("CONFIRM_TAKEN_OUT")
    assert Package.objects.get().take_out == []
    run(READY)
    assert shop.state_of(package) == states.READY


@pytest.mark.parametrize(
    "changed",
    [
        {"order_item": [MUG | {"quantity": 4}, TEA]},
        {"order_item": [MUG, TEA, {"sku": "CUP", "name": "Cup", "quantity": 1}]},
        {"order_item": [MUG | {"price": "1.00"}, TEA]},
        {"customer": customer(first_name="Derya")},
        {"order_item": [MUG], "customer": customer(phone_number="+905550000777")},
    ],
)
def test_more_or_other_than_less_is_a_conflict_on_what_is_packed(changed: dict[str, Any]) -> None:
    receive(sent())
    run(COMPLETE)
    with pytest.raises(OrderConflict):
        receive(sent(**changed), actor=SHOP, from_shop=True)
    assert contents(Package.objects.get()) == [("MUG", 3), ("TEA", 1)]


def test_nothing_is_taken_off_what_is_ready() -> None:
    receive(sent())
    run(COMPLETE)
    run(READY)
    with pytest.raises(OrderConflict):
        receive(sent(order_item=[MUG]), actor=SHOP, from_shop=True)
    assert contents(Package.objects.get()) == [("MUG", 3), ("TEA", 1)]


def test_of_two_packages_the_one_that_is_not_ready_can_lose_its_lines_down_to_none() -> None:
    lines = [MUG, TEA | {"parcel": 2}]
    receive(sent(order_item=lines))
    run(COMPLETE)
    first, second = Package.objects.order_by("id")
    run_command(package_id=first.pk, transition=READY, actor=SYSTEM)
    receive(sent(order_item=[MUG]), actor=SHOP, from_shop=True)
    assert (shop.state_of(first), shop.state_of(second)) == (states.READY, states.CANCELLED)
    assert contents(second) == [("TEA", 1)], "it is cancelled as it was packed"
    assert Order.objects.get().status == OrderStatus.READY_FOR_PICKUP
    assert kept_lines() == [("MUG", 3)]


# --- a phone after a code was issued ---


def test_a_shops_new_phone_takes_correct_phones_road() -> None:
    receive(sent())
    run(COMPLETE)
    run(READY)
    package = Package.objects.get()
    old = shop.right_code(package)
    new = sent(customer=customer(phone_number="+905550000777"))
    Package.objects.update(code_sent_at=[])
    assert str(receive(new, actor=SHOP, from_shop=True).became) == "amended"
    package = Package.objects.get()
    assert (package.new_codes, package.issue_number, package.order.phone_number) == (1, 2, "+905550000777")
    assert CodeIssue.objects.get(number=1).nonce is None
    assert shop.right_code(package) != old
    told = Event.objects.get(type="package.pickup.phone_changed")
    assert told.payload is not None
    assert told.payload["customer"]["phone_number"] == "+905550000101"
    updated = Event.objects.filter(type="order.updated").latest("pk").payload or {}
    assert updated["customer"]["phone_number"] == "+905550000777"
    assert str(receive(new, actor=SHOP, from_shop=True).became) == "unchanged"
    with pytest.raises(OlderOrder):
        receive(sent(), actor=SHOP, from_shop=True)
    Package.objects.update(code_sent_at=[])
    third = sent(customer=customer(phone_number="+905550000666"))
    assert str(receive(third, actor=SHOP, from_shop=True).became) == "amended", "the shop may change its own word"
    assert Order.objects.get().phone_number == "+905550000666"


def test_correct_phones_limits_hold_for_a_shop_and_it_hears_a_conflict() -> None:
    receive(sent())
    run(COMPLETE)
    run(READY)
    Package.objects.update(new_codes=3)
    new = sent(customer=customer(phone_number="+905550000777"))
    for _again in range(2):
        with pytest.raises(OrderConflict) as refusal:
            receive(new, actor=SHOP, from_shop=True)
        assert refusal.value.extra["differs"] == ["customer.phone_number"]
    assert Order.objects.get().phone_number == "+905550000101"
    assert CommandLog.objects.filter(command_code="CORRECT_PHONE", code="otp_locked").count() == 2


def back_to_waiting() -> None:
    CommandTransition.objects.create(
        name="Back", slug="back", command_code="PKG_STATE_TRANSITION", visibility=[Channel.OMS_WEB],
        source=PackageState.objects.get(enum_value=states.READY),
        destination=PackageState.objects.get(enum_value=states.WAITING),
    )  # fmt: skip
    run("back")


def test_who_may_not_correct_a_phone_cannot_by_an_order_once_a_code_was_issued() -> None:
    receive(sent())
    run(COMPLETE)
    run(READY)
    new = sent(customer=customer(phone_number="+905550000777"))
    token = Actor(
        user_id=7, name="till", role=Role.OPERATOR, channel=Channel.OMS_WEB, store_ids=None,
        scopes=frozenset({"orders:write"}), is_program=True,
    )  # fmt: skip
    for actor, from_shop in ((token, False), (token, True), (SYSTEM, False)):
        with pytest.raises(OrderConflict):
            receive(new, actor=actor, from_shop=from_shop)
    back_to_waiting()  # nothing of it is packed now; the code that was sent counts all the same
    with pytest.raises(OrderConflict):
        receive(new, actor=token)
    assert Order.objects.get().phone_number == "+905550000101"
    assert str(receive(new).became) == "amended"
    assert CommandLog.objects.filter(command_code="CORRECT_PHONE", code="").count() == 1
    assert Order.objects.get().phone_changed_at is not None
