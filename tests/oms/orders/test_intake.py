"""An order comes in once, with its packages at their stores in Waiting, or not at all."""

from datetime import datetime, time, timedelta
from decimal import Decimal
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import ProgrammingError
from django.db.models.functions import Now
from django.utils import timezone

from clickcollect.accounts.models import Role
from clickcollect.errors import Forbidden, OrderConflict
from clickcollect.omnitron.models import Order, OrderItem, OrderStatus
from clickcollect.omnitron.order_schema import read_order
from clickcollect.oms import states
from clickcollect.oms.access import SYSTEM, Actor
from clickcollect.oms.commands.run import run_command
from clickcollect.oms.deadlines import WEEKDAYS
from clickcollect.oms.log_models import CommandLog, LogKind
from clickcollect.oms.models import Package, PackageItem
from clickcollect.oms.orders.intake import Received, receive_order
from clickcollect.oms.search import matching
from clickcollect.whisperer.models import Event
from tests.concurrency import at_once
from tests.shop import make_actor, make_store, order_document, put_setting

pytestmark = pytest.mark.django_db

LINE: dict[str, Any] = {"sku": "MUG-CER-01", "name": "Ceramic mug", "quantity": 3, "price": "12.40"}


def receive(document: dict[str, Any], actor: Actor = SYSTEM) -> Received:
    return receive_order(order=read_order(document), actor=actor)


def payload_of(event_type: str) -> dict[str, Any]:
    return Event.objects.get(type=event_type).payload or {}


def counts() -> tuple[int, ...]:
    return tuple(model.objects.count() for model in (Order, OrderItem, Package, PackageItem, Event, CommandLog))


def test_click_and_collect_order_waits_at_its_store() -> None:
    store = make_store()

    received = receive(order_document("WEB-1"))

    package = Package.objects.get()
    assert received.created
    assert received.order.status == OrderStatus.APPROVED
    assert package.order_id == received.order.pk
    assert package.stock_location == store
    assert package.state.enum_value == states.WAITING
    assert package.item_count == 2
    assert [(item.sku, item.quantity, item.picked) for item in package.items.all()] == [("TSH-BLK-M", 2, 0)]


def test_package_is_due_within_the_stores_packing_time() -> None:
    put_setting("PACK_WITHIN_HOURS", value=3, store=make_store())

    receive(order_document())

    package = Package.objects.annotate(left=Now()).get()
    assert package.due_at is not None
    assert abs(package.due_at - timezone.now() - timedelta(hours=3)) < timedelta(minutes=1)


def test_arrival_is_told_order_first() -> None:
    make_store()

    order = receive(order_document("WEB-1")).order

    package = Package.objects.get()
    told = list(Event.objects.order_by("id").values_list("type", "subject"))
    assert told == [("order.created", f"order:{order.pk}"), ("package.created", f"package:{package.pk}")]
    payloads = [payload_of("order.created"), payload_of("package.created")]
    assert payloads[0]["number"] == "WEB-1"
    assert payloads[0]["amount"] == "59.80"
    assert payloads[0]["date_placed"] == "2026-11-17T17:02:56Z"
    assert payloads[1]["number"] == package.number
    assert payloads[1]["state"]["enum_value"] == "100"
    assert payloads[1]["packageitem_set"] == [{"sku": "TSH-BLK-M", "name": "T-shirt, black, M", "quantity": 2}]


def test_arrival_is_logged_but_is_not_a_move() -> None:
    make_store()

    receive(order_document())

    entry = CommandLog.objects.get()
    assert (entry.kind, entry.note_kind, entry.package_id) == (LogKind.NOTE, "created", Package.objects.get().pk)


def test_new_package_is_found_by_number_and_name() -> None:
    make_store()

    receive(order_document("WEB-77"))

    for text in ("WEB-77", "yilmaz", "0101", str(Package.objects.get().number)):
        assert matching(Package.objects.all(), text).count() == 1, text


