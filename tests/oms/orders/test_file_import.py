"""An import keeps the good orders, names every bad line with every fault, and adds nothing when it runs again."""

import json
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from clickcollect.errors import ValidationFailed
from clickcollect.omnitron.models import Order, OrderItem
from clickcollect.oms.models import Package
from clickcollect.oms.orders.file_import import ImportReport, import_orders
from tests.shop import make_store, order_document

pytestmark = pytest.mark.django_db
DATA = Path(__file__).parents[2] / "data"
HEADER = "order_number;channel;store;first_name;last_name;phone;sku;item;quantity;price\n"
ROW = "C-1;Webshop;BER-01;Mia;Müller;01713920091;A;Cup;2;1,50\n"


@pytest.fixture(autouse=True)
def _stores() -> None:
    make_demo_stores()


def make_demo_stores() -> None:
    make_store("IST-01")
    make_store("IST-02")
    make_store("BER-01", country="DE", currency="EUR", language_code="de", time_zone="Europe/Berlin")
    make_store("LON-01", country="GB", currency="GBP", time_zone="Europe/London")


def written(folder: Path, content: str | bytes, name: str = "orders.jsonl") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def lines(*documents: Any) -> str:
    return "".join(json.dumps(document) + "\n" for document in documents)


def summary(report: ImportReport) -> tuple[int, int, list[int]]:
    return report.new, report.known, [bad.line for bad in report.bad]


def faults(report: ImportReport) -> dict[int, list[str]]:
    return {bad.line: [fault["loc"] for fault in bad.faults] for bad in report.bad}


def refusal(path: Path) -> str:
    with pytest.raises(ValidationFailed) as refused:
        import_orders(path)
    (fault,) = refused.value.errors
    assert fault["loc"] == "file"
    return fault["msg"]


@pytest.mark.slow
def test_all_300_orders_of_the_json_lines_come_in_once() -> None:
    assert summary(import_orders(DATA / "orders.jsonl")) == (300, 0, [])
    assert (Order.objects.count(), Package.objects.count()) == (300, 300)

    assert summary(import_orders(DATA / "orders.jsonl")) == (0, 300, [])
    assert (Order.objects.count(), Package.objects.count()) == (300, 300)


def test_all_60_orders_of_the_spreadsheet_come_in_once() -> None:
    assert summary(import_orders(DATA / "orders.csv")) == (60, 0, [])
    assert (Order.objects.count(), OrderItem.objects.count()) == (60, 113)

    assert summary(import_orders(DATA / "orders.csv")) == (0, 60, [])
    assert Package.objects.count() == 60


def test_spreadsheet_orders_are_read_as_people_mean_them() -> None:
    import_orders(DATA / "orders.csv")

    order = Order.objects.get(number="WEBC-100000")
    german = Order.objects.get(number="WEBC-100005")
    assert (order.first_name, order.last_name, order.language_code) == ("Éloïse", "d'Aubigné", "fr")
    assert (order.delivery_type, order.currency, order.amount) == ("in_store", "EUR", Decimal("684.15"))
    assert [item.quantity for item in order.items.all()] == [1, 1, 2, 2, 1]
    assert order.packages.get().stock_location.erp_code == "BER-01"
    assert german.phone_number == "+491713920019"


def test_dirty_file_keeps_good_lines_and_names_every_fault_of_the_bad_ones() -> None:
    report = import_orders(DATA / "orders-dirty.jsonl")

    assert (report.new, report.known) == (3, 0)
    assert faults(report) == {
        2: ["customer.phone_number"],
        3: ["shipping_address.retail_store"],
        4: ["line"],
        5: ["order_item"],
        6: ["order_item.0.quantity"],
        7: ["delivery_type"],
        8: ["line"],
        9: ["customer"],
        10: ["order_item.0.price"],
        11: ["number"],
        12: ["date_placed"],
        15: ["number"],
    }
    assert set(Order.objects.values_list("number", flat=True)) == {"WEBX-0", "WEBX-10", "WEBX-11"}


def test_dirty_file_adds_nothing_the_second_time() -> None:
    first = import_orders(DATA / "orders-dirty.jsonl")

    again = import_orders(DATA / "orders-dirty.jsonl")

    assert (again.new, again.known) == (0, 3)
    assert faults(again) == faults(first)
    assert Order.objects.count() == 3


def test_empty_lines_at_the_end_are_no_fault(tmp_path: Path) -> None:
    content = "\ufeff" + lines(order_document("A")) + "\n" + lines(order_document("B")) + "\n  \n\n"

    assert summary(import_orders(written(tmp_path, content))) == (2, 0, [2])


