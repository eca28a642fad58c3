"""Labels at the doors: the counter's search, the dialog of the code, and the back office's searches read them alike."""

from typing import Any

import pytest
from django.test import Client

from clickcollect.oms import search, states
from clickcollect.oms.log_models import CommandLog
from clickcollect.oms.models import Package
from tests import shop

pytestmark = pytest.mark.django_db

DELIVERED = {
    "as printed": "PK-{}",
    "at a German machine": "PKß{}",
    "at a Turkish machine": "PK*{}",
    "at a Russian machine": "ЗЛ-{}",
    "with its kind of symbol": "]C1\x1dPK-{}",
    "in an address": "https://shop.example/pickup/PK-{}",
    "in a long address": "https://shop.example/" + "x/" * 150 + "PK-{}",
}
each_way = pytest.mark.parametrize("delivered", DELIVERED.values(), ids=DELIVERED)


def packed(**fields: Any) -> Package:
    package = shop.make_package(states.PACKED, **fields)
    search.update_index(package)
    return package


def client_of(role: str) -> Client:
    client = Client()
    client.force_login(shop.make_user(role, shop.make_store()))
    return client


@each_way
def test_the_counters_search_opens_the_package(delivered: str) -> None:
    package = packed()
    packed(id=int(f"{str(package.number)[3:]}0") - 10_000)
    response = client_of("associate").get("/instore/", {"q": delivered.format(str(package.number)[3:])})
    assert response.status_code == 302
    assert f"/packages/{package.number}/" in response["Location"]


@each_way
def test_the_back_office_finds_the_package_alone(delivered: str) -> None:
    package = packed()
    other = packed(id=int(f"{str(package.number)[3:]}0") - 10_000)
    asked = {"q": delivered.format(str(package.number)[3:])}
    client = client_of("operator")
    page = client.get("/oms/packages/", asked).content.decode()
    assert f"/oms/packages/{package.pk}/" in page
    assert f"/oms/packages/{other.pk}/" not in page
    assert f"/oms/orders/{package.order_id}/" in client.get("/oms/orders/", asked).content.decode()
    found = client.get("/oms/search/", {"s": asked["q"]}).content.decode()
    assert f"/oms/packages/{package.pk}/" in found
    assert f"/oms/packages/{other.pk}/" not in found


def test_two_readings_that_are_both_packages_are_shown_and_none_is_opened() -> None:
    packed(id=59)
    packed(id=39958)
    response = client_of("associate").get("/instore/", {"q": "PK6!))%("})
    assert response.status_code == 200
    assert all(number in response.content.decode() for number in ("PK-10059", "PK-49958"))


def test_an_address_that_is_too_long_is_cut_and_not_read() -> None:
    packed(id=59)
    address = "https://shop.example/" + "x" * 470 + "/PK-100599"
    assert client_of("associate").get("/instore/", {"q": address}).status_code == 200


def test_another_stores_label_opens_nothing() -> None:
    package = shop.make_package(states.PACKED, store=shop.make_store("BER-01"))
    assert client_of("associate").get("/instore/", {"q": f"PKß{str(package.number)[3:]}"}).status_code == 200


def said_of(package: Package, label: str) -> str:
    answer = client_of("associate").post(
        f"/instore/packages/{package.number}/label/",
        {"label": label, "from": "self-service-package-delivery"},
        HTTP_HX_REQUEST="true",
    )
    assert answer.status_code == 422
    assert answer["X-Instore-Code"] == "otp_malformed"
    return answer.content.decode()


def test_a_label_in_the_dialog_is_told_apart_and_is_no_try() -> None:
    package = shop.make_package(states.READY)
    digits = str(package.number)[3:]
    before = CommandLog.objects.count()
    for delivered in DELIVERED.values():
        assert "Right package. Now enter the customer&#x27;s code." in said_of(package, delivered.format(digits))
    other = packed()
    assert f"This is package {other.number}" in said_of(package, f"PKß{str(other.number)[3:]}")
    for label in (shop.right_code(package), shop.wrong_code(package), "", "4006381333931", "x" * 5000, "\x00"):
        assert "This is not a pickup code." in said_of(package, label)
    assert shop.reread(package).total_attempts == 0
    assert shop.state_of(package) == states.READY
    assert CommandLog.objects.count() == before


def test_the_dialog_of_a_package_that_is_gone_meanwhile_says_so() -> None:
    package = shop.make_package(states.DELIVERED)
    assert "Not a code" in said_of(package, str(package.number))
    strange = Client()
    assert strange.post(f"/instore/packages/{package.number}/label/", {"label": "PK-1"}).status_code == 302
