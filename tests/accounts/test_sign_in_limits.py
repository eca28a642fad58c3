"""How many wrong passwords, PINs and codes: one budget, by account and by address, that nothing switches off."""

from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client, RequestFactory
from django.utils import timezone

from clickcollect.accounts import pins, sign_in_limits
from clickcollect.accounts.models import SignInCounter, User
from clickcollect.oms.jobs import forget_what_is_old as forget_job
from tests import shop
from tests.accounts import doors
from tests.accounts.doors import API_LOGIN, FACTOR_DOORS, LOGIN, OFFICE_DOORS, STORE_DOORS, WRONG, client_at
from tests.concurrency import at_once, codes

pytestmark = pytest.mark.django_db

PAIRS = [
    pytest.param(group, one, other, id=f"{one}-{other}")
    for group in (STORE_DOORS, OFFICE_DOORS, FACTOR_DOORS)
    for one in group
    for other in group
]


@pytest.mark.parametrize(("group", "one", "other"), PAIRS)
def test_wrong_ones_at_one_door_close_every_other_under_whatever_host(group: Any, one: str, other: str) -> None:
    user = doors.person_for(group)
    for port in range(4):
        assert not group[one](client_at(host=f"testserver:{9000 + port}"), user, WRONG)
    assert group[other](client_at(), user, shop.PASSWORD), "control: four wrong ones leave the door open"
    user.set_password(shop.PASSWORD)  # one of the doors has changed it
    user.save()
    assert not group[one](client_at(host="testserver:9999"), user, WRONG)
    assert not group[other](client_at(host="testserver:1"), user, shop.PASSWORD)


def test_a_wrong_passkey_counts_as_a_wrong_code() -> None:
    user = doors.person_for(FACTOR_DOORS)
    for _ in range(5):
        assert not doors.use_passkey(client_at(), user, WRONG)
    assert not doors.use_code(client_at(), user, shop.PASSWORD)
    SignInCounter.objects.all().delete()
    assert doors.use_code(client_at(), user, shop.PASSWORD), "control"


def device_with_pin(user: User) -> Client:
    """A device on which this person has signed in in full, chosen a PIN, and locked."""
    device = client_at()
    doors.choose_pin(device, user, shop.PASSWORD)
    device.get("/instore/")
    device.post("/instore/leave/")
    return device


def unlocks(device: Client, user: User, pin: str) -> bool:
    """Whether this PIN opens the device; it is locked again afterwards."""
    device.post("/instore/switch/", {"person": str(user.pk), "pin": pin})
    is_open = doors.is_in(device)
    device.post("/instore/leave/")
    return is_open


def test_five_wrong_pins_lock_it_over_every_device_and_door_until_a_sign_in_by_password() -> None:
    manager = shop.make_user("manager", shop.make_store())
    device = device_with_pin(manager)
    assert not any(unlocks(device, manager, f"90{number}118") for number in range(2))
    elsewhere = [client_at(f"192.0.2.{number}") for number in (10, 11)]
    assert not any(doors.approves(client, manager, "900119") for client in elsewhere)
    assert unlocks(device, manager, shop.PIN), "control: four wrong ones leave it open"
    assert not doors.approves(client_at("192.0.2.12"), manager, "900120")
    assert not unlocks(device, manager, shop.PIN)
    assert not doors.approves(client_at("192.0.2.13"), manager, shop.PIN)
    ago(hours=25)
    assert not unlocks(device, manager, shop.PIN), "a day later too"
    assert doors.sign_in(client_at(), manager, shop.PASSWORD), "the password was never closed"
    assert unlocks(device, manager, shop.PIN)
    assert doors.approves(client_at("192.0.2.14"), manager, shop.PIN)


def test_control_without_the_lock_five_more_could_be_tried_the_next_day() -> None:
    manager = shop.make_manager(shop.make_store())
    for number in range(5):
        assert not doors.approves(client_at(), manager, f"90011{number}")
    ago(hours=25)
    User.objects.update(pin_locked_at=None)
    assert doors.approves(client_at(), manager, shop.PIN)


