"""Passkeys and the authenticator app never answer 500, whatever a client sends in place of a credential."""

import json

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.test import Client

from clickcollect.accounts.models import User
from tests import shop

pytestmark = pytest.mark.django_db
JUNK = [
    "",
    "x",
    "null",
    "[]",
    "7",
    '"x"',
    "{}",
    '{"id": "AA", "rawId": "AA", "type": "public-key"}',
    '{"id": "AA", "rawId": "AA", "type": "public-key", "response": null}',
    '{"id": "AA", "rawId": "AA", "type": "public-key", "response": {}}',
    json.dumps(
        {
            "id": "AA",
            "rawId": "AA",
            "type": "public-key",
            "response": {
                "clientDataJSON": "e30",
                "attestationObject": "oA",
                "authenticatorData": "AA",
                "signature": "AA",
            },
        }
    ),
    json.dumps({"id": 1, "rawId": [], "type": {}, "response": {"clientDataJSON": 1, "attestationObject": "%%%"}}),
    '{"id": "\\u0000", "rawId": "é", "response": "é"}',
    '{"id": "\\ud800", "id": 1e999}',
    '{"id": ' + "9" * 5000 + "}",
    "[" * 100_000,
]


def signed_in() -> Client:
    client = Client(raise_request_exception=False)
    user = shop.make_user("associate", shop.make_store())
    client.post("/accounts/login/", {"login": user.username, "password": shop.PASSWORD})
    return client


@pytest.mark.parametrize("junk", JUNK)
def test_a_passkey_that_is_none_is_refused(junk: str) -> None:
    client = signed_in()
    client.post("/accounts/reauthenticate/", {"password": shop.PASSWORD})
    assert client.get("/accounts/2fa/webauthn/add/").status_code == 200
    answer = client.post("/accounts/2fa/webauthn/add/", {"name": "x", "credential": junk})
    assert answer.status_code == 200
    assert not Authenticator.objects.exists()


@pytest.mark.parametrize("junk", JUNK)
def test_a_sign_in_with_a_passkey_that_is_none_is_refused(junk: str) -> None:
    user = shop.make_user("associate", shop.make_store())
    TOTP.activate(user, generate_totp_secret())
    client = Client(raise_request_exception=False)
    client.post("/accounts/login/", {"login": user.username, "password": shop.PASSWORD})
    assert client.get("/accounts/2fa/authenticate/").status_code == 200
    answer = client.post("/accounts/2fa/authenticate/", {"credential": junk})
    assert answer.status_code == 200
    assert client.get("/instore/").status_code == 302


def test_a_second_factor_turns_the_pin_off() -> None:
    user = shop.make_user("associate", shop.make_store())
    client = Client()
    client.post("/accounts/login/", {"login": user.username, "password": shop.PASSWORD})
    client.post("/instore/pin/", {"pin": "4071", "password": shop.PASSWORD})
    client.get("/instore/")
    client.post("/instore/leave/")
    assert "Unlock with your PIN" in client.get("/accounts/login/").content.decode()
    TOTP.activate(User.objects.get(pk=user.pk), generate_totp_secret())
    assert "Unlock with your PIN" not in client.get("/accounts/login/").content.decode()
    client.post("/instore/switch/", {"person": str(user.pk), "pin": "4071"})
    assert client.get("/instore/").status_code == 302
