"""Spreadsheets as people really export them: headers, encodings, numbers that were changed, a Shopify export."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from clickcollect.omnitron.models import DeliveryType, Order
from clickcollect.oms.orders.csv_columns import NAMES, NEEDED, OWN_NAMES, PLACES, column_key, column_places
from clickcollect.oms.orders.csv_format import CsvReading
from clickcollect.oms.orders.csv_table import plain_cell
from clickcollect.oms.orders.file_import import ImportReport, import_orders
from clickcollect.oms.orders.location_rules import learn
from tests.shop import make_actor, make_store

pytestmark = pytest.mark.django_db
CASES = Path(__file__).parents[2] / "data" / "csv"
HEADER = "order_number;channel;store;first_name;last_name;phone;sku;item;quantity;price"
ROW = "C-1;Shop;IST-01;Mina;Testova;+905320000101;A-1;Article;1;10,00"


@pytest.fixture(autouse=True)
def _stores() -> None:
    make_store("IST-01", name="Galata")
    make_store("IST-02", name="Kadıköy")
    make_store("BER-01", country="DE", currency="EUR", language_code="de", time_zone="Europe/Berlin")


@pytest.fixture
def imported(tmp_path: Path) -> Any:
    def run(content: str | bytes, **how: Any) -> ImportReport:
        path = tmp_path / "orders.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return import_orders(path, **how)

    return run


def case(name: str) -> ImportReport:
    (path,) = CASES.glob(f"csv-{name}*.csv")
    return import_orders(path)


def summary(report: ImportReport) -> tuple[int, int, dict[int, list[str]]]:
    return report.new, report.known, {bad.line: [fault["loc"] for fault in bad.faults] for bad in report.bad}


def row(**cells: str) -> str:
    found = dict(zip(HEADER.split(";"), ROW.split(";"), strict=True)) | cells
    return ";".join(found.values())


def table(*rows: str, header: str = HEADER) -> str:
    return "\n".join([header, *rows, ""])


class TestCases:
    def test_quantities_with_decimals(self) -> None:
        assert summary(case("09")) == (2, 0, {})
        assert [order.items.get().quantity for order in Order.objects.order_by("number")] == [1, 2]

    def test_headers_with_blanks(self) -> None:
        assert summary(case("11")) == (1, 0, {})

    def test_first_filled_cell_counts(self) -> None:
        assert summary(case("14")) == (1, 0, {})
        assert Order.objects.get().amount == Decimal("20.00")

    def test_order_number_with_a_decimal_is_pointed_out(self) -> None:
        report = case("15")
        assert summary(report) == (0, 0, {2: ["number"]})
        assert "Enter 1020," in report.bad[0].faults[0]["msg"]

    def test_line_of_quantity_zero_is_not_there(self) -> None:
        assert summary(case("23")) == (1, 0, {})
        assert [item.sku for item in Order.objects.get().items.all()] == ["A-1"]

    def test_shopify_export(self) -> None:
        assert summary(case("16")) == (1, 0, {})
        order = Order.objects.get()
        assert (order.number, order.channel, order.amount) == ("2001", "Shopify", Decimal("30.00"))
        assert (order.customer_name, order.phone_number) == ("Mina Testova", "+905320000101")
        assert [(item.sku, item.quantity) for item in order.items.all()] == [("A-1", 1), ("A-2", 2)]
        assert order.retail_store is not None
        assert order.retail_store.erp_code == "IST-01"
        assert order.date_placed.isoformat() == "2026-11-17T14:02:50+00:00"
        assert summary(case("16")) == (0, 1, {})


@pytest.mark.parametrize(
    "header",
    [
        "Order Number;Channel;Store;First Name;Last Name;Phone Number;SKU;Item;Quantity;Price",
        " ORDER NO ;Sales-Channel;Pickup Store;firstName;Surname;Mobile;Sku;Product Name;Qty;Unit Price",
        "Sipariş Numarası;Kanal;Mağaza;Adı;Soyadı;Cep Telefonu;Stok Kodu;Ürün Adı;Adet;Birim Fiyat",
        "SİPARİŞ NO;SATIŞ KANALI;ŞUBE;AD;SOYAD;TELEFON;BARKOD;ÜRÜN;MİKTAR;FİYAT",
        "Bestellnummer;Vertriebskanal;Filiale;Vorname;Nachname;Handynummer;Artikelnummer;Bezeichnung;Stückzahl;Preis",
        "Auftrag;Kanal;Abholort;Vorname;Familienname;Telefon;Artikelnr.;Artikel;Stueckzahl;Einzelpreis",
        "رقم الطلب;القناة;المتجر;الاسم الأول;اسم العائلة;رقم الجوال;رمز المنتج;اسم المنتج;الكمية;السعر",
        "N° commande;Canal;Magasin;Prénom;Nom;Téléphone;Référence;Désignation;Quantité;Prix unitaire",
        "Pedido;Canal;Tienda;Nombre;Apellidos;Teléfono;Referencia;Artículo;Cantidad;Precio",
    ],
)
def test_headers_are_read_in_any_spelling_and_language(imported: Any, header: str) -> None:
    header = header.replace("N° commande", "Numéro de commande")

    assert summary(imported(table(ROW, header=header))) == (1, 0, {})
    order = Order.objects.get()
    assert (order.number, order.first_name, order.last_name) == ("C-1", "Mina", "Testova")
    assert (order.items.get().name, order.items.get().price) == ("Article", Decimal("10.00"))


def test_every_name_leads_to_one_place() -> None:
    for place, names in NAMES.items():
        for name in names:
            assert PLACES[column_key(name)] == place, name
    assert set(NEEDED) <= set(OWN_NAMES)


def test_name_is_the_customers_where_another_column_is_the_items(imported: Any) -> None:
    header = "Order;Channel;Store;Name;Phone;SKU;Item;Quantity"

    assert summary(imported(table("C-1;Shop;IST-01;Mina Testova;05320000101;A;Cup;1", header=header))) == (1, 0, {})
    assert Order.objects.get().customer_name == "Mina Testova"


def test_two_columns_for_one_place_are_not_mixed() -> None:
    assert column_places(["phone", "mobile", "sku"]) == [("customer", "phone_number"), None, ("order_item", "sku")]


def test_columns_that_somebody_chose_are_read(imported: Any) -> None:
    header = HEADER.replace("order_number", "Beleg").replace("sku", "Kürzel").replace("price", "price")
    columns = {column_key("Beleg"): "order_number", column_key("KÜRZEL"): "sku", column_key("price"): ""}

    assert summary(imported(table(ROW, header=header), reading=CsvReading(columns=columns))) == (1, 0, {})
    assert Order.objects.get().items.get().price is None


def test_channel_may_be_given_for_the_whole_file(imported: Any) -> None:
    header = HEADER.replace(";channel;", ";whatever;")

    assert summary(imported(table(ROW, header=header), reading=CsvReading(channel="Fair"))) == (1, 0, {})
    assert Order.objects.get().channel == "Fair"


@pytest.mark.parametrize(
    ("cell", "plain"),
    [
        ('="0123"', "0123"),
        ('="a ""b"""', 'a "b"'),
        ("'+905320000101", "+905320000101"),
        ("'0123", "0123"),
        ("'=1+1", "=1+1"),
        ("'t Hooft", "'t Hooft"),
        ("d'Aubigné", "d'Aubigné"),
        (" x ", "x"),
        ("=A1", "=A1"),
    ],
)
def test_what_keeps_a_value_text_is_no_part_of_it(cell: str, plain: str) -> None:
    assert plain_cell(cell) == plain