def test_left_out_fields_come_from_the_store() -> None:
    make_store("BER-01", language_code="de", currency="EUR")
    before = timezone.now() - timedelta(minutes=1)
    document = order_document(store="BER-01", date_placed=None, language_code=None, currency=None, amount=None)

    order = receive(document).order

    assert (order.language_code, order.currency, order.amount) == ("de", "EUR", Decimal("59.80"))
    assert order.date_placed > before
    assert payload_of("order.created")["date_placed"].endswith("Z")


def test_same_order_again_is_one_order() -> None:
    make_store()
    first = receive(order_document("WEB-1"))
    before = counts()

    again = receive(order_document("WEB-1"))

    assert not again.created
    assert again.order.pk == first.order.pk
    assert counts() == before


@pytest.mark.parametrize("left_out", ["date_placed", "language_code", "currency", "amount"])
def test_what_is_left_out_does_not_differ(left_out: str) -> None:
    make_store()
    receive(order_document("WEB-1", amount="50.00", language_code="ar", currency="EUR"))

    assert not receive(
        order_document("WEB-1", amount="50.00", language_code="ar", currency="EUR") | {left_out: None}
    ).created


def test_changed_order_is_a_conflict_once_it_is_packed_and_says_what_differs() -> None:
    make_store()
    make_store("IST-02")
    receive(order_document("WEB-1"))
    run_command(package_id=Package.objects.get().pk, transition="COMPLETE_PACKAGING_WITHOUT_SHIPMENT", actor=SYSTEM)
    before = counts()
    changed = order_document("WEB-1", store="IST-02", amount="1.00", language_code="de")
    changed["customer"] = changed["customer"] | {"phone_number": "+905550000999", "email": ""}
    changed["order_item"] = [changed["order_item"][0] | {"quantity": 1, "price": None}]

    with pytest.raises(OrderConflict) as refusal:
        receive(changed)

    assert refusal.value.extra["differs"] == [
        "language_code",
        "amount",
        "customer.email",
        "customer.phone_number",
        "shipping_address.retail_store",
        "order_item.0.quantity",
        "order_item.0.price",
        "order_item.0.retail_store",
    ]
    assert counts() == (*before[:-1], before[-1] + 1)
    row = CommandLog.objects.latest("pk")
    assert (row.kind, row.code, row.order_id) == ("refused", "order_conflict", Order.objects.get().pk)
    assert row.attributes["order.differs"].startswith("language_code,amount,customer.email,")


def test_same_number_in_another_channel_is_another_order() -> None:
    make_store()
    receive(order_document("WEB-1"))

    assert receive(order_document("WEB-1", channel="Marketplace")).created


def test_corrected_phone_is_not_held_against_the_channel() -> None:
    make_store()
    receive(order_document("WEB-1"))
    run_command(
        package_id=Package.objects.get().pk,
        transition="correct-phone",
        actor=SYSTEM,
        data={"phone_number": "+905550000777", "reason": "typing error"},
    )

    assert not receive(order_document("WEB-1")).created
    assert Order.objects.get().phone_number == "+905550000777"


def test_erased_order_sent_again_stays_erased() -> None:
    make_store()
    receive(order_document("WEB-1"))
    Order.objects.update(first_name="", last_name="", email="", phone_number="", erased_at=Now())

    assert not receive(order_document("WEB-1")).created
    assert Order.objects.get().phone_number == ""


def test_order_split_over_stores_and_parcels_is_several_packages() -> None:
    make_store()
    make_store("IST-02")
    lines = [LINE, LINE | {"parcel": 2, "quantity": 1}, LINE | {"retail_store": "IST-02"}, LINE | {"sku": "OTHER"}]

    receive(order_document(order_item=lines))

    packed = [
        (package.stock_location.erp_code, package.item_count, [item.sku for item in package.items.all()])
        for package in Package.objects.order_by("id")
    ]
    assert packed == [
        ("IST-01", 6, ["MUG-CER-01", "OTHER"]),
        ("IST-01", 1, ["MUG-CER-01"]),
        ("IST-02", 3, ["MUG-CER-01"]),
    ]
    assert Event.objects.filter(type="package.created").count() == 3
    assert Event.objects.filter(type="order.created").count() == 1


