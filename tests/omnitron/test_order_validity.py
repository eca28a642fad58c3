"""A bad order changes nothing and names every bad field at once (contract section 2, "Order")."""

import copy
import json
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.utils.translation import override
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from clickcollect.errors import ValidationFailed
from clickcollect.omnitron.error_messages import SENTENCES
from clickcollect.omnitron.order_schema import MOST_ITEMS, OrderIn, read_order
from tests.shop import make_store, order_document

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _stores() -> None:
    make_store()
    make_store("BER-01", country="DE", currency="EUR", language_code="de")
    make_store("OLD-01", is_active=False)
    make_store("DEPOT-1", click_and_collect=False)


def faults(document: Any) -> dict[str, str]:
    with pytest.raises(ValidationFailed) as refusal:
        read_order(document)
    locs = [fault["loc"] for fault in refusal.value.errors]
    assert len(locs) == len(set(locs)), "a field is named once"
    return {fault["loc"]: fault["msg"] for fault in refusal.value.errors}


def changed(path: str, value: Any, **fields: Any) -> dict[str, Any]:
    """A good order with one value put at a dotted path."""
    document = copy.deepcopy(order_document(**fields))
    place: Any = document
    *way, last = path.split(".")
    for step in way:
        place = place[int(step) if step.isdigit() else step]
    place[int(last) if last.isdigit() else last] = value
    return document


def without(path: str) -> dict[str, Any]:
    document = changed(path, None)
    place: Any = document
    *way, last = path.split(".")
    for step in way:
        place = place[int(step) if step.isdigit() else step]
    del place[last]
    return document


def test_good_order_is_read_as_sent() -> None:
    order = read_order(order_document("WEB-1"))

    assert (order.number, order.channel, order.delivery_type) == ("WEB-1", "Webshop", "in_store")
    assert order.date_placed == datetime(2026, 11, 17, 17, 2, 56, tzinfo=UTC)
    assert order.amount == Decimal("59.80")
    assert order.customer.last_name == "Yılmaz"
    assert order.order_item[0].price == Decimal("29.90")
    assert order.parcels == {("IST-01", 1)}


def test_every_fault_is_named_at_once() -> None:
    document = order_document(store="NOPE-9", amount="1.234", delivery_type="drone", date_placed="yesterday")
    document["customer"] = {"first_name": "", "last_name": "X", "phone_number": "12", "email": "nobody"}
    document["order_item"] = [{"sku": "A", "name": "A", "quantity": 0, "price": "-3"}]

    assert set(faults(document)) == {
        "amount",
        "delivery_type",
        "date_placed",
        "customer.phone_number",
        "customer.email",
        "shipping_address.retail_store",
        "order_item.0.quantity",
        "order_item.0.price",
    }


@pytest.mark.parametrize(
    "path",
    [
        "number",
        "channel",
        "delivery_type",
        "customer",
        "order_item",
        "customer.phone_number",
        "shipping_address.retail_store",
        "order_item.0.sku",
        "order_item.0.name",
        "order_item.0.quantity",
    ],
)
def test_needed_fields_are_needed(path: str) -> None:
    assert list(faults(without(path))) == [path]


