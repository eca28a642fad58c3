"""A press of a button over HTTP: what is answered, what is counted, what is kept."""

import pytest
from django.http import HttpResponse
from django.test import Client

from clickcollect.accounts.models import IdempotencyKey, User
from clickcollect.oms import states
from clickcollect.oms.models import CommandLog, Package
from tests import shop
from tests.markup import markup

pytestmark = pytest.mark.django_db(transaction=True)
DELIVER = "self-service-package-delivery"
KEY = "verify-pickup-1"


class Counter:
    """Somebody at the counter, signed in."""

    def __init__(self, package: Package, role: str = "associate", *, user: User | None = None) -> None:
        self.client = Client()
        self.client.force_login(user or shop.make_user(role, package.stock_location))
        self.package = package

    def press(self, slug: str, *, key: str = "", **data: str) -> HttpResponse:
        headers = {"HX-Request": "true"} | ({"Idempotency-Key": key} if key else {})
        address = f"/instore/packages/{self.package.number}/commands/{slug}/"
        response: HttpResponse = self.client.post(address, {"from": slug} | data, headers=headers)  # type: ignore[assignment]
        return response

    def ask_manager(self, **data: str) -> HttpResponse:
        """Send the dialog *Deliver without code* that a manager approves."""
        return self.press("deliver-without-code", **{"from": "manager-deliver-without-code"} | data)


def text(response: HttpResponse) -> str:
    return response.content.decode()


def test_right_code_answers_with_the_green_result_and_the_page_as_it_is_now() -> None:
    package = shop.make_package(states.READY)
    response = Counter(package).press(DELIVER, otp=shop.right_code(package))
    assert response.status_code == 200
    assert "Package delivered" in text(response)
    assert shop.state_of(package) == states.DELIVERED


@pytest.mark.parametrize(
    ("typed", "code"),
    [("", "otp_required"), ("12", "otp_malformed"), ("x" * 65, "validation_error"), ("PK-1", "otp_malformed")],
)
def test_what_cannot_be_a_code_is_answered_in_the_dialog_and_not_counted(typed: str, code: str) -> None:
    package = shop.make_package(states.READY)
    response = Counter(package).press(DELIVER, otp=typed)
    assert response["X-Instore-Code"] == code
    assert f'id="dialog-message-{DELIVER}"' in text(response)
    assert shop.reread(package).total_attempts == 0


def test_the_same_try_sent_twice_counts_once_and_gets_its_true_answer() -> None:
    package = shop.make_package(states.READY)
    counter = Counter(package)
    answers = [counter.press(DELIVER, key=KEY, otp=shop.wrong_code(package)) for _ in range(3)]
    assert [answer["X-Instore-Code"] for answer in answers] == ["otp_incorrect"] * 3
    assert "4 attempts left" in text(answers[2])
    assert shop.reread(package).total_attempts == 1


def test_a_delivery_whose_answer_was_lost_is_told_as_delivered_and_happened_once() -> None:
    package = shop.make_package(states.READY)
    counter, code = Counter(package), shop.right_code(package)
    for _ in range(2):
        assert "Package delivered" in text(counter.press(DELIVER, key=KEY, otp=code))
    assert CommandLog.objects.filter(package_id=package.pk, kind="move", new_state=states.DELIVERED).count() == 1


def test_what_is_kept_for_a_repeated_try_holds_no_code_and_nothing_personal() -> None:
    order = shop.make_order(first_name="Zeynep", last_name="Demir")
    package = shop.make_package(states.READY, order=order)
    code = shop.right_code(package)
    Counter(package).press(DELIVER, key=KEY, otp=code)
    kept = IdempotencyKey.objects.get(key=KEY)
    assert b"Zeynep" not in bytes(kept.body)
    assert code.encode() not in bytes(kept.body)


def test_locked_code_closes_the_dialog_and_offers_the_way_out() -> None:
    package = shop.make_package(states.READY)
    Package.objects.filter(pk=package.pk).update(issue_attempts=5, total_attempts=5)
    response = Counter(package).press(DELIVER, otp=shop.right_code(package))
    assert "Code locked" in text(response)
    assert "Send new code" in text(response)
    assert 'id="package"' in text(response)


def test_home_delivery_cannot_be_made_ready_for_pickup() -> None:
    package = shop.make_package(states.PACKED, delivery_type="home_delivery")
    response = Counter(package).press("ready-for-customer-pickup")
    assert response["X-Instore-Code"] == "not_click_and_collect"
    assert shop.state_of(package) == states.PACKED


