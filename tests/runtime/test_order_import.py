"""What `orders import` says on a terminal, and its exit status."""

from pathlib import Path

import pytest

from clickcollect.errors import ValidationFailed
from clickcollect.omnitron.models import Order
from clickcollect.oms.orders.file_import import BadLine
from clickcollect.runtime.cli_errors import sentence_of
from clickcollect.runtime.order_import import bad_line_text, import_file
from tests.shop import make_store

pytestmark = pytest.mark.django_db
DATA = Path(__file__).parent.parent / "data"


def printed(**numbers: int) -> str:
    """The last line, with the numbers that are not named at zero."""
    found = dict.fromkeys(("orders", "new", "amended", "known", "ignored", "not_taken", "bad"), 0) | numbers
    return (
        "Orders: {orders}. New: {new}. Amended: {amended}. Already known: {known}. Ignored: {ignored}. "
        "Not taken: {not_taken}. Bad lines: {bad}.\n"
    ).format(**found)


def test_each_bad_line_is_named_with_its_number_and_every_fault(capsys: pytest.CaptureFixture[str]) -> None:
    for code in ("IST-01", "IST-02", "BER-01", "LON-01"):
        make_store(code)

    status = import_file(DATA / "orders-dirty.jsonl")

    out, err = capsys.readouterr()
    assert status == 1
    assert out == printed(orders=15, new=3, not_taken=12, bad=12)
    assert [line.split()[1].rstrip(":") for line in err.splitlines() if line.startswith("Line ")] == [
        *("2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "15")
    ]
    assert "Line 2 (WEBX-1): customer.phone_number: Enter a phone number" in err
    assert "Line 15" in err
    assert "at most 64 characters" in err


def test_good_file_ends_with_status_0(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for code in ("IST-01", "IST-02", "BER-01", "LON-01"):
        make_store(code, country="DE")
    path = tmp_path / "few.csv"
    path.write_text("".join((DATA / "orders.csv").read_text().splitlines(keepends=True)[:7]))

    assert import_file(path) == 0
    assert capsys.readouterr().out == printed(orders=2, new=2)
    assert import_file(path) == 0
    assert capsys.readouterr().out == printed(orders=2, known=2)


@pytest.mark.parametrize("content", [b"", b"\x7fELF\x00\x00", b"a;b\n1;2\n"])
def test_file_without_orders_is_one_sentence(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "orders.csv"
    path.write_bytes(content)

    with pytest.raises(ValidationFailed) as refusal:
        import_file(path)

    assert sentence_of(refusal.value) == refusal.value.errors[0]["msg"]
    assert capsys.readouterr() == ("", "")
    assert not Order.objects.exists()


def test_what_steers_a_terminal_is_not_printed() -> None:
    bad = BadLine(line=3, number="\x1b[2J\ud800[red]A", faults=[{"loc": "line", "msg": "Bad."}])

    assert bad_line_text(bad) == "Line 3 (?[2J?[red]A): line: Bad."