@pytest.mark.parametrize(
    "path",
    [
        "date_placed",
        "language_code",
        "currency",
        "amount",
        "customer.email",
        "customer.first_name",
        "customer.last_name",
    ],
)
def test_the_rest_may_be_left_out_or_null(path: str) -> None:
    read_order(without(path))
    read_order(changed(path, None))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("number", ""),
        ("number", "   "),
        ("number", "x" * 65),
        ("number", 12),
        ("number", "A\x00B"),
        ("number", "A\ud800"),
        ("number", "A\x1b[2J"),
        ("channel", ["Webshop"]),
        ("channel", None),
        ("date_placed", "2026-13-01T00:00:00Z"),
        ("date_placed", "0001-01-01T00:00:00+14:00"),
        ("date_placed", "9999-12-31T23:59:59-12:00"),
        ("date_placed", 1763398976),
        ("date_placed", "2026-11-17T17:02:56Z" * 9),
        ("language_code", 7),
        ("language_code", ["tr"]),
        ("currency", "LIRA"),
        ("currency", "₺₺₺"),
        ("currency", 949),
        ("amount", "-0.01"),
        ("amount", "1,500"),
        ("amount", "1.005"),
        ("amount", "NaN"),
        ("amount", "Infinity"),
        ("amount", float("nan")),
        ("amount", float("inf")),
        ("amount", "1e9"),
        ("amount", "٣٤"),
        ("amount", True),
        ("amount", {}),
        ("amount", 10**400),
        ("amount", "9" * 13),
        ("delivery_type", "IN_STORE"),
        ("delivery_type", None),
        ("customer.first_name", "x" * 151),
        ("customer.email", "a@b"),
        ("customer.email", "a@example.com\nBcc: b@example.com"),
        ("customer.phone_number", "12"),
        ("customer.phone_number", "+999123456789"),
        ("customer.phone_number", "1-800-FLOWERS"),
        ("customer.phone_number", "+90 532 123 45 67 ext. 5"),
        ("customer.phone_number", "9" * 300),
        ("customer.phone_number", 905321234567),
        ("shipping_address.retail_store", "NOPE-9"),
        ("shipping_address.retail_store", "ist-01"),
        ("shipping_address.retail_store", "OLD-01"),
        ("shipping_address.retail_store", "DEPOT-1"),
        ("shipping_address.retail_store", 7),
        ("shipping_address.address_type", "moon"),
        ("order_item", []),
        ("order_item", {}),
        ("order_item", [{"sku": "A", "name": "A", "quantity": 1}] * (MOST_ITEMS + 1)),
        ("order_item.0", "T-shirt"),
        ("order_item.0.quantity", 0),
        ("order_item.0.quantity", -1),
        ("order_item.0.quantity", 10000),
        ("order_item.0.quantity", 1.5),
        ("order_item.0.quantity", "2.5"),
        ("order_item.0.quantity", "two"),
        ("order_item.0.quantity", "1,000"),
        ("order_item.0.price", "1,234"),
        ("order_item.0.quantity", True),
        ("order_item.0.quantity", 10**400),
        ("order_item.0.price", "10000000000"),
        ("order_item.0.image_url", "javascript:alert(1)"),
        ("order_item.0.image_url", "https://["),
        ("order_item.0.retail_store", "NOPE-9"),
        ("order_item.0.parcel", 0),
        ("order_item.0.parcel", 21),
    ],
)
def test_wrong_value_is_named_where_it_stands(path: str, value: Any) -> None:
    found = faults(changed(path, value))

    assert list(found) == [path]
    assert found[path].endswith(".")


@pytest.mark.parametrize("document", [None, [], "order", 7, True, b"\x00", [order_document("WEB-1")]])
def test_what_is_no_order_at_all_is_said_so(document: Any) -> None:
    assert list(faults(document)) == ["order"]


def test_what_was_sent_is_not_repeated() -> None:
    document = changed("customer.phone_number", "secret-phone")
    document["customer"]["email"] = "secret-mail"
    document["number"] = "secret-number" * 9

    assert "secret" not in json.dumps(faults(document))


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("+61491570158", "+61491570158"),
        ("+46701740676", "+46701740676"),
        ("+491713920059", "+491713920059"),
        ("+12065550170", "+12065550170"),
        ("01713920059", "+491713920059"),
        ("0171 / 392-00 59", "+491713920059"),
        ("0049 171 3920059", "+491713920059"),
        ("٠١٧١٣٩٢٠٠٥٩", "+491713920059"),
    ],
)
def test_phone_is_kept_as_e164_and_national_ones_are_the_stores(sent: str, kept: str) -> None:
    assert read_order(changed("customer.phone_number", sent, store="BER-01")).customer.phone_number == kept


def test_phone_without_a_store_needs_its_country_code() -> None:
    home = order_document(delivery_type="home_delivery", shipping_address={"city": "Berlin"})
    assert read_order(home).customer.phone_number == "+905550000101"

    home["customer"] = home["customer"] | {"phone_number": "01713920059"}
    assert list(faults(home)) == ["customer.phone_number"]


@pytest.mark.parametrize(
    ("sent", "read"),
    [("34.95", "34.95"), (34.95, "34.95"), (34, "34.00"), ("34.9", "34.90"), ("34.950", "34.95"), (-0.0, "0.00")],
)
def test_amounts_are_exact_decimals(sent: Any, read: str) -> None:
    assert str(read_order(changed("amount", sent)).amount) == read


@pytest.mark.parametrize(
    ("sent", "hour"),
    [("2026-11-17T17:00:00", 17), ("2026-11-17T17:00:00+03:00", 14), ("2026-11-17 17:00:00Z", 17)],
)
def test_time_without_a_zone_is_utc(sent: str, hour: int) -> None:
    assert read_order(changed("date_placed", sent)).date_placed == datetime(2026, 11, 17, hour, tzinfo=UTC)


