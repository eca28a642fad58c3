"""OMS WEB, packages: the table, the page, and the commands by the one road (contract sections 1 and 6)."""

from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from clickcollect.accounts.models import Role
from clickcollect.omnitron.models import DeliveryType
from clickcollect.oms import states
from clickcollect.oms.log_models import CommandLog, LogKind
from clickcollect.oms.models import CommandTransition, Package
from tests.markup import markup
from tests.shop import make_order, make_package, make_store, make_user, put_setting, right_code, state_of, wrong_code
from tests.wire import watched

pytestmark = pytest.mark.django_db(transaction=True)
HTMX = {"HX-Request": "true"}


@pytest.fixture
def operator(client: Client) -> Client:
    client.force_login(make_user(Role.OPERATOR))
    return client


def command_address(package: Package, slug: str) -> str:
    return f"/oms/packages/{package.pk}/command/{CommandTransition.objects.get(slug=slug).pk}/"


def send(client: Client, package: Package, slug: str, *, htmx: bool = True, **data: str) -> Any:
    return client.post(command_address(package, slug), data, headers=HTMX if htmx else {})


def test_table_shows_every_store_and_the_columns_of_the_contract(operator: Client) -> None:
    make_package(store=make_store("IST-01"))
    make_package(store=make_store("BER-01"), delivery_type=DeliveryType.HOME_DELIVERY)
    page = markup(operator.get("/oms/packages/"))
    for column in (
        "Package", "Order", "Customer", "Items", "Status", "Delivery From Store", "Delivery Type", "Due", "Message",
    ):  # fmt: skip
        assert f">{column}</th>" in page
    assert "IST-01" in page
    assert "BER-01" in page
    assert "In_store" in page
    assert "Home_delivery" in page


