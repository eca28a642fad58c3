"""OMS WEB, personal data: an administrator sees which orders it means before anything is erased."""

from typing import Any

import pytest
from django.test import Client
from django.utils.timezone import now

from clickcollect.accounts.models import Role
from clickcollect.omnitron.models import Order
from clickcollect.oms.orders.repair import discard_order, keep_for_repair
from tests.shop import make_actor, make_order, make_store, make_user, order_document

pytestmark = pytest.mark.django_db(transaction=True)
PAGE = "/oms/privacy/"
PHONE = "+905550000777"
PERSON = {"last_name": "Unusualname", "email": "z@example.com", "phone_number": PHONE}


@pytest.fixture
def admin(client: Client) -> Client:
    client.force_login(make_user(Role.ADMIN))
    return client


def ended(**fields: Any) -> Order:
    return make_order(ended_at=now(), **PERSON | fields)


def names() -> set[str]:
    return set(Order.objects.values_list("last_name", flat=True))


def confirmed(client: Client, **asked: str) -> dict[str, str]:
    """What the form sends when its second button is pressed."""
    shown = client.post(PAGE, asked)
    form = shown.context["confirmation"]
    return asked | {"confirmed": form.marks, "typed": form.word, "erase": "yes"}


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.MANAGER, Role.ASSOCIATE])
def test_only_an_administrator_erases(client: Client, role: Role) -> None:
    order = ended()
    client.force_login(make_user(role, make_store()))
    assert client.get(PAGE).status_code == 403
    asked = {"phone_number": PHONE, "confirmed": str(order.pk), "erase": "yes"}
    assert client.post(PAGE, asked).status_code == 403
    assert names() == {"Unusualname"}
    assert PAGE not in client.get("/oms/").content.decode()


@pytest.mark.parametrize(
    "asked",
    [{"phone_number": "+90 555 000 07 77"}, {"email": "Z@example.com"}, {"order_number": "MINE-1"}],
    ids=lambda asked: next(iter(asked)),
)
def test_the_orders_are_named_first_and_erased_when_confirmed(admin: Client, asked: dict[str, str]) -> None:
    ended(number="MINE-1")
    make_order("OTHER-1", ended_at=now())
    shown = admin.post(PAGE, asked)
    page = shown.content.decode()
    assert shown.status_code == 200
    assert "Personal data in 1 order will be erased" in page
    for words in ("MINE-1", "Unusualname, +905550000777, z@example.com", "Store IST-01", "17 Nov 2026"):
        assert words in page
    assert "OTHER-1" not in page
    assert names() == {"Unusualname", "Yılmaz"}
    done = admin.post(PAGE, confirmed(admin, **asked), follow=True)
    assert "The personal data of 1 order was erased." in done.content.decode()
    assert PHONE not in done.content.decode()
    assert names() == {"", "Yılmaz"}


def test_an_order_that_came_since_is_shown_and_not_erased_unseen(admin: Client) -> None:
    ended()
    asked = confirmed(admin, phone_number=PHONE)
    ended(number="LATER-1")
    answer = admin.post(PAGE, asked)
    assert "LATER-1" in answer.content.decode()
    assert "Personal data in 2 orders will be erased" in answer.content.decode()
    assert names() == {"Unusualname"}


@pytest.mark.parametrize("typed", ["", "MINE-2", "yes", "\x00"])
def test_what_is_typed_must_be_the_number_that_is_shown(admin: Client, typed: str) -> None:
    ended(number="MINE-1")
    asked = confirmed(admin, phone_number=PHONE)
    assert admin.post(PAGE, asked | {"typed": typed}).status_code == 400
    assert names() == {"Unusualname"}
    assert admin.post(PAGE, asked | {"typed": " mine-1 "}).status_code == 302
    assert names() == {""}


