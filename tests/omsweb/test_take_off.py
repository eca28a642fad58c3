"""Lines taken off an order by an operator: the form on its page, and what the store sees of it."""

from typing import Any

import pytest
from django.test import Client

from clickcollect.accounts.models import Role
from clickcollect.errors import Forbidden, NotFound, StateConflict, ValidationFailed
from clickcollect.omnitron.models import Order, OrderStatus
from clickcollect.omnitron.order_schema import read_order
from clickcollect.oms import states
from clickcollect.oms.access import SYSTEM
from clickcollect.oms.commands.available import offers_of
from clickcollect.oms.commands.run import run_command
from clickcollect.oms.log_models import CommandLog, LogNote
from clickcollect.oms.models import Package
from clickcollect.oms.orders.intake import receive_order
from clickcollect.oms.orders.taking_off import take_off
from clickcollect.whisperer.models import Event
from tests import shop

pytestmark = pytest.mark.django_db(transaction=True)

LINES = [
    {"sku": "MUG", "name": "Ceramic mug", "quantity": 3, "price": "10.00"},
    {"sku": "TEA", "name": "Black tea", "quantity": 1, "price": "5.00"},
]
COMPLETE, READY = "COMPLETE_PACKAGING_WITHOUT_SHIPMENT", "READY_FOR_PICKUP"


@pytest.fixture
def order() -> Order:
    shop.make_store()
    document = shop.order_document("A-1", amount="35.00", order_item=LINES)
    return Order.objects.get(pk=receive_order(order=read_order(document), actor=SYSTEM).order.pk)


@pytest.fixture
def operator(client: Client) -> Client:
    client.force_login(shop.make_user(Role.OPERATOR))
    return client


def run(code: str) -> None:
    run_command(package_id=Package.objects.get().pk, transition=code, actor=SYSTEM)


def line(order: Order, sku: str) -> int:
    return order.items.get(sku=sku).pk


def send(client: Client, order: Order, **pieces: Any) -> Any:
    reason = pieces.pop("reason", "sold out")
    fields = {f"line_{line(order, sku)}": number for sku, number in pieces.items()}
    return client.post(f"/oms/orders/{order.pk}/take-off/", fields | {"reason": reason})


def test_pieces_are_taken_off_with_a_reason_and_the_amount_follows(operator: Client, order: Order) -> None:
    page = operator.get(f"/oms/orders/{order.pk}/").content.decode()
    assert f"/oms/orders/{order.pk}/take-off/" in page
    assert "Ceramic mug (MUG): how many of 3?" in operator.get(f"/oms/orders/{order.pk}/take-off/").content.decode()
    assert send(operator, order, MUG=2).status_code == 302
    package = Package.objects.get()
    assert list(package.items.values_list("sku", "quantity")) == [("MUG", 1), ("TEA", 1)]
    assert (package.item_count, package.take_out) == (2, [])
    order.refresh_from_db()
    assert str(order.amount) == "15.00"
    assert Event.objects.filter(type="order.updated").count() == 1
    entry = CommandLog.objects.get(note_kind="lines_taken_off")
    assert (entry.package_id, entry.attributes["items.taken_off"]) == (package.pk, 2)
    assert LogNote.objects.get(log_id=entry.pk).text == "sold out"
    assert "Items removed from the order" in operator.get(f"/oms/orders/{order.pk}/").content.decode()


def test_down_to_none_the_package_and_the_order_are_cancelled(operator: Client, order: Order) -> None:
    assert send(operator, order, MUG=3, TEA=1).status_code == 302
    assert Package.objects.get().state.enum_value == states.CANCELLED
    order.refresh_from_db()
    assert (order.status, order.items.count(), str(order.amount)) == (OrderStatus.CANCELED, 0, "0.00")


