"""OMS WEB, staff, stores and tokens: who may change whom, and what ends at once."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from clickcollect.accounts.models import ApiToken, Channel, Role, User
from clickcollect.accounts.tokens import create_token, digest_of
from clickcollect.omnitron.models import RetailStore, StoreMembership
from clickcollect.oms.access import actor_for
from clickcollect.oms.log_models import CommandLog
from tests.shop import PASSWORD, caller_of, make_store, make_user

pytestmark = pytest.mark.django_db(transaction=True)

NEW: dict[str, Any] = {
    "username": "mira",
    "first_name": "Mira",
    "role": "associate",
    "is_active": "on",
    "password": "a-first-secret",
}


@pytest.fixture
def admin(client: Client) -> Client:
    client.force_login(make_user(Role.ADMIN, username="boss"))
    return client


def post_person(client: Client, user: User, **changes: Any) -> Any:
    data: dict[str, Any] = {"username": user.username, "role": user.role, "is_active": "on"}
    data |= {"stores": [str(pk) for pk in user.memberships.values_list("store_id", flat=True)]}
    return client.post(f"/oms/staff/{user.pk}/change/", {k: v for k, v in (data | changes).items() if v is not None})


def test_a_new_associate_works_in_the_chosen_store(admin: Client) -> None:
    store = make_store()
    assert admin.post("/oms/staff/add/", NEW | {"stores": [str(store.pk)]}).status_code == 302
    mira = User.objects.get(username="mira")
    assert mira.check_password("a-first-secret")
    assert actor_for(mira).store_ids == frozenset({store.pk})
    assert CommandLog.objects.get(note_kind="staff_changed").attributes["staff.id"] == mira.pk


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"username": "BOSS"}, "username"),
        ({"username": ""}, "username"),
        ({"password": ""}, "password"),
        ({"password": "short"}, "password"),
        ({"stores": []}, "stores"),
        ({"stores": ["999"]}, "stores"),
        ({"role": "emperor"}, "role"),
        ({"first_name": "\x00"}, "first_name"),
    ],
)
def test_a_fault_is_told_and_nobody_is_made(admin: Client, changes: dict[str, Any], field: str) -> None:
    answer = admin.post("/oms/staff/add/", NEW | {"stores": [str(make_store().pk)]} | changes)
    assert answer.status_code == 400
    assert field in answer.context["form"].errors
    assert User.objects.count() == 1


def test_moving_somebody_works_at_once(admin: Client) -> None:
    old, new = make_store("IST-01"), make_store("BER-01")
    user = make_user(Role.ASSOCIATE, old)
    post_person(admin, user, stores=[str(new.pk)])
    assert actor_for(user).store_ids == frozenset({new.pk})
    post_person(admin, user, role="operator", stores=[])
    assert not StoreMembership.objects.filter(user=user).exists()


def test_who_leaves_is_out_at_once(admin: Client) -> None:
    user = make_user(Role.OPERATOR)
    key = create_token(user=user, name="x", scopes=["packages:read"]).key
    theirs = Client()
    theirs.force_login(user)
    assert theirs.get("/oms/packages/").status_code == 200
    post_person(admin, user, is_active=None)
    assert theirs.get("/oms/packages/").status_code == 302
    assert caller_of(key) is None
    post_person(admin, user)
    assert caller_of(key) is None, "coming back does not bring a revoked token back"


def test_a_new_password_ends_sessions_and_tokens(admin: Client) -> None:
    user = make_user(Role.OPERATOR)
    key = create_token(user=user, name="x", scopes=["packages:read"]).key
    theirs = Client()
    theirs.force_login(user)
    post_person(admin, user, password="another-good-one")
    assert theirs.get("/oms/packages/").status_code == 302
    assert caller_of(key) is None


def test_t46_nobody_raises_or_closes_their_own_account(admin: Client) -> None:
    boss = User.objects.get(username="boss")
    make_user(Role.ADMIN)
    for changes in ({"role": "operator"}, {"is_active": None}):
        assert post_person(admin, boss, **changes).status_code == 400
    boss.refresh_from_db()
    assert (boss.role, boss.is_active) == (Role.ADMIN, True)


FLAGS: dict[str, Any] = {"role": "admin", "is_staff": "on", "is_superuser": "on", "is_active": "on", "groups": ["1"]}


def powers(user: User) -> tuple[str, bool, bool]:
    user.refresh_from_db()
    return user.role, user.is_staff, user.is_superuser


@pytest.mark.parametrize("role", [Role.ASSOCIATE, Role.MANAGER, Role.OPERATOR])
def test_t46_flags_that_staff_send_along_raise_nobody(client: Client, role: Role) -> None:
    user = make_user(role, make_store())
    before = powers(user)
    client.force_login(user)
    key = create_token(user=user, name="x", scopes=["packages:read", "settings:write"]).key
    token = {"Authorization": f"Token {key}"}
    addresses = ["/oms/staff/add/", f"/oms/staff/{user.pk}/change/", "/accounts/password/change/", "/accounts/email/"]
    for address in (*addresses, "/instore/switch/", "/api/v1/oms/settings/application_settings/"):
        client.post(address, NEW | FLAGS)
        client.post(address, NEW | FLAGS, content_type="application/json", headers=token)
        client.patch(address, FLAGS, content_type="application/json", headers=token)
    assert powers(user) == before
    assert not User.objects.filter(role=Role.ADMIN).exists()


def test_t46_control_an_administrator_raises_somebody_else(admin: Client) -> None:
    user = make_user(Role.OPERATOR)
    post_person(admin, user, **FLAGS)
    assert powers(user)[0] == Role.ADMIN
    assert not user.is_superuser, "no page gives that away"


def test_an_operator_sees_staff_and_changes_nobody(client: Client) -> None:
    client.force_login(make_user(Role.OPERATOR))
    user = make_user(Role.ASSOCIATE, make_store())
    assert client.get("/oms/staff/").status_code == 200
    assert client.get(f"/oms/staff/{user.pk}/change/").status_code == 200
    assert post_person(client, user, role="admin").status_code == 403
    assert client.post("/oms/staff/add/", NEW).status_code == 403
    assert client.get("/oms/tokens/").status_code == 403
    user.refresh_from_db()
    assert user.role == Role.ASSOCIATE


def test_a_password_is_never_shown(admin: Client) -> None:
    user = make_user(Role.OPERATOR)
    page = admin.get(f"/oms/staff/{user.pk}/change/").content.decode()
    assert PASSWORD not in page
    assert user.password not in page
    answer = admin.post("/oms/staff/add/", NEW | {"username": ""})
    assert "a-first-secret" not in answer.content.decode()


STORE = {
    "erp_code": "ANK-01", "name": "Kızılay", "country": "tr", "currency": "try", "time_zone": "Europe/Istanbul",
    "language_code": "tr", "click_and_collect": "on", "is_active": "on", "mon": "10:00-13:00, 14.00–20:00",
}  # fmt: skip


def test_a_store_is_opened_with_its_hours(admin: Client) -> None:
    assert admin.post("/oms/stores/add/", STORE | {"closed_dates": "2027-01-01, 2027-04-23"}).status_code == 302
    store = RetailStore.objects.get(erp_code="ANK-01")
    assert store.store_hours == {"mon": [["10:00", "13:00"], ["14:00", "20:00"]]}
    assert (store.country, store.currency) == ("TR", "TRY")
    assert len(store.closed_dates) == 2
    page = admin.get(f"/oms/stores/{store.pk}/change/").content.decode()
    assert 'value="10:00-13:00, 14:00-20:00"' in page


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"mon": "late"}, "mon"),
        ({"mon": "20:00-10:00"}, "mon"),
        ({"mon": "10:00-14:00, 13:00-15:00"}, "mon"),
        ({"mon": "10:00-24:30"}, "mon"),
        ({"time_zone": "Mars/Base"}, "time_zone"),
        ({"country": "Turkey"}, "country"),
        ({"phone_number": "call me"}, "phone_number"),
        ({"erp_code": "a b"}, "erp_code"),
        ({"erp_code": "ist-01"}, "erp_code"),
        ({"closed_dates": "soon"}, "closed_dates"),
    ],
)
def test_a_wrong_store_is_refused_at_its_field(admin: Client, changes: dict[str, str], field: str) -> None:
    make_store("IST-01")
    answer = admin.post("/oms/stores/add/", STORE | changes)
    assert answer.status_code == 400
    assert field in answer.context["form"].errors
    assert RetailStore.objects.count() == 1


@pytest.mark.parametrize(
    ("phone", "kept"),
    [("0212 555 01 00", "+902125550100"), ("444 0 123", "+904440123"), ("0532 123 45 67", "+905321234567"), ("", "")],
)
def test_the_phone_of_a_store_may_be_a_land_line(admin: Client, phone: str, kept: str) -> None:
    assert admin.post("/oms/stores/add/", STORE | {"phone_number": phone}).status_code == 302
    assert RetailStore.objects.get(erp_code="ANK-01").phone_number == kept


def test_a_stores_phone_of_old_stays_as_it_is(admin: Client) -> None:
    store = make_store("ANK-01", phone_number="+90 599")
    change = f"/oms/stores/{store.pk}/change/"
    assert admin.post(change, STORE | {"phone_number": "+90 599", "city": "Ankara"}).status_code == 302
    store.refresh_from_db()
    assert (store.phone_number, store.city) == ("+90 599", "Ankara")
    assert admin.post(change, STORE | {"phone_number": "0599 123 45 67"}).status_code == 400


def test_the_code_of_a_store_never_changes(admin: Client) -> None:
    store = make_store("IST-01")
    admin.post(f"/oms/stores/{store.pk}/change/", STORE | {"erp_code": "NEW-01"})
    store.refresh_from_db()
    assert (store.erp_code, store.name) == ("IST-01", "Kızılay")


def test_a_token_is_shown_once_and_ends_when_revoked(admin: Client) -> None:
    user = make_user(Role.OPERATOR)
    data = {"name": "ERP", "user": str(user.pk), "channel": "OMS WEB", "scopes": ["packages:read", "orders:write"]}
    answer = admin.post("/oms/tokens/add/", data)
    key = answer.context["made"].key
    assert key in answer.content.decode()
    token = ApiToken.objects.get(digest=digest_of(key))
    assert token.scopes == ["orders:write", "packages:read"]
    assert key not in admin.get("/oms/tokens/").content.decode()
    admin.post(f"/oms/tokens/{token.pk}/revoke/")
    assert caller_of(key) is None
    assert CommandLog.objects.filter(note_kind__in=["token_created", "token_revoked"]).count() == 2


def test_a_token_whose_time_is_over_is_called_expired(admin: Client) -> None:
    user = make_user(Role.OPERATOR)
    for name, left in (("past", -1), ("to-come", 1), ("for-good", None)):
        until = timezone.now() + timedelta(minutes=left) if left else None
        create_token(user=user, name=name, scopes=["packages:read"], channel=Channel.OMS_WEB, expires_at=until)
    page = admin.get("/oms/tokens/").content.decode()
    assert [name for name in ("past", "to-come", "for-good") if name in page] == ["past", "to-come", "for-good"]
    assert page.count(">expired<") == 1
    assert [token.name for token in ApiToken.objects.all() if token.has_expired] == ["past"]


def test_a_token_without_scopes_or_for_the_wrong_channel_is_not_made(admin: Client) -> None:
    user = make_user(Role.ASSOCIATE, make_store())
    for data in (
        {"name": "x", "user": str(user.pk), "channel": Channel.INSTORE},
        {"name": "x", "user": str(user.pk), "channel": Channel.OMS_WEB, "scopes": ["packages:read"]},
        {"name": "x", "user": "999", "channel": Channel.INSTORE, "scopes": ["packages:read"]},
        {"name": "x", "user": str(user.pk), "channel": Channel.INSTORE, "scopes": ["everything"]},
    ):
        assert admin.post("/oms/tokens/add/", data).status_code == 400
    assert not ApiToken.objects.exists()