def test_nothing_is_erased_without_the_second_step(admin: Client) -> None:
    ended()
    assert admin.post(PAGE, {"phone_number": PHONE, "erase": "yes"}).status_code == 200
    assert admin.get(PAGE, {"phone_number": PHONE, "erase": "yes"}).status_code == 200
    assert names() == {"Unusualname"}


def test_an_order_on_its_way_is_in_the_way(admin: Client) -> None:
    order = make_order(number="OPEN-1", phone_number=PHONE)
    ended()
    page = admin.post(PAGE, {"phone_number": PHONE}).content.decode()
    assert "not ended" in page
    assert "Permanently" not in page
    both = ",".join(str(pk) for pk in Order.objects.order_by("pk").values_list("pk", flat=True))
    answer = admin.post(PAGE, {"phone_number": PHONE, "erase": "yes", "confirmed": both})
    assert answer.status_code == 409
    assert f"Order {order.number} has not ended." in answer.content.decode()
    assert PHONE in answer.content.decode()
    assert names() == {"Unusualname", "Yılmaz"}


@pytest.mark.parametrize(
    ("asked", "status", "sentence"),
    [
        ({}, 400, "Enter a phone number, an e-mail address or an order number."),
        ({"phone_number": " "}, 400, "Enter a phone number, an e-mail address or an order number."),
        ({"phone_number": "0555 000 07 77"}, 400, "with its country code"),
        ({"phone_number": "call me"}, 400, "with its country code"),
        ({"order_number": "NOBODY-1"}, 404, "No order has this data"),
        ({"email": "nobody@example.com"}, 404, "No order has this data"),
        ({"email": "z\x00@example.com"}, 400, "Null characters"),
        ({"order_number": "\x00"}, 400, "Null characters"),
        ({"order_number": "9" * 5000}, 400, "at most 255"),
        ({"email": "e" * 5000}, 400, "at most 254"),
        ({"phone_number": "5" * 5000}, 400, "at most 40"),
    ],
)
def test_what_is_refused_is_said_and_what_was_typed_stays(
    admin: Client, asked: dict[str, str], status: int, sentence: str
) -> None:
    ended()
    answer = admin.post(PAGE, asked | {"erase": "yes", "confirmed": "\x00" + "9" * 5000})
    page = answer.content.decode()
    assert answer.status_code == status
    assert sentence in page
    for value in asked.values():
        assert f'value="{value.strip() if status == 404 else value}"' in page
    assert names() == {"Unusualname"}


def test_erasing_needs_the_csrf_token() -> None:
    order = ended()
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(make_user(Role.ADMIN))
    asked = {"phone_number": PHONE, "confirmed": str(order.pk), "erase": "yes"}
    assert strict.post(PAGE, asked).status_code == 403
    assert names() == {"Unusualname"}


@pytest.mark.parametrize("stored", ["+49491701234567", "+902125550100", "+5215512345678", "+447700900123"])
def test_a_number_that_older_rules_stored_is_found(admin: Client, settings: Any, stored: str) -> None:
    settings.ALLOW_FICTITIOUS_NUMBERS = False
    ended(phone_number=stored)
    asked = confirmed(admin, phone_number=stored)
    assert admin.post(PAGE, asked).status_code == 302
    assert names() == {""}


def test_an_order_to_repair_is_named_and_erased_like_an_order(admin: Client) -> None:
    document = order_document("R-9", store="NOPE", customer=PERSON)
    row = keep_for_repair(channel="Webshop", reference="R-9", payload=document, faults=[])
    page = admin.post(PAGE, {"phone_number": PHONE}).content.decode()
    assert "<strong>R-9</strong>" in page
    assert "not ended" in page
    discard_order(repair_id=row.pk, reason="Not wanted", actor=make_actor(Role.OPERATOR))
    answer = admin.post(PAGE, confirmed(admin, phone_number=PHONE), follow=True)
    assert "The personal data of 1 order was erased." in answer.content.decode()
    row.refresh_from_db()
    assert (row.document, row.payload) == ({}, {})
