"""Sign in over HTTP: a key for 12 hours, and no way round MFA or the throttle."""

import json
from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from clickcollect.accounts.models import ApiToken, User
from tests import shop
from tests.api.caller import PACKAGES, Caller, code_of, document_of

pytestmark = pytest.mark.django_db

LOGIN = "/api/v1/auth/login/"


@pytest.fixture(autouse=True)
def fresh_counters() -> None:
    cache.clear()


@pytest.fixture
def user() -> User:
    return shop.make_user("manager", shop.make_store(), username="manager")


def sign_in(username: Any = "manager", password: Any = shop.PASSWORD) -> Any:
    return Caller(None).post(LOGIN, {"username": username, "password": password})


def test_the_key_works_with_the_persons_rights_and_channel_for_12_hours(user: User) -> None:
    answer = document_of(sign_in())
    assert list(answer) == ["key"]
    token = ApiToken.objects.get()
    assert token.channel == "INSTORE"
    assert token.expires_at is not None
    assert abs(token.expires_at - timezone.now() - timedelta(hours=12)) < timedelta(minutes=1)
    package = shop.make_package()
    caller = Caller(answer["key"])
    assert document_of(caller.get(PACKAGES))["results"][0]["id"] == package.pk
    assert caller.command(package.pk, {"slug": "complete-packaging-without-shipment"}).status_code == 204
    ApiToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert caller.get(PACKAGES).status_code == 401


@pytest.mark.parametrize(
    ("username", "password"),
    [("manager", "wrong"), ("nobody", shop.PASSWORD), ("MANAGER ", "x"), ("manager", ""), ("", ""), ("x" * 151, "x")],
)
def test_a_bad_login_is_400_and_says_not_what_was_wrong(user: User, username: str, password: str) -> None:
    answer = sign_in(username, password)
    assert (answer.status_code, code_of(answer)) == (400, "validation_error")
    assert ApiToken.objects.count() == 0


def test_somebody_who_left_cannot_sign_in(user: User) -> None:
    User.objects.update(is_active=False)
    wrong, left = sign_in(password="wrong"), sign_in()
    assert wrong.status_code == left.status_code == 400
    assert wrong.content == left.content


def test_an_account_with_mfa_makes_a_token_instead(user: User) -> None:
    TOTP.activate(user, generate_totp_secret())
    answer = sign_in()
    assert answer.status_code == 400
    assert "API token" in json.loads(answer.content)["errors"][0]["msg"]
    assert "API token" not in sign_in(password="wrong").content.decode()
    assert ApiToken.objects.count() == 0


def test_too_many_tries_are_refused_even_with_the_right_password(user: User) -> None:
    for _ in range(5):
        assert sign_in(password="wrong").status_code == 400
    answer = sign_in()
    assert answer.status_code == 400
    assert "Too many attempts" in json.loads(answer.content)["errors"][0]["msg"]


def test_tries_are_counted_together_with_the_sign_in_page(user: User) -> None:
    browser = Client()
    for _ in range(5):
        browser.post("/accounts/login/", {"login": "manager", "password": "wrong"})
    assert "Too many attempts" in json.loads(sign_in().content)["errors"][0]["msg"]


def test_keys_that_have_expired_are_thrown_away_at_the_next_sign_in(user: User) -> None:
    for _ in range(3):
        sign_in()
        ApiToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    sign_in()
    assert ApiToken.objects.count() == 1


def test_a_key_is_never_kept_for_an_idempotency_key(user: User) -> None:
    caller = Caller(None)
    body = {"username": "manager", "password": shop.PASSWORD}
    keys = {document_of(caller.post(LOGIN, body, Idempotency_Key="k"))["key"] for _ in range(2)}
    assert len(keys) == 2


def test_an_address_that_nobody_told_is_a_refusal_and_no_breakdown(user: User) -> None:
    caller = Caller(None)
    caller.client.defaults["REMOTE_ADDR"] = ""
    answer = caller.post(LOGIN, {"username": "manager", "password": shop.PASSWORD})
    assert (answer.status_code, code_of(answer)) == (400, "validation_error")
    assert "TRUSTED_PROXIES" in json.loads(answer.content)["errors"][0]["msg"]
