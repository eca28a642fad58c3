"""Every kind of untidy order in `tests/data/orders/kinds.json` ends alike through each door that could receive it."""

import csv
import io
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from clickcollect.accounts.models import Role
from clickcollect.omnitron.models import Order
from clickcollect.oms import jobs
from clickcollect.oms.orders.file_import import import_orders
from clickcollect.oms.upload_models import OrderUpload
from tests.api.caller import ORDERS, make_caller
from tests.oms.orders.connectors.shopify_shop import SECRET, send
from tests.shop import make_store, make_user

pytestmark = pytest.mark.django_db(transaction=True)
TABLE: dict[str, Any] = json.loads((Path(__file__).parents[2] / "data" / "orders" / "kinds.json").read_text())
COLUMNS = ("order_number", "channel", "store", "first_name", "last_name", "phone", "currency", "amount", "language")
Cells = dict[str, Any]


def orders() -> Iterator[tuple[Cells, Cells]]:
    """Each input with a number of its own, and what is to stand afterwards."""
    for kind, rows in TABLE["kinds"].items():
        for at, row in enumerate(rows, start=1):
            number = f"{kind.replace(' ', '-')}-{at}"[-60:]
            wanted = {name: number if value == "{number}" else value for name, value in row["kept"].items()}
            yield TABLE["tidy"] | row["sent"] | {"number": number, "channel": "Kinds"}, wanted


@pytest.fixture(autouse=True)
def _shop(settings: Any) -> None:
    settings.SHOPIFY_WEBHOOK_SECRET = [SECRET]
    make_store("IST-01", name="Galata", language_code="tr")
    make_store("IST-02", name="Kadıköy", language_code="tr")
    make_store("BER-01", name="Kreuzberg", country="DE", currency="EUR", time_zone="Europe/Berlin")
    make_store("LON-01", name="Camden", country="GB", currency="GBP", time_zone="Europe/London")


def lines_of(cells: Cells, *names: str) -> list[dict[str, Any]]:
    keys = names or ("sku", "name", "quantity", "price")
    return [dict(zip(keys, (*line[:3], line[3] or None), strict=True)) for line in cells["lines"]]


def code_of(cells: Cells) -> str:
    """The ERP code, as doors take it that know no names of locations."""
    return "IST-02" if cells.get("location") else str(cells["store"])


def place_of(cells: Cells) -> str:
    return str(cells.get("location") or cells["store"])


def rest_of(cells: Cells) -> Cells:
    return {
        name: cells[column]
        for name, column in (("currency", "currency"), ("amount", "amount"), ("language_code", "language"))
        if cells[column]
    }


def document(cells: Cells, store: str) -> Cells:
    return {
        "number": cells["number"],
        "channel": cells["channel"],
        "delivery_type": "in_store",
        "customer": {
            "first_name": cells["first_name"],
            "last_name": cells["last_name"],
            "phone_number": cells["phone"],
        },
        "shipping_address": {"address_type": "retail_store", "retail_store": store},
        "order_item": lines_of(cells),
        **rest_of(cells),
    }


def by_api(sent: Sequence[Cells], _folder: Path) -> None:
    caller = make_caller("operator")
    assert {caller.post(ORDERS, document(cells, code_of(cells))).status_code for cells in sent} == {201}


def by_form(sent: Sequence[Cells], _folder: Path) -> None:
    client = Client()
    client.force_login(make_user(Role.OPERATOR))
    for cells in sent:
        typed = {name: cells[name] for name in ("number", "channel", "amount", "currency")}
        typed |= {"language_code": cells["language"], "shipping_address.retail_store": code_of(cells)}
        typed |= {f"customer.{name}": cells[name] for name in ("first_name", "last_name")}
        typed |= {"customer.phone_number": cells["phone"]}
        for at, line in enumerate(lines_of(cells)):
            typed |= {f"order_item.{at}.{name}": value or "" for name, value in line.items()}
        assert client.post("/oms/orders/add/", typed).status_code == 302, cells


