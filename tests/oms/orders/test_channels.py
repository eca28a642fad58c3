"""One order of a Shopify shop is one order, whichever two doors bring it, in whatever sequence, secret set or not."""

import json
from collections.abc import Callable, Sequence
from functools import partial
from itertools import count, product
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from clickcollect.accounts.models import Role
from clickcollect.omnitron.models import Order
from clickcollect.omnitron.order_schema import read_order
from clickcollect.oms import jobs
from clickcollect.oms.access import SYSTEM
from clickcollect.oms.models import Package
from clickcollect.oms.orders import channels
from clickcollect.oms.orders.file_import import import_orders
from clickcollect.oms.orders.intake import receive_order
from clickcollect.oms.repair_models import OrderToRepair, RepairState
from clickcollect.oms.upload_models import OrderUpload
from tests.api.caller import ORDERS, Caller, make_caller
from tests.concurrency import at_once
from tests.oms.orders.connectors.shopify_shop import CHANNEL, DOMAIN, SECRET, send
from tests.oms.orders.test_csv import export, export_row
from tests.shop import make_store, make_user

pytestmark = pytest.mark.django_db(transaction=True)

OF_SHOP = [f"{DOMAIN}:{SECRET}"]
OF_ANY = [SECRET]
OF_NONE: list[str] = []
CREATED = "2026-11-17T17:02:50+03:00"
CUSTOMER = {"first_name": "Ana Maria", "last_name": "Silva", "phone_number": "+905320000101"}
LINE = {"sku": "A-1", "name": "Article", "quantity": 1, "price": "10.00"}
KNOWN, UNKNOWN = "Kadıköy", "Pickup at the fair"
Numbers = Sequence[int]
counter = count(5001)


class Doors:
    """A shop with everything that orders can come in by, several at once."""

    def __init__(self, settings: Any, folder: Path) -> None:
        self.settings, self.folder = settings, folder
        self.caller: Caller = make_caller("operator")
        self.client = Client()
        self.client.force_login(make_user(Role.OPERATOR, username="typist"))

    def webhook(self, numbers: Numbers, *, secrets: list[str], domain: str = DOMAIN, location: str = KNOWN) -> None:
        self.settings.SHOPIFY_WEBHOOK_SECRET = secrets
        for number in numbers:
            status, answer = send(webhook_order(number, location), domain=domain)
            assert status in (200, 201, 202), answer

    def file(self, numbers: Numbers, location: str = KNOWN) -> Path:
        path = self.folder / "export.csv"
        path.write_text(export(*(export_row(Name=f"#{one}", **{"Shipping Method": location}) for one in numbers)))
        return path

    def console(self, numbers: Numbers, *, secrets: list[str]) -> None:
        self.settings.SHOPIFY_WEBHOOK_SECRET = secrets
        assert import_orders(self.file(numbers)).bad == []

    def upload(self, numbers: Numbers, *, secrets: list[str], location: str = KNOWN) -> None:
        self.settings.SHOPIFY_WEBHOOK_SECRET = secrets
        content = self.file(numbers, location).read_bytes()
        answer = self.client.post("/oms/order-files/", {"file": SimpleUploadedFile("export.csv", content)})
        proposed = self.client.get(answer["location"]).context["form"]["channel"].value()
        started = self.client.post(answer["location"], {"channel": proposed, "import": "1"})
        assert started.status_code == 302
        jobs.import_order_file(upload_id=OrderUpload.objects.latest("pk").pk)

    def api(self, numbers: Numbers, *, channel: str) -> None:
        for number in numbers:
            answer = self.caller.post(ORDERS, dated(number, channel))
            assert answer.status_code in (200, 201), answer.content

    def json_lines(self, numbers: Numbers, *, channel: str) -> None:
        path = self.folder / "orders.jsonl"
        path.write_text("".join(json.dumps(dated(number, channel)) + "\n" for number in numbers))
        assert import_orders(path).bad == []

    def hand(self, numbers: Numbers, *, channel: str) -> None:
        """The form asks for no time."""
        typed = {"channel": channel, "shipping_address.retail_store": "IST-02"}
        typed |= {f"customer.{name}": value for name, value in CUSTOMER.items()}
        typed |= {f"order_item.0.{name}": str(value) for name, value in LINE.items()}
        for number in numbers:
            answer = self.client.post("/oms/orders/add/", typed | {"number": str(number)})
            assert answer.status_code == 302, answer.context["form"].faults


