"""The demo shop: stores, people and orders in every state, made by the same roads as everything else."""

from collections import Counter
from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.auth import authenticate
from django.db.models import F, Q
from django.test import TestCase
from django.utils import timezone

from clickcollect.accounts.models import Role, User
from clickcollect.demo.hooks import make_hooks
from clickcollect.demo.load import load_demo_shop
from clickcollect.demo.places import PASSWORD, STAFF
from clickcollect.omnitron.models import Order, OrderStatus, RetailStore
from clickcollect.oms import states
from clickcollect.oms.commands.run import run_command
from clickcollect.oms.log.audit import seal, verify_chain
from clickcollect.oms.log_models import OVERRIDE, CommandLog, LogKind, OverrideReview
from clickcollect.oms.models import CodeIssue, Package
from clickcollect.oms.orders.repaired import send_on
from clickcollect.oms.repair_models import OrderToRepair
from clickcollect.oms.search import matching
from clickcollect.whisperer.encryption import unseal
from clickcollect.whisperer.hooks import delete_hook
from clickcollect.whisperer.models import Delivery, Endpoint, Event, Hook
from extension.pickup_event import ANSWERED_TYPES, PHONE_CHANGED
from tests.shop import make_actor, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXTENSION_WEBHOOK_SECRET", "demo-secret")


PRESENT = Q(number__gt="DEMO-1000")  # orders that are on their way; those before are history


def by_state(erp_code: str) -> Counter[str]:
    of_store = Package.objects.filter(stock_location__erp_code=erp_code, order_number__gt="DEMO-1000")
    return Counter(of_store.values_list("state__enum_value", flat=True))


def everything() -> tuple[int, ...]:
    models = (RetailStore, User, Order, OrderToRepair, Package, CommandLog, CodeIssue, Event, Hook)
    return tuple(model._default_manager.count() for model in models)


def test_interrupted_loading_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = 0

    def interrupted(**arguments: object) -> object:
        nonlocal calls
        calls += 1
        if calls == 20:
            raise KeyboardInterrupt
        return run_command(**arguments)  # type: ignore[arg-type]

    monkeypatch.setattr("clickcollect.demo.load.run_command", interrupted)
    with pytest.raises(KeyboardInterrupt):
        load_demo_shop()
    load_demo_shop()

    orders = Order.objects.count()
    assert by_state("LON-01")[states.DELIVERED] == 1
    load_demo_shop()
    assert Order.objects.count() == orders


def test_without_a_secret_there_are_no_hooks(monkeypatch: pytest.MonkeyPatch) -> None:
    owner = make_user("admin")
    assert make_hooks(owner) > 0
    Hook.objects.all().delete()
    monkeypatch.delenv("EXTENSION_WEBHOOK_SECRET")
    assert make_hooks(owner) == 0
    assert not Hook.objects.exists()