def by_channel(sent: Sequence[Cells], _folder: Path) -> None:
    caller = make_caller("operator")
    for cells in sent:
        ours = document(cells, place_of(cells))
        order = {name: value for name, value in ours.items() if name != "order_item"}
        told = {"order": order, "order_item": lines_of(cells, "product", "name", "quantity", "price")}
        assert caller.post("/api/v1/channel/5/create_orders/", told).status_code == 201, cells


def by_shopify(sent: Sequence[Cells], _folder: Path) -> None:
    for at, cells in enumerate(sent):
        told = {
            "id": 9_000 + at,
            "name": f"#{cells['number']}",
            "created_at": "2026-11-20T18:02:11+03:00",
            "currency": cells["currency"] or None,
            "total_price": cells["amount"] or None,
            "customer_locale": cells["language"] or None,
            "customer": {name: cells[name] for name in ("first_name", "last_name", "phone")},
            "shipping_lines": [{"title": place_of(cells), "source": "shopify"}],
            "line_items": [line | {"id": row} for row, line in enumerate(lines_of(cells))],
        }
        assert send(told)[0] == 201, cells


def table_of(sent: Sequence[Cells]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";")
    writer.writerow([*COLUMNS, "sku", "item", "quantity", "price"])
    for cells in sent:
        whole = [cells["number"], cells["channel"], place_of(cells), *(cells[name] for name in COLUMNS[3:])]
        writer.writerows([*whole, *line] for line in cells["lines"])
    return text.getvalue()


def by_csv(sent: Sequence[Cells], folder: Path) -> None:
    path = folder / "orders.csv"
    path.write_text(table_of(sent))
    report = import_orders(path)
    assert (report.new, report.bad) == (len(sent), [])


def by_json_lines(sent: Sequence[Cells], folder: Path) -> None:
    path = folder / "orders.jsonl"
    path.write_text("".join(json.dumps(document(cells, place_of(cells))) + "\n" for cells in sent))
    report = import_orders(path)
    assert (report.new, report.bad) == (len(sent), [])


def by_upload(sent: Sequence[Cells], _folder: Path) -> None:
    client = Client()
    client.force_login(make_user(Role.OPERATOR))
    client.post("/oms/order-files/", {"file": SimpleUploadedFile("orders.csv", table_of(sent).encode("utf-16"))})
    upload = OrderUpload.objects.get()
    chosen = {f"column-{name.replace('_', '')}": name for name in (*COLUMNS, "sku", "item", "quantity", "price")}
    assert client.post(f"/oms/order-files/{upload.pk}/", chosen | {"import": "1"}).status_code == 302
    jobs.import_order_file(upload_id=upload.pk)
    upload.refresh_from_db()
    assert (upload.report["new"], upload.report["bad"]) == (len(sent), [])


def kept(number: str) -> Cells:
    order = Order.objects.select_related("retail_store").get(number=number)
    return {
        "phone": order.phone_number,
        "first_name": order.first_name,
        "last_name": order.last_name,
        "language": order.language_code,
        "currency": order.currency,
        "amount": f"{order.amount:f}",
        "store": order.retail_store.erp_code if order.retail_store else "",
        "lines": [[item.sku, item.quantity, f"{item.price:f}"] for item in order.items.all()],
        "packages": order.packages.count(),
    }


DOORS: list[Callable[[Sequence[Cells], Path], None]] = [
    by_api, by_form, by_channel, by_shopify, by_csv, by_json_lines, by_upload,
]  # fmt: skip


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.__name__)
def test_every_kind_ends_alike(door: Callable[[Sequence[Cells], Path], None], tmp_path: Path) -> None:
    sent = [cells for cells, _wanted in orders()]

    door(sent, tmp_path)

    for cells, wanted in orders():
        store = {"store": code_of(cells), "packages": 1}
        found = kept(cells["number"])
        assert {name: found[name] for name in store | wanted} == store | wanted, cells["number"]


def test_each_kind_has_an_input_of_the_field_and_three_more() -> None:
    assert min(map(len, TABLE["kinds"].values())) >= 4
