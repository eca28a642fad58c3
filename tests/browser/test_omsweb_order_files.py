"""An order file handed over in OMS WEB in a real browser: columns chosen, progress without a reload, lines listed."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from clickcollect.oms import jobs
from clickcollect.oms.models import OrderUpload
from clickcollect.oms.upload_models import UploadState
from tests import shop
from tests.browser.conftest import PHONE, OpenWindow

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]
HEADER = "Beleg;Sales Channel;Filiale;Vorname;Nachname;Handynummer;SKU;Artikel;Menge;Einzelpreis;Bemerkung"
ROWS = [
    "C-1;Webshop;IST-01;Mina;Yıldız;'+905320000101;MUG-1;Ceramic mug;2;10,00;gift",
    "C-1;;;;;;TSH-1;T-shirt, black, M;1,00;29,90;",
    "C-2;Webshop;KADIKÖY;Deniz;Kaya;0532 000 01 02;MUG-1;Ceramic mug;1;10,00;",
    "C-3;Webshop;Moda;Ali;Demir;0532 000 01 03;MUG-1;Ceramic mug;1;10,00;",
    "1020.0;Webshop;IST-01;Ece;Şahin;0212 555 01 00;MUG-1;Ceramic mug;1;10,00;call first",
]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    shop.make_store("IST-01", name="Galata")
    shop.make_store("IST-02", name="Kadıköy")
    path = tmp_path / "webshop-november.csv"
    path.write_text("\n".join([HEADER, *ROWS, ""]))
    return path


def hand_over(page: Page, file: Path) -> None:
    page.get_by_label("File").set_input_files(file)
    page.get_by_role("button", name="Preview file").click()
    expect(page.get_by_role("heading", name="Columns")).to_be_visible()


def test_file_is_handed_over_its_columns_chosen_and_imported(window: OpenWindow, file: Path) -> None:
    opened = window(shop.make_user("operator"))
    page = opened.go("/oms/orders/")
    page.get_by_role("link", name="Import a file").click()
    assert opened.axe() == []
    hand_over(page, file)

    expect(page.get_by_role("alert")).to_contain_text("Choose the columns for: Order number.")
    expect(page.get_by_role("button", name="Apply")).to_contain_class("ow-button-main")
    page.get_by_label("Beleg").select_option(label="Order number")
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_role("heading", name="Preview of the first orders")).to_be_visible()
    expect(page.get_by_text("No store has this code.")).to_be_visible()
    assert opened.axe() == []

    expect(page.get_by_role("button", name="Apply")).not_to_contain_class("ow-button-main")
    page.get_by_role("button", name="Import the orders").click()
    expect(page.get_by_role("status")).to_contain_text("Waiting for the worker")
    page.evaluate("window.notReloaded = true")
    upload = OrderUpload.objects.get()
    OrderUpload.objects.filter(pk=upload.pk).update(state=UploadState.RUNNING, position=upload.size // 2 + 1)
    expect(page.get_by_text("50 % of the file")).to_be_visible()
    assert opened.axe() == []
    jobs.import_order_file(upload_id=upload.pk)

    expect(page.get_by_role("status")).to_contain_text("Imported")
    expect(page.get_by_role("heading", name="2 lines were skipped")).to_be_visible()
    expect(page.get_by_role("row", name="C-3")).to_contain_text("No store has this code.")
    expect(page.get_by_role("row", name="1020.0")).to_contain_text("Enter 1020")
    assert page.evaluate("window.notReloaded") is True
    assert opened.axe() == []


def test_phone_shows_columns_as_cards_and_nothing_beside_the_page(window: OpenWindow, file: Path) -> None:
    opened = window(shop.make_user("operator"), viewport=PHONE)
    page = opened.go("/oms/order-files/")
    hand_over(page, file)

    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert opened.axe() == []


TOPS = "row => [...row.children].map((cell) => Math.round(cell.getBoundingClientRect().top))"
CUT = "[...document.querySelectorAll('table select')].filter((one) => one.clientWidth < 180).map((one) => one.id)"


def test_tablet_shows_each_column_in_one_row_and_no_choice_is_cut(window: OpenWindow, file: Path) -> None:
    opened = window(shop.make_user("operator"), viewport={"width": 820, "height": 1060})
    page = opened.go("/oms/order-files/")
    hand_over(page, file)

    for row in page.get_by_role("table").get_by_role("row").filter(has=page.locator("select")).all():
        assert len(set(row.evaluate(TOPS))) == 1
    assert page.evaluate(CUT) == []
    page.set_viewport_size(PHONE)
    assert page.evaluate(CUT) == []