def webhook_order(number: int, location: str = KNOWN) -> dict[str, Any]:
    return {
        "id": 70_000 + number,
        "name": f"#{number}",
        "created_at": CREATED,
        "currency": "TRY",
        "total_price": "10.00",
        "customer": {"first_name": "Ana Maria", "last_name": "Silva", "phone": "+905320000101"},
        "shipping_lines": [{"title": location, "source": "shopify"}],
        "line_items": [{"id": 1, **LINE}],
    }


def document(number: int, *, channel: str) -> dict[str, Any]:
    return {
        "number": str(number),
        "channel": channel,
        "delivery_type": "in_store",
        "customer": CUSTOMER,
        "shipping_address": {"address_type": "retail_store", "retail_store": "IST-02"},
        "order_item": [LINE],
    }


Door = Callable[[Doors, Numbers], None]
DOORS: dict[str, Door] = {
    "webhook of a shop": lambda doors, told: doors.webhook(told, secrets=OF_SHOP),
    "webhook without a domain": lambda doors, told: doors.webhook(told, secrets=OF_ANY, domain=""),
    "console without a secret": lambda doors, told: doors.console(told, secrets=OF_NONE),
    "console with it": lambda doors, told: doors.console(told, secrets=OF_SHOP),
    "OMS WEB without a secret": lambda doors, told: doors.upload(told, secrets=OF_NONE),
    "OMS WEB with it": lambda doors, told: doors.upload(told, secrets=OF_SHOP),
    "API": lambda doors, told: doors.api(told, channel=channels.UNNAMED_SHOP),
    "by hand": lambda doors, told: doors.hand(told, channel=channels.UNNAMED_SHOP),
}
OTHER_DOORS: dict[str, Door] = {
    "webhook, secret of any shop": lambda doors, told: doors.webhook(told, secrets=OF_ANY),
    "API, the shop named": lambda doors, told: doors.api(told, channel=CHANNEL),
    "JSON Lines": lambda doors, told: doors.json_lines(told, channel=channels.UNNAMED_SHOP),
    "by hand, the shop named": lambda doors, told: doors.hand(told, channel=CHANNEL),
}
UNREADABLE: dict[str, Door] = {
    "webhook": lambda doors, told: doors.webhook(told, secrets=OF_SHOP, location=UNKNOWN),
    "OMS WEB without a secret": lambda doors, told: doors.upload(told, secrets=OF_NONE, location=UNKNOWN),
    "OMS WEB with it": lambda doors, told: doors.upload(told, secrets=OF_SHOP, location=UNKNOWN),
}


@pytest.fixture
def doors(settings: Any, tmp_path: Path) -> Doors:
    make_store("IST-02", name="Kadıköy", language_code="tr")
    return Doors(settings, tmp_path)


def standing(number: int) -> list[str]:
    return list(Order.objects.filter(number=str(number)).values_list("channel", flat=True))


def waiting(number: int) -> list[str]:
    rows = OrderToRepair.objects.filter(state=RepairState.WAITING, reference=str(number))
    return list(rows.values_list("channel", flat=True))


def by_pairs(doors: Doors, ways: dict[str, Door]) -> dict[int, tuple[str, str]]:
    """An order for each pair of doors, brought by the one and then by the other; their numbers."""
    pairs = {next(counter): pair for pair in product(ways, ways)}
    for place in (0, 1):
        for name, door in ways.items():
            door(doors, [number for number, pair in pairs.items() if pair[place] == name])
    return pairs


@pytest.mark.parametrize("ways", [DOORS, pytest.param(DOORS | OTHER_DOORS, marks=pytest.mark.soak)], ids=len)
def test_by_any_two_doors_it_is_one_order(ways: dict[str, Door], doors: Doors) -> None:
    for number, pair in by_pairs(doors, ways).items():
        assert len(standing(number)) == 1, (pair, standing(number))
        assert Package.objects.filter(order__number=str(number)).count() == 1
        assert waiting(number) == [], pair


