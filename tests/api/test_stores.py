"""Stores, and what a store client needs to know."""

import pytest

from clickcollect.omnitron.models import RetailStore
from tests import shop
from tests.api.caller import document_of, make_caller

pytestmark = pytest.mark.django_db

RETAIL_STORES = "/api/v1/retail_stores/"
STOCK_LOCATIONS = "/api/v1/oms/stocklocations/list-simple/"
CONFIG = "/api/v1/instore/config/"


@pytest.fixture
def two_stores() -> RetailStore:
    shop.make_store("BER-01", click_and_collect=False)
    return shop.make_store("IST-01", store_hours={"mon": [["10:00", "20:00"]]})


def test_the_back_office_sees_every_store(two_stores: RetailStore) -> None:
    office = make_caller("operator")
    stores = document_of(office.get(RETAIL_STORES))
    assert (stores["count"], [store["erp_code"] for store in stores["results"]]) == (2, ["BER-01", "IST-01"])
    assert stores["results"][1] == {
        "pk": two_stores.pk,
        "name": "Store IST-01",
        "erp_code": "IST-01",
        "phone_number": "+902125550100",
        "address": "Example Street 1, 34000 Istanbul, TR",
        "store_hours": {"mon": [["10:00", "20:00"]]},
        "click_and_collect": True,
        "is_active": True,
    }
    locations = document_of(office.get(STOCK_LOCATIONS))["results"]
    assert locations[0] == {
        "id": RetailStore.objects.get(erp_code="BER-01").pk,
        "name": "Store BER-01",
        "erp_code": "BER-01",
        "stock_location_type": "store",
        "is_pickup_location": False,
        "is_active": True,
    }


def test_store_staff_see_their_own(two_stores: RetailStore) -> None:
    for role in ("associate", "manager"):
        caller = make_caller(role, two_stores)
        for address in (RETAIL_STORES, STOCK_LOCATIONS):
            assert [store["erp_code"] for store in document_of(caller.get(address))["results"]] == ["IST-01"]


def test_stores_have_pages(two_stores: RetailStore) -> None:
    office = make_caller("operator")
    first = document_of(office.get(f"{RETAIL_STORES}?limit=1"))
    second = document_of(office.get(first["next"]))
    assert [page["results"][0]["erp_code"] for page in (first, second)] == ["BER-01", "IST-01"]
    assert document_of(office.get(second["previous"]))["results"] == first["results"]


def test_the_client_learns_whether_codes_are_needed_and_where_it_is(two_stores: RetailStore) -> None:
    till = make_caller("associate", two_stores)
    shop.put_setting("OTP_LENGTH", value=8, store=two_stores)
    assert document_of(till.get(CONFIG)) == {
        "is_enabled_otp": True,
        "otp_length": 8,
        "store": {
            "id": two_stores.pk,
            "name": "Store IST-01",
            "erp_code": "IST-01",
            "language_code": "en",
            "time_zone": "Europe/Istanbul",
        },
        "languages": ["en", "tr", "de", "ar"],
    }
    shop.put_setting("IS_OTP_ENABLED", value=False)
    assert document_of(till.get(CONFIG))["is_enabled_otp"] is False


def test_where_there_are_several_stores_one_is_named(two_stores: RetailStore) -> None:
    office = make_caller("operator")
    assert document_of(office.get(CONFIG))["store"] is None
    assert document_of(office.get(f"{CONFIG}?store=IST-01"))["store"]["id"] == two_stores.pk
    assert make_caller("associate", two_stores).get(f"{CONFIG}?store=BER-01").status_code == 404
