"""One normalisation for every door (contract section 2): what shops really send comes out as one tidy order."""

import json
from pathlib import Path
from typing import Any

import pytest

from clickcollect.errors import ValidationFailed
from clickcollect.omnitron.order_schema import MOST_ITEMS, OrderIn, Source, read_order
from tests.shop import make_store, order_document

pytestmark = pytest.mark.django_db
CASES = Path(__file__).parents[1] / "data" / "orders"
LINE = {"sku": "A-1", "name": "Article", "quantity": 1, "price": "10.00"}


@pytest.fixture(autouse=True)
def _stores() -> None:
    make_store()
    make_store("BER-01", country="DE", currency="EUR", language_code="de")
    make_store("KWI-01", country="KW", currency="KWD", language_code="ar")
    make_store("TYO-01", country="JP", currency="JPY", language_code="ja")


def order_from(source: Source = Source.PROGRAM, **fields: Any) -> OrderIn:
    return read_order(order_document(**fields), source=source)


def faults(document: Any, source: Source = Source.PROGRAM) -> dict[str, str]:
    with pytest.raises(ValidationFailed) as refusal:
        read_order(document, source=source)
    return {fault["loc"]: fault["msg"] for fault in refusal.value.errors}


def case(name: str) -> OrderIn:
    return read_order(json.loads((CASES / f"order-{name}.json").read_text()))


def person(**fields: Any) -> dict[str, Any]:
    return {"phone_number": "+905550000111", **fields}


def test_cases_of_the_field_are_read() -> None:
    kwd, decimals, rounded = case("kwd"), case("quantity-as-decimal-text"), case("unit-price-sub-cent")
    no_first_name, removed = case("first-name-empty"), case("zero-quantity-line")

    assert (str(kwd.amount), str(kwd.order_item[0].price)) == ("12.345", "12.345")
    assert (decimals.order_item[0].quantity, str(decimals.order_item[0].price)) == (2, "34.95")
    assert (str(rounded.order_item[0].price), str(rounded.total)) == ("16.67", "50.00")
    assert (no_first_name.customer.first_name, no_first_name.customer.last_name) == ("", "Suharto")
    assert [item.sku for item in removed.order_item] == ["A-1", "B-2"]
    assert str(removed.total) == "20.00"


@pytest.mark.parametrize(
    ("customer", "names"),
    [
        (person(first_name="", last_name="Suharto"), ("", "Suharto")),
        (person(last_name="Suharto"), ("", "Suharto")),
        (person(first_name=None, last_name="Suharto"), ("", "Suharto")),
        (person(first_name="Teller"), ("Teller", "")),
        (person(first_name=" \u200b", last_name=None), ("WEB-77", "")),
        (person(), ("WEB-77", "")),
    ],
)
def test_one_name_is_enough_and_the_number_stands_for_none(customer: Any, names: tuple[str, str]) -> None:
    order = read_order(order_document("WEB-77", customer=customer))

    assert (order.customer.first_name, order.customer.last_name) == names


@pytest.mark.parametrize(
    ("sent", "quantity"),
    [(2, 2), (2.0, 2), ("2", 2), ("2.0", 2), ("2.0000", 2), ("1,00", 1), ("3,0", 3), (" 4 ", 4), ("1.000", 1)],
)
def test_whole_numbers_are_read_in_any_spelling(sent: Any, quantity: int) -> None:
    order = order_from(order_item=[LINE | {"quantity": sent, "parcel": sent}])

    assert (order.order_item[0].quantity, order.order_item[0].parcel) == (quantity, quantity)


@pytest.mark.parametrize("sent", ["1.5", "2,5", "1,000", "", "two", "0x2", "1e2", "-1", "+1", "1.0.0", 2.5, True, None])
def test_what_is_no_whole_number_is_named(sent: Any) -> None:
    assert list(faults(order_document(order_item=[LINE | {"quantity": sent}]))) == ["order_item.0.quantity"]


def test_thousand_or_one_is_for_a_person_to_say() -> None:
    document = order_document(order_item=[LINE | {"quantity": "1.000"}])

    assert "thousands" in faults(document, Source.PERSON)["order_item.0.quantity"]


@pytest.mark.parametrize("zero", [0, 0.0, "0", "0.00", "0,0", " 0 "])
def test_lines_of_quantity_zero_are_not_there(zero: Any) -> None:
    gone = {"sku": "", "quantity": zero}  # nothing of it is looked at

    order = order_from(order_item=[gone, LINE, gone, LINE | {"sku": "B-2"}])

    assert [item.sku for item in order.order_item] == ["A-1", "B-2"]
    assert order.path_as_sent("order_item.1.price") == "order_item.3.price"


def test_faults_stand_where_the_sender_counts_them() -> None:
    lines = [LINE | {"quantity": 0}, LINE, LINE | {"quantity": "0"}, LINE | {"price": "x", "retail_store": "NO-1"}]

    assert set(faults(order_document(order_item=lines))) == {"order_item.3.price", "order_item.3.retail_store"}


def test_order_of_nothing_but_zeros_is_named_line_by_line() -> None:
    lines = [LINE | {"quantity": 0}, LINE | {"quantity": "0.0"}]

    assert set(faults(order_document(order_item=lines))) == {"order_item.0.quantity", "order_item.1.quantity"}


