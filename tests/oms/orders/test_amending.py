"""An order that comes again, changed: amended while nothing of it is packed, else a conflict (contract section 2)."""

from contextlib import nullcontext
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db.models.functions import Now

from clickcollect.accounts.models import Channel, Role
from clickcollect.errors import Forbidden, OlderOrder, OrderConflict
from clickcollect.omnitron.models import Order, OrderStatus
from clickcollect.omnitron.order_schema import read_order
from clickcollect.oms import states
from clickcollect.oms.access import SYSTEM, Actor
from clickcollect.oms.commands.run import run_command
from clickcollect.oms.log_models import CommandLog
from clickcollect.oms.models import Package, PackageState
from clickcollect.oms.orders.amending import cancel_emptied
from clickcollect.oms.orders.cancellation import cancel_order
from clickcollect.oms.orders.intake import Received, receive_order
from clickcollect.oms.privacy import erase_order
from clickcollect.oms.search import matching
from clickcollect.whisperer.models import Event
from tests import shop

pytestmark = pytest.mark.django_db

COMPLETE, READY = "COMPLETE_PACKAGING_WITHOUT_SHIPMENT", "READY_FOR_PICKUP"
MUG: dict[str, Any] = {"sku": "MUG", "name": "Ceramic mug", "quantity": 3, "price": "10.00"}
TEA: dict[str, Any] = {"sku": "TEA", "name": "Black tea", "quantity": 1, "price": "5.00"}
SHOP = Actor(
    user_id=None, name="Shop", role=Role.OPERATOR, channel=Channel.OMS_WEB, store_ids=None,
    scopes=frozenset({"orders:write"}),
)  # fmt: skip


@pytest.fixture(autouse=True)
def _stores() -> None:
    shop.make_store()
    shop.make_store("IST-02")


def sent(number: str = "A-1", **fields: Any) -> dict[str, Any]:
    return shop.order_document(number, amount="35.00", order_item=[MUG, TEA]) | fields


def receive(document: dict[str, Any], *, actor: Actor = SYSTEM, from_shop: bool = False) -> Received:
    return receive_order(order=read_order(document), actor=actor, from_shop=from_shop)


def customer(**fields: Any) -> dict[str, Any]:
    known: dict[str, Any] = shop.order_document()["customer"]
    return known | fields


def run(code: str, **data: Any) -> None:
    for package in Package.objects.exclude(state__enum_value__in=states.ENDED):
        run_command(package_id=package.pk, transition=code, actor=SYSTEM, data=data)


def contents(package: Package) -> list[tuple[str, int]]:
    return [(item.sku, item.quantity) for item in package.items.all()]


def kept_lines() -> list[tuple[str, int]]:
    return list(Order.objects.get().items.values_list("sku", "quantity"))


# --- what an amendment changes ---


def test_what_was_not_packed_yet_is_amended_and_told() -> None:
    order = receive(sent()).order
    changed = sent(
        amount="99.00", language_code="de", customer=customer(email="new@example.com", first_name="Derya"),
        order_item=[MUG | {"quantity": 5}, TEA | {"name": "Green tea"}],
    )  # fmt: skip
    again = receive(changed)
    assert (str(again.became), again.created, again.order.pk) == ("amended", False, order.pk)
    order.refresh_from_db()
    assert (str(order.amount), order.language_code, order.email) == ("99.00", "de", "new@example.com")
    package = Package.objects.get()
    assert contents(package) == [("MUG", 5), ("TEA", 1)]
    assert package.item_count == 6
    assert package.items.get(sku="TEA").name == "Green tea"
    told = Event.objects.filter(type="order.updated").get()
    assert told.payload is not None
    assert [line["quantity"] for line in told.payload["order_item"]] == [5, 1]
    entry = CommandLog.objects.get(note_kind="order_amended")
    assert (entry.package_id, entry.order_id) == (package.pk, order.pk)
    assert "order_item.0.quantity" in entry.attributes["order.differs"]
    assert "example.com" not in str(entry.attributes)
    assert matching(Package.objects.all(), "derya").count() == 1
    assert str(receive(changed).became) == "unchanged"


def test_a_line_comes_and_a_line_goes_and_the_package_stays_the_same() -> None:
    receive(sent())
    package = Package.objects.get()
    receive(sent(order_item=[TEA, {"sku": "CUP", "name": "Cup", "quantity": 2}]))
    assert contents(Package.objects.get()) == [("TEA", 1), ("CUP", 2)]
    assert (Package.objects.get().pk, Package.objects.get().item_count) == (package.pk, 3)
    receive(sent(order_item=[{"sku": "CUP", "name": "Cup", "quantity": 2}]))
    receive(sent(order_item=[MUG]))  # all that was in it goes, and the package still is the one of its store
    assert (Package.objects.get().pk, contents(Package.objects.get())) == (package.pk, [("MUG", 3)])


def test_what_was_ticked_off_is_never_more_than_what_is_wanted() -> None:
    receive(sent())
    Package.objects.get().items.filter(sku="MUG").update(picked=3)
    receive(sent(order_item=[MUG | {"quantity": 2}, TEA]))
    item = Package.objects.get().items.get(sku="MUG")
    assert (item.quantity, item.picked) == (2, 2)