def test_from_a_packed_package_the_store_takes_it_out_and_confirms(
    operator: Client, order: Order, client: Client
) -> None:
    run(COMPLETE)
    assert send(operator, order, MUG=1).status_code == 302
    package = Package.objects.get()
    told = "Changed by the shop: take out 1 × Ceramic mug"
    assert told in " ".join(operator.get(f"/oms/packages/{package.pk}/").content.decode().split())
    client.force_login(shop.make_user(Role.ASSOCIATE, shop.make_store()))
    address = f"/instore/packages/{package.number}/"
    page = " ".join(client.get(address).content.decode().split())
    assert told in page
    associate = shop.make_actor(Role.ASSOCIATE, shop.make_store())
    assert offers_of(package=shop.reread(package), actor=associate).main_label == "Confirm taken out"
    with pytest.raises(StateConflict, match="Take out 1 × Ceramic mug"):
        run_command(package_id=package.pk, transition=READY, actor=associate)
    run_command(package_id=package.pk, transition="CONFIRM_TAKEN_OUT", actor=associate)
    assert told not in " ".join(client.get(address).content.decode().split())
    assert CommandLog.objects.filter(command_code="CONFIRM_TAKEN_OUT", actor_id=associate.user_id).exists()
    run(READY)
    assert shop.state_of(package) == states.READY


def test_two_times_taken_off_is_both_to_be_taken_out(order: Order) -> None:
    run(COMPLETE)
    for sku in ("MUG", "TEA"):
        take_off(order_id=order.pk, pieces={line(order, sku): 1}, reason="x", actor=SYSTEM)
    assert Package.objects.get().take_out == ["1 × Ceramic mug", "1 × Black tea"]


def test_once_it_is_ready_nothing_is_taken_off_and_the_refusal_stands_in_the_log(
    operator: Client, order: Order
) -> None:
    run(COMPLETE)
    run(READY)
    answer = send(operator, order, MUG=1)
    assert answer.status_code == 409
    assert "ready for its customer" in answer.content.decode()
    assert Package.objects.get().items.get(sku="MUG").quantity == 3
    assert CommandLog.objects.filter(kind="refused", code="state_conflict", order_id=order.pk).count() == 1


@pytest.mark.parametrize("pieces", [{}, {"MUG": 0}, {"MUG": 4}, {"MUG": "x"}, {"MUG": -1}])
def test_what_cannot_be_taken_off_stands_at_its_field(operator: Client, order: Order, pieces: dict[str, Any]) -> None:
    assert send(operator, order, **pieces).status_code == 400
    assert send(operator, order, MUG=1, reason=" ").status_code == 400
    assert Package.objects.get().item_count == 4


def test_lines_of_another_order_and_strangers_are_refused(order: Order) -> None:
    receive_order(order=read_order(shop.order_document("A-2")), actor=SYSTEM)
    other = Order.objects.get(number="A-2")
    with pytest.raises(ValidationFailed):
        take_off(order_id=order.pk, pieces={other.items.get().pk: 1}, reason="x", actor=SYSTEM)
    with pytest.raises(NotFound):
        take_off(order_id=order.pk + 1000, pieces={1: 1}, reason="x", actor=SYSTEM)
    with pytest.raises(Forbidden):
        take_off(order_id=order.pk, pieces={1: 1}, reason="x", actor=shop.make_actor(Role.MANAGER, shop.make_store()))


def test_the_shop_s_last_word_again_does_not_bring_back_what_an_operator_took_off(order: Order) -> None:
    take_off(order_id=order.pk, pieces={line(order, "TEA"): 1}, reason="sold out", actor=SYSTEM)
    document = shop.order_document("A-1", amount="35.00", order_item=LINES)
    for fields in ({}, {"updated_at": "2026-11-20T10:00:00Z"}):
        assert str(receive_order(order=read_order(document | fields), actor=SYSTEM).became) == "unchanged"
    assert list(order.items.values_list("sku", flat=True)) == ["MUG"]


def test_an_order_that_is_being_cancelled_loses_nothing_more(operator: Client, order: Order) -> None:
    Order.objects.update(status=OrderStatus.CANCELLATION_WAITING)
    assert send(operator, order, MUG=1).status_code == 409
    assert Package.objects.get().item_count == 4
