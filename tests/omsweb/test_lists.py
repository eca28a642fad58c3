"""OMS WEB: log, exports, dashboard and search. Bounded, few statements, and nothing that a spreadsheet would run."""

import csv
import io
from datetime import UTC, date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.utils import timezone
from django.utils.formats import date_format
from openpyxl import load_workbook
from pytest_django import DjangoAssertNumQueries

from clickcollect.accounts.models import Role
from clickcollect.errors import DomainError
from clickcollect.oms import search, states
from clickcollect.oms.commands.run import run_command
from clickcollect.oms.log_models import CommandLog, LogKind
from clickcollect.oms.models import Package, PackageState
from clickcollect.oms.repair_models import OrderToRepair
from clickcollect.oms.spreadsheets import safe
from clickcollect.omsweb.dashboard import charts
from clickcollect.omsweb.listing import midnight
from clickcollect.omsweb.models import SavedFilter
from tests.markup import markup
from tests.omsweb.test_repairs import waiting
from tests.shop import make_actor, make_order, make_package, make_store, make_user, right_code, wrong_code

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def operator(client: Client) -> Client:
    client.force_login(make_user(Role.OPERATOR))
    return client


def text_of(answer: Any) -> str:
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return str(body.decode("utf-8-sig"))


def rows_of(client: Client, address: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text_of(client.get(address)))))


@pytest.fixture
def refused() -> Package:
    """A ready package that saw one wrong code."""
    package = make_package(states.READY, store=make_store("IST-01"))
    actor = make_actor(Role.ASSOCIATE, package.stock_location)
    with pytest.raises(DomainError):
        run_command(
            package_id=package.pk,
            transition="self-service-package-delivery",
            actor=actor,
            data={"otp": wrong_code(package)},
        )
    return package


def test_the_log_says_who_did_what_where_and_what_was_refused(operator: Client, refused: Package) -> None:
    page = operator.get("/oms/log/").content.decode()
    for words in (refused.number, "Refused: Incorrect code", "IST-01", "Ayla Staff", "READY_FOR_PICKUP"):
        assert words in page


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("kind=refused", 1),
        ("kind=move", 1),
        ("kind=setting", 0),
        ("command=READY_FOR_PICKUP", 1),
        ("new_state=700", 1),
        ("from=2000-01-01&to=2000-01-02", 0),
        ("from=2000-01-01", 2),
        ("to=9999-12-31", 2),
        ("from=0001-01-01", 2),
        ("from=nonsense", 2),
        ("store={0.stock_location_id}", 2),
        ("store={elsewhere}", 0),
        ("q={0.number}", 2),
        ("q=PK-99999", 0),
    ],
)
def test_the_log_is_filtered(operator: Client, refused: Package, query: str, count: int) -> None:
    query = query.format(refused, elsewhere=make_store("BER-01").pk)
    assert len(rows_of(operator, f"/oms/log/log.csv?{query}")) == count
    assert operator.get(f"/oms/log/?{query}").status_code == 200


def test_the_log_holds_no_code(operator: Client) -> None:
    package = make_package(states.READY)
    code = right_code(package)
    run_command(
        package_id=package.pk,
        transition="self-service-package-delivery",
        actor=make_actor(Role.OPERATOR),
        data={"otp": code},
    )
    for address in ("/oms/log/", "/oms/log/log.csv", f"/oms/packages/{package.pk}/"):
        assert code not in text_of(operator.get(address))


