"""OMS WEB, orders: the form that enters a Click & Collect order, with every fault at its field."""

from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from clickcollect.accounts.models import Role
from clickcollect.omnitron.models import DeliveryType, Order
from clickcollect.oms import states
from clickcollect.oms.models import Package
from tests.markup import TAG
from tests.shop import make_order, make_package, make_store, make_user

pytestmark = pytest.mark.django_db(transaction=True)

FILLED = {
    "number": "WEB-9001",
    "channel": "Phone",
    "shipping_address.retail_store": "IST-01",
    "customer.first_name": "Zeynep",
    "customer.last_name": "Kaya",
    "customer.phone_number": "0532 000 01 01",
    "customer.email": "",
    "language_code": "tr",
    "amount": "",
    "currency": "",
    "order_item.0.sku": "MUG-CER-01",
    "order_item.0.name": "Ceramic mug",
    "order_item.0.quantity": "2",
    "order_item.0.price": "10.50",
}


@pytest.fixture
def operator(client: Client) -> Client:
    make_store("IST-01")
    client.force_login(make_user(Role.OPERATOR))
    return client


def enter(client: Client, **changes: str) -> Any:
    return client.post("/oms/orders/add/", FILLED | {name.replace("__", "."): value for name, value in changes.items()})


def test_an_order_arrives_with_its_package_in_waiting(operator: Client) -> None:
    answer = enter(operator)
    order = Order.objects.get(number="WEB-9001")
    assert answer.status_code == 302
    assert answer.headers["Location"] == f"/oms/orders/{order.pk}/"
    assert order.delivery_type == DeliveryType.IN_STORE
    assert order.phone_number == "+905320000101"
    assert str(order.amount) == "21.00"
    package = Package.objects.get(order=order)
    assert package.state.enum_value == states.WAITING
    assert package.stock_location.erp_code == "IST-01"


def test_rows_can_be_added_and_one_left_empty_is_none(operator: Client) -> None:
    more = {
        "order_item.3.sku": "TSH-1",
        "order_item.3.name": "T-shirt",
        "order_item.3.quantity": "1",
        "order_item.3.price": "",
        "order_item.7.sku": "",
        "order_item.7.name": "",
        "order_item.7.quantity": "1",
        "order_item.7.price": "",
    }
    assert operator.post("/oms/orders/add/", FILLED | more).status_code == 302
    assert list(Order.objects.get().items.values_list("sku", flat=True)) == ["MUG-CER-01", "TSH-1"]


def test_every_fault_stands_at_its_field_and_what_was_typed_stays(operator: Client) -> None:
    answer = enter(
        operator,
        number="",
        customer__phone_number="12",
        customer__email="not an address",
        order_item__0__quantity="many",
        order_item__0__price="1.234",
        shipping_address__retail_store="NO-99",
        customer__first_name="<b>Zeynep</b>",
    )
    page = answer.content.decode()
    assert answer.status_code == 400
    for field in (
        "number",
        "customer.phone_number",
        "customer.email",
        "order_item.0.quantity",
        "order_item.0.price",
        "shipping_address.retail_store",
    ):
        assert f'id="id_{field}_error"' in page, field
    assert 'value="many"' in page
    assert "&lt;b&gt;Zeynep&lt;/b&gt;" in page
    assert not Order.objects.exists()
    assert not Package.objects.exists()


def test_the_same_order_again_is_the_same_order(operator: Client) -> None:
    enter(operator)
    assert enter(operator).status_code == 302
    assert Order.objects.count() == 1


def test_another_order_under_the_same_number_says_what_differs(operator: Client) -> None:
    enter(operator)
    stranger = {"customer__first_name": "Ada", "customer__phone_number": "0532 000 09 09"}
    answer = enter(operator, customer__last_name="Demir", **stranger)
    assert answer.status_code == 409
    assert "customer.last_name" in answer.content.decode()
    assert Order.objects.get().last_name == "Kaya"


def test_the_same_customer_s_order_entered_again_changes_the_one_that_is_there(operator: Client) -> None:
    enter(operator)
    answer = enter(operator, customer__last_name="Demir")
    assert answer.status_code == 302
    assert "already existed and was updated" in operator.get(answer.headers["Location"]).content.decode()
    assert Order.objects.get().last_name == "Demir"


@pytest.mark.parametrize(
    "text", ["\x00", "\u202eevil", "😀" * 200, "x" * 5000, "{{ 7 }}"], ids=["nul", "rtl", "emoji", "long", "template"]
)
def test_nasty_text_is_no_error(operator: Client, text: str) -> None:
    answer = enter(operator, customer__first_name=text, number=text, order_item__0__name=text)
    assert answer.status_code in (302, 400)


def test_a_post_without_fields_is_refused_with_words(operator: Client) -> None:
    assert operator.post("/oms/orders/add/", {}).status_code == 400


def test_list_and_page_show_an_order(operator: Client) -> None:
    package = make_package()
    assert package.order.number in operator.get("/oms/orders/").content.decode()
    page = operator.get(f"/oms/orders/{package.order_id}/").content.decode()
    assert package.number in page


def test_list_costs_the_same_for_many(operator: Client, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    for _ in range(60):
        make_order()
    with django_assert_max_num_queries(10):
        assert operator.get("/oms/orders/").status_code == 200


def test_orders_are_found_by_number_name_and_phone(operator: Client) -> None:
    enter(operator)
    make_order()
    for text in ("WEB-90", "kaya", "+905320000101"):
        page = operator.get("/oms/orders/", {"q": text}).content.decode()
        assert "WEB-9001" in page, text
        assert "1 order" in page


@pytest.mark.parametrize(("zone", "received"), [("Europe/Istanbul", "20:02"), ("America/New_York", "12:02")])
def test_the_page_of_an_order_has_one_clock_its_stores(operator: Client, zone: str, received: str) -> None:
    order = make_order(store=make_store("ZON-01", time_zone=zone))
    page = operator.get(f"/oms/orders/{order.pk}/").content.decode()
    assert f"Tue 17 Nov 2026, {received}" in page
    assert page.count(f"Times in {zone}") == 1
    assert "UTC" not in TAG.sub("", page)