@pytest.mark.parametrize(
    ("state", "slug", "words"),
    [
        (
            states.WAITING,
            "mark-out-of-stock",
            "sends no message: tell the customer yourself",
        ),
        (
            states.PACKED,
            "cancel-package-packed",
            "sends no message: tell the customer yourself",
        ),
        (states.READY, "cancel-package-ready", "code, and sends no message: tell the customer yourself"),
    ],
)
def test_dialog_says_whether_the_customer_is_told(state: str, slug: str, words: str) -> None:
    package = shop.make_package(state)
    page = markup(Counter(package, "manager").client.get(f"/instore/packages/{package.number}/"))
    address = f"/instore/packages/{package.number}/commands/{slug}/"
    (dialog,) = [part for part in page.split("<dialog")[1:] if address in part]
    assert words in " ".join(dialog.split())


def test_another_stores_package_is_not_found_before_the_command_is_looked_at() -> None:
    package = shop.make_package(states.READY)
    stranger = shop.make_user("manager", shop.make_store("BER-01"))
    for slug in (DELIVER, "no-such-command"):
        response = Counter(package, user=stranger).press(slug, otp=shop.right_code(package))
        assert response.status_code == 404
    assert shop.state_of(package) == states.READY


def test_an_associate_cannot_run_a_managers_command_without_a_signature() -> None:
    package = shop.make_package(states.READY)
    answer = Counter(package).press("deliver-without-code", reason="x", evidence="id_document")
    assert answer["X-Instore-Code"] == "forbidden"
    assert shop.state_of(package) == states.READY


def test_a_manager_signs_on_the_device_of_an_associate_and_stands_in_the_log() -> None:
    package = shop.make_package(states.READY)
    boss = shop.make_manager(package.stock_location)
    signed = {"manager": str(boss.pk), "pin": shop.PIN}
    Counter(package).press("deliver-without-code", reason="Phone lost", evidence="id_document", **signed)
    assert shop.state_of(package) == states.DELIVERED
    entry = CommandLog.objects.get(package_id=package.pk, new_state=states.DELIVERED, kind="move")
    assert entry.actor_id == boss.pk
    employee = User.objects.get(role="associate")
    assert entry.attributes["sign_off.device_user"] == employee.pk
    both = f"{boss.get_full_name()}, on the device of {employee.get_full_name()}"
    counter = Counter(package, user=employee)
    assert both in text(counter.client.get(f"/instore/packages/{package.number}/"))  # type: ignore[arg-type]
    office = Counter(package, "operator").client
    for page in ("/oms/log/", "/oms/reviews/", f"/oms/packages/{package.pk}/"):
        assert both in office.get(page).content.decode(), page


def test_what_an_employee_does_alone_names_no_device() -> None:
    package = shop.make_package(states.READY)
    Counter(package, "manager").press("deliver-without-code", reason="x", evidence="id_document")
    entry = CommandLog.objects.get(package_id=package.pk, new_state=states.DELIVERED, kind="move")
    assert "sign_off.device_user" not in entry.attributes


def test_a_signed_step_that_is_refused_names_the_device_too() -> None:
    package = shop.make_package(states.READY)
    boss = shop.make_manager(package.stock_location)
    signed = {"manager": str(boss.pk), "pin": shop.PIN}
    Counter(package).press("deliver-without-code", evidence="magic", reason="x", **signed)
    entry = CommandLog.objects.get(package_id=package.pk, kind="refused")
    assert entry.actor_id == boss.pk
    assert entry.attributes["sign_off.device_user"] == User.objects.get(role="associate").pk


@pytest.mark.parametrize(
    ("chosen", "pin", "fault"),
    [
        ("boss", "900118", "pin"),
        ("nobody", shop.PIN, "manager"),
        ("elsewhere", shop.PIN, "manager"),
        ("without", shop.PIN, "manager"),
        ("gone", shop.PIN, "manager"),
        ("boss", "", "pin"),
        ("boss", shop.PASSWORD, "pin"),
        ("boss", "٤٠٧١٩٣", "pin"),
    ],
)
def test_every_refused_approval_is_a_log_row_and_says_so_at_its_field(chosen: str, pin: str, fault: str) -> None:
    package = shop.make_package(states.READY)
    people = {
        name: shop.make_manager(shop.make_store(code), is_active=name != "gone", pin_can_approve=name != "without")
        for name, code in (("boss", "IST-01"), ("elsewhere", "BER-01"), ("without", "IST-01"), ("gone", "IST-01"))
    }
    manager = str(people[chosen].pk) if chosen in people else "9" * 30
    given = {"manager": manager, "pin": pin, "reason": "x", "evidence": "id_document"}
    answer = Counter(package).ask_manager(**given)
    assert answer["X-Instore-Code"] == "validation_error"
    assert f'data-fault="{fault}"' in text(answer)
    entry = CommandLog.objects.get(package_id=package.pk, kind="refused")
    assert (entry.code, entry.slug, entry.store_id) == (
        "sign_off_refused",
        "deliver-without-code",
        package.stock_location_id,
    )
    assert entry.actor_id == User.objects.get(role="associate").pk, "the device's employee"
    assert entry.attributes.get("sign_off.manager") == (people[chosen].pk if chosen in people else None)
    assert shop.state_of(package) == states.READY


