"""The same untidy order through every door, API, form, file, channel call, Shopify: the same tidy order in each."""

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from clickcollect.accounts.models import Role
from clickcollect.omnitron.models import Order
from clickcollect.oms.orders.file_import import import_orders
from tests.api.caller import ORDERS, Caller, make_caller
from tests.oms.orders.connectors.payloads import channel_order, shopify_order
from tests.oms.orders.connectors.shopify_shop import SECRET, send
from tests.shop import make_store, make_user

pytestmark = pytest.mark.django_db(transaction=True)
NAME = "Mu\u0308ller\u200b"
PLACE = {"address_type": "retail_store", "retail_store": "KADIKÖY"}
LINES = [
    {"sku": "A-1", "name": "Cup\u00ad", "quantity": "2.0000", "price": "16.6666666"},
    {"sku": "gone", "name": "", "quantity": "0", "price": "1"},
]


@pytest.fixture(autouse=True)
def _shop(settings: Any) -> None:
    settings.SHOPIFY_WEBHOOK_SECRET = [SECRET]
    make_store("IST-02", name="Kadıköy", language_code="tr")


def document(number: str, store: str = "IST-02") -> dict[str, Any]:
    return {
        "number": number,
        "channel": "Door\u200b",
        "language_code": "xx-YY",
        "delivery_type": "in_store",
        "customer": {"first_name": "", "last_name": NAME, "phone_number": "0532 000 01 01"},
        "shipping_address": {"address_type": "retail_store", "retail_store": store},
        "order_item": LINES,
    }


def by_api(_folder: Path) -> None:
    caller: Caller = make_caller("operator")
    assert [caller.post(ORDERS, document("1001")).status_code for _time in range(2)] == [201, 200]


def by_form(_folder: Path) -> None:
    client = Client()
    client.force_login(make_user(Role.OPERATOR))
    typed = {
        "number": "1001",
        "channel": "Door",
        "shipping_address.retail_store": "IST-02",
        "customer.last_name": NAME,
        "customer.phone_number": "0532 000 01 01",
    }
    for at, line in enumerate(LINES):
        typed |= {f"order_item.{at}.{name}": value for name, value in line.items()}
    assert [client.post("/oms/orders/add/", typed).status_code for _time in range(2)] == [302, 302]


def by_json_lines(folder: Path) -> None:
    path = folder / "orders.jsonl"
    path.write_text(json.dumps(document("1001", store="KADIKÖY")) + "\n")
    assert [import_orders(path).new for _time in range(2)] == [1, 0]


def by_csv(folder: Path) -> None:
    path = folder / "orders.csv"
    rows = [";".join(("1001", "Door", "KADIKÖY", NAME, "0532 000 01 01", *line.values())) for line in LINES]
    path.write_text("\n".join(["Order No;Channel;Store;Surname;Phone;SKU;Item;Qty;Price", *rows, ""]))
    assert [import_orders(path).new for _time in range(2)] == [1, 0]


def by_channel(_folder: Path) -> None:
    caller = make_caller("operator")
    sent = channel_order(PLACE)
    sent["order"] |= {
        "number": "1001",
        "language_code": "xx-YY",
        "amount": None,
        "customer": {"first_name": None, "last_name": NAME, "phone_number": "0532 000 01 01"},
    }
    sent["order_item"] = [
        {"product": line["sku"], "name": line["name"], "quantity": line["quantity"], "price": line["price"]}
        for line in LINES
    ]
    answers = [caller.post("/api/v1/channel/5/create_orders/", sent) for _time in range(2)]
    assert [answer.status_code for answer in answers] == [201, 200], answers[0].content


def by_shopify(_folder: Path) -> None:
    sent = shopify_order(
        name="#1001",
        customer_locale="xx-YY",
        total_price=None,
        customer={"first_name": None, "last_name": NAME, "phone": "0532 000 01 01"},
        billing_address={"first_name": None, "last_name": NAME, "country_code": "TR"},
        shipping_lines=[{"title": "KADIKÖY", "source": "shopify"}],
        line_items=[
            {"id": at, **line, "requires_shipping": True, "current_quantity": line["quantity"]}
            for at, line in enumerate(LINES)
        ],
    )
    assert [send(sent)[0] for _time in range(2)] == [201, 200]


@pytest.mark.parametrize(
    "door", [by_api, by_form, by_json_lines, by_csv, by_channel, by_shopify], ids=lambda door: door.__name__
)
def test_untidy_order_is_the_same_tidy_one_through_every_door(door: Callable[[Path], None], tmp_path: Path) -> None:
    door(tmp_path)

    order = Order.objects.get()
    item = order.items.get()
    assert (order.number, order.first_name, order.last_name) == ("1001", "", "Müller")
    assert (order.phone_number, order.language_code, order.currency) == ("+905320000101", "tr", "TRY")
    assert (item.sku, item.name, item.quantity, item.price) == ("A-1", "Cup", 2, Decimal("16.67"))
    assert order.amount == Decimal("33.33")
    assert order.retail_store is not None
    assert order.retail_store.erp_code == "IST-02"
    assert order.packages.count() == 1
