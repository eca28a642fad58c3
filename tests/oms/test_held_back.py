"""An order that is being cancelled holds its packages back, whether or not the worker came by (contract section 1)."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest
from django.db import connection
from django.test import Client
from django.utils.timezone import now

from clickcollect.accounts.models import Role
from clickcollect.errors import DomainError, StateConflict
from clickcollect.omnitron.models import Order, OrderStatus
from clickcollect.oms import event_registration, reminders, states
from clickcollect.oms.access import SYSTEM
from clickcollect.oms.commands import run as road
from clickcollect.oms.commands import statements
from clickcollect.oms.commands.base import COMMANDS
from clickcollect.oms.commands.run import available_commands, run_command
from clickcollect.oms.log_models import CommandLog, NoteKind
from clickcollect.oms.models import CommandTransition, Package, PackageState
from clickcollect.oms.orders.cancellation import cancel_open_packages, cancel_order
from clickcollect.oms.workflow.seed import EXTRA_COMMANDS, MAIN_FLOW
from clickcollect.whisperer.models import Event
from clickcollect.whisperer.registry import Superseded
from tests import shop
from tests.api.caller import ORDERS, caller_for, code_of, document_of
from tests.concurrency import at_once, side_by_side, stopped_at

pytestmark = pytest.mark.django_db
PACK = "COMPLETE_PACKAGING_WITHOUT_SHIPMENT"
READY = "READY_FOR_PICKUP"
DELIVER = "SELF_SERVICE_PACKAGE_DELIVERY_COMMAND"
ENDS_IN_THE_STORE = {states.CANCELLED, states.OUT_OF_STOCK, states.RETURNED}
ROWS = [(slug, source, destination) for _name, _code, slug, source, destination in (*MAIN_FLOW, *EXTRA_COMMANDS)]
HELD = [(slug, source) for slug, source, destination in ROWS if destination not in ENDS_IN_THE_STORE]
FREE = [(slug, source) for slug, source, destination in ROWS if destination in ENDS_IN_THE_STORE]
ANYTHING = {"reason": "because", "evidence": "id_document", "phone_number": "+905550000777"}


def run(package: Package, command: str, **data: object) -> Callable[[], object]:
    return partial(run_command, package_id=package.pk, transition=command, actor=SYSTEM, data=data)


def cancel(package: Package) -> Callable[[], object]:
    return partial(cancel_order, order_id=package.order_id, actor=SYSTEM, reason="changed their mind")


def moves(package: Package) -> list[tuple[str, str]]:
    rows = CommandLog.objects.filter(package_id=package.pk, kind="move").order_by("pk")
    return list(rows.values_list("old_state", "new_state"))


def fingerprint(package: Package) -> tuple[object, ...]:
    """Everything that a command could have changed."""
    row = Package.objects.filter(pk=package.pk).values().get()
    issues = list(package.issues.values_list("number", "closed_at"))
    return row, issues, package.order.phone_number, Event.objects.count(), moves(package)


@pytest.mark.parametrize("status", [OrderStatus.CANCELLATION_WAITING, OrderStatus.CANCELED])
@pytest.mark.parametrize(("slug", "source"), HELD)
def test_nothing_is_packed_made_ready_sent_a_code_extended_or_handed_over(slug: str, source: str, status: int) -> None:
    package = shop.make_package(source)
    otp = {"otp": shop.right_code(package)} if source == states.READY else {}
    Order.objects.filter(pk=package.order_id).update(status=status, cancel_requested_at=now())
    before = fingerprint(package)
    with pytest.raises(StateConflict, match="This order is being cancelled") as refusal:
        run(package, slug, **ANYTHING, **otp)()
    assert fingerprint(package) == before
    assert refusal.value.extra["state"] == package.state.name
    assert CommandLog.objects.filter(package_id=package.pk, kind="refused", slug=slug, code="state_conflict").exists()


@pytest.mark.parametrize(("slug", "source"), FREE)
def test_what_ends_the_package_in_the_store_still_runs(slug: str, source: str) -> None:
    package = shop.make_package(source)
    cancel(package)()
    Package.objects.filter(pk=package.pk, pickup_deadline__isnull=False).update(pickup_deadline=now())
    run(package, slug, reason="because")()
    assert shop.state_of(package) in ENDS_IN_THE_STORE


def test_nobody_is_told_that_the_customer_can_still_collect_it() -> None:
    package = shop.make_package(states.READY)
    cancel(package)()
    with pytest.raises(StateConflict, match="being cancelled"):
        run(package, "RETURN_TO_STOCK")()
    assert shop.state_of(package) == states.READY


def test_every_command_code_is_among_those_rows() -> None:
    assert {code for _name, code, *_rest in (*MAIN_FLOW, *EXTRA_COMMANDS)} == COMMANDS.keys()


@pytest.mark.parametrize("destination", [states.PREPARING, states.PACKED, states.DELIVERED])
def test_a_pure_change_of_state_that_an_operator_added_is_held_back_too(destination: str) -> None:
    package = shop.make_package(states.WAITING)
    CommandTransition.objects.create(
        name="Go on",
        command_code="PKG_STATE_TRANSITION",
        slug="go-on",
        source=PackageState.objects.get(enum_value=states.WAITING),
        destination=PackageState.objects.get(enum_value=destination),
        visibility=["OMS WEB"],
    )
    cancel(package)()
    with pytest.raises(StateConflict, match="being cancelled"):
        run(package, "go-on")()


def test_a_wrong_code_is_neither_compared_nor_counted() -> None:
    package = shop.make_package(states.READY)
    actor = shop.make_actor(Role.ASSOCIATE, package.stock_location)
    wrong = shop.wrong_code(package)
    cancel(package)()
    with pytest.raises(StateConflict):
        run_command(package_id=package.pk, transition=DELIVER, actor=actor, data={"otp": wrong})
    assert shop.reread(package).total_attempts == 0


def test_the_refusal_says_who_asked_for_the_cancellation_and_when() -> None:
    package = shop.make_package(states.PACKED)
    operator = shop.make_actor(Role.OPERATOR)
    cancel_order(order_id=package.order_id, actor=operator)
    with pytest.raises(StateConflict) as refusal:
        run(package, READY)()
    assert refusal.value.extra["changed_by"] == operator.name
    assert refusal.value.extra["changed_at"].endswith("Z")


@pytest.mark.parametrize("source", [states.WAITING, states.PREPARING, states.PACKED, states.READY])
@pytest.mark.parametrize("role", list(Role))
def test_only_what_would_run_is_offered(role: Role, source: str) -> None:
    package = shop.make_package(source)
    actor = shop.make_actor(role, package.stock_location)
    cancel(package)()
    offered = available_commands(package=shop.reread(package), actor=actor)
    assert {found.transition.destination.enum_value for found in offered} <= ENDS_IN_THE_STORE
    assert any(found.transition.command_code == "CANCEL_PACKAGE" for found in offered) == (role != Role.ASSOCIATE)


@pytest.mark.django_db(transaction=True)
def test_over_http_the_counter_is_refused_from_the_answer_on_though_no_worker_runs() -> None:
    package = shop.make_package(states.READY)
    operator = caller_for(shop.make_user(Role.OPERATOR))
    code = shop.right_code(package)
    assert operator.post(f"{ORDERS}{package.order_number}/cancel/", {}).status_code == 204
    refused = operator.command(package.pk, {"slug": DELIVER, "otp": code})
    assert (refused.status_code, code_of(refused)) == (409, "state_conflict")
    assert "is being cancelled" in refused.content.decode()
    shown = document_of(operator.get(f"/api/v1/oms/packages/{package.pk}/"))
    assert [command["code"] for command in shown["commands"]] == ["CANCEL_PACKAGE"]
    cancel_open_packages(package.order_id)
    assert shop.state_of(package) == states.CANCELLED


# ---- Races: which of the two was first is read from the log -----------------------------------------------


RACES = [
    (states.WAITING, PACK),
    (states.PACKED, READY),
    (states.READY, DELIVER),
    (states.READY, "DELIVER_WITHOUT_CODE"),
]


def deed(package: Package, command: str) -> Callable[[], object]:
    otp = {"otp": shop.right_code(package)} if command == DELIVER else {}
    return run(package, command, **ANYTHING, **otp)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("start", "command"), RACES)
@pytest.mark.parametrize("rounds", [50, pytest.param(1000, marks=[pytest.mark.soak, pytest.mark.timeout(3600)])])
def test_cancelled_and_moved_on_at_once_is_never_both(start: str, command: str, rounds: int) -> None:
    """200 races of a cancellation against packing, ready and handover."""
    packages = [shop.make_package(start) for _ in range(rounds)]
    steps = [(cancel(package), deed(package, command)) for package in packages]
    races = side_by_side(pair if turn % 2 else pair[::-1] for turn, pair in enumerate(steps))
    for package, answers in zip(packages, races, strict=True):
        refused = {answer.code for answer in answers if isinstance(answer, DomainError)}
        assert refused <= {"state_conflict"}
        assert_never_both(package)
        if start == states.READY:
            assert len(refused) == 1, "handed over, or cancelled"


def assert_never_both(package: Package) -> None:
    """After its cancellation was asked for, an order's package moves to an end in the store, or nowhere.

    Both sides write their log row while they hold the order, so that the rows' numbers say who was first.
    """
    asked = CommandLog.objects.filter(package_id=package.pk, note_kind=NoteKind.ORDER_CANCEL_REQUESTED).first()
    if asked is None:
        return
    later = CommandLog.objects.filter(package_id=package.pk, kind="move", pk__gt=asked.pk)
    assert set(later.values_list("new_state", flat=True)) <= ENDS_IN_THE_STORE
    assert shop.state_of(package) != states.DELIVERED
    assert Order.objects.get(pk=package.order_id).is_being_cancelled


def after_a_look_at_the_order(package: Package, command: str) -> object:
    """The command has found its order in order and waits for the package; the order is cancelled meanwhile."""
    return stopped_at(
        lambda: Package.objects.select_for_update().get(pk=package.pk),
        deed(package, command),
        meanwhile=lambda: at_once([cancel(package)]),
    )[0]


def beside_a_cancellation_under_way(package: Package, command: str) -> object:
    """The cancellation holds the order and is not committed yet; the command waits for the order."""

    def nothing_is_queued() -> None:
        with connection.cursor() as cursor:
            cursor.execute("LOCK TABLE procrastinate_jobs IN SHARE MODE")

    return stopped_at(nothing_is_queued, cancel(package), deed(package, command))[1]


INTERLEAVINGS = [after_a_look_at_the_order, beside_a_cancellation_under_way]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("interleaving", INTERLEAVINGS)
@pytest.mark.parametrize(("start", "command"), RACES)
def test_a_command_that_had_looked_before_the_cancellation_is_refused_after_it(
    interleaving: Callable[[Package, str], object], start: str, command: str
) -> None:
    package = shop.make_package(start)
    answer = interleaving(package, command)
    assert isinstance(answer, StateConflict)
    assert "being cancelled" in answer.detail
    assert_never_both(package)
    assert (shop.state_of(package), shop.reread(package).total_attempts) == (start, 0)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("interleaving", INTERLEAVINGS)
@pytest.mark.parametrize(("start", "command"), RACES)
def test_control_asked_before_the_locks_and_not_after_them_both_happen(
    interleaving: Callable[[Package, str], object], start: str, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = shop.make_package(start)
    monkeypatch.setattr(road, "is_held_back", lambda **_asked: False)
    interleaving(package, command)
    with pytest.raises(AssertionError):
        assert_never_both(package)


@pytest.mark.django_db(transaction=True)
def test_control_without_the_order_s_lock_both_happen(monkeypatch: pytest.MonkeyPatch) -> None:
    package = shop.make_package(states.READY)
    monkeypatch.setattr(statements, "LOCK_ORDER", "SELECT %(package)s::bigint")
    monkeypatch.setattr(statements, "write_events", lambda *_news: None)  # whose numbers would collide
    beside_a_cancellation_under_way(package, DELIVER)
    with pytest.raises(AssertionError):
        assert_never_both(package)


# ---- Messages and jobs ------------------------------------------------------------------------------------


def test_a_code_that_waits_for_its_sending_is_not_sent() -> None:
    package = shop.make_package(states.READY)
    waiting = Event.objects.get(type="package.status.ready_for_pickup")
    event_registration.add_code(waiting)
    cancel(package)()
    for ask in (event_registration.add_code, event_registration.check_current):
        with pytest.raises(Superseded, match="order_cancelled"):
            ask(waiting)


@pytest.mark.parametrize(("job", "hours"), [(reminders.send_reminders, 5), (reminders.announce_expired, -1)])
def test_nobody_is_reminded_of_it_or_told_that_its_time_is_over(job: Callable[[], int], hours: int) -> None:
    package = shop.make_package(states.READY)
    other = shop.make_package(states.READY)
    until = now() + timedelta(hours=hours)
    Package.objects.update(pickup_deadline=until, ready_at=until - timedelta(days=7))
    cancel(package)()
    Event.objects.all().delete()
    assert job() == 1
    assert set(Event.objects.values_list("subject", flat=True)) == {f"package:{other.pk}"}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("job", "hours"), [(reminders.send_reminders, 5), (reminders.announce_expired, -1)])
def test_a_reminder_that_had_looked_before_the_cancellation_is_not_sent(job: Callable[[], int], hours: int) -> None:
    package = shop.make_package(states.READY)
    until = now() + timedelta(hours=hours)
    Package.objects.update(pickup_deadline=until, ready_at=until - timedelta(days=7))

    def nothing_is_queued() -> None:
        with connection.cursor() as cursor:
            cursor.execute("LOCK TABLE procrastinate_jobs IN SHARE MODE")

    assert stopped_at(nothing_is_queued, cancel(package), job)[1] == 0
    assert not Event.objects.filter(type__in=("package.pickup.reminder", "package.pickup.expired")).exists()


# ---- Screens ----------------------------------------------------------------------------------------------

SAID = "This order is being cancelled."


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("state", [states.WAITING, states.PACKED, states.READY])
def test_the_package_page_says_so_and_has_no_button_that_would_be_refused(client: Client, state: str) -> None:
    package = shop.make_package(state)
    client.force_login(shop.make_user(Role.ASSOCIATE, package.stock_location))
    address = f"/instore/packages/{package.number}/"
    assert SAID not in client.get(address).content.decode()
    cancel(package)()
    page = client.get(address).content.decode()
    assert SAID in page
    assert 'id="main-button"' not in page
    listed = client.get("/instore/").content.decode()
    assert "Being cancelled" in listed


@pytest.mark.django_db(transaction=True)
def test_a_button_that_was_on_the_screen_already_gets_the_red_result(client: Client) -> None:
    package = shop.make_package(states.READY)
    client.force_login(shop.make_user(Role.ASSOCIATE, package.stock_location))
    code = shop.right_code(package)
    cancel(package)()
    address = f"/instore/packages/{package.number}/commands/self-service-package-delivery/"
    answer = client.post(address, {"otp": code}, headers={"HX-Request": "true"})
    words = answer.content.decode()
    assert answer.status_code == 409
    assert "The order is being cancelled" in words
    assert "Do not hand over the package." in words


@pytest.mark.django_db(transaction=True)
def test_many_at_once_leaves_out_what_is_held_back(client: Client) -> None:
    held, free = shop.make_package(states.WAITING), shop.make_package(states.WAITING)
    client.force_login(shop.make_user(Role.ASSOCIATE, held.stock_location))
    cancel(held)()
    page = client.get(f"/instore/bulk/?numbers={held.number},{free.number}").content.decode()
    assert f"/instore/packages/{free.number}/commands/" in page
    assert f"/instore/packages/{held.number}/commands/" not in page


@pytest.mark.django_db(transaction=True)
def test_oms_web_says_so_and_offers_what_would_run(client: Client) -> None:
    package = shop.make_package(states.READY)
    client.force_login(shop.make_user(Role.OPERATOR))
    cancel(package)()
    page = client.get(f"/oms/packages/{package.pk}/").content.decode()
    assert SAID in page
    assert "Cancel package" in page
    for button in ("Deliver without code", "Extend pickup", "Send new code", "Resend code"):
        assert button not in page
    assert "Being cancelled" in client.get("/oms/packages/").content.decode()
