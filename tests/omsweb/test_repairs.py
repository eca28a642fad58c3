"""OMS WEB, orders to repair: every fault in words, corrected and sent on, or discarded; what was learned is shown."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import translation
from django.utils.timezone import now
from pytest_django import DjangoAssertNumQueries

from clickcollect.accounts.models import Role
from clickcollect.errors import Fault
from clickcollect.omnitron.models import Order
from clickcollect.oms.orders.connectors.receive import ChannelOrderResult, receive_channel_order
from clickcollect.oms.orders.repair import keep_for_repair
from clickcollect.oms.orders.repair_faults import open_faults
from clickcollect.oms.repair_models import LocationRule, OrderToRepair, RepairState
from clickcollect.omsweb.repair_form import RepairForm
from tests.markup import markup
from tests.shop import make_actor, make_order, make_store, make_user, order_document

pytestmark = pytest.mark.django_db(transaction=True)
PAGE = "/oms/repairs/"
LOCATIONS = "/oms/locations/"
GALATA = "Galata - Pickup"
BAD_CUSTOMER = {"first_name": "Zeynep", "last_name": "Kaya", "email": "z@", "phone_number": "12"}


@pytest.fixture
def operator(client: Client) -> Client:
    make_store("IST-01")
    client.force_login(make_user(Role.OPERATOR))
    return client


def arrives(number: str = "1001", *, store: str = GALATA, **fields: Any) -> ChannelOrderResult:
    """A connector's order, for a location that nobody knows unless another store is named."""
    document = order_document(number, store=store, **fields)
    actor = make_actor(Role.ADMIN)
    return receive_channel_order(document, payload={"raw": document}, connector="shopify", actor=actor, is_webhook=True)


def waiting(number: str = "1001", **fields: Any) -> OrderToRepair:
    assert arrives(number, **fields).status == "to_repair"
    return OrderToRepair.objects.get(reference=number)


def filled_in(client: Client, row: OrderToRepair) -> dict[str, str]:
    """What the page's form would send as it stands."""
    form = client.get(f"{PAGE}{row.pk}/").context["form"]
    return {name: str(value) for name, value in form.data.items()}


def send_on(client: Client, row: OrderToRepair, **changes: str) -> Any:
    data = filled_in(client, row) | {name.replace("__", "."): value for name, value in changes.items()}
    return client.post(f"{PAGE}{row.pk}/", data)


STORE = {"shipping_address__retail_store": "IST-01"}


def test_every_fault_is_listed_in_words_with_its_place(operator: Client) -> None:
    lines = [{"sku": "A", "name": "Mug", "quantity": 1}, {"sku": "B", "name": "Cup", "quantity": "many"}]
    waiting(customer=BAD_CUSTOMER, order_item=lines)
    page = markup(operator.get(PAGE))
    for words in ("1001", "Webshop", "Zeynep Kaya", "<strong>Store:</strong>", "No store has this code."):
        assert words in page
    for place in ("Phone number", "E-mail", "Item 2, Quantity"):
        assert f"<strong>{place}:</strong>" in page


def test_the_list_speaks_the_readers_language(operator: Client) -> None:
    row = waiting()
    with translation.override("tr"):
        turkish = translation.gettext("No store has this code.")
    assert turkish != "No store has this code."
    for address in (PAGE, f"{PAGE}{row.pk}/"):
        assert turkish in markup(operator.get(address, headers={"accept-language": "tr"}))


@pytest.mark.parametrize("role", [Role.ASSOCIATE, Role.MANAGER])
def test_store_staff_see_nothing_of_it(client: Client, role: Role) -> None:
    make_store("IST-01")
    row = waiting()
    client.force_login(make_user(role, make_store()))
    for address in (PAGE, f"{PAGE}{row.pk}/", LOCATIONS):
        assert client.get(address).status_code == 403
        assert client.post(address, {}).status_code == 403
    assert client.post(f"{PAGE}{row.pk}/discard/", {"reason": "x"}).status_code == 403
    assert OrderToRepair.objects.get().state == "waiting"


def test_the_walk_of_an_operator(operator: Client) -> None:
    """An unknown location, the store picked and remembered: the order is placed, and the next one goes through."""
    row = waiting()
    page = markup(operator.get(f"{PAGE}{row.pk}/"))
    assert f"The shop calls it “{GALATA}”." in page
    assert "No store has this code." in page
    answer = send_on(operator, row, **STORE, remember="on")
    assert (answer.status_code, answer["Location"]) == (302, PAGE)
    assert Order.objects.get().retail_store == make_store("IST-01")
    assert arrives("1002", store="GALATA  pickup").status == "created"
    assert OrderToRepair.objects.get().state == "placed"


def test_nothing_is_remembered_unasked(operator: Client) -> None:
    send_on(operator, waiting(), **STORE)
    assert Order.objects.exists()
    assert arrives("1002").status == "to_repair"
    assert not LocationRule.objects.exists()


