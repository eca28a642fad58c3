"""OMS WEB, order files: looked at, columns chosen and remembered, imported by the worker, and what was not taken."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from clickcollect.accounts.models import Role
from clickcollect.errors import StateConflict
from clickcollect.omnitron.models import Order
from clickcollect.oms import jobs
from clickcollect.oms.models import FileShape, OrderToRepair, OrderUpload, Package
from clickcollect.oms.orders import uploads
from clickcollect.oms.orders.repair import discard_order
from clickcollect.oms.orders.repaired import send_on
from clickcollect.oms.upload_models import UploadState
from clickcollect.wire_format import utc
from tests.shop import make_actor, make_store, make_user

pytestmark = pytest.mark.django_db(transaction=True)
FILES = "/oms/order-files/"
HEADER = "order_number;channel;store;first_name;last_name;phone;sku;item;quantity;price"
ROW = "C-1;Shop;Galata;Mina;Yıldız;+905320000101;A-1;Article;1;10,00"


@pytest.fixture
def operator(client: Client) -> Client:
    make_store("IST-01", name="Galata")
    client.force_login(make_user(Role.OPERATOR))
    return client


def hand_over(client: Client, *rows: str, header: str = HEADER, name: str = "orders.csv") -> OrderUpload:
    file = SimpleUploadedFile(name, "\n".join([header, *rows, ""]).encode())
    answer = client.post(FILES, {"file": file})
    assert answer.status_code == 302, answer.content.decode()
    return OrderUpload.objects.get(pk=int(answer.headers["Location"].rstrip("/").split("/")[-1]))


def page(client: Client, upload: OrderUpload) -> str:
    return client.get(f"{FILES}{upload.pk}/").content.decode()


def send(client: Client, upload: OrderUpload, **fields: str) -> Any:
    return client.post(f"{FILES}{upload.pk}/", {name.replace("__", "-"): value for name, value in fields.items()})


def run_worker(upload: OrderUpload) -> OrderUpload:
    jobs.import_order_file(upload_id=upload.pk)
    upload.refresh_from_db()
    return upload


def guessed(upload: OrderUpload) -> dict[str, str]:
    found = uploads.preview(upload)
    return {f"column-{column.key}": column.chosen for column in found.columns}


def imported(client: Client, upload: OrderUpload, **fields: str) -> OrderUpload:
    answer = client.post(f"{FILES}{upload.pk}/", guessed(upload) | fields | {"import": "1"})
    assert answer.status_code == 302, answer.content.decode()
    return run_worker(upload)


def test_file_is_looked_at_before_anything_is_imported(operator: Client) -> None:
    upload = hand_over(operator, ROW, ROW.replace("C-1", "C-2").replace("+905320000101", "12"))

    shown = page(operator, upload)

    assert "Yıldız" in shown
    assert "+905320000101" in shown
    assert "Enter a phone number such as" in shown
    assert 'name="column-ordernumber"' in shown
    assert not Order.objects.exists()


def test_file_is_imported_and_its_contents_are_gone(operator: Client) -> None:
    upload = imported(operator, hand_over(operator, ROW, ROW.replace("C-1", "C-2")))

    assert (upload.state, upload.content, upload.position) == (UploadState.DONE, None, upload.size)
    assert (upload.report["new"], upload.report["bad"]) == (2, [])
    assert Package.objects.count() == 2
    assert "Imported" in page(operator, upload)


def test_second_time_adds_nothing(operator: Client) -> None:
    imported(operator, hand_over(operator, ROW))
    again = imported(operator, hand_over(operator, ROW))

    assert (again.report["new"], again.report["known"]) == (0, 1)
    assert Order.objects.count() == 1


def test_what_cannot_be_placed_waits_for_repair_and_is_listed_with_its_line(operator: Client) -> None:
    broken = [
        ROW.replace("C-1", "C-2").replace("Galata", "Moda"),
        ROW.replace("C-1", "C-3").replace("+905320000101", "12"),
        ROW + ";more",
        ROW.replace("C-1", "1020.0"),
    ]
    upload = imported(operator, hand_over(operator, ROW.replace("C-1", "C-9"), *broken))

    assert (upload.report["new"], upload.report["to_repair"], upload.report["bad_lines"]) == (1, 4, 4)
    assert [row["line"] for row in upload.report["bad"]] == [3, 4, 5, 6]
    assert set(OrderToRepair.objects.values_list("reference", flat=True)) == {"C-1", "C-2", "C-3", "1020.0"}
    shown = page(operator, upload)
    assert "No store has this code." in shown
    assert "This row has more cells" in shown
    assert "A spreadsheet turned this number into a decimal. Enter 1020" in shown


def test_every_order_of_a_file_is_counted_once(operator: Client) -> None:
    rows = {
        "new": ROW,
        "to_repair": ROW.replace("C-1", "C-2").replace("+905320000101", "12"),
        "discarded": ROW.replace("C-1", "C-3").replace("+905320000101", "13"),
        "repaired": ROW.replace("C-1", "C-4").replace("+905320000101", "14"),
        "second row of an order": ROW.replace("C-1", "C-2")
        .replace("+905320000101;A-1", ";A-2")
        .replace(";1;", ";none;"),
    }
    first = imported(operator, hand_over(operator, *rows.values()))
    assert counted(first) == {"orders": 4, "new": 1, "to_repair": 3}
    assert first.report["bad_lines"] == 4
    discard_order(
        repair_id=OrderToRepair.objects.get(reference="C-3").pk, reason="A test", actor=make_actor(Role.OPERATOR)
    )
    waiting = OrderToRepair.objects.get(reference="C-4")
    right = waiting.document | {"customer": waiting.document["customer"] | {"phone_number": "+905320000104"}}
    send_on(repair_id=waiting.pk, document=right, actor=make_actor(Role.OPERATOR))

    changed = rows | {"new": ROW.replace("10,00", "12,00"), "unreadable": ";" + ROW}
    second = imported(operator, hand_over(operator, *changed.values()))
    third = imported(operator, hand_over(operator, ROW))

    assert counted(second) == {
        "orders": 5, "amended": 1, "known": 1, "ignored": 1, "to_repair": 2,
    }  # fmt: skip
    assert counted(third) == {"orders": 1, "ignored": 1}, "a newer version is there"
    assert "A newer version of this order is already here." in page(operator, third)
    assert not OrderToRepair.objects.filter(reference="C-1").exists()
    shown = " ".join(page(operator, second).split())
    assert "<dt>Orders in the file</dt> <dd>5</dd>" in shown
    assert "<dt>Amended</dt> <dd>1</dd>" in shown


def counted(upload: OrderUpload) -> dict[str, int]:
    """The numbers of a report that are not zero; the first is the sum of the others."""
    names = ("orders", "new", "amended", "known", "ignored", "to_repair", "not_taken")
    found = {name: upload.report[name] for name in names if upload.report[name]}
    assert found["orders"] == sum(found.values()) - found["orders"]
    return found


def test_report_holds_nothing_of_a_customer(operator: Client) -> None:
    upload = imported(operator, hand_over(operator, ROW.replace("+905320000101", "0212 555 01 00")))

    assert "555" in str(OrderToRepair.objects.get().faults)
    assert "555" not in str(upload.report)
    assert "Yıldız" not in str(upload.report)


def test_unreadable_lines_are_listed_and_kept_nowhere(operator: Client) -> None:
    file = SimpleUploadedFile("a.csv", f"{HEADER}\n{ROW}\n{ROW.replace('C-1', 'C-2')}\n".encode("cp1254"))
    answer = operator.post(FILES, {"file": file})
    upload = imported(operator, OrderUpload.objects.get(pk=int(answer.headers["Location"].rstrip("/").split("/")[-1])))

    assert (upload.report["orders"], upload.report["not_taken"], upload.report["to_repair"]) == (2, 2, 0)
    assert upload.report["bad_lines"] == 1
    assert "2 rows cannot be read" in page(operator, upload)


@pytest.mark.parametrize(
    "content",
    [
        f"{HEADER}\n{ROW}\n{ROW.replace('C-1', 'C-2')}\n".encode("cp1254"),
        f"{HEADER}\n{ROW}\n".encode() + ROW.replace("C-1", "Ç-2").encode("cp1254") + b"\n",
        f"{HEADER}\n{ROW}\n{ROW.replace('C-1', 'C-2') * 2000}\n{ROW.replace('C-1', 'C' + chr(0) + '3')}\n".encode(),
        b"\xff\xfe" + f"{HEADER}\n{ROW}\n".encode("utf-16-le") + b"\x00\xd8\n\x00",
    ],
    ids=["another encoding", "one row of another", "NUL far away", "half a pair in UTF-16"],
)
def test_bytes_that_nobody_can_read_break_neither_page_nor_import(operator: Client, content: bytes) -> None:
    answer = operator.post(FILES, {"file": SimpleUploadedFile("a.csv", content)})
    address = answer.headers["Location"]

    assert operator.get(address).status_code == 200
    upload = imported(operator, OrderUpload.objects.get())
    assert upload.state == UploadState.DONE
    assert upload.report["bad"]
    assert operator.get(address).status_code == 200


def test_choice_with_columns_missing_is_not_remembered(operator: Client) -> None:
    upload = hand_over(operator, ROW)
    nothing = dict.fromkeys(guessed(upload), "")

    assert operator.post(f"{FILES}{upload.pk}/", nothing | {"import": "1"}).status_code == 400
    assert not FileShape.objects.exists()
    assert guessed(hand_over(operator, ROW))["column-ordernumber"] == "order_number"


def test_columns_are_chosen_and_remembered_for_files_of_this_shape(operator: Client) -> None:
    header = HEADER.replace("order_number", "Beleg").replace("channel;", "").replace("sku", "Kürzel")
    row = ROW.replace("Shop;", "")
    upload = hand_over(operator, row, header=header)
    assert "Choose the columns for: Order number, Channel, SKU." in page(operator, upload)

    refused = operator.post(f"{FILES}{upload.pk}/", guessed(upload) | {"import": "1"})
    assert refused.status_code == 400
    chosen = guessed(upload) | {"column-beleg": "order_number", "column-kurzel": "sku", "channel": "Fair"}
    assert operator.post(f"{FILES}{upload.pk}/", chosen).status_code == 302
    assert "Choose the columns for" not in page(operator, upload)
    upload.refresh_from_db()
    imported(operator, upload, channel="Fair")

    order = Order.objects.get()
    assert (order.number, order.channel, order.items.get().sku) == ("C-1", "Fair", "A-1")
    again = hand_over(operator, row.replace("C-1", "C-2"), header=header.upper())
    assert "Your earlier choices" in page(operator, again)
    imported(operator, again, channel="Fair")
    assert Order.objects.filter(channel="Fair", number="C-2").exists()


def test_shapes_that_were_not_used_for_long_are_forgotten(operator: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "MOST_SHAPES", 2)
    for extra in ("a", "b", "c"):
        upload = hand_over(operator, ROW + ";x", header=f"{HEADER};{extra}")
        operator.post(f"{FILES}{upload.pk}/", guessed(upload))

    assert FileShape.objects.count() == 2


def test_shopify_export_needs_no_columns(operator: Client) -> None:
    content = (Path(__file__).parents[1] / "data/csv/csv-16-shopify-export.csv").read_text()
    upload = hand_over(operator, *content.splitlines()[1:], header=content.splitlines()[0])

    assert "A Shopify order export" in page(operator, upload)
    upload = imported(operator, upload)
    assert (upload.report["new"], upload.report["bad"]) == (1, [])


def test_json_lines_are_imported_too(operator: Client) -> None:
    content = (Path(__file__).parents[1] / "data/orders/order-kwd.json").read_text()
    upload = imported(operator, hand_over(operator, header=content, name="orders.jsonl"))

    assert upload.report["new"] == 1


def test_progress_is_shown_while_the_worker_is_at_it(operator: Client) -> None:
    upload = hand_over(operator, ROW)
    operator.post(f"{FILES}{upload.pk}/", guessed(upload) | {"import": "1"})
    OrderUpload.objects.filter(pk=upload.pk).update(state=UploadState.RUNNING, position=upload.size // 2)

    asked = re.search(r'hx-get="([^"]*/live/)"', page(operator, upload))
    assert asked
    part = operator.get(asked[1], headers={"HX-Request": "true"}).content.decode()

    assert "<html" not in part
    assert 'hx-trigger="every 1s"' in part
    assert 'value="49"' in part or 'value="50"' in part
    run_worker(upload)
    assert 'hx-trigger="every 1s"' not in page(operator, upload)


def test_import_that_broke_off_goes_on_and_adds_nothing_twice(operator: Client) -> None:
    upload = hand_over(operator, ROW, ROW.replace("C-1", "C-2"))
    operator.post(f"{FILES}{upload.pk}/", guessed(upload) | {"import": "1"})
    OrderUpload.objects.filter(pk=upload.pk).update(state=UploadState.RUNNING)
    imported(operator, hand_over(operator, ROW))  # what the first try had done

    assert run_worker(upload).report["new"] == 1
    assert run_worker(upload).report["new"] == 1  # once more, and nothing happens
    assert Order.objects.count() == 2


def test_import_is_begun_once(operator: Client) -> None:
    upload = hand_over(operator, ROW)
    body = guessed(upload) | {"import": "1"}
    operator.post(f"{FILES}{upload.pk}/", body)
    OrderUpload.objects.filter(pk=upload.pk).update(state=UploadState.WAITING)

    answer = operator.post(f"{FILES}{upload.pk}/", body)

    assert answer.status_code == 200
    assert "Waiting for the worker" in answer.content.decode()


def test_who_comes_second_hears_who_began_it_and_when(operator: Client) -> None:
    upload, ayla = hand_over(operator, ROW), make_actor(Role.OPERATOR)
    operator.post(f"{FILES}{upload.pk}/", guessed(upload))
    uploads.start_import(upload_id=upload.pk, actor=ayla)

    for late in (uploads.start_import, uploads.discard_file):
        with pytest.raises(StateConflict, match="already being imported") as refusal:
            late(upload_id=upload.pk, actor=make_actor(Role.OPERATOR))
        upload.refresh_from_db()
        assert refusal.value.extra == {
            "state": "Waiting for the worker",
            "changed_at": utc(upload.started_at),
            "changed_by": ayla.name,
        }
    assert upload.started_at


def test_who_lost_access_imports_nothing(operator: Client) -> None:
    upload = hand_over(operator, ROW)
    operator.post(f"{FILES}{upload.pk}/", guessed(upload) | {"import": "1"})
    OrderUpload.objects.filter(pk=upload.pk).update(uploaded_by=make_user(Role.OPERATOR, is_active=False).pk)

    assert run_worker(upload).state == UploadState.FAILED
    assert not Order.objects.exists()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "The file is empty."),
        (b"\x7fELF\x00\x00", "This is not a text file."),
        (b"PK\x03\x04\x14\x00\x06\x00", "This is a workbook. Save its sheet as CSV (UTF-8)"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\x00", "This is a workbook."),
        ("Bestellnummer;Händler\n".encode("cp1252"), "This is not UTF-8 text."),
        (b"a;" * 300, "more than 200 columns"),
    ],
)
def test_what_is_no_file_of_orders_is_said_at_the_field(operator: Client, content: bytes, words: str) -> None:
    answer = operator.post(FILES, {"file": SimpleUploadedFile("orders.csv", content)})

    assert answer.status_code == 400
    assert words in answer.content.decode()
    assert not OrderUpload.objects.exists()


def test_no_file_is_asked_for(operator: Client) -> None:
    assert operator.post(FILES, {}).status_code == 400


def test_discarded_and_old_files_are_gone(operator: Client) -> None:
    upload = hand_over(operator, ROW)
    assert operator.post(f"{FILES}{upload.pk}/discard/").status_code == 302
    assert not OrderUpload.objects.exists()

    old = hand_over(operator, ROW)
    OrderUpload.objects.filter(pk=old.pk).update(uploaded_at="2026-01-01T00:00:00Z")
    assert uploads.forget_files() == 1


@pytest.mark.parametrize("role", [Role.ASSOCIATE, Role.MANAGER])
def test_store_staff_hand_over_no_files(client: Client, role: Role) -> None:
    client.force_login(make_user(role, make_store()))

    assert client.post(FILES, {"file": SimpleUploadedFile("a.csv", ROW.encode())}).status_code == 403
    assert not OrderUpload.objects.exists()


def test_nasty_names_and_cells_are_shown_as_text(operator: Client) -> None:
    upload = hand_over(operator, ROW.replace("Mina", "<b>x</b>{{ 7 }}"), header=HEADER + ";<i>", name="<script>.csv")

    shown = page(operator, upload)

    assert "<b>x" not in shown
    assert "<i>" not in shown
    assert "<script>.csv" not in shown