def test_a_wrong_code_of_an_authenticator_app_counts_as_a_wrong_pin() -> None:
    manager = shop.make_user("manager", shop.make_store())
    doors.give_factor(manager)
    assert doors.approves(client_at(), manager, doors.factor_code(manager)), "no PIN is needed"
    for number in range(5):
        assert not doors.approves(client_at(), manager, f"90011{number}")
    assert not doors.approves(client_at(), manager, doors.factor_code(manager))


def test_a_code_of_an_authenticator_app_approves_once() -> None:
    manager = shop.make_user("manager", shop.make_store())
    doors.give_factor(manager)
    code = doors.factor_code(manager)
    assert [doors.approves(client_at(), manager, code) for _ in range(2)] == [True, False]


def test_whose_pin_was_locked_is_told_at_the_next_sign_in_until_it_was_read() -> None:
    manager = shop.make_manager(shop.make_store())
    for number in range(5):
        doors.approves(client_at(), manager, f"90011{number}")
    client = client_at()
    assert doors.sign_in(client, manager, shop.PASSWORD)
    assert "Your PIN was locked on" in client.get("/instore/").content.decode()
    assert "If that was not you" in client.get("/instore/pin/").content.decode()
    assert "Your PIN was locked" not in client.get("/instore/").content.decode()


def test_a_right_one_gives_back_its_own_count_and_no_more() -> None:
    user = shop.make_user("operator")
    for _ in range(4):
        doors.sign_in(client_at(), user, WRONG)
    for _ in range(3):
        assert doors.api_login(client_at(), user, shop.PASSWORD)
    assert not doors.sign_in(client_at(), user, WRONG)
    assert not doors.sign_in(client_at(), user, shop.PASSWORD)


def test_no_spelling_of_a_name_has_a_budget_of_its_own() -> None:
    user = shop.make_user("operator", username="Anna")
    for name in ("Anna", "anna", "ANNA", "aNNa", "anNA"):
        client_at().post(LOGIN, {"login": name, "password": WRONG})
    assert not doors.sign_in(client_at(), user, shop.PASSWORD)
    assert SignInCounter.objects.filter(key__startswith="account:").count() == 2


def test_a_full_or_emptied_cache_forgets_nothing() -> None:
    user = shop.make_user("operator")
    for _ in range(5):
        doors.sign_in(client_at(), user, WRONG)
    for number in range(50):
        cache.set(f"filler-{number}", "x" * 100)
    cache.clear()
    assert not doors.sign_in(client_at(), user, shop.PASSWORD)


def test_a_used_code_of_an_app_stays_used_in_a_cache_with_hundreds_of_entries() -> None:
    user = doors.person_for(FACTOR_DOORS)
    code = doors.factor_code(user)
    outcomes = []
    for _ in range(2):
        client = client_at()
        client.post(LOGIN, {"login": user.username, "password": shop.PASSWORD})
        client.post("/accounts/2fa/authenticate/", {"code": code})
        outcomes.append(doors.is_in(client))
        for number in range(400):
            cache.set(f"filler-{number}", "x", 300)
    assert outcomes == [True, False]