def test_what_is_still_wrong_stands_at_its_field_and_what_was_typed_stays(operator: Client) -> None:
    row = waiting(customer=BAD_CUSTOMER)
    answer = send_on(operator, row, **STORE, customer__phone_number="still wrong")
    page = markup(answer)
    assert answer.status_code == 400
    assert 'value="still wrong"' in page
    assert "2 fields need a correction. Nothing was saved." in page
    assert not Order.objects.exists()
    fixed = {"customer__phone_number": "0532 000 01 01", "customer__email": "", **STORE}
    assert send_on(operator, row, **fixed).status_code == 302
    assert Order.objects.get().phone_number == "+905320000101"


WRONG: list[dict[str, Any]] = [
    {"date_placed": "yesterday"},
    {"updated_at": "a while ago"},
    {"customer": ["nobody"]},
    {"customer": BAD_CUSTOMER | {"phone_country": "x" * 99}},
    {"shipping_address": None},
    {"shipping_address": {"retail_store": GALATA, "postcode": "9" * 99, "address_type": "customer"}},
    {"order_item": "none"},
    {"order_item": [7, {"sku": "A", "name": "x" * 300, "quantity": "2.5"}]},
    {"order_item": [{"sku": "A", "name": "A", "quantity": 1, "parcel": "first", "image_url": "javascript:1"}]},
    {"order_item": [{"sku": "A", "name": "A", "quantity": 1, "retail_store": "NOPE"}]},
    {"amount": "free", "currency": "liras", "language_code": {"a": 1}},
    {"delivery_type": "in_store", "shipping_address": {"retail_store": {"erp_code": "x"}}},
]
CURE: dict[str, str] = {
    "number": "1001",
    "channel": "Webshop",
    "shipping_address.retail_store": "IST-01",
    "customer.first_name": "Zeynep",
    "customer.phone_number": "+905320000101",
    "customer.phone_country": "",
    "customer.email": "",
    "amount": "",
    "currency": "",
    "language_code": "",
    "date_placed": "2026-11-17T17:02:56Z",
    "updated_at": "2026-11-17T17:02:56Z",
    "shipping_address.postcode": "34000",
    "order_item.0.sku": "A",
    "order_item.0.name": "Mug",
    "order_item.0.quantity": "1",
    "order_item.0.price": "",
    "order_item.0.retail_store": "IST-01",
    "order_item.0.parcel": "1",
    "order_item.0.image_url": "",
    "order_item.1.quantity": "1",
    "order_item.1.name": "Cup",
}


@pytest.mark.parametrize("fields", WRONG, ids="-".join)
def test_everything_that_can_be_wrong_has_a_field(operator: Client, fields: dict[str, Any]) -> None:
    document = order_document("1001", store=GALATA) | fields
    keep_for_repair(channel="Webshop", reference="1001", payload=document, faults=open_faults(document))
    row = OrderToRepair.objects.get()
    shown = operator.get(f"{PAGE}{row.pk}/")
    form = shown.context["form"]
    assert form.faults
    assert not form.refusals, "what has no field cannot be corrected"
    data = {name: CURE.get(name, str(value)) for name, value in form.data.items()}
    if "order_item.0.sku" not in data:
        data |= {name: value for name, value in CURE.items() if name.startswith("order_item.0.")}
    answer = operator.post(f"{PAGE}{row.pk}/", data)
    assert answer.status_code == 302, answer.context["form"].errors
    assert Order.objects.get().retail_store == make_store("IST-01")


def test_what_has_no_field_stays_as_it_was_sent(operator: Client) -> None:
    make_store("ANK-01")
    lines = [
        {"sku": "A", "name": "Mug", "quantity": 1, "image_url": "https://example.com/a.png", "parcel": 2},
        {"sku": "B", "name": "Cup", "quantity": 1, "retail_store": "ANK-01"},
    ]
    row = waiting(order_item=lines, date_placed="2026-11-20T10:00:00Z", language_code="pt-BR")
    send_on(operator, row, **STORE, order_item__0__sku="A-2")
    order = Order.objects.get()
    assert (order.date_placed.isoformat(), order.language_code) == ("2026-11-20T10:00:00+00:00", "pt-BR")
    first, second = order.items.all()
    assert (first.sku, first.image_url, first.parcel) == ("A-2", "https://example.com/a.png", 2)
    assert second.retail_store == make_store("ANK-01")