def test_the_log_costs_the_same_for_many(
    operator: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    package = make_package()
    CommandLog.objects.bulk_create(
        CommandLog(kind=LogKind.NOTE, package_id=package.pk, store_id=package.stock_location_id, note_kind="created")
        for _ in range(2500)
    )
    with django_assert_max_num_queries(12):
        assert operator.get("/oms/log/?page=3").status_code == 200
    assert len(rows_of(operator, "/oms/log/log.csv")) == 2500


@pytest.mark.parametrize(
    "name", ["=HYPERLINK(1)", "+1", "-1", "@x", "\t=1", "\n=1", "＝1", "\u200b＋1", "\x01=1", "a;=1"]
)
def test_no_cell_is_a_formula(operator: Client, name: str) -> None:
    package = make_package(order=make_order(first_name=name, last_name="", number=name), shelf=name[:8])
    CommandLog.objects.create(kind=LogKind.NOTE, package_id=package.pk, note_kind="shelved", attributes={"shelf": name})
    cells = set()
    for file in ("packages/packages.csv", "orders/orders.csv", "log/log.csv"):
        cells |= {cell for row in rows_of(operator, f"/oms/{file}") for cell in row.values()}
    said = {cell for cell in cells if cell not in ("", safe(cell)) and not cell.startswith("'")}
    assert said == set()
    assert safe(name) in cells
    for file in ("packages/packages.xlsx", "orders/orders.xlsx"):
        sheet = load_workbook(io.BytesIO(operator.get(f"/oms/{file}").content)).active
        assert sheet is not None
        told = [cell for line in sheet.iter_rows() for cell in line if cell.value is not None]
        assert all(cell.data_type != "f" for cell in told)
        assert all(cell.quotePrefix == (safe(cell.value) != cell.value) for cell in told if cell.data_type == "s")
        assert any(cell.quotePrefix for cell in told)


def test_exports_carry_what_the_filter_shows(operator: Client) -> None:
    make_package()
    packed = make_package(states.PACKED)
    assert [row["package"] for row in rows_of(operator, "/oms/packages/packages.csv?state=500")] == [packed.number]
    assert len(rows_of(operator, "/oms/orders/orders.csv")) == 2
    book = load_workbook(io.BytesIO(operator.get("/oms/orders/orders.xlsx").content))
    assert book.active is not None
    assert book.active.max_row == 3


def test_the_dashboard_names_what_needs_a_person(operator: Client) -> None:
    late = make_package()
    Package.objects.filter(pk=late.pk).update(due_at="2020-01-01T00:00:00Z")
    ready = make_package(states.READY)
    past = "2020-01-01T00:00:00Z"
    Package.objects.filter(pk=ready.pk).update(pickup_deadline=past, due_at=past, message_state="failed")
    page = operator.get("/oms/").content.decode()
    for words in ("Not packed in time", "Store IST-01 (1)", "Not collected", "Customers not notified"):
        assert words in page
    line = operator.get("/oms/packages/?state=600").content.decode()
    assert "Overdue" not in line.split("<tbody")[1]  # the customer is late, not the store
    assert "Not collected" in line.split("<tbody")[1]
    for name, package in (("to_pack", late), ("not_collected", ready), ("no_message", ready)):
        assert package.number in operator.get(f"/oms/packages/?late={name}").content.decode()


def page_of(client: Client, query: str) -> dict[str, Any]:
    """What the page of packages shows."""
    answer: Any = client.get(f"/oms/packages/{query}")
    return dict(answer.context_data)


@pytest.mark.parametrize(
    ("asked", "counts"),
    [
        ("late=to_pack", {"to-pack": 1, "packed": 0, "ready": 0, "delivered": 0, "all": 1}),
        ("late=forgotten", {"to-pack": 0, "packed": 1, "ready": 0, "delivered": 0, "all": 1}),
        (
            "late=not_collected",
            {"to-pack": 0, "packed": 0, "ready": 2, "not-collected": 2, "delivered": 0, "all": 2},
        ),
        ("late=no_message", {"to-pack": 0, "packed": 0, "ready": 2, "not-collected": 1, "delivered": 0, "all": 2}),
        ("message=failed", {"to-pack": 0, "packed": 0, "ready": 2, "not-collected": 1, "delivered": 1, "all": 3}),
        ("q=TABS-1", {"to-pack": 2, "packed": 2, "ready": 4, "not-collected": 2, "delivered": 1, "all": 9}),
        ("state=600", {"to-pack": 0, "packed": 0, "ready": 4, "not-collected": 2, "delivered": 0, "all": 4}),
        ("", {"to-pack": 2, "packed": 2, "ready": 4, "not-collected": 2, "delivered": 1, "all": 9}),
    ],
)
def test_each_tab_counts_what_the_list_shows_behind_it(operator: Client, asked: str, counts: dict[str, int]) -> None:
    order, past = make_order("TABS-1"), "2020-01-01T00:00:00Z"
    for state, changes in (
        (states.WAITING, {}),
        (states.WAITING, {"due_at": past}),
        (states.PACKED, {}),
        (states.PACKED, {"state_changed_at": past}),
        (states.READY, {"message_state": "delivered"}),
        (states.READY, {"message_state": "failed"}),
        (states.READY, {"pickup_deadline": past, "due_at": past, "message_state": "delivered"}),
        (states.READY, {"pickup_deadline": past, "due_at": past, "message_state": "failed"}),
        (states.DELIVERED, {"message_state": "failed"}),
    ):
        package = make_package(state, order=order)
        Package.objects.filter(pk=package.pk).update(**changes)
        search.update_index(package)
    page = page_of(operator, f"?{asked}")
    assert {tab.key: int(tab.count) for tab in page["tabs"]} == counts
    assert page["listing"].counted == len(page["listing"].page_rows) == counts["all"]
    for tab in page["tabs"]:
        behind = page_of(operator, tab.link)["listing"]
        assert behind.counted == len(behind.page_rows) == counts[tab.key], tab.key


@pytest.mark.parametrize(
    ("zone", "today"),  # the clocks of these were changed a few days before
    [
        ("Europe/Berlin", date(2026, 4, 1)),
        ("Europe/Berlin", date(2025, 10, 30)),
        ("America/New_York", date(2026, 3, 12)),
        ("Africa/Cairo", date(2026, 5, 1)),
        ("UTC", date(2026, 4, 1)),
    ],
)
def test_a_bar_holds_the_moves_from_one_midnight_to_the_next(zone: str, today: date) -> None:
    package, clock = make_package(), ZoneInfo(zone)
    days = [today - timedelta(days=back) for back in range(13, -1, -1)]
    with timezone.override(clock):
        for start in map(midnight, [*days, today + timedelta(days=1)]):
            for ago in (-1, 0, 1):
                at = start.astimezone(UTC) + timedelta(seconds=ago)
                CommandLog.objects.create(kind=LogKind.MOVE, package_id=package.pk, new_state=states.DELIVERED, at=at)
        delivered, ready = charts(today)
        assert (delivered.total, ready.total) == (3 * 14, 0)
    bars = delivered.bars
    assert [bar.label for bar in bars] == [date_format(day, "j M") for day in days]
    assert [bar.value for bar in bars] == [3] * 14
    assert [bar.is_today for bar in bars] == [False] * 13 + [True]


def test_a_quiet_dashboard_says_so(operator: Client) -> None:
    assert "All clear. No late packages" in operator.get("/oms/").content.decode()


def test_a_state_of_something_else_is_not_in_the_picture(operator: Client) -> None:
    def picture() -> Any:
        page: Any = operator.get("/oms/")
        return page.context_data["picture"]

    before = picture()
    PackageState.objects.create(enum_class="OrderStatus", enum_value=states.READY, name="Of an order")
    assert picture() == before


def test_the_dashboard_costs_the_same_for_many(
    operator: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    order = make_order()
    for state in (states.WAITING, states.READY):
        for _ in range(15):
            make_package(state, order=order)
    with django_assert_max_num_queries(15):
        assert operator.get("/oms/").status_code == 200


@pytest.mark.parametrize("asked", ["PK-{}", "pk {}", "WEB-", "yilm", "IST-01", "OTP_LENGTH"])
def test_search_finds_across_everything(operator: Client, asked: str) -> None:
    package = make_package(store=make_store("IST-01"))
    search.update_index(package)
    asked = asked.format(package.number.removeprefix("PK-"))
    answer = operator.get("/oms/search/", {"s": asked, "extended": "1"})
    assert 'id="command-results-list"' in answer.content.decode()
    assert "No results. Try" not in answer.content.decode()


def test_search_shows_only_what_the_role_may_see_and_survives_anything(operator: Client) -> None:
    make_package()
    for asked in ("", "x", "\x00'\\", "😀" * 200, "%", "_" * 50):
        assert operator.get("/oms/search/", {"s": asked}).status_code == 200


def test_an_order_is_cancelled_with_its_reason(operator: Client) -> None:
    package = make_package()
    answer = operator.post(f"/oms/orders/{package.order_id}/cancel/", {"reason": "Customer called\x00"})
    assert answer.status_code == 302
    package.order.refresh_from_db()
    assert package.order.cancel_requested_at is not None
    assert "Cancellation requested" in operator.get(f"/oms/orders/{package.order_id}/").content.decode()


def test_a_filter_is_saved_shown_and_forgotten(operator: Client) -> None:
    make_package()
    data = {"page": "packages", "query": "state=100&page=3&q=<b>", "name": "Berlin, mine"}
    answer = operator.post("/oms/filters/save/", data)
    assert answer.headers["Location"] == "/oms/packages/?state=100&q=%3Cb%3E"
    saved = SavedFilter.objects.get()
    assert "Berlin, mine" in operator.get("/oms/packages/").content.decode()
    assert "Berlin, mine" not in operator.get("/oms/orders/").content.decode()
    stranger = Client()
    stranger.force_login(make_user(Role.OPERATOR))
    assert "Berlin, mine" not in stranger.get("/oms/packages/").content.decode()
    assert stranger.post(f"/oms/filters/{saved.pk}/remove/").status_code == 404
    operator.post(f"/oms/filters/{saved.pk}/remove/")
    assert not SavedFilter.objects.exists()


@pytest.mark.parametrize(
    "data",
    [
        {"page": "nowhere", "query": "state=100", "name": "x"},
        {"page": "packages", "query": "", "name": "x"},
        {"page": "packages", "query": "state=100", "name": "\x00"},
        {},
    ],
    ids=["page", "query", "name", "nothing"],
)
def test_a_filter_that_is_none_is_not_saved(operator: Client, data: dict[str, str]) -> None:
    assert operator.post("/oms/filters/save/", data).status_code in (302, 404)
    assert not SavedFilter.objects.exists()


def test_an_order_to_repair_without_a_number_is_called_so(operator: Client) -> None:
    row = waiting("1001")
    assert "Without a number" not in markup(operator.get("/oms/repairs/"))
    OrderToRepair.objects.update(reference="", document={})
    assert f'<a href="/oms/repairs/{row.pk}/">Without a number</a>' in markup(operator.get("/oms/repairs/"))
    assert "<title>Order –" in markup(operator.get(f"/oms/repairs/{row.pk}/"))