@pytest.mark.parametrize(
    "phone", ["'+905320000101", '"=""+905320000101"""', "905320000101", "905320000101.0", "5320000101"]
)
def test_phones_that_a_spreadsheet_has_changed(imported: Any, phone: str) -> None:
    assert summary(imported(table(row(phone=phone)))) == (1, 0, {})
    assert Order.objects.get().phone_number == "+905320000101"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_utf16_is_read_by_its_byte_order_mark(imported: Any, encoding: str) -> None:
    mark = "\ufeff" if encoding.startswith("utf-16-") else ""
    content = (mark + table(row(last_name="Yıldız"), header=HEADER)).replace(";", "\t").replace("\n", "\r\n")

    assert summary(imported(content.encode(encoding))) == (1, 0, {})
    assert Order.objects.get().last_name == "Yıldız"


@pytest.mark.parametrize("encoding", ["cp1252", "cp1254", "iso8859-9"])
def test_wrong_encoding_is_said_once(imported: Any, encoding: str) -> None:
    rows = [row(order_number=f"C-{at}", last_name="Öztürk" if at % 2 else "Plain") for at in range(40)]
    rows += [row(order_number="C-7", sku="B")]

    report = imported(table(*rows).encode(encoding))

    assert summary(report) == (20, 0, {3: ["line"]})
    assert "20 rows cannot be read" in report.bad[0].faults[0]["msg"]


def test_broken_line_of_a_utf8_file_is_named_itself(imported: Any) -> None:
    good = [row(order_number="C-1", last_name="Öztürk"), row(order_number="C-3")]
    content = table(*good).encode() + row(order_number="C-2", last_name="Öztürk").encode("cp1254") + b"\n"

    assert summary(imported(content)) == (2, 0, {4: ["line"]})


def test_columns_of_an_order_may_be_filled_on_any_of_its_rows(imported: Any) -> None:
    rows = [
        row(store="", phone="", channel="", first_name=""),
        row(sku="B", last_name="", first_name="", phone="", store="Kadıköy"),
        row(sku="C", last_name="TESTOVA", store=""),
    ]

    assert summary(imported(table(*rows))) == (1, 0, {})
    order = Order.objects.get()
    assert (order.customer_name, order.phone_number) == ("Mina Testova", "+905320000101")
    assert order.retail_store is not None
    assert order.retail_store.erp_code == "IST-02"


def test_location_that_was_learned_is_that_store_in_its_channel(imported: Any) -> None:
    store, operator = make_store("IST-02"), make_actor("operator")
    learn(channel="Shop", name="Moda - Pickup", store=store, actor=operator)

    report = imported(table(row(store="MODA Pickup"), row(order_number="C-2", channel="Fair", store="Moda - Pickup")))

    assert summary(report) == (1, 0, {3: ["shipping_address.retail_store"]})
    assert Order.objects.get().retail_store == store