def test_a_home_delivery_stays_one_unless_a_store_is_picked(operator: Client) -> None:
    address = {"address_line": "Gül Sokak 5", "city": "Istanbul", "country": "TR"}
    for number in ("1", "2"):
        document = order_document(number) | {
            "delivery_type": "home_delivery",
            "shipping_address": address,
            "customer": BAD_CUSTOMER,
        }
        keep_for_repair(channel="Webshop", reference=number, payload=document, faults=[])
    fixed = {"customer__phone_number": "+905320000101", "customer__email": ""}
    for row, changes in zip(OrderToRepair.objects.order_by("pk"), ({}, STORE), strict=True):
        assert send_on(operator, row, **fixed, **changes).status_code == 302
    home, store = Order.objects.order_by("pk")
    assert (home.delivery_type, home.shipping_address["city"]) == ("home_delivery", "Istanbul")
    assert (store.delivery_type, store.retail_store) == ("in_store", make_store("IST-01"))


def test_a_conflict_says_what_is_there_already(operator: Client) -> None:
    order = make_order("1001", erased_at=None)
    fault: Fault = {"loc": "order_item.0.quantity", "msg": "A different order with this number already exists."}
    row = keep_for_repair(
        channel="Webshop", reference="1001", payload=order_document("1001", amount="1.00"), faults=[fault]
    )
    page = markup(operator.get(f"{PAGE}{row.pk}/"))
    assert "Item 1, Quantity" in page
    assert f'href="/oms/orders/{order.pk}/"' in page


def test_a_second_operator_is_told_who_was_first(operator: Client) -> None:
    row = waiting()
    data = filled_in(operator, row) | {"shipping_address.retail_store": "IST-01"}
    form = RepairForm(row, data)
    assert form.is_valid()
    operator.post(f"{PAGE}{row.pk}/discard/", {"reason": "A test"})
    page = markup(operator.post(f"{PAGE}{row.pk}/", data))
    assert "Discarded" in page
    assert "“<bdi>A test</bdi>”" in page
    assert not Order.objects.exists()


def test_discarding_wants_a_reason(operator: Client) -> None:
    row = waiting()
    answer = operator.post(f"{PAGE}{row.pk}/discard/", {"reason": " "}, follow=True)
    assert "Enter why this order is not wanted." in answer.content.decode()
    answer = operator.post(f"{PAGE}{row.pk}/discard/", {"reason": "A test of <b>ours</b>"}, follow=True)
    assert "The order was discarded." in answer.content.decode()
    row.refresh_from_db()
    assert (row.state, row.reason) == ("discarded", "A test of <b>ours</b>")
    assert operator.get(f"{PAGE}{row.pk}/discard/").status_code == 302


def test_the_list_shows_what_waits_oldest_first_and_the_rest_in_tabs(operator: Client) -> None:
    for number in ("1001", "1002", "1003"):
        waiting(number)
    operator.post(f"{PAGE}{OrderToRepair.objects.get(reference='1002').pk}/discard/", {"reason": "x"})
    shown = operator.get(PAGE)
    assert [line["row"].reference for line in shown.context["lines"]] == ["1001", "1003"]
    assert [(tab["key"], tab["count"]) for tab in shown.context["tabs"]] == [
        ("waiting", 2),
        ("placed", 0),
        ("arrived", 0),
        ("discarded", 1),
    ]
    shown = operator.get(f"{PAGE}?state=discarded")
    assert [line["row"].reference for line in shown.context["lines"]] == ["1002"]


@pytest.mark.parametrize(
    "asked",
    ["WEB-77", "web77", "Özg", "Ozgur", "deniz.o@example.com", "0777", "+90 555 000 07 77", "05550000777"],
)
def test_it_is_found_by_number_name_phone_and_email(operator: Client, asked: str) -> None:
    customer = {
        "first_name": "Özgür", "last_name": "Deniz", "email": "Deniz.O@example.com", "phone_number": "0555/000 07 77 x"
    }  # fmt: skip
    waiting("WEB-77", customer=customer)
    waiting("WEB-88")
    shown = operator.get(PAGE, {"q": asked})
    assert [line["row"].reference for line in shown.context["lines"]] == ["WEB-77"]


def test_the_list_is_narrowed_by_channel_and_day(operator: Client) -> None:
    waiting("1")
    waiting("2", channel="Another")
    OrderToRepair.objects.filter(reference="1").update(received_at=now() - timedelta(days=3))
    shown = operator.get(PAGE, {"channel": "Another"})
    assert [line["row"].reference for line in shown.context["lines"]] == ["2"]
    day = (now() - timedelta(days=1)).date().isoformat()
    shown = operator.get(PAGE, {"to": day})
    assert [line["row"].reference for line in shown.context["lines"]] == ["1"]