@pytest.mark.parametrize(
    ("store", "currency", "sent", "amount"),
    [
        ("KWI-01", None, "12.345", "12.345"),
        ("KWI-01", None, "12,345", "12.345"),
        ("KWI-01", None, "12.3", "12.300"),
        ("KWI-01", "EUR", "12.30", "12.30"),
        ("TYO-01", None, "1500", "1500"),
        ("TYO-01", None, 1500.0, "1500"),
        ("IST-01", "JPY", "1500.00", "1500"),
        ("IST-01", "clf", "1.2345", "1.2345"),
        ("IST-01", None, "59.8", "59.80"),
        ("IST-01", None, "1.234,50", "1234.50"),
        ("IST-01", None, "59.800000", "59.80"),
    ],
)
def test_amounts_have_the_places_of_their_currency(store: str, currency: str | None, sent: Any, amount: str) -> None:
    customer = person(first_name="Mina")
    order = order_from(
        store=store, currency=currency, amount=sent, customer=customer, order_item=[LINE | {"price": "1"}]
    )

    assert str(order.amount) == str(order.total) == amount


@pytest.mark.parametrize(
    ("currency", "sent", "words"),
    [
        ("TRY", "1.005", "at most 2 decimal places; TRY"),
        ("KWD", "1.0005", "at most 3 decimal places; KWD"),
        ("JPY", "1.5", "whole number; JPY"),
        ("TRY", "1,500", "thousands or decimals"),
    ],
)
def test_amount_with_more_places_is_named_with_its_currency(currency: str, sent: Any, words: str) -> None:
    assert words in faults(order_document(currency=currency, amount=sent))["amount"]


@pytest.mark.parametrize(
    ("store", "price", "quantity", "shown", "total"),
    [
        ("IST-01", 16.666666666667, 3, "16.67", "50.00"),
        ("IST-01", "0.333333", 3, "0.33", "1.00"),
        ("IST-01", "0.005", 1, "0.01", "0.01"),
        ("TYO-01", "333.3333", 3, "333", "1000"),
        ("KWI-01", "4.11522633", 3, "4.115", "12.346"),
        ("IST-01", 1e-9, 1, "0.00", "0.00"),
    ],
)
def test_unit_price_is_rounded_for_show_and_the_sum_is_exact(
    store: str, price: Any, quantity: int, shown: str, total: str
) -> None:
    line = LINE | {"price": price, "quantity": quantity}
    order = order_from(store=store, currency=None, amount=None, customer=person(first_name="Mina"), order_item=[line])

    assert (str(order.order_item[0].price), str(order.total)) == (shown, total)


def test_price_that_may_be_thousands_is_for_a_person_to_say() -> None:
    document = order_document(order_item=[LINE | {"price": "1.234"}])

    assert str(read_order(document).order_item[0].price) == "1.23"
    assert list(faults(document, Source.PERSON)) == ["order_item.0.price"]
    in_dinar = document | {"currency": "KWD"}
    assert str(read_order(in_dinar, source=Source.PERSON).order_item[0].price) == "1.234"


@pytest.mark.parametrize("sent", ["english please", "xx-YY", "", None, "und", "C"])
def test_locale_that_nobody_knows_was_left_out(sent: Any) -> None:
    assert order_from(language_code=sent).language_code is None


def test_text_is_kept_in_one_form_without_what_nobody_sees() -> None:
    document = order_document(
        "\ufeffWEB-1\u200b", customer=person(first_name="Mu\u0308ller\u200f", email="A@b.co\u2060")
    )
    document |= {
        "channel": "Cafe\u0301",
        "delivery_type": "in_store\u200b",
        "currency": "\u202atry",
        "amount": "\u200e5",
    }
    document["shipping_address"] = {"address_type": "retail_store\u200b", "retail_store": " IST-01\u200d"}

    order = read_order(document)

    assert (order.number, order.channel, order.customer.first_name) == ("WEB-1", "Café", "Müller")
    assert (order.delivery_type, order.currency, str(order.amount)) == ("in_store", "TRY", "5.00")
    assert (order.shipping_address.retail_store, order.customer.email) == ("IST-01", "A@b.co")


LONG: dict[str, Any] = {
    "customer": person(first_name="Ü" * 400, last_name="ş" * 151),
    "order_item": [LINE | {"name": "Umhängetasche " * 30}],
}


def test_long_names_and_titles_are_cut_in_connectors() -> None:
    order = order_from(Source.CONNECTOR, **LONG)

    assert len(order.customer.first_name) == len(order.customer.last_name) == 150
    assert order.customer.first_name.endswith("Ü…")
    assert (len(order.order_item[0].name), order.order_item[0].name[-5:]) == (255, "e Um…")


@pytest.mark.parametrize("source", [Source.PROGRAM, Source.PERSON])
def test_long_names_and_titles_are_named_with_their_limit_elsewhere(source: Source) -> None:
    found = faults(order_document(**LONG), source)

    assert found == {
        "customer.first_name": "Enter at most 150 characters.",
        "customer.last_name": "Enter at most 150 characters.",
        "order_item.0.name": "Enter at most 255 characters.",
    }


def test_numbers_are_never_cut() -> None:
    document = order_document("9" * 65, order_item=[LINE | {"sku": "9" * 65}])

    assert set(faults(document, Source.CONNECTOR)) == {"number", "order_item.0.sku"}


def test_order_may_have_five_hundred_lines() -> None:
    assert len(order_from(order_item=[LINE] * MOST_ITEMS).order_item) == 500


def test_national_phone_is_not_blamed_while_the_store_is_not_known() -> None:
    customer = person(first_name="Mina", phone_number="0532 123 45 67")

    assert list(faults(order_document(store="Moda", customer=customer))) == ["shipping_address.retail_store"]
    assert set(faults(order_document(store="Moda", customer=person(phone_number="12")))) == {
        "shipping_address.retail_store",
        "customer.phone_number",
    }
    home = order_document(delivery_type="home_delivery", shipping_address={"city": "Izmir"}, customer=customer)
    assert list(faults(home)) == ["customer.phone_number"]
