"""An import of 10,000 orders, 500 of them bad: every bad line named once, good ones kept, a second run adds nothing."""

import json
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from clickcollect.omnitron.models import Order
from clickcollect.oms.models import Package
from clickcollect.oms.orders.file_import import import_orders
from tests import shop

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.soak, pytest.mark.timeout(900)]

ORDERS = 10_000
EVERY = 20  # one in so many is bad
SECONDS = 60
LINE: dict[str, Any] = {"sku": "MUG", "name": "Mug", "quantity": 1, "price": "10.00"}
FAULTS: tuple[dict[str, Any], ...] = (
    {"amount": "x"},
    {"currency": "T"},
    {"delivery_type": "pigeon"},
    {"shipping_address": {"retail_store": "NOWHERE"}},
    {"customer": {"first_name": "A", "last_name": "B", "phone_number": "12"}},
    {"order_item": []},
    {"order_item": [LINE | {"quantity": "many"}]},
    {"order_item": [LINE | {"price": -1}]},
    {"date_placed": "yesterday"},
    {"number": ""},
)


def test_ten_thousand_orders_come_in_within_a_minute(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shop.make_store()
    path = tmp_path / "orders.jsonl"
    bad = [line for line in range(1, ORDERS + 1) if line % EVERY == 0]
    with path.open("w", encoding="utf-8") as file:
        for line in range(1, ORDERS + 1):
            fault = FAULTS[line // EVERY % len(FAULTS)] if line % EVERY == 0 else {}
            file.write(json.dumps(shop.order_document(f"BIG-{line}") | fault) + "\n")
    began, used = time.monotonic(), time.process_time()
    report = import_orders(path)
    took, cpu = time.monotonic() - began, time.process_time() - used
    assert [one.line for one in report.bad] == bad
    assert (report.new, report.known) == (ORDERS - len(bad), 0)
    assert Order.objects.count() == Package.objects.count() == ORDERS - len(bad)
    again = import_orders(path)
    assert (again.new, again.known, len(again.bad)) == (0, ORDERS - len(bad), len(bad))
    assert Order.objects.count() == ORDERS - len(bad)
    with capsys.disabled():
        sys.stdout.write(f"\n{ORDERS} orders in {took:.1f} s, {1000 * cpu / ORDERS:.2f} ms of Python each\n")
    assert took < SECONDS