class TheShopAsItIsLoaded(TestCase):
    """What looks at the shop, and what loads it again, shares one first loading."""

    @classmethod
    def setUpTestData(cls) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("EXTENSION_WEBHOOK_SECRET", "demo-secret")
            load_demo_shop()

    def test_loaded_twice_is_loaded_once(self) -> None:
        before = everything()
        load_demo_shop()
        assert everything() == before

    def test_what_people_did_since_is_left_alone(self) -> None:
        User.objects.filter(username="associate2").update(is_active=False)
        packed = Package.objects.filter(state__enum_value=states.PACKED)
        packed.update(shelf="Z-99")

        load_demo_shop()

        assert not User.objects.get(username="associate2").is_active
        assert set(packed.values_list("shelf", flat=True)) == {"Z-99"}

    def test_hooks_follow_the_extension_to_another_port(self) -> None:
        with self.settings(EXTENSION_PORT=9001):
            load_demo_shop()

        assert set(Hook.objects.values_list("target_url", flat=True)) == {"http://127.0.0.1:9001/events/"}
        assert set(Endpoint.objects.values_list("target_url", flat=True)) == {"http://127.0.0.1:9001/events/"}

    def test_an_older_data_folder_gets_the_subscription_that_it_lacks(self) -> None:
        lacking = Hook.objects.filter(event_type=PHONE_CHANGED)
        Delivery.objects.filter(hook__in=lacking).delete()
        lacking.delete()
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("EXTENSION_WEBHOOK_SECRET", "demo-secret")
            load_demo_shop()
            assert lacking.count() == 1
            delete_hook(lacking.get())
            load_demo_shop()
            assert not lacking.filter(deleted_at=None).exists()

    def test_hooks_that_somebody_made_elsewhere_stay_where_they_are(self) -> None:
        Endpoint.objects.update(target_url="https://hooks.example.com/events/")
        Hook.objects.update(target_url="https://hooks.example.com/events/")

        with self.settings(EXTENSION_PORT=9001):
            load_demo_shop()

        assert set(Hook.objects.values_list("target_url", flat=True)) == {"https://hooks.example.com/events/"}

    def test_two_orders_wait_to_be_repaired_each_for_one_reason(self) -> None:
        waiting = OrderToRepair.objects.filter(state="waiting").order_by("reference")
        assert [[fault["loc"] for fault in row.faults] for row in waiting] == [
            ["shipping_address.retail_store"],
            ["customer.phone_number"],
        ]
        assert not waiting.filter(received_at__lt=timezone.now() - timedelta(minutes=50)).exists(), "no alarm yet"
        for row, change in zip(
            waiting,
            ({"shipping_address": {"retail_store": "IST-02"}}, {"customer": {"phone_number": "+46701740614"}}),
            strict=True,
        ):
            order = send_on(repair_id=row.pk, document=row.document | change, actor=make_actor(Role.OPERATOR))
            assert order.packages.get().state.enum_value == states.WAITING

    def test_first_screen_is_alive(self) -> None:
        galata = by_state("IST-01")
        assert set(galata) >= {states.WAITING, states.PACKED, states.READY, states.DELIVERED, states.CANCELLED}
        assert 38 <= Order.objects.filter(PRESENT).count() <= 45
        assert all(by_state(code)[states.WAITING] for code in ("IST-01", "IST-02", "BER-01", "LON-01"))
        assert {"tr", "en", "de", "ar", "fr", "es"} <= set(
            Order.objects.filter(PRESENT).values_list("language_code", flat=True)
        )

    def test_everybody_of_the_readme_can_sign_in(self) -> None:
        for username, role, *_names, codes in STAFF:
            user = authenticate(username=username, password=PASSWORD)
            assert user is not None, username
            person = User.objects.get(username=username)
            assert person.role == role
            assert tuple(person.memberships.values_list("store__erp_code", flat=True)) == codes
        assert (
            User.objects.get(role=Role.ASSOCIATE, memberships__store__erp_code="IST-01").get_full_name() == "Ayla Demir"
        )

    def test_every_move_went_down_the_one_road(self) -> None:
        moves = CommandLog.objects.filter(kind=LogKind.MOVE)
        for package in Package.objects.select_related("state"):
            last = moves.filter(package_id=package.pk).first()
            assert (last.new_state if last else states.WAITING) == package.state.enum_value
        present = Package.objects.filter(order__in=Order.objects.filter(PRESENT)).values("pk")
        assert not CommandLog.objects.filter(kind=LogKind.REFUSED, package_id__in=present).exists()

    def test_thirty_days_of_history_are_believable(self) -> None:
        past = Package.objects.exclude(order__in=Order.objects.filter(PRESENT))
        assert 700 <= past.count() <= 1_000
        assert set(past.values_list("state__enum_value", flat=True)) == {states.DELIVERED, states.RETURNED}
        assert not past.filter(Q(ready_at__lt=F("created_date")) | Q(state_changed_at__lt=F("ready_at"))).exists()
        assert past.filter(created_date__lt=timezone.now() - timedelta(days=28)).exists()
        days = past.filter(state__enum_value=states.DELIVERED).dates("state_changed_at", "day")
        assert len(days) >= 25
        assert not past.filter(issues__isnull=False).exists()
        assert matching(Package.objects.all(), "DEMO-0007").count() == 1

    def test_the_stores_of_the_past_differ(self) -> None:
        waits, shares = {}, {}
        for code in ("IST-01", "IST-02", "BER-01", "LON-01"):
            of_store = Package.objects.filter(stock_location__erp_code=code, order_number__lte="DEMO-1000")
            times = sorted(ready - made for made, ready in of_store.values_list("created_date", "ready_at") if ready)
            waits[code] = times[len(times) // 2]
            without = CommandLog.objects.filter(package_id__in=of_store.values("pk"), command_code=OVERRIDE)
            shares[code] = without.count() / len(times)
        assert waits["IST-02"] < waits["IST-01"] < waits["BER-01"]
        assert max(shares, key=lambda code: shares[code]) == "LON-01"

    def test_what_was_reviewed_long_ago_waits_for_nobody(self) -> None:
        overrides = CommandLog.objects.filter(command_code=OVERRIDE, kind=LogKind.MOVE)
        reviewed = set(OverrideReview.objects.values_list("log_id", flat=True))
        old = overrides.filter(at__lt=timezone.now() - timedelta(days=3))
        assert old.exists()
        assert set(old.values_list("pk", flat=True)) <= reviewed

    def test_the_log_of_the_past_can_be_sealed_and_is_whole(self) -> None:
        seal()
        assert verify_chain().is_whole

    def test_ready_packages_hold_a_code_lie_on_a_shelf_and_have_bags(self) -> None:
        ready = list(Package.objects.filter(state__enum_value=states.READY))
        assert len(ready) >= 8
        for package in ready:
            assert package.issues.filter(closed_at=None).count() == 1
            assert package.shelf
            assert package.bags
            assert matching(Package.objects.all(), package.shelf).filter(pk=package.pk).exists()

    def test_some_are_late_some_end_soon_and_some_were_not_collected(self) -> None:
        now = timezone.now()
        packages = Package.objects.filter(stock_location__erp_code="IST-01")
        assert packages.filter(state__enum_value=states.WAITING, due_at__lt=now).count() >= 2
        assert packages.filter(state__enum_value=states.READY, pickup_deadline__lt=now).count() >= 2
        soon = packages.filter(state__enum_value=states.READY, pickup_deadline__range=(now, now + timedelta(hours=26)))
        assert soon.count() == 1

    def test_messages_of_long_ago_are_not_sent_now(self) -> None:
        old = Package.objects.filter(state__enum_value=states.READY, pickup_deadline__lt=timezone.now())
        subjects = [f"package:{package.pk}" for package in old]
        waiting = Delivery.objects.filter(subject__in=subjects, state="queued", code_bearing=True)

        assert set(old.values_list("message_state", flat=True)) == {"delivered"}
        assert not waiting.exists()
        assert Delivery.objects.filter(state="queued", code_bearing=True).count() >= 8

    def test_home_deliveries_are_there_and_one_has_no_package(self) -> None:
        home = Order.objects.filter(delivery_type="home_delivery")
        assert home.count() == 3
        assert home.filter(packages=None).count() == 1
        assert not Package.objects.filter(order__in=home, state__enum_value=states.READY).exists()

    def test_some_order_is_split_into_two_packages(self) -> None:
        assert max(Counter(Package.objects.values_list("order_id", flat=True)).values()) == 2

    def test_orders_follow_their_packages(self) -> None:
        for order in Order.objects.filter(packages__state__enum_value=states.DELIVERED):
            assert order.status == OrderStatus.DELIVERED

    def test_the_extension_beside_us_gets_the_events_that_it_uses_and_no_other(self) -> None:
        made = Hook.objects.filter(is_active=True)
        assert set(made.values_list("event_type", flat=True)) == ANSWERED_TYPES
        assert set(made.values_list("target_url", flat=True)) == {f"http://127.0.0.1:{settings.EXTENSION_PORT}/events/"}
        hook = made[0]
        assert unseal(hook.secret, purpose="whisperer.hook.secret") == "demo-secret"
        assert hook.user == User.objects.get(username="admin")

    def test_no_code_is_kept(self) -> None:
        assert not [row for row in CommandLog.objects.values_list("attributes", flat=True) if "otp" in row]
        assert not Event.objects.filter(payload__has_key="otp").exists()