def test_what_was_left_empty_is_said_before_any_pin_is_compared() -> None:
    package = shop.make_package(states.READY)
    boss = shop.make_manager(package.stock_location)
    counter = Counter(package)
    for _ in range(7):
        answer = counter.ask_manager(manager=str(boss.pk), pin="900118", reason="", evidence="")
        assert 'data-fault="evidence"' in text(answer)
        assert 'data-fault="pin"' not in text(answer)
    empty = text(counter.ask_manager(manager="", pin="", reason=" ", evidence=""))
    assert [name in empty for name in map('data-fault="{}"'.format, ("evidence", "reason", "manager", "pin"))] == [
        True
    ] * 4
    right = {"manager": str(boss.pk), "pin": shop.PIN, "reason": "x", "evidence": "id_document"}
    counter.ask_manager(**right)
    assert shop.state_of(package) == states.DELIVERED


def test_a_throttled_approval_is_a_log_row_and_counts_for_the_manager_alone() -> None:
    package = shop.make_package(states.READY)
    boss, second = shop.make_manager(package.stock_location), shop.make_manager(package.stock_location)
    counter = Counter(package)
    rest = {"reason": "x", "evidence": "id_document"}
    for number in range(6):
        answer = counter.ask_manager(manager=str(boss.pk), pin=f"90011{number}", **rest)
    assert 'data-fault="pin"' in text(answer)
    assert "This PIN is locked" in text(answer)
    reasons = CommandLog.objects.filter(code="sign_off_refused").order_by("pk").values_list("attributes", flat=True)
    assert [row["sign_off.refused"] for row in reasons] == ["validation_error"] * 5 + ["throttled"]
    counter.ask_manager(manager=str(second.pk), pin=shop.PIN, **rest)
    assert shop.state_of(package) == states.DELIVERED


@pytest.mark.parametrize("role", ["associate", "operator", "admin"])
def test_only_a_manager_of_this_store_approves(role: str) -> None:
    package = shop.make_package(states.READY)
    own_pin = {"pin": shop.make_manager().pin, "pin_can_approve": True}
    others = [
        shop.make_user(role, package.stock_location, **own_pin),
        shop.make_manager(shop.make_store("BER-01")),
        shop.make_manager(),
    ]
    counter = Counter(package)
    for other in others:
        given = {"manager": str(other.pk), "pin": shop.PIN, "reason": "x", "evidence": "id_document"}
        assert counter.ask_manager(**given)["X-Instore-Code"] == "validation_error"
        assert other.get_full_name() not in text(counter.client.get(f"/instore/packages/{package.number}/"))  # type: ignore[arg-type]
    assert shop.state_of(package) == states.READY


def test_a_pin_for_an_approval_is_kept_hashed_only_and_has_six_digits_for_a_manager() -> None:
    manager = shop.make_user("manager", shop.make_store())
    client = Client()
    client.force_login(manager)
    assert client.post("/instore/pin/", {"pin": "40719", "password": shop.PASSWORD}).status_code == 400
    assert client.post("/instore/pin/", {"pin": shop.PIN, "password": shop.PASSWORD}).status_code == 302
    row = User.objects.values().get(pk=manager.pk)
    assert row["pin_can_approve"]
    assert shop.PIN not in str({name: value for name, value in row.items() if name != "username"})


def test_no_command_runs_without_a_csrf_token() -> None:
    package = shop.make_package(states.WAITING)
    client = Client(enforce_csrf_checks=True)
    client.force_login(shop.make_user("associate", package.stock_location))
    for address in (
        f"/instore/packages/{package.number}/commands/complete-packaging-without-shipment/",
        "/instore/leave/",
        "/instore/language/",
        "/accounts/login/",
    ):
        assert client.post(address, headers={"HX-Request": "true"}).status_code == 403
    assert shop.state_of(package) == states.WAITING


def test_a_signed_out_browser_is_sent_to_the_sign_in() -> None:
    package = shop.make_package(states.READY)
    response = Client().post(
        f"/instore/packages/{package.number}/commands/{DELIVER}/", {"otp": "1"}, headers={"HX-Request": "true"}
    )
    assert response["HX-Redirect"].startswith("/accounts/login/")
    assert shop.reread(package).total_attempts == 0


@pytest.mark.parametrize("nasty", ["\x00", "\u202e", "👩‍🚀" * 200, "<script>alert(1)</script>", "٤" * 64, "'" * 64])
def test_no_input_breaks_a_command(nasty: str) -> None:
    package = shop.make_package(states.READY)
    counter = Counter(package, "manager")
    for slug in (DELIVER, "deliver-without-code", "cancel-package-ready", "extend-pickup", "nonsense"):
        response = counter.press(slug, otp=nasty, evidence=nasty, collector_name=nasty, **{"from": nasty})
        assert response.status_code < 500
        assert "<script>alert" not in text(response)