def test_another_store_makes_a_package_there_and_cancels_the_one_here() -> None:
    receive(sent())
    before = Package.objects.get()
    moved = sent(shipping_address={"address_type": "retail_store", "retail_store": "IST-02"})
    assert str(receive(moved).became) == "amended"
    old, new = Package.objects.order_by("id")
    assert (old.pk, old.state.enum_value, new.state.enum_value) == (before.pk, states.CANCELLED, states.WAITING)
    assert (new.stock_location.erp_code, contents(new)) == ("IST-02", [("MUG", 3), ("TEA", 1)])
    order = Order.objects.get()
    assert (order.status, order.retail_store and order.retail_store.erp_code) == (OrderStatus.PREPARING, "IST-02")
    types = list(Event.objects.order_by("id").values_list("type", flat=True))
    assert types[2:4] == ["order.updated", "package.created"]
    assert "package.status.cancelled" in types[4:]
    assert matching(Package.objects.filter(pk=new.pk), "yilmaz").exists()


def test_a_package_that_nothing_is_left_of_goes_no_further_before_its_end_comes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The process dies after the amendment: the worker's job ends what is left."""
    receive(sent())
    package = Package.objects.get()
    with monkeypatch.context() as died:
        died.setattr("clickcollect.oms.orders.amending.cancel_emptied", lambda _order_id: 0)
        receive(sent(shipping_address={"address_type": "retail_store", "retail_store": "IST-02"}))
    with pytest.raises(Exception, match="The shop removed every item"):
        run_command(package_id=package.pk, transition=COMPLETE, actor=SYSTEM)
    assert shop.state_of(package) == states.WAITING
    from procrastinate.contrib.django.models import ProcrastinateJob

    assert ProcrastinateJob.objects.filter(task_name="cancel_emptied_packages").exists()
    cancel_emptied(package.order_id)
    assert shop.state_of(package) == states.CANCELLED


def test_a_changed_phone_before_any_code_is_simply_the_new_one() -> None:
    receive(sent())
    assert str(receive(sent(customer=customer(phone_number="+905550000777"))).became) == "amended"
    assert Order.objects.get().phone_number == "+905550000777"
    assert matching(Package.objects.all(), "0777").count() == 1


def test_a_line_without_amount_brings_the_amount_of_its_lines() -> None:
    receive(sent(amount=None))
    receive(sent(amount=None, order_item=[MUG]))
    assert str(Order.objects.get().amount) == "30.00"


def test_a_home_delivery_without_packages_is_amended_too() -> None:
    home: dict[str, Any] = {"delivery_type": "home_delivery", "shipping_address": {"city": "Izmir"}}
    receive(sent(**home))
    assert str(receive(sent(**home | {"shipping_address": {"city": "Bursa"}})).became) == "amended"
    assert Order.objects.get().shipping_address == {"city": "Bursa"}
    assert str(receive(sent()).became) == "amended"  # and collected after all
    assert [package.delivery_type for package in Package.objects.all()] == ["in_store"]


# --- what is none ---


@pytest.mark.parametrize("code", [COMPLETE, READY])
def test_once_packed_it_is_a_conflict_that_changes_nothing_and_is_logged(code: str) -> None:
    receive(sent())
    run(COMPLETE)
    if code == READY:
        run(READY)
    before = (Event.objects.count(), kept_lines(), contents(Package.objects.get()))
    with pytest.raises(OrderConflict) as refusal:
        receive(sent(order_item=[MUG | {"quantity": 1}, TEA]))
    assert refusal.value.extra["differs"] == ["order_item.0.quantity"]
    assert (Event.objects.count(), kept_lines(), contents(Package.objects.get())) == before
    assert CommandLog.objects.filter(kind="refused", code="order_conflict").count() == 1
    with pytest.raises(OrderConflict):  # and it stays one, however often it is sent
        receive(sent(order_item=[MUG | {"quantity": 1}, TEA]))


@pytest.mark.parametrize("state", [states.PREPARING, states.READY_FOR_PACKAGING])
def test_while_it_is_being_prepared_it_is_amended(state: str) -> None:
    receive(sent())
    Package.objects.update(state=PackageState.objects.get(enum_value=state))
    assert str(receive(sent(amount="1.00")).became) == "amended"


@pytest.mark.parametrize("from_shop", [False, True])
def test_another_date_or_another_customer_is_another_order(*, from_shop: bool) -> None:
    receive(sent())
    stranger = {"first_name": "Ada", "last_name": "Byron", "email": "ada@example.com", "phone_number": "+905550000888"}
    for reused in (sent(date_placed="2026-11-18T10:00:00Z"), sent(date_placed=None, customer=stranger)):
        with pytest.raises(OrderConflict):
            receive(reused, from_shop=from_shop)
    assert Order.objects.get().first_name == "Deniz"


