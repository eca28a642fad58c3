"""The package list and the single package: filters, order, pages, and what may be run now."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clickcollect.accounts.models import Channel
from clickcollect.api.app import api
from clickcollect.omnitron.models import RetailStore
from clickcollect.oms import search, states
from clickcollect.oms.access import actor_for
from clickcollect.oms.codes.attempt_limits import PROGRAM_TIMES
from clickcollect.oms.commands.run import available_commands
from clickcollect.oms.log_models import Evidence
from clickcollect.oms.models import CommandLog, CommandTransition, Package
from tests import shop
from tests.api.caller import PACKAGES, Caller, caller_for, code_of, document_of, make_caller

pytestmark = pytest.mark.django_db

PAYLOAD_KEYS = {
    *("id", "number", "state", "commands", "order_id", "order_number", "channel_name", "date_placed", "city"),
    *("stock_location", "packageitem_set", "customer", "delivery_type", "delivery_from_store"),
    *("ready_at", "pickup_deadline"),
}


@pytest.fixture
def store() -> RetailStore:
    return shop.make_store("IST-01")


@pytest.fixture
def office() -> Caller:
    return make_caller("operator")


def found(caller: Caller, **query: Any) -> list[int]:
    page = document_of(caller.get(f"{PACKAGES}?{urlencode(query)}"))
    return [row["id"] for row in page["results"]]


def test_a_package_has_the_keys_of_the_contract(office: Caller, store: RetailStore) -> None:
    package = shop.make_package(states.READY, store=store)
    single = document_of(office.get(f"{PACKAGES}{package.pk}/"))
    row = document_of(office.get(PACKAGES))["results"][0]
    assert set(single) == set(row) == PAYLOAD_KEYS
    assert row | {"commands": single["commands"]} == single
    assert row["commands"] == []
    assert single["delivery_from_store"] is True
    assert single["delivery_type"] == "in_store"
    assert single["ready_at"].endswith("Z")


def test_commands_are_what_this_caller_may_run_now(store: RetailStore) -> None:
    package = shop.make_package(states.READY, store=store)
    for role in ("associate", "manager", "operator", "admin"):
        user = shop.make_user(role, store)
        caller = caller_for(user)
        shown = document_of(caller.get(f"{PACKAGES}{package.pk}/"))["commands"]
        actor = actor_for(user)
        assert [item["slug"] for item in shown] == [
            item.transition.slug for item in available_commands(package=package, actor=actor)
        ]
        assert {"transition", "slug", "name", "code", "destination_state", "visibility", "needs_otp"} == set(shown[0])


def test_a_token_without_the_command_scope_is_shown_no_command(store: RetailStore) -> None:
    package = shop.make_package(store=store)
    reader = caller_for(shop.make_user("manager", store), scopes=["packages:read"])
    assert document_of(reader.get(f"{PACKAGES}{package.pk}/"))["commands"] == []


def test_filters(office: Caller, store: RetailStore) -> None:
    berlin = shop.make_store("BER-01")
    waiting = shop.make_package(store=store, order=shop.make_order("WEB-77", store=store))
    packed = shop.make_package(states.PACKED, store=berlin, order=shop.make_order("APP-12", store=berlin))
    home = shop.make_package(store=store, delivery_type="home_delivery")
    for package in (waiting, packed, home):
        search.update_index(package)
    assert found(office) == [home.pk, packed.pk, waiting.pk]
    assert found(office, state="500") == [packed.pk]
    assert found(office, state="999") == []
    assert found(office, stock_location="BER-01") == [packed.pk]
    assert found(office, stock_location="ber-01") == []
    assert found(office, order_number="WEB-7") == [waiting.pk]
    assert found(office, order_number="EB-7") == []
    assert found(office, number=packed.number) == [packed.pk]
    assert found(office, delivery_type="home_delivery") == [home.pk]
    assert found(office, search="app-12") == [packed.pk]
    assert found(office, search=packed.number) == [packed.pk]
    assert found(office, state="100", stock_location="IST-01", delivery_type="in_store") == [waiting.pk]


def test_filters_never_widen_what_is_seen(store: RetailStore) -> None:
    package = shop.make_package(store=store)
    search.update_index(package)
    stranger = make_caller("manager", shop.make_store("BER-01"))
    for query in ({"stock_location": "IST-01"}, {"number": package.number}, {"search": package.number}, {"state": 100}):
        assert found(stranger, **query) == []


def test_a_code_finds_nothing(office: Caller, store: RetailStore) -> None:
    package = shop.make_package(states.READY, store=store)
    search.update_index(package)
    assert found(office, search=shop.right_code(package)) == []


def test_dates_and_order(office: Caller, store: RetailStore) -> None:
    packages = [shop.make_package(store=store) for _ in range(4)]
    start = datetime(2026, 1, 1, tzinfo=UTC)
    for day, package in zip((3, 1, 2, 1), packages, strict=True):
        made = {"created_date": start + timedelta(days=day), "due_at": start + timedelta(days=day)}
        Package.objects.filter(pk=package.pk).update(**made)
    a, b, c, d = (package.pk for package in packages)
    assert found(office, created_date__gte="2026-01-03T00:00:00Z") == [a, c]
    assert found(office, created_date__lte="2026-01-03T00:00:00Z") == [c, d, b]
    assert found(office, sort="id") == [a, b, c, d]
    assert found(office, sort="created_date") == [b, d, c, a]
    assert found(office, sort="-created_date") == [a, c, d, b]
    assert found(office, sort="due_at", state="100") == [b, d, c, a]
    for bad in ({"sort": "due_at"}, {"sort": "customer"}, {"created_date__gte": "yesterday"}):
        assert office.get(f"{PACKAGES}?{urlencode(bad)}").status_code == 400


@pytest.mark.parametrize(
    "sort", ["", "&sort=id", "&sort=created_date", "&sort=-created_date", "&sort=due_at&state=100"]
)
@pytest.mark.parametrize("role", ["operator", "associate"])
def test_cursors_lead_through_the_whole_list_and_back(store: RetailStore, role: str, sort: str) -> None:
    for _ in range(7):
        shop.make_package(store=store, due_at=shop.PLACED)
    caller = make_caller(role, store)
    everything = [row["id"] for row in document_of(caller.get(f"{PACKAGES}?limit=100{sort}"))["results"]]
    pages, address = [], f"{PACKAGES}?limit=3{sort}"
    while address:
        page = document_of(caller.get(address))
        pages.append(page)
        address = page["next"]
    assert [len(page["results"]) for page in pages] == [3, 3, 1]
    assert [row["id"] for page in pages for row in page["results"]] == everything
    assert all(page["count"] == 7 for page in pages)
    assert pages[0]["previous"] is None
    back = document_of(caller.get(pages[2]["previous"]))
    assert back["results"] == pages[1]["results"]
    first = document_of(caller.get(back["previous"]))
    assert first["results"] == pages[0]["results"]
    assert first["previous"] is None
    assert document_of(caller.get(first["next"]))["results"] == pages[1]["results"]


def test_a_row_that_arrives_while_one_reads_is_neither_lost_nor_doubled(office: Caller, store: RetailStore) -> None:
    old = [shop.make_package(store=store).pk for _ in range(4)]
    page = document_of(office.get(f"{PACKAGES}?limit=2"))
    shop.make_package(store=store)
    assert [row["id"] for row in document_of(office.get(page["next"]))["results"]] == [old[1], old[0]]


def test_pages_by_number(office: Caller, store: RetailStore) -> None:
    ids = [shop.make_package(store=store).pk for _ in range(5)][::-1]
    assert found(office, page=2, limit=2) == ids[2:4]
    assert found(office, page=9, limit=2) == []
    assert office.get(f"{PACKAGES}?page=100&limit=100").status_code == 200
    refused = office.get(f"{PACKAGES}?page=101&limit=100")
    assert (refused.status_code, json.loads(refused.content)["errors"][0]["loc"]) == (400, "page")


@pytest.mark.parametrize("cursor", ["x", "AAAA", "WyI-IiwiYSJd", "WyI-Iiwtd", "WyI-IiwxLDIsM10", "bnVsbA", "e30"])
def test_a_cursor_of_another_list_is_refused(office: Caller, cursor: str) -> None:
    answer = office.get(f"{PACKAGES}?cursor={cursor}")
    assert (answer.status_code, code_of(answer)) == (400, "validation_error")


def test_count_stops_at_its_bound_unless_it_is_asked_to_be_exact(
    office: Caller,
    store: RetailStore,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from clickcollect.api import pagination

    monkeypatch.setattr(pagination, "COUNTED_UP_TO", 3)
    for _ in range(5):
        shop.make_package(store=store)
    assert document_of(office.get(PACKAGES))["count"] == 3
    assert document_of(office.get(f"{PACKAGES}?count=exact"))["count"] == 5


@pytest.mark.parametrize("query", ["", "?state=100&stock_location=IST-01&sort=due_at", "?search=web&limit=100"])
@pytest.mark.parametrize("role", ["associate", "operator"])
def test_a_page_costs_the_same_few_statements_however_long_it_is(store: RetailStore, role: str, query: str) -> None:
    caller = make_caller(role, store)
    costs = []
    for _ in range(2):
        for _ in range(5):
            search.update_index(shop.make_package(store=store, due_at=shop.PLACED))
        with CaptureQueriesContext(connection) as statements:
            assert caller.get(f"{PACKAGES}{query}").status_code == 200
        costs.append(len(statements))
    assert costs[1] <= costs[0] <= 10


def test_the_door_names_a_command_by_id_slug_code_or_alias(store: RetailStore) -> None:
    till = make_caller("associate", store)
    row = CommandTransition.objects.get(slug="complete-packaging-without-shipment")
    for body in (
        {"transition": row.pk},
        {"slug": row.slug},
        {"slug": row.command_code},
        {"transition": row.pk, "slug": row.slug},
        {"transition": row.pk, "slug": None, "something": "else"},
    ):
        package = shop.make_package(store=store)
        assert till.command(package.pk, body | {"package": package.pk}).status_code == 204
        assert shop.state_of(package) == states.PACKED


@pytest.mark.parametrize(
    ("body", "loc"),
    [
        ({}, "transition"),
        ({"transition": "1"}, "transition"),
        ({"transition": True}, "transition"),
        ({"transition": 2**70}, "transition"),
        ({"slug": 7}, "slug"),
        ({"slug": ""}, "slug"),
        ({"slug": "complete-packaging-without-shipment", "package": 999}, "package"),
        ({"slug": "complete-packaging-without-shipment", "package": "1"}, "package"),
        ({"slug": "complete-packaging-without-shipment", "reason": ["x"]}, "reason"),
        ({"slug": "complete-packaging-without-shipment", "reason": "x" * 2001}, "reason"),
        ({"slug": "complete-packaging-without-shipment", "bags": 2**70}, "bags"),
        ([], "body"),
        (7, "body"),
    ],
)
def test_a_command_that_is_badly_put_changes_nothing(store: RetailStore, body: Any, loc: str) -> None:
    package = shop.make_package(store=store)
    answer = make_caller("associate", store).command(package.pk, body)
    assert answer.status_code == 400, answer.content
    assert [fault["loc"] for fault in json.loads(answer.content)["errors"]] == [loc]
    assert shop.state_of(package) == states.WAITING


def test_an_unknown_command_is_told_apart_from_a_bad_one(store: RetailStore) -> None:
    package = shop.make_package(store=store)
    till = make_caller("associate", store)
    for body in ({"slug": "no-such-command"}, {"transition": 99_999}):
        answer = till.command(package.pk, body)
        assert (answer.status_code, code_of(answer)) == (400, "command_unknown")
    assert CommandLog.objects.filter(package_id=package.pk, kind="refused", code="command_unknown").count() == 2


def test_id_and_slug_of_different_commands_are_refused(store: RetailStore) -> None:
    package = shop.make_package(store=store)
    row = CommandTransition.objects.get(slug="complete-packaging-without-shipment")
    body = {"transition": row.pk, "slug": "ready-for-customer-pickup"}
    answer = make_caller("associate", store).command(package.pk, body)
    assert json.loads(answer.content)["errors"][0]["loc"] == "slug"


def test_the_channel_of_the_token_decides_which_commands_are_seen(store: RetailStore) -> None:
    package = shop.make_package(store=store)
    CommandTransition.objects.filter(slug="complete-packaging-without-shipment").update(visibility=["INSTORE"])
    user = shop.make_user("operator")
    body = {"slug": "complete-packaging-without-shipment"}
    refused = caller_for(user, channel=Channel.OMS_WEB).command(package.pk, body)
    assert (refused.status_code, code_of(refused)) == (400, "command_unknown")
    assert caller_for(user, channel=Channel.INSTORE).command(package.pk, body).status_code == 204


def test_a_second_delivery_hears_the_story(store: RetailStore) -> None:
    package = shop.make_package(states.READY, store=store)
    user = shop.make_user("associate", store, first_name="Ayla", last_name="Demir")
    till = caller_for(user)
    body = {"slug": "self-service-package-delivery", "otp": shop.right_code(package)}
    assert till.command(package.pk, body).status_code == 204
    answer = till.command(package.pk, body)
    problem = json.loads(answer.content)
    assert (answer.status_code, problem["code"], problem["state"]) == (409, "state_conflict", "Delivered")
    assert problem["changed_by"] == "Ayla Demir"
    assert problem["changed_at"].endswith("Z")


@pytest.mark.parametrize(
    ("otp", "status", "code"),
    [
        (None, 422, "otp_required"),
        ("", 422, "otp_required"),
        ("12345", 422, "otp_malformed"),
        ("https://example.com/label", 422, "otp_malformed"),
        ("x" * 65, 400, "validation_error"),
        (482913, 400, "validation_error"),
        (["482913"], 400, "validation_error"),
        ({"a": 1}, 400, "validation_error"),
        (True, 400, "validation_error"),
    ],
)
def test_input_that_cannot_be_a_code_is_not_counted(store: RetailStore, otp: Any, status: int, code: str) -> None:
    package = shop.make_package(states.READY, store=store)
    body = {"slug": "self-service-package-delivery", "otp": otp}
    answer = make_caller("associate", store).command(package.pk, body)
    assert (answer.status_code, code_of(answer)) == (status, code)
    assert shop.reread(package).total_attempts == 0


def test_too_many_codes_of_one_program_are_throttled_with_a_time_to_wait(store: RetailStore) -> None:
    till = make_caller("associate", store)
    shop.put_setting("OTP_ATTEMPTS_PER_EMPLOYEE_HOUR", value=1)
    for _ in range(PROGRAM_TIMES):
        package = shop.make_package(states.READY, store=store)
        body = {"slug": "self-service-package-delivery", "otp": shop.wrong_code(package)}
        assert till.command(package.pk, body).status_code == 422
    answer = till.command(package.pk, body)
    assert (answer.status_code, code_of(answer)) == (429, "throttled")
    assert 0 < int(answer["Retry-After"]) <= 3600


def test_a_home_delivery_is_not_collected(store: RetailStore) -> None:
    package = shop.make_package(states.PACKED, store=store, delivery_type="home_delivery")
    answer = make_caller("associate", store).command(package.pk, {"slug": "ready-for-customer-pickup"})
    assert (answer.status_code, code_of(answer)) == (422, "not_click_and_collect")
    assert shop.state_of(package) == states.PACKED


@pytest.mark.django_db
def test_what_a_package_is_filtered_by_is_always_its_orders() -> None:
    package = shop.make_package(delivery_type="home_delivery")
    Package.objects.filter(pk=package.pk).update(order_number="OTHER", delivery_type="in_store")
    kept = shop.reread(package)
    assert (kept.order_number, kept.delivery_type) == (package.order.number, "home_delivery")


def test_a_choice_is_named_by_answer_and_description(store: RetailStore, office: Caller) -> None:
    """A program has no list to choose from: it learns the words where it looks."""
    package = shop.make_package(states.READY, store=store)
    body = {"slug": "DELIVER_WITHOUT_CODE", "evidence": "passport", "reason": "The phone is lost."}
    (fault,) = json.loads(office.command(package.pk, body).content)["errors"]
    schema = json.dumps(api.get_openapi_schema())
    for name in Evidence.values:
        assert name in fault["msg"]
        assert f"`{name}`" in schema