def test_order_of_another_day_under_the_same_number_is_named_with_what_differs(tmp_path: Path) -> None:
    other = order_document("A", date_placed="2026-11-18T17:02:56Z")

    report = import_orders(written(tmp_path, lines(order_document("A"), other, order_document("A"))))

    assert summary(report) == (1, 1, [2])
    assert faults(report) == {2: ["date_placed"]}
    assert report.bad[0].number == "A"


def test_changed_order_is_amended_and_its_old_version_changes_nothing_back(tmp_path: Path) -> None:
    changed = order_document("A", amount="1.00")
    import_orders(written(tmp_path, lines(order_document("A"))))

    report = import_orders(written(tmp_path, lines(changed)))
    again = import_orders(written(tmp_path, lines(order_document("A"), changed)))

    assert (report.amended, report.bad) == (1, [])
    assert (again.amended, again.known) == (0, 1)
    assert faults(again) == {1: ["amount"]}
    assert str(Order.objects.get().amount) == "1.00"


def test_same_number_in_another_channel_needs_its_own_file(tmp_path: Path) -> None:
    first, second = order_document("A"), order_document("A", channel="Marketplace")

    assert faults(import_orders(written(tmp_path, lines(first, second)))) == {2: ["number"]}
    assert summary(import_orders(written(tmp_path, lines(second), "second.jsonl"))) == (1, 0, [])


@pytest.mark.parametrize(
    "bad",
    [
        b"[1, 2]",
        b"7",
        b'"order"',
        b"{",
        b"\xff\xfe",
        b'{"number": "\xe9"}',
        b"[" * 100_000,
        b'{"number": ' + b"9" * 5000 + b"}",
        b'{"number": "A\\ud800"}',
        b"null",
        b"NaN",
        b"\x00",
        b"{}",
    ],
)
def test_garbage_line_is_named_and_the_next_one_kept(tmp_path: Path, bad: bytes) -> None:
    content = lines(order_document("A")).encode() + bad + b"\n" + lines(order_document("B")).encode()
    padding = b" " * 70_000  # NUL far from the beginning, so that the file counts as text
    path = written(tmp_path, padding + content if bad == b"\x00" else content)

    assert summary(import_orders(path)) == (2, 0, [2])


def test_line_over_one_mebibyte_is_named_and_skipped(tmp_path: Path) -> None:
    huge = '{"number": "' + "x" * 3_000_000 + '"}\n'
    content = lines(order_document("A")) + huge + lines(order_document("B"))

    report = import_orders(written(tmp_path, content))

    assert summary(report) == (2, 0, [2])
    assert "1 MiB" in report.bad[0].faults[0]["msg"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf \n", "empty"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "not a text file"),
        ("Nummer;Händler\n".encode("utf-16"), "Missing: order_number"),
        ("Bestellnummer;Händler\n".encode("cp1252"), "UTF-8"),
        (b"a;b\n1;2\n", "Missing: order_number, channel, phone, sku, item, quantity."),
    ],
)
def test_file_that_holds_no_orders_is_refused_in_a_sentence(tmp_path: Path, content: bytes, words: str) -> None:
    assert words in refusal(written(tmp_path, content, "orders.csv"))
    assert Order.objects.count() == 0


def test_file_that_is_not_there_is_refused_in_a_sentence(tmp_path: Path) -> None:
    assert "No such file" in refusal(tmp_path / "nowhere.jsonl")
    assert "not a file" in refusal(tmp_path)
    assert refusal(Path("a\0b"))


@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_columns_may_be_parted_by_semicolon_comma_or_tab(tmp_path: Path, delimiter: str, newline: str) -> None:
    content = (HEADER + ROW.replace("1,50", "1.50")).replace(";", delimiter).replace("\n", newline)

    assert summary(import_orders(written(tmp_path, content, "orders.csv"))) == (1, 0, [])
    assert Order.objects.get().amount == Decimal("3.00")


def test_columns_may_stand_in_any_order_and_empty_rows_are_skipped(tmp_path: Path) -> None:
    content = (
        "sep=;\nquantity;Item;SKU;phone;last_name;first_name;store;channel;ORDER_NUMBER;note\n"
        "2;Cup;A;01713920091;;Mia;BER-01;Webshop;C-1;gift\n;;;;;;;;;\n\n"
    )

    assert summary(import_orders(written(tmp_path, content, "orders.csv"))) == (1, 0, [])


def test_rows_of_an_order_need_not_stand_together(tmp_path: Path) -> None:
    content = HEADER + ROW + ROW.replace("C-1", "C-2") + ROW.replace(";A;", ";B;")

    assert summary(import_orders(written(tmp_path, content, "orders.csv"))) == (2, 0, [])
    assert [item.sku for item in Order.objects.get(number="C-1").items.all()] == ["A", "B"]