def test_home_delivery_without_a_store_has_no_package() -> None:
    received = receive(
        order_document(delivery_type="home_delivery", shipping_address={"city": "Berlin", "address_line": "Allee 1"})
    )

    assert received.created
    assert Package.objects.count() == 0
    assert received.order.shipping_address == {"city": "Berlin", "address_line": "Allee 1"}
    assert list(Event.objects.values_list("type", flat=True)) == ["order.created"]
    assert CommandLog.objects.get().attributes["order.id"] == received.order.pk


def test_home_delivery_with_a_store_is_packed_there() -> None:
    make_store()

    receive(order_document(delivery_type="home_delivery"))

    assert Package.objects.get().order.is_click_and_collect is False


@pytest.mark.parametrize("role", [Role.ASSOCIATE, Role.MANAGER])
def test_store_staff_bring_no_orders(role: Role) -> None:
    store = make_store()

    with pytest.raises(Forbidden):
        receive(order_document(), make_actor(role, store))

    assert Order.objects.count() == 0


def test_token_of_one_store_brings_no_order_of_another() -> None:
    store = make_store()
    make_store("IST-02")
    bound = Actor(
        user_id=1,
        name="till",
        role=Role.OPERATOR,
        channel=SYSTEM.channel,
        store_ids=frozenset({store.pk}),
    )

    with pytest.raises(Forbidden):
        receive(order_document(store="IST-02"), bound)
    with pytest.raises(Forbidden):
        receive(order_document(delivery_type="home_delivery", shipping_address={}), bound)
    assert receive(order_document(), bound).created


def test_log_of_an_arrival_holds_no_personal_data() -> None:
    make_store()

    receive(order_document("WEB-1"))

    row = str(CommandLog.objects.values().get())
    assert not [word for word in ("Deniz", "Yılmaz", "0000101", "deniz@") if word in row]


@pytest.mark.django_db(transaction=True)
def test_fifty_identical_orders_at_once_are_one_order() -> None:
    make_store()
    document = order_document("WEB-1")

    outcomes = at_once([lambda: receive(document).created] * 50)

    assert sorted(outcomes, key=str) == [False] * 49 + [True]
    assert counts() == (1, 1, 1, 1, 2, 1)


@pytest.mark.django_db(transaction=True)
def test_different_versions_at_once_are_one_order_amended_one_after_the_other() -> None:
    make_store()
    documents = [order_document("WEB-1", amount=f"{at}.00") for at in range(8)]

    outcomes = at_once([partial(receive, document) for document in documents])

    became = sorted(str(outcome.became) for outcome in outcomes if isinstance(outcome, Received))
    assert became == ["amended"] * 7 + ["placed"]
    assert counts()[:4] == (1, 1, 1, 1)
    assert Event.objects.filter(type="order.updated").count() == 7
    assert CommandLog.objects.filter(note_kind="order_amended").count() == 7


def test_nothing_is_kept_when_the_events_cannot_be_published(monkeypatch: pytest.MonkeyPatch) -> None:
    make_store()

    monkeypatch.setattr("clickcollect.whisperer.outbox.PUBLISH", "SELECT no_such_column")
    with pytest.raises(ProgrammingError):
        receive(order_document())

    assert counts() == (0,) * 6


@pytest.mark.parametrize("days", [1, 2, 3, 6])
def test_an_order_of_a_closed_day_is_due_after_the_opening_and_not_while_closed(days: int) -> None:
    today = timezone.localdate(timezone=ZoneInfo("Europe/Berlin"))
    weekday = WEEKDAYS[(today + timedelta(days=days)).weekday()]
    store = make_store(
        "BER-01", country="DE", currency="EUR", time_zone="Europe/Berlin", store_hours={weekday: [["10:00", "20:00"]]}
    )
    put_setting("PACK_WITHIN_HOURS", value=3, store=store)

    package = Package.objects.get(order=receive(order_document(store="BER-01")).order)

    opening = datetime.combine(today + timedelta(days=days), time(10), tzinfo=ZoneInfo("Europe/Berlin"))
    assert package.due_at == opening + timedelta(hours=3)