def test_what_no_door_can_place_waits_once_and_arrives_by_any(doors: Doors) -> None:
    pairs = by_pairs(doors, UNREADABLE)
    assert {pair: len(waiting(number)) for number, pair in pairs.items()} == dict.fromkeys(pairs.values(), 1)

    named = {number: waiting(number) for number in pairs}
    for number, door in zip(pairs, DOORS.values(), strict=False):
        door(doors, [number])
        assert (standing(number), waiting(number)) == (named[number], [])


@pytest.mark.parametrize("first", [CHANNEL, channels.UNNAMED_SHOP])
def test_by_two_doors_at_the_same_moment_it_is_one_order(first: str, doors: Doors) -> None:
    """The database has no rule for it: without the lock both would find nothing and place it."""
    for _round in range(5):
        number = next(counter)
        orders = [read_order(dated(number, channel)) for channel in (first, CHANNEL, channels.UNNAMED_SHOP)]
        found = at_once([partial(receive_order, order=order, actor=SYSTEM) for order in orders])
        assert len(standing(number)) == 1, found


def dated(number: int, channel: str) -> dict[str, Any]:
    return document(number, channel=channel) | {"date_placed": CREATED}


OTHER = {"first_name": "Ben", "last_name": "Kaya", "phone_number": "+905320000202"}


@pytest.mark.parametrize(
    ("sent", "again"),
    [
        pytest.param({"channel": CHANNEL}, {"channel": "shopify:moda.myshopify.com"}, id="two shops"),
        pytest.param({}, {"channel": CHANNEL, "date_placed": "2026-11-18T09:00:00Z"}, id="another time"),
        pytest.param({"date_placed": None}, {"channel": CHANNEL, "customer": OTHER}, id="no time, another customer"),
        pytest.param({}, {"channel": "Shop"}, id="another channel"),
        pytest.param({"channel": "Shopify 2"}, {"channel": CHANNEL}, id="a channel that only begins alike"),
    ],
)
def test_what_is_another_order_stays_one(sent: dict[str, Any], again: dict[str, Any]) -> None:
    make_store("IST-02", name="Kadıköy")
    for one in (sent, again):
        told = dated(4001, channels.UNNAMED_SHOP) | one
        received = receive_order(order=read_order({k: v for k, v in told.items() if v}), actor=SYSTEM)
        assert received.created
    assert len(standing(4001)) == 2


def test_a_shop_that_has_an_order_twice_from_before_keeps_both_as_they_are(doors: Doors) -> None:
    """Earlier versions made two of them: each door finds its own again, and makes no third."""
    doors.api([4002], channel=channels.UNNAMED_SHOP)
    Order.objects.update(number="old")
    doors.api([4002], channel=CHANNEL)
    Order.objects.filter(number="old").update(number="4002")
    before = sorted(standing(4002))

    for door in DOORS.values():
        door(doors, [4002])

    assert sorted(standing(4002)) == before == sorted([channels.UNNAMED_SHOP, CHANNEL])


def test_news_of_a_shop_reaches_the_order_that_another_door_brought(doors: Doors) -> None:
    doors.hand([4003], channel=channels.UNNAMED_SHOP)
    doors.webhook([4003], secrets=OF_SHOP)

    send(webhook_order(4003) | {"cancelled_at": "2026-11-18T09:00:00Z"}, topic="orders/cancelled")

    assert [order.is_being_cancelled for order in Order.objects.all()] == [True]


def test_two_shops_have_the_same_number_at_the_same_moment(doors: Doors) -> None:
    """An export that names no shop is not guessed between them."""
    named: Sequence[str] = (CHANNEL, "shopify:moda.myshopify.com")
    for channel in named:
        doors.api([4004], channel=channel)

    doors.console([4004], secrets=OF_NONE)

    assert sorted(standing(4004)) == sorted([*named, channels.UNNAMED_SHOP])