def test_spreadsheet_faults_are_named_on_their_own_rows(tmp_path: Path) -> None:
    rows = [
        ROW.replace("01713920091", "12"),
        ROW.replace("01713920091", "12").replace(";2;", ";two;"),
        ROW.replace("C-1", "C-2").replace("Webshop", ""),
        ROW.replace("C-1", "C-2"),
        ROW.replace("C-1", "C-2").replace("Mia", "Lea"),
        ROW.replace("C-1", "C-3").replace("1,50", "1.234"),
        ROW.replace("C-1", "C-4").replace("1,50", "1,50;extra"),
        ROW.replace("C-1", ""),
        ROW.replace("C-1", "C-5"),
    ]

    report = import_orders(written(tmp_path, HEADER + "".join(rows), "orders.csv"))

    assert faults(report) == {
        2: ["customer.phone_number"],
        3: ["order_item.1.quantity"],
        6: ["customer.first_name"],
        7: ["order_item.0.price"],
        8: ["line"],
        9: ["number"],
    }
    assert list(Order.objects.values_list("number", flat=True)) == ["C-5"]


def test_wrong_encoding_is_named_row_by_row(tmp_path: Path) -> None:
    content = (HEADER + ROW).encode("cp1252") + ROW.replace("C-1", "C-2").replace("ü", "u").encode()

    report = import_orders(written(tmp_path, content, "orders.csv"))

    assert summary(report) == (1, 0, [2])
    assert "UTF-8" in report.bad[0].faults[0]["msg"]


def test_quotation_mark_that_is_not_closed_is_named(tmp_path: Path) -> None:
    content = HEADER + ROW + '"' + ROW * 3000

    report = import_orders(written(tmp_path, content, "orders.csv"))

    assert report.new == 0 or report.bad
    assert report.bad


def test_progress_goes_to_the_end_of_the_file() -> None:
    seen: list[tuple[int, int]] = []

    import_orders(DATA / "orders-dirty.jsonl", on_progress=lambda done, total: seen.append((done, total)))

    size = (DATA / "orders-dirty.jsonl").stat().st_size
    assert seen[-1] == (size, size)
    assert seen == sorted(seen)


class AnyFileIsReadOrRefused(TestCase):
    @settings(max_examples=100, deadline=None)
    @given(st.binary(), st.sampled_from(["a.jsonl", "a.csv", "a"]), st.booleans())
    def test_garbage_never_breaks_an_import(self, content: bytes, name: str, with_header: bool) -> None:  # noqa: FBT001
        make_demo_stores()
        folder = Path(self.enterContext(TemporaryDirectory()))
        path = written(folder, (HEADER + ROW).encode() + content if with_header else content, name)
        try:
            report = import_orders(path)
        except ValidationFailed as refused:
            assert refused.errors[0]["loc"] == "file"  # noqa: PT017
        else:
            assert all(bad.faults for bad in report.bad)


def test_phones_that_a_spreadsheet_has_changed_are_read_right() -> None:
    reports = [import_orders(path) for path in sorted((DATA / "phones").glob("csv-*.csv"))]

    assert [summary(report) for report in reports] == [(1, 0, [])] * 3
    assert dict(Order.objects.values_list("number", "phone_number")) == {
        "CSV-1001": "+491701234567",
        "CSV-1002": "+905320000101",
        "CSV-1003": "+905320000101",
    }


def test_country_of_the_line_comes_before_the_stores(tmp_path: Path) -> None:
    header = HEADER.replace("phone;", "phone;country;phone_country;")
    rows = [
        "C-1;Webshop;IST-01;Mia;Müller;212 555 7777;US;;A;Cup;1;1",
        "C-2;Webshop;IST-01;Mia;Müller;0170 1234567;US;DE;A;Cup;1;1",
        "C-3;Webshop;IST-01;Mia;Müller;0532 123 45 67;;;A;Cup;1;1",
        "C-4;Webshop;IST-01;Mia;Müller;532 123 45 67;US;;A;Cup;1;1",
        "C-5;Webshop;IST-01;Mia;Müller;0212 555 01 00;;;A;Cup;0;1",
    ]

    report = import_orders(written(tmp_path, header + "\n".join(rows), "orders.csv"))

    assert dict(Order.objects.values_list("number", "phone_number")) == {
        "C-1": "+12125557777",
        "C-2": "+491701234567",
        "C-3": "+905321234567",
    }
    assert faults(report) == {
        5: ["customer.phone_number"],
        6: ["order_item.0.quantity", "customer.phone_number"],
    }
    assert "+1 532-123-4567 or +90 532 123 45 67" in report.bad[0].faults[0]["msg"]
