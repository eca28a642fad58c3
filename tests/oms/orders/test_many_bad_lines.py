"""An import with bad lines of every kind: each named once, the good ones kept, a second run adds nothing."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from clickcollect.omnitron.models import Order
from clickcollect.oms.models import OrderToRepair
from clickcollect.oms.orders.file_import import ImportReport, import_orders
from tests.shop import make_store

pytestmark = pytest.mark.django_db(transaction=True)
COLUMNS = (
    "order_number", "channel", "date_placed", "store", "first_name", "last_name", "email", "phone", "country", "sku",
    "item", "quantity", "price", "amount", "currency", "delivery_type", "image_url", "item_store", "parcel",
)  # fmt: skip

# What can be wrong with a line, and where the import finds it.
BAD: dict[str, tuple[dict[str, str], str]] = {
    "no phone": ({"phone": ""}, "customer.phone_number"),
    "short phone": ({"phone": "12"}, "customer.phone_number"),
    "land line": ({"phone": "0212 555 01 00"}, "customer.phone_number"),
    "no such range": ({"phone": "+90 999 123 45 67"}, "customer.phone_number"),
    "shortened phone": ({"phone": "9,05532E+11"}, "customer.phone_number"),
    "letters for a phone": ({"phone": "1-800-FLOWERS"}, "customer.phone_number"),
    "country of the phone": ({"phone": "0532 123 45 67", "country": "Narnia"}, "customer.phone_number"),
    "no store": ({"store": ""}, "shipping_address.retail_store"),
    "unknown store": ({"store": "Moda"}, "shipping_address.retail_store"),
    "closed store": ({"store": "OLD-01"}, "shipping_address.retail_store"),
    "store without collection": ({"store": "DEPOT-1"}, "shipping_address.retail_store"),
    "unknown store of an item": ({"item_store": "Moda"}, "order_item.0.retail_store"),
    "number made decimal": ({"order_number": "{at}.0"}, "number"),
    "number made a power": ({"order_number": "1.{at}E+09"}, "number"),
    "number too long": ({"order_number": "{at}" + "9" * 64}, "number"),
    "no channel": ({"channel": ""}, "channel"),
    "channel too long": ({"channel": "x" * 65}, "channel"),
    "no SKU": ({"sku": ""}, "order_item.0.sku"),
    "SKU too long": ({"sku": "x" * 65}, "order_item.0.sku"),
    "no item": ({"item": ""}, "order_item.0.name"),
    "item too long": ({"item": "x" * 256}, "order_item.0.name"),
    "name too long": ({"first_name": "x" * 151}, "customer.first_name"),
    "no quantity": ({"quantity": ""}, "order_item.0.quantity"),
    "quantity zero": ({"quantity": "0"}, "order_item.0.quantity"),
    "quantity in words": ({"quantity": "two"}, "order_item.0.quantity"),
    "part of a piece": ({"quantity": "1,5"}, "order_item.0.quantity"),
    "a thousand or one": ({"quantity": "1.000"}, "order_item.0.quantity"),
    "negative price": ({"price": "-3"}, "order_item.0.price"),
    "price in words": ({"price": "free"}, "order_item.0.price"),
    "price that may be thousands": ({"price": "1.234"}, "order_item.0.price"),
    "amount with places": ({"amount": "1,2345"}, "amount"),
    "date": ({"date_placed": "yesterday"}, "date_placed"),
    "date far away": ({"date_placed": "1900-01-01"}, "date_placed"),
    "currency": ({"currency": "LIRA"}, "currency"),
    "e-mail": ({"email": "nobody"}, "customer.email"),
    "delivery type": ({"delivery_type": "drone"}, "delivery_type"),
    "picture": ({"image_url": "javascript:alert(1)"}, "order_item.0.image_url"),
    "parcel": ({"parcel": "99"}, "order_item.0.parcel"),
    "control characters": ({"item": "a\x1bb"}, "order_item.0.name"),
    "more cells": ({"parcel": "1;extra"}, "line"),
}


@pytest.fixture(autouse=True)
def _stores() -> None:
    make_store("IST-01", name="Galata")
    make_store("OLD-01", is_active=False)
    make_store("DEPOT-1", click_and_collect=False)


def good_row(at: int) -> dict[str, str]:
    return dict.fromkeys(COLUMNS, "") | {
        "order_number": f"F-{at}",
        "channel": "Fair",
        "store": ("IST-01", "Galata", "GALATA")[at % 3],
        "first_name": "Mina",
        "last_name": "Yıldız",
        "phone": f"0532 {at // 10000:03} {at // 100 % 100:02} {at % 100:02}",
        "sku": f"A-{at % 50}",
        "item": "Article",
        "quantity": ("1", "2.0", "3,00")[at % 3],
        "price": ("10,00", "29.90", "1.250,00")[at % 3],
    }


def rows(*, orders: int, bad: int) -> Iterator[tuple[dict[str, str], str]]:
    """Rows of a file, the bad ones spread over it, with the place that the import has to name."""
    kinds = list(BAD.values())
    every = orders // bad
    for at in range(orders):
        if at % every == every - 1 and at // every < bad:
            change, place = kinds[at // every % len(kinds)]
            yield good_row(at) | {name: value.replace("{at}", str(at)) for name, value in change.items()}, place
        else:
            yield good_row(at), ""


def written(path: Path, *, orders: int, bad: int) -> dict[int, str]:
    """Write the file; the bad lines and their places."""
    wanted: dict[int, str] = {}
    with path.open("w", encoding="utf-8") as file:
        file.write(";".join(COLUMNS) + "\n")
        for line, (cells, place) in enumerate(rows(orders=orders, bad=bad), start=2):
            file.write(";".join(cells.values()) + "\n")
            if place:
                wanted[line] = place
    return wanted


def named(report: ImportReport) -> dict[int, list[str]]:
    return {bad.line: [fault["loc"] for fault in bad.faults] for bad in report.bad}


@pytest.mark.parametrize(
    ("orders", "bad"), [(240, 80), pytest.param(10_000, 500, marks=[pytest.mark.soak, pytest.mark.timeout(3600)])]
)
def test_every_bad_line_is_named_once_and_a_second_run_adds_nothing(tmp_path: Path, orders: int, bad: int) -> None:
    path = tmp_path / "orders.csv"
    wanted = written(path, orders=orders, bad=bad)
    began = time.monotonic()

    first = import_orders(path)
    print(json.dumps({"orders": orders, "bad": bad, "seconds": round(time.monotonic() - began, 1)}))  # noqa: T201
    second = import_orders(path)

    assert len(wanted) == bad
    assert len(first.bad) == bad, "each once"
    assert named(first) == {line: [place] for line, place in wanted.items()}
    assert (first.orders, first.new, first.not_taken) == (orders, orders - bad, bad)
    assert (first.known, first.amended, first.ignored) == (0, 0, 0)
    assert (second.orders, second.new, second.known, second.amended) == (orders, 0, orders - bad, 0)
    assert named(second) == named(first)
    assert Order.objects.count() == orders - bad
    assert not OrderToRepair.objects.exists()


def test_orders_in_are_orders_placed_and_to_repair(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    wanted = written(path, orders=160, bad=80)

    report = import_orders(path, keeps_for_repair=True)

    assert (report.orders, report.new, report.to_repair, len(wanted)) == (160, 80, 80, 80)
    assert OrderToRepair.objects.count() == len({bad.repair_id for bad in report.bad}) == 80
    import_orders(path, keeps_for_repair=True)
    assert OrderToRepair.objects.count() == 80


def test_there_are_thirty_kinds_and_more() -> None:
    assert len(BAD) >= 30
