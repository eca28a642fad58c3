"""API tokens: exactly their scopes, only hashes kept, revoked at once (T50)."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from clickcollect.accounts import tokens
from clickcollect.accounts.models import ApiToken, Channel, User
from clickcollect.omnitron.models import StoreMembership
from clickcollect.oms.access import RIGHTS
from clickcollect.oms.log_models import CommandLog
from tests import shop
from tests.api.caller import LOGS, ORDERS, PACKAGES, SETTINGS, Caller, caller_for, document_of

pytestmark = pytest.mark.django_db

# One harmless call for each right that has one, and what it answers to somebody who has the right.
CALLS = {
    "packages:read": ("GET", PACKAGES, None, 200),
    "packages:command": ("POST", f"{PACKAGES}999/command/", {"slug": "x"}, 404),
    "stores:read": ("GET", "/api/v1/retail_stores/", None, 200),
    "orders:read": ("GET", ORDERS, None, 200),
    "orders:write": ("POST", ORDERS, {}, 400),
    "settings:read": ("GET", SETTINGS, None, 200),
    "settings:write": ("PATCH", f"{SETTINGS}10/", {"json_value": "x"}, 400),
    "logs:read": ("GET", LOGS, None, 200),
}


@pytest.fixture
def admin() -> User:
    return shop.make_user("admin")


def test_a_key_has_256_random_bits_and_a_prefix(admin: User) -> None:
    keys = {tokens.create_token(user=admin, name="x", scopes=()).key for _ in range(20)}
    assert len(keys) == 20
    assert all(key.startswith("cc_") and len(key) == 46 for key in keys)


def test_only_a_hash_is_kept(admin: User) -> None:
    key = tokens.create_token(user=admin, name="till", scopes=RIGHTS).key
    with connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(t)::text FROM accounts_apitoken t")
        kept = cursor.fetchone()[0]
    assert key not in kept
    assert key[9:] not in kept
    assert key[:9] in kept
    made = tokens.create_token(user=admin, name="x", scopes=())
    assert made.key[9:] not in repr(made)


@pytest.mark.parametrize("scope", sorted(CALLS))
def test_a_scope_opens_exactly_its_own_calls(admin: User, scope: str) -> None:
    caller = caller_for(admin, scopes=[scope])
    got = {right: caller.send(method, address, body).status_code for right, (method, address, body, _) in CALLS.items()}
    assert got == {right: good if right == scope else 403 for right, (*_, good) in CALLS.items()}


def test_a_token_without_scopes_may_nothing(admin: User) -> None:
    caller = caller_for(admin, scopes=[])
    assert {caller.send(m, a, b).status_code for m, a, b, _ in CALLS.values()} == {403}


def test_a_scope_gives_nobody_more_than_the_role() -> None:
    caller = caller_for(shop.make_user("associate", shop.make_store()), scopes=sorted(RIGHTS))
    assert caller.get(ORDERS).status_code == caller.get(SETTINGS).status_code == 403


@pytest.mark.parametrize("scheme", ["Token", "Bearer", "token", "BEARER"])
def test_both_schemes_work(admin: User, scheme: str) -> None:
    key = tokens.create_token(user=admin, name="x", scopes=RIGHTS).key
    caller = Caller(None)
    caller.headers = {"Authorization": f"{scheme} {key}"}
    assert caller.get(PACKAGES).status_code == 200


@pytest.mark.parametrize(
    "header", ["", "Token", "Token ", "Basic {key}", "{key}", "Token {key}x", "Token cc_", "Token é"]
)
def test_anything_else_does_not(admin: User, header: str) -> None:
    key = tokens.create_token(user=admin, name="x", scopes=RIGHTS).key
    caller = Caller(None)
    caller.headers = {"Authorization": header.format(key=key)}
    assert caller.get(PACKAGES).status_code == 401


def test_revoked_expired_and_deactivated_end_at_once(admin: User) -> None:
    caller = caller_for(admin)
    assert caller.get(PACKAGES).status_code == 200
    User.objects.filter(pk=admin.pk).update(is_active=False)
    assert caller.get(PACKAGES).status_code == 401
    User.objects.filter(pk=admin.pk).update(is_active=True)
    ApiToken.objects.update(expires_at=timezone.now())
    assert caller.get(PACKAGES).status_code == 401
    ApiToken.objects.update(expires_at=None)
    assert caller.get(PACKAGES).status_code == 200
    token = ApiToken.objects.get()
    assert tokens.revoke_token(token.pk) is True
    assert caller.get(PACKAGES).status_code == 401
    assert tokens.revoke_token(token.pk) is False


def test_a_token_is_bound_to_its_stores() -> None:
    here, there = shop.make_store("IST-01"), shop.make_store("BER-01")
    packages = {store.erp_code: shop.make_package(store=store).pk for store in (here, there)}
    office = shop.make_user("operator")

    def seen(caller: Caller) -> list[int]:
        return [row["id"] for row in document_of(caller.get(PACKAGES))["results"]]

    assert seen(caller_for(office, stores=["BER-01"])) == [packages["BER-01"]]
    assert seen(caller_for(office, stores=["GONE-1"])) == []
    manager = shop.make_user("manager", here)
    assert seen(caller_for(manager, stores=["BER-01"])) == []
    bound = caller_for(manager, stores=["IST-01"])
    assert seen(bound) == [packages["IST-01"]]
    StoreMembership.objects.filter(user=manager).delete()
    assert seen(bound) == []


def test_store_staff_stay_in_their_channel() -> None:
    user = shop.make_user("associate", shop.make_store())
    package = shop.make_package()
    assert (
        caller_for(user, channel=Channel.OMS_WEB)
        .command(package.pk, {"slug": "complete-packaging-without-shipment"})
        .status_code
        == 204
    )
    entry = CommandLog.objects.filter(package_id=package.pk).first()
    assert entry is not None
    assert entry.channel == "INSTORE"


def test_the_last_use_is_written_at_most_once_a_minute(admin: User) -> None:
    caller = caller_for(admin)
    caller.get(PACKAGES)
    first = ApiToken.objects.get().last_used_at
    assert first is not None
    caller.get(PACKAGES)
    assert ApiToken.objects.get().last_used_at == first
    earlier = first - timedelta(seconds=61)
    ApiToken.objects.update(last_used_at=earlier)
    caller.get(PACKAGES)
    later = ApiToken.objects.get().last_used_at
    assert later is not None
    assert later > earlier


def test_tokens_are_listed_without_what_is_over(admin: User) -> None:
    kept = tokens.create_token(user=admin, name="kept", scopes=()).token
    gone = tokens.create_token(user=admin, name="gone", scopes=()).token
    tokens.revoke_token(gone.pk)
    over = tokens.create_login(user=admin, scopes=()).token
    ApiToken.objects.filter(pk=over.pk).update(expires_at=timezone.now() - timedelta(days=1))
    assert tokens.list_tokens() == [kept]
    assert tokens.revoke_tokens_of(admin) == 2
    assert tokens.list_tokens() == []
