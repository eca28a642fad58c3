"""What every list has in common: how many rows it gives, and that it never ignores what it is asked."""

import json

import pytest

from clickcollect.accounts.models import Role
from clickcollect.api.app import api
from tests import shop
from tests.api.caller import code_of, document_of, make_caller

pytestmark = pytest.mark.django_db


def lists() -> list[str]:
    """The addresses of every list, as the description has them."""
    document = api.get_openapi_schema()
    return [
        path
        for path, methods in document["paths"].items()
        if "limit" in [parameter.get("name") for parameter in methods.get("get", {}).get("parameters", [])]
    ]


def test_there_are_lists() -> None:
    assert {"/api/v1/oms/packages/", "/api/v1/omnitron/orders/", "/whisperer/hook_events/"} <= set(lists())
    assert len(lists()) == 8


def test_a_filter_of_two_types_is_one_fault_by_its_name() -> None:
    answer = make_caller("admin").get("/whisperer/hook_events/?content_type=nonsense")
    faults = json.loads(answer.content)["errors"]
    assert faults == [{"loc": "content_type", "msg": "Choose one of: package, order."}]


@pytest.mark.parametrize("address", lists())
def test_a_filter_that_a_list_does_not_know_is_refused_by_name(address: str) -> None:
    caller = make_caller(Role.ADMIN)
    answer = caller.get(f"{address}?Limit=5&nope__gte=2026-01-01&limit=3")
    assert code_of(answer) == "validation_error"
    faults = json.loads(answer.content)["errors"]
    assert [fault["loc"] for fault in faults] == ["Limit", "nope__gte"]
    assert "limit" in faults[0]["msg"], "it says what the list knows"
    assert caller.get(f"{address}?limit=3&page=1&count=exact").status_code == 200, "what it knows is taken"


@pytest.mark.parametrize("address", lists())
@pytest.mark.parametrize("limit", ["101", "999", str(10**30)])
def test_a_limit_above_the_most_is_read_as_the_most(address: str, limit: str) -> None:
    caller = make_caller(Role.ADMIN)
    assert caller.get(f"{address}?limit={limit}").status_code == 200
    assert caller.get(f"{address}?limit=0").status_code == 400


def test_a_hundred_rows_are_the_most_and_the_next_page_goes_on() -> None:
    for place in range(103):
        shop.make_store(f"S-{place:03}")
    caller = make_caller(Role.OPERATOR)
    page = document_of(caller.get("/api/v1/retail_stores/?limit=999"))
    assert (page["count"], len(page["results"])) == (103, 100)
    assert len(document_of(caller.get(page["next"]))["results"]) == 3
