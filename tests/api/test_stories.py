"""The whole process over HTTP: the four stories that an integration lives by."""

import json
from typing import Any

import pytest

from clickcollect.omnitron.models import Order, OrderStatus
from clickcollect.oms import states
from tests import shop
from tests.api.caller import ORDERS, PACKAGES, Caller, code_of, document_of, make_caller

pytestmark = pytest.mark.django_db


@pytest.fixture
def office() -> Caller:
    shop.make_store("IST-01")
    return make_caller("operator")


@pytest.fixture
def till() -> Caller:
    return make_caller("associate", shop.make_store("IST-01"))


def arrive(office: Caller) -> int:
    """An order comes in; the id of its package."""
    answer = office.post(ORDERS, shop.order_document("WEB-1"))
    assert answer.status_code == 201
    packages: list[dict[str, Any]] = json.loads(answer.content)["packages"]
    assert [package["state"]["enum_value"] for package in packages] == [states.WAITING]
    return int(packages[0]["id"])


def make_ready(till: Caller, package_id: int) -> None:
    for slug in ("complete-packaging-without-shipment", "ready-for-customer-pickup"):
        answer = till.command(package_id, {"slug": slug})
        assert (answer.status_code, answer.content) == (204, b"")


def state(till: Caller, package_id: int) -> str:
    return str(document_of(till.get(f"{PACKAGES}{package_id}/"))["state"]["enum_value"])


def test_right_code_delivers(office: Caller, till: Caller) -> None:
    package_id = arrive(office)
    make_ready(till, package_id)
    document = document_of(till.get(f"{PACKAGES}{package_id}/"))
    delivery = next(item for item in document["commands"] if item["slug"] == "self-service-package-delivery")
    assert delivery["needs_otp"] is True
    code = shop.right_code(shop.package_of(package_id))
    answer = till.command(package_id, {"transition": delivery["transition"], "package": package_id, "otp": code})
    assert (answer.status_code, answer.content) == (204, b"")
    assert "Content-Type" not in answer
    assert state(till, package_id) == states.DELIVERED
    assert Order.objects.get().status == OrderStatus.DELIVERED


def test_wrong_code_keeps_the_state_and_the_right_one_still_delivers(office: Caller, till: Caller) -> None:
    package_id = arrive(office)
    make_ready(till, package_id)
    package = shop.package_of(package_id)
    answer = till.command(package_id, {"slug": "SelfServisPackageDelivery", "otp": shop.wrong_code(package)})
    problem = json.loads(answer.content)
    assert (answer.status_code, problem["code"], problem["attempts_remaining"]) == (422, "otp_incorrect", 4)
    assert problem["detail"] == "The code is incorrect. 4 attempts left."
    assert state(till, package_id) == states.READY
    answer = till.command(package_id, {"slug": "SelfServisPackageDelivery", "otp": shop.right_code(package)})
    assert answer.status_code == 204
    assert state(till, package_id) == states.DELIVERED


def test_with_codes_switched_off_none_is_needed(office: Caller, till: Caller) -> None:
    shop.put_setting("IS_OTP_ENABLED", value=False)
    package_id = arrive(office)
    make_ready(till, package_id)
    document = document_of(till.get(f"{PACKAGES}{package_id}/"))
    assert [item["needs_otp"] for item in document["commands"] if item["slug"] == "self-service-package-delivery"] == [
        False
    ]
    assert till.command(package_id, {"slug": "self-service-package-delivery"}).status_code == 204
    assert state(till, package_id) == states.DELIVERED


def test_another_stores_package_is_not_found(office: Caller) -> None:
    package_id = arrive(office)
    stranger = make_caller("manager", shop.make_store("BER-01"))
    for answer in (
        stranger.get(f"{PACKAGES}{package_id}/"),
        stranger.command(package_id, {"slug": "complete-packaging-without-shipment"}),
        stranger.command(package_id, {"slug": "no-such-command"}),
        stranger.command(package_id, ["not even an object"]),
        stranger.get(f"{PACKAGES}{package_id + 1000}/"),
    ):
        assert (answer.status_code, code_of(answer)) == (404, "not_found")
    assert document_of(stranger.get(PACKAGES))["results"] == []
    assert state(office, package_id) == states.WAITING