def test_a_page_of_the_list_costs_the_same_for_many(
    operator: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    document = order_document("x", store=GALATA)
    OrderToRepair.objects.bulk_create(
        OrderToRepair(channel="Webshop", reference=str(number), document=document, faults=open_faults(document))
        for number in range(120)
    )
    with django_assert_max_num_queries(16):
        shown = operator.get(f"{PAGE}?page=2")
    assert len(shown.context["lines"]) == 50


def test_the_dashboard_and_the_sidebar_count_what_waits(operator: Client) -> None:
    assert f'href="{PAGE}"' in markup(operator.get("/oms/"))
    assert "ow-nav-badge" not in markup(operator.get("/oms/packages/"))
    waiting()
    assert '<span class="ow-nav-badge">1</span>' in markup(operator.get("/oms/packages/"))
    assert f'class="ow-need ow-need-bad" href="{PAGE}"' in markup(operator.get("/oms/"))


def test_learned_locations_are_shown_and_removed(operator: Client) -> None:
    send_on(operator, waiting(), **STORE, remember="on")
    rule = LocationRule.objects.get()
    page = markup(operator.get(LOCATIONS))
    for words in (GALATA, "Webshop", "IST-01"):
        assert words in page
    assert "No results match these filters." in operator.get(LOCATIONS, {"q": "moda"}).content.decode()
    answer = operator.post(f"{LOCATIONS}{rule.pk}/forget/", follow=True)
    assert "The rule was removed." in answer.content.decode()
    assert arrives("1002").status == "to_repair"
    again = operator.post(f"{LOCATIONS}{rule.pk}/forget/", follow=True)
    assert "find that. Check the number" in again.content.decode()


def test_what_is_right_by_now_is_sent_on_together(operator: Client) -> None:
    """A location learned from one frees the others that wait for it; what is wrong for another reason waits on."""
    first, _second, _third = waiting("1"), waiting("2"), waiting("3", store="Moda")
    waiting("4", customer=BAD_CUSTOMER)
    send_on(operator, first, **STORE, remember="on")
    make_store("IST-07", name="Moda")
    answer = operator.post(f"{PAGE}again/", follow=True)
    assert "2 orders were resubmitted. 1 is still waiting." in answer.content.decode()
    assert set(Order.objects.values_list("number", "retail_store__erp_code")) == {
        ("1", "IST-01"),
        ("2", "IST-01"),
        ("3", "IST-07"),
    }
    assert [line["row"].reference for line in operator.get(PAGE).context["lines"]] == ["4"]
    assert operator.get(f"{PAGE}again/").status_code == 302


def test_log_order_and_alarm_lead_to_it(operator: Client) -> None:
    row = waiting()
    link = f'href="{PAGE}{row.pk}/"'
    assert link in markup(operator.get("/oms/log/"))
    OrderToRepair.objects.update(received_at=now() - timedelta(days=1))
    assert f'<a href="{PAGE}">Orders to repair</a>' in markup(operator.get("/oms/"))
    send_on(operator, row, **STORE)
    assert link in markup(operator.get(f"/oms/orders/{Order.objects.get().pk}/"))
    entries = operator.get("/oms/log/").content.decode()
    for words in ("Order received that needs repair", "Order repaired and resubmitted"):
        assert words in entries


def test_search_everywhere_finds_what_waits(operator: Client) -> None:
    row = waiting("WEB-77")
    found = operator.get("/oms/search/", {"s": "WEB-77"}).context["results"]
    assert [(result.title, result.link) for result in found] == [("WEB-77", f"{PAGE}{row.pk}/")]


def test_of_what_was_erased_the_page_shows_nothing(operator: Client) -> None:
    row = waiting()
    OrderToRepair.objects.update(
        state=RepairState.DISCARDED, ended_at=now(), erased_at=now(), payload={}, document={}, faults=[], search=None
    )
    page = markup(operator.get(f"{PAGE}{row.pk}/"))
    assert "erased on" in page
    assert "As received" not in page
    assert operator.get(f"{PAGE}?state=discarded").status_code == 200


@pytest.mark.parametrize("number", ["0", "999", "9" * 30])
def test_what_is_not_there_is_not_found(operator: Client, number: str) -> None:
    assert operator.get(f"{PAGE}{number}/").status_code == 404
    assert operator.post(f"{PAGE}{number}/discard/", {"reason": "x"}, follow=True).status_code == 404


@pytest.mark.parametrize(
    "query",
    ["state=nowhere", "page=99999", "page=-1", "q=%00", "q=%27%3A*", "channel=%00", "from=0000-00-00", "to=9999-12-31"],
)
def test_no_question_breaks_the_lists(operator: Client, query: str) -> None:
    waiting()
    for page in (PAGE, LOCATIONS):
        assert operator.get(f"{page}?{query}").status_code == 200


def test_what_came_is_shown_and_never_run(operator: Client) -> None:
    script = "<script>alert(1)</script>"
    row = waiting(customer=BAD_CUSTOMER | {"first_name": script}, note=script)
    for address in (PAGE, f"{PAGE}{row.pk}/"):
        page = operator.get(address).content.decode()
        assert script not in page
        assert "&lt;script&gt;" in page