@pytest.mark.parametrize(("channel", "is_same"), [("web", False), ("shopify:a.example", True)])
def test_a_time_that_only_one_sender_gives_is_compared_but_of_a_shopify_shop(channel: str, *, is_same: bool) -> None:
    """A shop's export may leave out what its webhook says (contract section 2: where given)."""
    receive(sent(channel=channel, date_placed=None))
    with nullcontext() if is_same else pytest.raises(OrderConflict):
        receive(sent(channel=channel, amount="1.00"))
    assert (str(Order.objects.get().amount) == "1.00") is is_same


@pytest.mark.parametrize("same", ["phone_number", "email", "name"])
def test_one_thing_in_common_is_the_same_customer(same: str) -> None:
    receive(sent())
    other = {"first_name": "Ada", "last_name": "Byron", "email": "ada@example.com", "phone_number": "+905550000888"}
    mine = {name: customer()[name] for name in ("first_name", "last_name")} if same == "name" else customer()
    kept = mine if same == "name" else {same: customer()[same]}
    assert str(receive(sent(customer=other | kept)).became) == "amended"


@pytest.mark.parametrize("end", ["cancelled", "delivered"])
def test_an_order_that_has_ended_is_not_amended(end: str) -> None:
    order = receive(sent()).order
    if end == "cancelled":
        cancel_order(order_id=order.pk, actor=SYSTEM)
    else:
        run(COMPLETE)
        run(READY)
        run("DELIVER_WITHOUT_CODE", reason="known", evidence="id_document")
    with pytest.raises(OrderConflict):
        receive(sent(amount="1.00"), from_shop=True)
    assert str(receive(sent()).became) == "unchanged"


# --- which is newer ---


def test_a_content_seen_before_is_an_older_one() -> None:
    first, second = sent(), sent(amount="1.00")
    receive(first)
    receive(second)
    for _again in range(2):
        with pytest.raises(OlderOrder) as refusal:
            receive(first)
        assert refusal.value.code == "order_conflict"
    shuffled = first | {"order_item": [TEA, MUG | {"name": "CERAMIC MUG"}]}
    with pytest.raises(OlderOrder):
        receive(shuffled)
    assert str(Order.objects.get().amount) == "1.00"
    assert str(receive(second).became) == "unchanged"


def at(minute: int, number: str = "A-1", **fields: Any) -> dict[str, Any]:
    return sent(number, updated_at=f"2026-11-20T10:{minute:02d}:00Z", **fields)


def test_what_the_shop_says_of_its_time_decides() -> None:
    receive(at(5))
    with pytest.raises(OlderOrder):
        receive(at(4, amount="4.00"))
    assert str(receive(at(6, amount="6.00")).became) == "amended"
    assert str(receive(at(7)).became) == "amended", "back to what it was before, and newer"
    with pytest.raises(OlderOrder):
        receive(at(6, amount="6.00"))
    assert str(Order.objects.get().amount) == "35.00"


def test_the_same_again_at_a_later_time_outdates_what_lies_between() -> None:
    receive(at(1))
    assert str(receive(at(9)).became) == "unchanged"
    assert Order.objects.get().shop_updated_at == datetime(2026, 11, 20, 10, 9, tzinfo=UTC)
    with pytest.raises(OlderOrder):
        receive(at(5, amount="5.00"))


def test_an_older_version_never_undoes_a_corrected_phone() -> None:
    receive(sent())
    run("CORRECT_PHONE", phone_number="+905550000777", reason="typing error")
    assert str(receive(sent()).became) == "unchanged"
    amended = receive(sent(amount="1.00", customer=customer(phone_number="+905550000666")))
    assert str(amended.became) == "amended"
    order = Order.objects.get()
    assert (order.phone_number, str(order.amount)) == ("+905550000777", "1.00")


def test_an_erased_order_stays_erased() -> None:
    order = receive(sent()).order
    cancel_order(order_id=order.pk, actor=SYSTEM)
    Order.objects.update(ended_at=Now())
    order.refresh_from_db()
    erase_order(order, actor=SYSTEM)
    assert str(receive(sent()).became) == "unchanged"
    with pytest.raises(OrderConflict):
        receive(sent(amount="1.00", customer=customer(email="other@example.com")), from_shop=True)
    order.refresh_from_db()
    assert (order.email, order.phone_number, order.seen_contents) == ("", "", "")


def test_too_many_versions_without_a_time_are_a_conflict_rather_than_forgotten() -> None:
    from clickcollect.oms.orders.versions import MOST_VERSIONS

    for turn in range(MOST_VERSIONS):
        receive(sent(amount=f"{turn + 100}.00"))
    with pytest.raises(OrderConflict):
        receive(sent(amount="1.00"))
    assert len(Order.objects.get().seen_contents.split()) == MOST_VERSIONS


def test_a_token_of_one_store_amends_no_order_with_a_part_in_another() -> None:
    receive(sent(order_item=[MUG, TEA | {"retail_store": "IST-02"}]))
    bound = Actor(
        user_id=1, name="till", role=Role.OPERATOR, channel=SYSTEM.channel,
        store_ids=frozenset({shop.make_store().pk}),
    )  # fmt: skip
    with pytest.raises(Forbidden):
        receive(sent(order_item=[MUG]), actor=bound)
    assert kept_lines() == [("MUG", 3), ("TEA", 1)]
