"""Orders over HTTP: taken in once, read back, cancelled."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clickcollect.omnitron.models import Order, OrderStatus
from clickcollect.oms.events import examples
from clickcollect.oms.models import Package
from tests import shop
from tests.api.caller import ORDERS, Caller, caller_for, code_of, document_of, make_caller

pytestmark = pytest.mark.django_db
CASES = Path(__file__).parents[1] / "data" / "orders"


@pytest.fixture
def office() -> Caller:
    shop.make_store("IST-01")
    return make_caller("operator")


def test_a_new_order_is_201_the_same_again_200_another_409(office: Caller) -> None:
    sent = shop.order_document("WEB-1")
    first = office.post(ORDERS, sent)
    again = office.post(ORDERS, sent)
    other = office.post(ORDERS, sent | {"amount": "1.00", "date_placed": "2026-11-18T09:00:00Z"})
    assert [first.status_code, again.status_code, other.status_code] == [201, 200, 409]
    assert json.loads(first.content) == json.loads(again.content)
    problem = json.loads(other.content)
    assert (problem["code"], problem["differs"]) == ("order_conflict", ["date_placed", "amount"])
    assert (Order.objects.count(), Package.objects.count()) == (1, 1)


def test_an_amendment_is_200_an_older_version_409_and_a_repeated_key_hears_the_same(office: Caller) -> None:
    sent = shop.order_document("WEB-1")
    changed = sent | {"amount": "1.00"}
    assert office.post(ORDERS, sent).status_code == 201
    answers = [office.post(ORDERS, changed, Idempotency_Key="k") for _again in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert json.loads(answers[0].content) == json.loads(answers[1].content)
    assert document_of(answers[0])["amount"] == "1.00"
    older = [office.post(ORDERS, sent, Idempotency_Key="late") for _again in range(2)]
    assert [answer.status_code for answer in older] == [409, 409]
    assert json.loads(older[0].content)["code"] == "order_conflict"
    assert "newer version" in json.loads(older[0].content)["detail"]
    assert document_of(office.get(f"{ORDERS}WEB-1/"))["amount"] == "1.00"


def test_once_packed_a_change_is_409(office: Caller) -> None:
    sent = shop.order_document("WEB-1")
    package = document_of(office.post(ORDERS, sent))["packages"][0]["id"]
    assert office.command(package, {"slug": "complete-packaging-without-shipment"}).status_code == 204
    answer = office.post(ORDERS, sent | {"order_item": [sent["order_item"][0] | {"quantity": 1}]})
    assert (answer.status_code, code_of(answer)) == (409, "order_conflict")


@pytest.mark.parametrize("path", sorted(CASES.glob("order-*.json")), ids=lambda path: path.stem)
def test_what_shops_really_send_is_taken_once(office: Caller, path: Path) -> None:
    sent = json.loads(path.read_text())
    shuffled = sent | {"order_item": sent["order_item"][::-1]}

    assert [office.post(ORDERS, document).status_code for document in (sent, shuffled)] == [201, 200]


@pytest.mark.parametrize(
    ("currency", "price"), [("KWD", "12.345"), ("TND", "0.005"), ("JPY", "2990"), ("CLF", "0.0001"), ("TRY", "34.95")]
)
def test_amounts_come_back_with_the_places_of_their_currency_wherever_they_are_read(
    office: Caller, currency: str, price: str
) -> None:
    sent = json.loads((CASES / "order-kwd.json").read_text()) | {"currency": currency, "amount": price}
    sent["order_item"][0]["price"] = price
    made = document_of(office.post(ORDERS, sent))
    (listed,) = document_of(office.get(ORDERS))["results"]
    read = document_of(office.get(f"{ORDERS}{sent['number']}/"))

    for found in (made, listed, read):
        assert (found["amount"], found["order_item"][0]["price"]) == (price, price)


def test_an_order_comes_back_as_it_was_sent_with_status_and_packages(office: Caller) -> None:
    sent = shop.order_document("WEB-1")
    made = json.loads(office.post(ORDERS, sent).content)
    assert made == document_of(office.get(f"{ORDERS}WEB-1/")) == document_of(office.get(ORDERS))["results"][0]
    assert {key: made[key] for key in sent if key != "order_item"} == {
        key: value for key, value in sent.items() if key != "order_item"
    }
    assert made["status"] == "400"
    assert made["order_item"] == [sent["order_item"][0] | {"image_url": None}]
    assert [package["order_number"] for package in made["packages"]] == ["WEB-1"]


def test_a_bad_order_changes_nothing_and_names_every_fault(office: Caller) -> None:
    bad = shop.order_document("WEB-1", store="NO-99") | {"amount": "-1"}
    bad["customer"]["phone_number"] = "12"
    answer = office.post(ORDERS, bad)
    assert (answer.status_code, code_of(answer)) == (400, "validation_error")
    assert {fault["loc"] for fault in json.loads(answer.content)["errors"]} == {
        "amount",
        "customer.phone_number",
        "shipping_address.retail_store",
    }
    assert Order.objects.count() == 0


def test_a_home_delivery_without_a_store_has_no_package(office: Caller) -> None:
    sent = shop.order_document("WEB-1", delivery_type="home_delivery", shipping_address={"city": "Ankara"})
    made = json.loads(office.post(ORDERS, sent).content)
    assert (made["delivery_type"], made["delivery_from_store"], made["packages"]) == ("home_delivery", False, [])


def test_where_channels_share_a_number_the_newest_is_shown_unless_one_is_named(office: Caller) -> None:
    for channel in ("Webshop", "App"):
        office.post(ORDERS, shop.order_document("1/A #2", channel=channel))
    address = f"{ORDERS}1%2FA%20%232/"
    assert document_of(office.get(address))["channel"] == "App"
    assert document_of(office.get(f"{address}?channel=Webshop"))["channel"] == "Webshop"
    assert office.get(f"{address}?channel=Nowhere").status_code == 404


def test_orders_are_filtered_by_status_and_number(office: Caller) -> None:
    for number in ("A-1", "A-2", "B-1"):
        office.post(ORDERS, shop.order_document(number))
    Order.objects.filter(number="A-2").update(status=OrderStatus.DELIVERED)

    def numbers(query: str) -> list[str]:
        return [row["number"] for row in document_of(office.get(f"{ORDERS}?{query}"))["results"]]

    assert numbers("") == ["B-1", "A-2", "A-1"]
    assert numbers("status=550") == ["A-2"]
    assert numbers("status=999") == []
    assert numbers("number=A-") == ["A-2", "A-1"]
    assert numbers("limit=1&page=2") == ["A-2"]


def test_a_page_of_orders_costs_at_most_ten_statements(office: Caller) -> None:
    costs = []
    for _ in range(2):
        for _ in range(3):
            office.post(ORDERS, shop.order_document())
        with CaptureQueriesContext(connection) as statements:
            office.get(ORDERS)
        costs.append(len(statements))
    assert costs[1] <= costs[0] <= 10


def test_a_token_bound_to_a_store_sees_orders_of_that_store_only() -> None:
    for code in ("IST-01", "BER-01"):
        shop.make_order(f"O-{code}", store=shop.make_store(code))
    narrow = caller_for(shop.make_user("operator"), stores=["BER-01"])
    assert [row["number"] for row in document_of(narrow.get(ORDERS))["results"]] == ["O-BER-01"]
    assert narrow.get(f"{ORDERS}O-IST-01/").status_code == 404
    assert narrow.post(f"{ORDERS}O-IST-01/cancel/").status_code == 404
    assert narrow.post(ORDERS, shop.order_document("N-1", store="IST-01")).status_code == 403
    assert narrow.post(ORDERS, shop.order_document("N-2", store="BER-01")).status_code == 201


def test_a_cancelled_order_waits_for_its_packages(office: Caller) -> None:
    office.post(ORDERS, shop.order_document("WEB-1"))
    answer = office.post(f"{ORDERS}WEB-1/cancel/", {"reason": "Changed their mind."})
    assert (answer.status_code, answer.content) == (204, b"")
    assert document_of(office.get(f"{ORDERS}WEB-1/"))["status"] == "50"
    assert office.post(f"{ORDERS}WEB-1/cancel/").status_code == 204


@pytest.mark.parametrize("body", [{"reason": 7}, {"reason": "x" * 501}, [], "why"])
def test_a_badly_put_cancellation_changes_nothing(office: Caller, body: object) -> None:
    office.post(ORDERS, shop.order_document("WEB-1"))
    assert office.post(f"{ORDERS}WEB-1/cancel/", body).status_code == 400
    assert document_of(office.get(f"{ORDERS}WEB-1/"))["status"] == "400"


def test_what_was_delivered_is_not_cancelled(office: Caller) -> None:
    office.post(ORDERS, shop.order_document("WEB-1"))
    Order.objects.update(status=OrderStatus.DELIVERED)
    answer = office.post(f"{ORDERS}WEB-1/cancel/")
    assert (answer.status_code, code_of(answer)) == (409, "state_conflict")


def test_store_staff_have_no_business_with_orders() -> None:
    store = shop.make_store("IST-01")
    shop.make_order("WEB-1", store=store)
    for role in ("associate", "manager"):
        caller = make_caller(role, store)
        for answer in (
            caller.get(ORDERS),
            caller.get(f"{ORDERS}WEB-1/"),
            caller.post(ORDERS, shop.order_document("WEB-2")),
            caller.post(f"{ORDERS}WEB-1/cancel/"),
        ):
            assert (answer.status_code, code_of(answer)) == (403, "forbidden")
    assert Order.objects.count() == 1


@pytest.mark.parametrize(
    ("address", "example"),
    [(ORDERS, examples.ORDER_IN), ("/api/v1/channel/7/create_orders/", examples.CHANNEL_ORDER_IN)],
)
def test_the_examples_of_the_description_are_good_orders(office: Caller, address: str, example: dict[str, Any]) -> None:
    assert office.post(address, example).status_code == 201
    assert Package.objects.count() == 1