def test_table_costs_the_same_for_one_row_and_for_many(
    operator: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    order = make_order()
    for _ in range(60):
        make_package(order=order)
    with django_assert_max_num_queries(10):
        assert operator.get("/oms/packages/?page=2").status_code == 200


def test_table_says_what_must_be_done_in_the_store_before_a_package_goes_further(operator: Client) -> None:
    changed, restored, free = make_package(states.PACKED), make_package(states.READY), make_package(states.PACKED)
    Package.objects.filter(pk=changed.pk).update(take_out=["1 × Ceramic mug"])
    Package.objects.filter(pk=restored.pk).update(shelf_unconfirmed_since=Now())
    page = markup(operator.get("/oms/packages/"))
    rows = {str(package.number): row for package in (changed, restored, free) for row in page.split("<tr")
            if str(package.number) in row}  # fmt: skip
    assert "Take items out" in rows[changed.number]
    assert "Confirm on shelf" in rows[restored.number]
    assert "ow-hold" not in rows[free.number]


def test_filters_and_search_narrow_the_table(operator: Client) -> None:
    waiting = make_package(store=make_store("IST-01"))
    packed = make_package(states.PACKED, store=make_store("BER-01"))
    page = operator.get("/oms/packages/?state=500").content.decode()
    assert packed.number in page
    assert waiting.number not in page
    store = packed.stock_location_id
    assert waiting.number not in operator.get(f"/oms/packages/?store={store}").content.decode()
    assert "2 hidden by filters" in operator.get("/oms/packages/?state=950").content.decode()


@pytest.mark.parametrize(
    "query",
    [
        "state=%00",
        "store=99999999999999999999",
        "page=-1",
        "page=99999999",
        "order=x'",
        "q=%00%27%5C",
        "q=" + "a" * 3000,
    ],
    ids=range(7),
)
def test_nonsense_in_the_address_is_no_error(operator: Client, query: str) -> None:
    make_package()
    assert operator.get(f"/oms/packages/?{query}").status_code == 200


def test_right_code_delivers_and_says_so_without_a_reload(operator: Client) -> None:
    package = make_package(states.READY)
    answer = send(operator, package, "self-service-package-delivery", otp=right_code(package), dialog="1")
    assert answer.status_code == 200
    assert answer.headers["HX-Retarget"] == "#package"
    assert 'role="status"' in answer.content.decode()
    assert "Package delivered" in answer.content.decode()
    assert state_of(package) == states.DELIVERED


def test_wrong_code_keeps_the_state_and_the_dialog(operator: Client) -> None:
    package = make_package(states.READY)
    answer = send(operator, package, "self-service-package-delivery", otp=wrong_code(package), dialog="1")
    assert answer.status_code == 422
    assert answer.headers["HX-Retarget"] == "#verdict"
    assert "The code is incorrect. 4 attempts left." in answer.content.decode()
    assert state_of(package) == states.READY


def test_a_typed_code_is_never_sent_back(operator: Client) -> None:
    package = make_package(states.READY)
    code = wrong_code(package)
    for htmx in (True, False):
        answer = send(operator, package, "self-service-package-delivery", htmx=htmx, otp=code)
        assert code not in answer.content.decode()


def test_dialog_asks_for_the_code_in_the_words_of_the_contract(operator: Client) -> None:
    package = make_package(states.READY)
    address = command_address(package, "self-service-package-delivery")
    for headers in (HTMX, {}):
        page = operator.get(address, headers=headers).content.decode()
        for words in ("Verify pickup code", "SMS verification code", "Verify and deliver", "Cancel", "Resend code"):
            assert words in page


@pytest.mark.parametrize(
    ("state", "slug", "words"),
    [
        (
            states.WAITING,
            "mark-out-of-stock",
            "sends no message: tell the customer yourself",
        ),
        (states.WAITING, "cancel-package", "sends no message: tell the customer yourself"),
        (states.READY, "cancel-package-ready", "code, and sends no message: tell the customer yourself"),
        (states.READY, "back-to-packed", "the customer is told that the order is not ready yet"),
    ],
)
def test_dialog_says_whether_the_customer_is_told(operator: Client, state: str, slug: str, words: str) -> None:
    package = make_package(state)
    for headers in (HTMX, {}):
        page = operator.get(command_address(package, slug), headers=headers).content.decode()
        assert words in " ".join(page.split())


def test_without_a_code_a_plain_confirmation_delivers(operator: Client) -> None:
    package = make_package(states.READY, otp=False)
    put_setting("IS_OTP_ENABLED", value=False)
    page = operator.get(command_address(package, "self-service-package-delivery"), headers=HTMX).content.decode()
    assert "SMS verification code" not in page
    send(operator, package, "self-service-package-delivery", dialog="1")
    assert state_of(package) == states.DELIVERED


def test_locked_code_closes_the_dialog_and_says_what_to_do(operator: Client) -> None:
    package = make_package(states.READY)
    for offset in range(1, 6):
        send(operator, package, "self-service-package-delivery", otp=wrong_code(package, offset), dialog="1")
    answer = send(operator, package, "self-service-package-delivery", otp=right_code(package), dialog="1")
    assert answer.headers["HX-Retarget"] == "#package"
    assert 'role="alert"' in answer.content.decode()
    assert state_of(package) == states.READY


def test_a_reason_left_out_is_told_in_the_dialog(operator: Client) -> None:
    package = make_package()
    answer = send(operator, package, "cancel-package", reason=" ", dialog="1")
    assert answer.status_code == 400
    assert "Enter a reason" in answer.content.decode()
    assert state_of(package) == states.WAITING


@pytest.mark.parametrize("text", ["\x00", "x" * 501], ids=["nul", "long"])
def test_what_no_field_can_hold_is_refused_and_nothing_changes(operator: Client, text: str) -> None:
    package = make_package()
    assert send(operator, package, "cancel-package", reason=f"why {text}", dialog="1").status_code == 400
    assert state_of(package) == states.WAITING


def test_commands_run_in_the_channel_oms_web(operator: Client) -> None:
    package = make_package()
    CommandTransition.objects.filter(slug="complete-packaging-without-shipment").update(visibility=["INSTORE"])
    page = operator.get(f"/oms/packages/{package.pk}/").content.decode()
    assert "Complete packaging" not in page
    assert send(operator, package, "complete-packaging-without-shipment").status_code == 400
    assert state_of(package) == states.WAITING
    assert CommandLog.objects.filter(kind=LogKind.REFUSED, code="command_unknown", channel="OMS WEB").count() == 1


def test_without_javascript_the_same_command_runs(operator: Client) -> None:
    package = make_package()
    answer = send(operator, package, "complete-packaging-without-shipment", htmx=False)
    assert answer.status_code == 302
    assert state_of(package) == states.PACKED


def test_without_javascript_the_fifth_wrong_code_closes_the_form_and_says_what_to_do(operator: Client) -> None:
    package = make_package(states.READY)
    wrong = {"otp": wrong_code(package), "dialog": "1"}
    for _try in range(4):
        answer = send(operator, package, "self-service-package-delivery", htmx=False, **wrong)
        assert answer.status_code == 422
        assert 'role="alert"' in answer.content.decode()
    answer = send(operator, package, "self-service-package-delivery", htmx=False, **wrong)
    assert answer.status_code == 302
    page = markup(operator.get(answer["Location"]))
    assert 'role="alert">The code is incorrect. Too many wrong codes: the code is locked.' in page


def test_home_delivery_cannot_be_made_ready(operator: Client) -> None:
    package = make_package(states.PACKED, delivery_type=DeliveryType.HOME_DELIVERY)
    answer = send(operator, package, "ready-for-customer-pickup")
    assert answer.status_code == 422
    assert "customer&#x27;s home" in answer.content.decode()
    assert state_of(package) == states.PACKED


def test_pages_cost_the_same_however_long_the_history(
    operator: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    package = make_package(states.READY)
    for offset in range(1, 5):
        send(operator, package, "self-service-package-delivery", otp=wrong_code(package, offset), dialog="1")
    with django_assert_max_num_queries(14):
        page = operator.get(f"/oms/packages/{package.pk}/").content.decode()
    assert "Refused: Incorrect code" in page


@pytest.mark.parametrize("address", ["/oms/packages/999/", "/oms/packages/99999999999999999999/", "/oms/nowhere/"])
def test_what_is_not_there_is_a_page_that_says_so(operator: Client, address: str) -> None:
    answer = operator.get(address)
    assert answer.status_code == 404
    assert "We couldn&#x27;t find that" in answer.content.decode()


def test_what_counts_as_soon_is_the_setting(operator: Client) -> None:
    package = make_package()
    Package.objects.filter(pk=package.pk).update(due_at=Now() + timedelta(hours=60))
    assert "<strong>On time</strong>" in operator.get("/oms/packages/").content.decode()
    put_setting("URGENCY_SOON_HOURS", value=72)
    assert "<strong>Due soon</strong>" in operator.get("/oms/packages/").content.decode()


def test_a_page_of_the_table_takes_exactly_so_many_statements(operator: Client) -> None:
    """Session; the stores' time zone; states; stores; tabs; saved filters; the sidebar's figure; count; ids; rows."""
    counts = []
    for packages in (1, 10):
        for _package in range(packages):
            make_package(states.PACKED)
        operator.get("/oms/packages/")
        with watched() as wire:
            assert operator.get("/oms/packages/").status_code == 200
        counts.append((wire.round_trips, wire.statements))
    assert counts == [(10, 10), (10, 10)], wire.log