@pytest.mark.parametrize(("sent", "read"), [("TR", "tr"), ("pt_br", "pt-BR"), ("zh-hant", "zh-Hant"), ("ar", "ar")])
def test_language_is_written_the_usual_way(sent: str, read: str) -> None:
    assert read_order(changed("language_code", sent)).language_code == read


def test_left_out_amount_is_the_sum_of_the_lines() -> None:
    assert read_order(without("amount")).total == Decimal("59.80")


def test_sum_that_is_too_large_is_refused() -> None:
    document = without("amount")
    document["order_item"] = [{"sku": "A", "name": "A", "quantity": 9999, "price": "9999999999.99"}]

    assert list(faults(document)) == ["amount"]


def test_home_delivery_may_name_no_store() -> None:
    order = read_order(order_document(delivery_type="home_delivery", shipping_address=None))

    assert order.parcels == set()


def test_home_delivery_without_store_and_currency_is_refused() -> None:
    home = order_document(delivery_type="home_delivery", shipping_address={}, currency=None)

    assert list(faults(home)) == ["currency"]


def test_home_delivery_may_be_packed_where_nobody_collects() -> None:
    home = order_document(delivery_type="home_delivery", store="DEPOT-1")

    assert read_order(home).parcels == {("DEPOT-1", 1)}


def test_lines_may_be_split_over_stores_and_parcels() -> None:
    line = {"sku": "A", "name": "A", "quantity": 1}
    lines = [line, line | {"parcel": 2}, line | {"retail_store": "BER-01"}, line | {"retail_store": "IST-01"}]

    assert read_order(changed("order_item", lines)).parcels == {("IST-01", 1), ("IST-01", 2), ("BER-01", 1)}


def test_an_order_is_at_most_twenty_packages() -> None:
    line = {"sku": "A", "name": "A", "quantity": 1}
    lines = [line | {"parcel": at, "retail_store": code} for at in range(1, 12) for code in ("IST-01", "BER-01")]

    assert list(faults(changed("order_item", lines))) == ["order_item"]


def test_unknown_keys_are_ignored() -> None:
    assert read_order(changed("customer.loyalty_card", {"deep": [1, 2]})).customer.first_name == "Deniz"


def test_sentences_come_in_the_active_language() -> None:
    with override("tr"):
        turkish = str(SENTENCES["missing"])
        assert faults(without("number"))["number"] == turkish


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("number", "", "Required"),
        ("number", "x" * 65, "at most 64 characters"),
        ("order_item", [], "at least one"),
        ("order_item", [{}] * (MOST_ITEMS + 1), "at most 500."),
        ("delivery_type", "drone", "in_store, home_delivery"),
        ("order_item.0.quantity", 0, "from 1 to 9999"),
    ],
)
def test_sentence_says_what_to_give(path: str, value: Any, words: str) -> None:
    assert words in faults(changed(path, value))[path]


def test_every_kind_of_fault_has_words() -> None:
    with pytest.raises(ValidationFailed) as refusal:
        read_order({"order_item": [1], "customer": 1, "shipping_address": 1, "number": 1, "channel": "", "amount": "x"})

    assert all("cannot be read" not in fault["msg"] for fault in refusal.value.errors)


def test_the_schema_can_be_published() -> None:
    schema = OrderIn.model_json_schema()

    assert set(schema["required"]) == {"number", "channel", "delivery_type", "customer", "order_item"}


SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.text(st.characters(categories=["Cs"]))
)
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8)


class AnythingIsReadOrRefused(TestCase):
    @settings(max_examples=150, deadline=None)
    @given(JSON)
    def test_garbage_is_refused_in_words(self, document: Any) -> None:
        with pytest.raises(ValidationFailed) as refusal:
            read_order(document)
        assert refusal.value.errors

    @settings(max_examples=300, deadline=None)
    @given(st.data())
    def test_garbage_in_any_field_is_read_or_refused(self, data: st.DataObject) -> None:
        document = order_document("WEB-1")
        places: list[tuple[Any, Any]] = [
            (part, key)
            for part in (document, document["customer"], document["shipping_address"], document["order_item"][0])
            for key in part
        ]
        for part, key in data.draw(st.lists(st.sampled_from(places), min_size=1, max_size=4)):
            part[key] = data.draw(JSON)
        with suppress(ValidationFailed):
            assert read_order(document).customer.phone_number.startswith("+")