def test_rows_that_contradict_an_earlier_one_are_named(imported: Any) -> None:
    rows = [row(store=""), row(sku="B", store="IST-01"), row(sku="C", store="IST-02"), row(sku="D", first_name="Lea")]

    assert summary(imported(table(*rows))) == (
        0,
        0,
        {4: ["shipping_address.retail_store"], 5: ["customer.first_name"]},
    )


@pytest.mark.parametrize("number", ["1020.0", "1020,00", "1.02E+05", "4,00638133393E+12"])
def test_order_number_that_a_spreadsheet_has_changed_is_pointed_out(imported: Any, number: str) -> None:
    assert summary(imported(table(row(order_number=number), row()))) == (1, 0, {2: ["number"]})


@pytest.mark.parametrize(
    "number", ["00123", "1020.5", "1.020", "2026-11.0", "A1020.0", "1E5", "'00123", '"=""00123"""']
)
def test_order_number_that_may_be_meant_so_is_taken(imported: Any, number: str) -> None:
    assert summary(imported(table(row(order_number=number)))) == (1, 0, {})


EXPORT_HEADER = (
    "Name,Email,Financial Status,Fulfillment Status,Currency,Total,Shipping Method,Created at,Lineitem quantity,"
    "Lineitem name,Lineitem price,Lineitem sku,Lineitem requires shipping,Billing Name,Billing Phone,Shipping Name,"
    "Shipping City,Shipping Country,Shipping Phone,Note Attributes,Cancelled at,Phone,Location"
)


def export_row(**cells: str) -> str:
    usual = {
        "Name": "#3001", "Financial Status": "paid", "Currency": "TRY", "Total": "10.00", "Shipping Method": "KADIKÖY",
        "Created at": "2026-11-17 17:02:50 +0300", "Lineitem quantity": "1", "Lineitem name": "Article",
        "Lineitem price": "10.00", "Lineitem sku": "A-1", "Lineitem requires shipping": "true",
        "Billing Name": "Ana Maria Silva", "Billing Phone": "'+905320000101",
    }  # fmt: skip
    return ",".join((usual | cells).get(name, "") for name in EXPORT_HEADER.split(","))


def export(*rows: str) -> str:
    return "\n".join([EXPORT_HEADER, *rows, ""])


class TestShopifyExport:
    def test_orders_done_with_are_ignored_and_counted(self, imported: Any) -> None:
        report = imported(
            export(
                export_row(),
                export_row(Name="#3002", **{"Cancelled at": "2026-11-18 10:00:00 +0300"}),
                export_row(Name="#3003", **{"Financial Status": "voided"}),
                export_row(Name="#3004", **{"Financial Status": "refunded"}),
                export_row(Name="#3005", **{"Fulfillment Status": "fulfilled"}),
            )
        )

        assert (report.new, report.ignored, report.bad) == (1, 4, [])
        assert Order.objects.get().customer_name == "Ana Maria Silva"

    def test_channel_is_that_of_the_one_shop_that_is_connected(self, imported: Any, settings: Any) -> None:
        settings.SHOPIFY_WEBHOOK_SECRET = ["galata.myshopify.com:secret", "galata.myshopify.com:old"]
        imported(export(export_row()))
        imported(export(export_row(Name="#3002")), reading=CsvReading(channel="Fair"))
        settings.SHOPIFY_WEBHOOK_SECRET += ["moda.myshopify.com:secret"]
        imported(export(export_row(Name="#3003")))

        channels = dict(Order.objects.values_list("number", "channel"))
        assert channels == {"3001": "shopify:galata.myshopify.com", "3002": "Fair", "3003": "Shopify"}

    def test_home_delivery_is_one(self, imported: Any) -> None:
        home = {"Shipping Name": "Ana Silva", "Shipping City": "Izmir", "Shipping Country": "TR"}
        report = imported(export(export_row(**home, **{"Shipping Method": "Standard"})))

        assert (report.new, report.ignored, report.bad) == (1, 0, [])
        assert Order.objects.get().delivery_type == DeliveryType.HOME_DELIVERY

    def test_location_that_is_not_known_is_named_on_its_row(self, imported: Any) -> None:
        report = imported(export(export_row(**{"Shipping Method": "Moda"}), export_row(Name="#3002")))

        assert summary(report) == (1, 0, {2: ["shipping_address.retail_store"]})

    def test_long_title_is_cut_as_the_webhooks_is(self, imported: Any) -> None:
        assert summary(imported(export(export_row(**{"Lineitem name": "Bag " * 200})))) == (1, 0, {})
        assert len(Order.objects.get().items.get().name) <= 255

    def test_fault_of_a_line_stands_on_its_row(self, imported: Any) -> None:
        second = export_row(**{"Lineitem quantity": "many", "Lineitem sku": "A-2"})

        assert summary(imported(export(export_row(), second))) == (0, 0, {3: ["order_item.1.quantity"]})