class TestAddress:
    """One address, whatever it says about itself, has one budget over all accounts."""

    def exhaust(self, client: Client) -> None:
        for number in range(100):
            client.post(API_LOGIN, {"username": f"nobody-{number}", "password": WRONG}, "application/json")

    def test_many_names_from_one_address_close_it_and_no_other(self) -> None:
        user = shop.make_user("operator")
        assert doors.sign_in(client_at("192.0.2.7"), user, shop.PASSWORD)
        self.exhaust(client_at("192.0.2.7"))
        assert not doors.sign_in(client_at("192.0.2.7", host="testserver:81"), user, shop.PASSWORD)
        assert doors.sign_in(client_at("192.0.2.8"), user, shop.PASSWORD)

    @pytest.mark.parametrize(
        ("proxies", "first", "then", "is_same"),
        [
            (0, {"REMOTE_ADDR": "192.0.2.7"}, {"REMOTE_ADDR": "192.0.2.7", "HTTP_X_FORWARDED_FOR": "10.1.1.1"}, True),
            (0, {"REMOTE_ADDR": "2001:db8:1:2::7"}, {"REMOTE_ADDR": "2001:db8:1:2:ffff::1"}, True),
            (0, {"REMOTE_ADDR": "2001:db8:1:2::7"}, {"REMOTE_ADDR": "2001:db8:1:3::7"}, False),
            (0, {"REMOTE_ADDR": "192.0.2.7"}, {"REMOTE_ADDR": "::ffff:192.0.2.7"}, True),
            (1, {"HTTP_X_FORWARDED_FOR": "1.1.1.1, 192.0.2.7"}, {"HTTP_X_FORWARDED_FOR": "2.2.2.2, 192.0.2.7"}, True),
            (1, {"HTTP_X_FORWARDED_FOR": "192.0.2.7"}, {"HTTP_X_FORWARDED_FOR": "192.0.2.7:4711"}, True),
            (1, {"HTTP_X_FORWARDED_FOR": "192.0.2.7"}, {"HTTP_X_FORWARDED_FOR": "192.0.2.8"}, False),
            (2, {"HTTP_X_FORWARDED_FOR": "192.0.2.7"}, {"HTTP_X_FORWARDED_FOR": "nonsense"}, True),
        ],
    )
    def test_what_an_address_is(self, settings: Any, *, proxies: int, first: Any, then: Any, is_same: bool) -> None:
        settings.TRUSTED_PROXIES = proxies
        networks = [sign_in_limits.network_of(RequestFactory().get("/", **meta)) for meta in (first, then)]
        assert (networks[0] == networks[1]) is is_same

    def test_hops_that_are_too_few_are_no_breakdown(self, settings: Any) -> None:
        settings.TRUSTED_PROXIES = 3
        answer = Client(headers={"X-Forwarded-For": "192.0.2.7"}).post(LOGIN, {"login": "x", "password": "y"})
        assert answer.status_code == 200


class TestStranger:
    """Somebody who guesses at a stranger's account closes it for their own address only."""

    def test_the_owner_gets_in_from_another_address(self) -> None:
        user = shop.make_user("operator")
        for _ in range(40):
            doors.api_login(client_at("203.0.113.9"), user, WRONG)
        assert not doors.api_login(client_at("203.0.113.9"), user, shop.PASSWORD)
        assert doors.sign_in(client_at("192.0.2.1"), user, shop.PASSWORD)

    def test_thirty_a_day_from_one_address(self) -> None:
        user = shop.make_user("operator")
        for _ in range(8):
            for _ in range(5):
                doors.api_login(client_at(), user, WRONG)
            ago(minutes=6)
        counter = SignInCounter.objects.get(key=f"account:{user.pk}")
        assert len(counter.tried_at) == 30
        assert not doors.api_login(client_at(), user, shop.PASSWORD)
        ago(hours=24)
        assert doors.api_login(client_at(), user, shop.PASSWORD)

    def test_a_hundred_a_day_from_anywhere_and_an_administrator_opens_it_again(self) -> None:
        user = shop.make_user("operator")
        for number in range(120):
            doors.api_login(client_at(f"203.0.113.{number}"), user, WRONG)
        assert len(SignInCounter.objects.get(key=f"account:{user.pk}").tried_at) == 100
        assert not doors.sign_in(client_at("192.0.2.1"), user, shop.PASSWORD)
        office = Client()
        office.force_login(shop.make_user("admin"))
        form = {"username": user.username, "role": user.role, "is_active": "on", "password": "another-good-one"}
        assert office.post(f"/oms/staff/{user.pk}/change/", form).status_code == 302
        assert doors.sign_in(client_at("192.0.2.1"), user, "another-good-one")


forget: Any = forget_job  # a job that takes its time by name


def ago(**time: float) -> None:
    """Let time pass: everything that was tried was tried that much earlier."""
    for row in SignInCounter.objects.all():
        row.tried_at = [tried - timedelta(**time) for tried in row.tried_at]
        row.save()


