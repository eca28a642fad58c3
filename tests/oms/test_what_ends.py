"""What ends, ends everywhere: each event that ends somebody's access, against each thing that must end, over HTTP."""

from collections.abc import Callable
from typing import Any, Final

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client

from clickcollect.accounts.models import User
from clickcollect.accounts.tokens import create_login, create_token
from clickcollect.errors import NotAuthenticated
from clickcollect.oms import staff
from clickcollect.oms.log_models import CommandLog, NoteKind
from tests import shop
from tests.accounts.doors import LOGIN, code_for, give_factor, is_in
from tests.house.files import ROOT

pytestmark = pytest.mark.django_db
PIN: Final = "4071"
NEW: Final = "a-brand-new-secret"
PACKAGES: Final = "/api/v1/oms/packages/"

# ---------------------------------------------------------------- the events


def edit(user: User, **changes: Any) -> None:
    """An administrator saves the person's form in OMS WEB."""
    office = Client()
    office.force_login(shop.make_user("admin"))
    data: dict[str, Any] = {"username": user.username, "role": user.role, "is_active": "on"}
    data["stores"] = [str(pk) for pk in user.memberships.values_list("store_id", flat=True)]
    kept = {name: value for name, value in (data | changes).items() if value is not None}
    assert office.post(f"/oms/staff/{user.pk}/change/", kept).status_code == 302


def nothing_much(user: User) -> None:
    edit(user, first_name="Another")


def password_reset(user: User) -> None:
    edit(user, password=NEW)


def deactivation(user: User) -> None:
    edit(user, is_active=None)


def deactivation_and_return(user: User) -> None:
    edit(user, is_active=None)
    edit(user)


def other_stores(user: User) -> None:
    edit(user, stores=[str(shop.make_store("BER-01").pk)])


def one_more_store(user: User) -> None:
    store_ids = [shop.make_store(code).pk for code in ("IST-01", "BER-01")]
    edit(user, stores=[str(pk) for pk in store_ids])


def other_role(user: User) -> None:
    edit(user, role="manager" if user.role == "associate" else "admin")


def factor_removed_by_the_office(user: User) -> None:
    edit(user, remove_second_factor="on")


def factor_removed_oneself(user: User) -> None:
    own = Client()
    own.force_login(user)
    own.post("/accounts/2fa/reauthenticate/", {"code": code_for(user, shop.PASSWORD)})
    assert own.post("/accounts/2fa/totp/deactivate/").status_code == 302
    assert not Authenticator.objects.filter(user=user).exists()
    assert is_in(own), "where it happened one stays in"
    assert own.get("/accounts/2fa/").status_code == 200


def own_password_change(user: User) -> None:
    own = Client()
    own.force_login(user)
    before = own.session.session_key
    fresh = {"new_password1": NEW, "new_password2": NEW}
    assert own.post("/oms/password/", {"old_password": shop.PASSWORD, **fresh}).status_code == 302
    assert own.get("/oms/packages/").status_code == 200, "where it happened one stays in"
    assert own.session.session_key != before


Event = Callable[[User], None]
EVENTS: Final[list[Event]] = [
    password_reset, deactivation, deactivation_and_return, other_stores, one_more_store, other_role,
    factor_removed_by_the_office, factor_removed_oneself, own_password_change,
]  # fmt: skip
NEEDS_FACTOR: Final = (factor_removed_by_the_office, factor_removed_oneself)
IN_STORES: Final = (other_stores, one_more_store)  # what the back office has none of
IN_OMS_WEB: Final = (own_password_change,)

# ---------------------------------------------------------------- the things


def lives(answer: Any) -> bool:
    return bool(answer.status_code == 200)


def home(user: User) -> str:
    return "/oms/packages/" if user.is_staff else "/instore/"


def browser_session(user: User) -> Callable[[], bool]:
    browser = Client()
    browser.force_login(user)
    page = home(user)
    assert lives(browser.get(page))
    return lambda: lives(browser.get(page))


def sessions_api(user: User) -> Callable[[], bool]:
    browser = Client()
    browser.force_login(user)
    assert lives(browser.get(PACKAGES))
    return lambda: lives(browser.get(PACKAGES))


def key_of_a_sign_in(user: User) -> Callable[[], bool]:
    key = create_login(user=user, scopes=["packages:read"]).key
    token = {"Authorization": f"Token {key}"}
    assert lives(Client().get(PACKAGES, headers=token))
    return lambda: lives(Client().get(PACKAGES, headers=token))


def pin_on_a_device(user: User) -> Callable[[], bool]:
    """The device remembers the person; afterwards they choose a PIN anew elsewhere, so that only its memory counts."""
    device = Client()
    device.force_login(user)
    device.post("/instore/pin/", {"pin": PIN, "password": shop.PASSWORD})
    device.get("/instore/")
    device.post("/instore/leave/")

    def unlocks() -> bool:
        device.post("/instore/switch/", {"person": str(user.pk), "pin": PIN})
        return is_in(device)

    return unlocks


def memory_of_a_device(user: User) -> Callable[[], bool]:
    """As above, but the person has chosen the same PIN again since then, on another device."""
    unlocks = pin_on_a_device(user)

    def still_unlocks() -> bool:
        now = User.objects.get(pk=user.pk)
        elsewhere = Client()
        elsewhere.force_login(now)
        for password in (shop.PASSWORD, NEW):
            elsewhere.post("/instore/pin/", {"pin": PIN, "password": password})
        return unlocks()

    return still_unlocks