class TestUnknownNames:
    """A name that nobody has is answered as a wrong password is, and costs no more."""

    def test_the_answers_are_the_same(self) -> None:
        shop.make_user("operator", username="anna")
        told: dict[str, list[bytes]] = {}
        for name in ("anna", "nobody"):
            for _ in range(7):
                answer = client_at().post(API_LOGIN, {"username": name, "password": WRONG}, "application/json")
                told.setdefault(name, []).append(answer.content)
        assert told["anna"] == told["nobody"]
        assert len(set(told["anna"])) == 2, "wrong, then too many"

    def test_they_share_a_fixed_number_of_counters(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sign_in_limits, "UNKNOWN_NAMES", 3)
        for number in range(40):
            client_at().post(API_LOGIN, {"username": f"nobody-{number}", "password": WRONG}, "application/json")
        assert SignInCounter.objects.count() <= 3 + 3 + 1

    def test_what_was_typed_is_not_kept(self) -> None:
        client_at().post(LOGIN, {"login": "my-password-in-the-wrong-field", "password": "x"})
        assert not SignInCounter.objects.filter(key__contains="my-password").exists()
        assert not SignInCounter.objects.filter(key__contains="192.0.2").exists()

    @pytest.mark.django_db(transaction=True)
    def test_the_worker_throws_away_what_counts_no_more_and_nothing_that_counts(self) -> None:
        user = shop.make_user("operator")
        doors.api_login(client_at(), user, WRONG)
        forget(timestamp=0)
        assert SignInCounter.objects.count() == 3
        SignInCounter.objects.update(touched_at=timezone.now() - timedelta(hours=24, minutes=1))
        forget(timestamp=0)
        assert SignInCounter.objects.count() == 0


def guesses(user: User, *, times: int, evaluated: list[int]) -> list[Any]:
    """So many wrong passwords at the same moment, and which of them were compared."""

    def guess() -> object:
        request = RequestFactory().post("/", REMOTE_ADDR="192.0.2.1")
        return sign_in_limits.prove(request, account=user, door="test", proof=lambda: evaluated.append(1))

    return at_once([guess] * times)


@pytest.mark.django_db(transaction=True)
def test_sixty_wrong_ones_at_once_are_five() -> None:
    user, evaluated = shop.make_user("operator"), list[int]()
    answers = guesses(user, times=60, evaluated=evaluated)
    assert len(evaluated) == 5
    assert codes(answers) == {"ok": 5, "throttled": 55}


@pytest.mark.django_db(transaction=True)
def test_thirty_wrong_pins_at_once_are_five_and_lock_it() -> None:
    manager, evaluated = shop.make_manager(shop.make_store()), list[int]()

    def is_right() -> bool:
        evaluated.append(1)
        return False

    def guess() -> object:
        request = RequestFactory().post("/", REMOTE_ADDR="192.0.2.1")
        return pins.prove_by_pin(request, user=manager, door="test", proof=is_right)

    answers = at_once([guess] * 30)
    assert len(evaluated) == 5
    assert codes(answers) == {"ok": 5, "throttled": 25}
    manager.refresh_from_db()
    assert manager.pin_locked_at is not None


@pytest.mark.django_db(transaction=True)
def test_control_without_the_lock_more_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    user, evaluated = shop.make_user("operator"), list[int]()
    sign_in_limits.count_try({f"account:{user.pk}": sign_in_limits.ACCOUNT})
    barrier = Barrier(16)

    def read_only(limits: Any) -> Any:
        barrier.wait(timeout=30)  # all have read before any has written
        return [SignInCounter(key=key) for key in sorted(limits)], timezone.now()

    monkeypatch.setattr(sign_in_limits, "lock_counters", read_only)
    monkeypatch.setattr(SignInCounter, "save", lambda *_args, **_named: barrier.wait(timeout=30) and None)
    guesses(user, times=16, evaluated=evaluated)
    assert len(evaluated) == 16


@pytest.mark.django_db(transaction=True)
def test_many_right_ones_at_once_leave_nothing_counted() -> None:
    user = shop.make_user("operator")

    def right() -> object:
        request = RequestFactory().post("/", REMOTE_ADDR="192.0.2.1")
        return sign_in_limits.prove(request, account=user, door="test", proof=lambda: True)

    counted = codes(at_once([right] * 40, threads=5))
    assert counted == {"ok": 40}
    assert all(row.tried_at == [] for row in SignInCounter.objects.all())


def test_a_comparison_that_breaks_down_stays_counted() -> None:
    user = shop.make_user("operator")

    def broken() -> bool:
        raise RuntimeError

    for _ in range(5):
        request = RequestFactory().post("/", REMOTE_ADDR="192.0.2.1")
        with pytest.raises(RuntimeError):
            sign_in_limits.prove(request, account=user, door="test", proof=broken)
    assert not doors.sign_in(client_at(), user, shop.PASSWORD)