def half_a_sign_in(user: User) -> Callable[[], bool]:
    """The password was right, the second factor is still to come."""
    browser = Client()
    assert browser.post(LOGIN, {"login": user.username, "password": shop.PASSWORD}).status_code == 302
    assert not is_in(browser)

    def goes_on() -> bool:
        if not Authenticator.objects.filter(user=user).exists():
            give_factor(User.objects.get(pk=user.pk))
        browser.post("/accounts/2fa/authenticate/", {"code": code_for(user, shop.PASSWORD)})
        return is_in(browser)

    return goes_on


Thing = Callable[[User], Callable[[], bool]]
THINGS: Final[list[Thing]] = [
    browser_session, sessions_api, key_of_a_sign_in, pin_on_a_device, memory_of_a_device, half_a_sign_in,
]  # fmt: skip
OF_INSTORE: Final = (pin_on_a_device, memory_of_a_device)


def rows() -> list[Any]:
    found = []
    for thing in THINGS:
        for event in [nothing_much, *EVENTS]:
            if thing in OF_INSTORE and event in (*IN_OMS_WEB, *NEEDS_FACTOR):
                continue  # no PIN in OMS WEB, nor beside a second factor
            found.append(pytest.param(event, thing, id=f"{event.__name__}-{thing.__name__}"))
    return found


def somebody(event: Event, thing: Thing) -> User:
    in_store = thing in OF_INSTORE or event in IN_STORES
    user = shop.make_user("associate", shop.make_store()) if in_store else shop.make_user("operator")
    if event in NEEDS_FACTOR or thing is half_a_sign_in:
        give_factor(user)
    return user


@pytest.mark.parametrize(("event", "thing"), rows())
def test_what_ends_ends_everywhere(event: Event, thing: Thing) -> None:
    user = somebody(event, thing)
    still_works = thing(user)
    event(user)
    is_control = event is nothing_much
    assert still_works() is is_control
    told = CommandLog.objects.filter(note_kind=NoteKind.ACCESS_ENDED, attributes__contains={"staff.id": user.pk})
    assert told.exists() is not is_control


@pytest.mark.parametrize("event", NEEDS_FACTOR)
def test_a_pin_from_before_the_second_factor_does_not_come_back_with_its_end(event: Event) -> None:
    user = shop.make_user("associate", shop.make_store())
    unlocks = pin_on_a_device(user)
    give_factor(user)
    event(user)
    assert not unlocks()
    assert User.objects.get(pk=user.pk).pin == ""


TOKEN_ENDS: Final = {password_reset, deactivation, deactivation_and_return}


@pytest.mark.parametrize("event", [nothing_much, *EVENTS])
def test_a_token_made_on_purpose_ends_with_the_person_and_otherwise_has_their_rights_of_now(event: Event) -> None:
    user = somebody(event, browser_session)
    here = shop.make_package(store=shop.make_store("IST-01"))
    there = shop.make_package(store=shop.make_store("BER-01"))
    token = {"Authorization": f"Token {create_token(user=user, name='till', scopes=['packages:read']).key}"}
    event(user)
    seen = [lives(Client().get(f"{PACKAGES}{package.pk}/", headers=token)) for package in (here, there)]
    moved_away = event is other_stores
    assert seen == ([False, False] if event in TOKEN_ENDS else [not moved_away, True])


def test_the_log_says_why_and_by_whom() -> None:
    user = shop.make_user("associate", shop.make_store())
    edit(user, role="manager", password=NEW, remove_second_factor="on")
    row = CommandLog.objects.get(note_kind=NoteKind.ACCESS_ENDED)
    assert row.attributes["access.ended_by"] == "password_reset role_changed"
    assert User.objects.get(pk=row.actor_id or 0).role == "admin"
    own = shop.make_user("operator")
    own_password_change(own)
    row = CommandLog.objects.filter(note_kind=NoteKind.ACCESS_ENDED).latest("pk")
    assert (row.actor_id, row.attributes["access.ended_by"]) == (own.pk, "own_password_changed")


def test_a_sign_in_that_began_before_the_end_makes_no_key_after_it() -> None:
    user = shop.make_user("operator")
    as_it_was = User.objects.get(pk=user.pk)
    password_reset(user)
    with pytest.raises(NotAuthenticated):
        create_login(user=as_it_was, scopes=[])
    with pytest.raises(NotAuthenticated):
        staff.change_own_password(as_it_was, password="yet-another-secret")


def test_only_one_place_ends_access() -> None:
    """Whoever sets a password, a role, stores or a second factor does it in `oms/staff.py`, or makes somebody new."""
    words = ("set_password(", "[StoreMembership(", "revoke_logins_of(", ".is_active = ")
    allowed = {"accounts/models.py", "accounts/end_access.py", "accounts/tokens.py", "oms/staff.py"}
    makes_somebody_new = {"runtime/shop_commands.py", "demo/load.py", "demo/shop.py"}
    found = {
        str(path.relative_to(ROOT / "clickcollect"))
        for path in (ROOT / "clickcollect").rglob("*.py")
        if "migrations" not in path.parts and any(word in path.read_text() for word in words)
    }
    assert found - allowed - makes_somebody_new == set()
