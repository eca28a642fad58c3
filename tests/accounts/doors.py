"""Every door at which somebody shows a password, a PIN or a code, over real HTTP: was it right?"""

import json
import time
from collections.abc import Callable
from itertools import count
from typing import Any, Final

import pyotp
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from django.core.cache import cache
from django.test import Client

from clickcollect.accounts.models import User
from clickcollect.oms import states
from clickcollect.whisperer.models import Endpoint, Hook
from tests import shop

SEED: Final = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
WRONG: Final = "not-the-password"
LOGIN: Final = "/accounts/login/"
API_LOGIN: Final = "/api/v1/auth/login/"
_times = count()


def client_at(address: str = "192.0.2.1", *, host: str = "testserver") -> Client:
    return Client(REMOTE_ADDR=address, HTTP_HOST=host)


def is_in(client: Client) -> bool:
    """Whether somebody is signed in here."""
    return "_auth_user_id" in client.session


def sign_in(client: Client, user: User, password: str) -> bool:
    """The sign-in page; with a second factor it leads on to that."""
    answer = client.post(LOGIN, {"login": user.username, "password": password})
    return answer.status_code == 302


def api_login(client: Client, user: User, password: str) -> bool:
    body = {"username": user.username, "password": password}
    return client.post(API_LOGIN, body, content_type="application/json").status_code == 200


def approves(client: Client, manager: User, entry: str) -> bool:
    """A manager approves a step on an associate's device, with a PIN or a code of an authenticator app."""
    package = shop.make_package(states.READY, store=shop.make_store())
    client.force_login(shop.make_user("associate", package.stock_location))
    data = {"from": "x", "manager": str(manager.pk), "pin": entry, "reason": "x", "evidence": "id_document"}
    address = f"/instore/packages/{package.number}/commands/deliver-without-code/"
    client.post(address, data, headers={"HX-Request": "true"})
    return shop.state_of(package) == states.DELIVERED


def reauthenticate(client: Client, user: User, password: str) -> bool:
    client.force_login(user)
    return client.post("/accounts/reauthenticate/", {"password": password}).status_code == 302


def choose_pin(client: Client, user: User, password: str) -> bool:
    client.force_login(user)
    return client.post("/instore/pin/", {"pin": shop.PIN, "password": password}).status_code == 302


def change_password(client: Client, user: User, password: str) -> bool:
    client.force_login(user)
    fresh = {"new_password1": "a-brand-new-secret", "new_password2": "a-brand-new-secret"}
    return client.post("/oms/password/", {"old_password": password, **fresh}).status_code == 302


def move_webhook(client: Client, user: User, password: str) -> bool:
    client.force_login(user)
    number = next(_times)
    urls = [f"http://127.0.0.1:9/{number}/{end}/" for end in ("old", "new")]
    endpoint = Endpoint.objects.create(target_url=urls[0])
    hook = Hook.objects.create(
        user=user, event_type="package.status.packed", target_url=urls[0], endpoint=endpoint, is_active=True
    )
    data = {"event_type": hook.event_type, "target_url": urls[1], "is_active": "on", "your_password": password}
    client.post(f"/oms/hooks/{hook.pk}/change/", data | {"secret_key": "another-good-secret"})
    hook.refresh_from_db()
    return hook.target_url == urls[1]


def give_factor(user: User) -> None:
    """An authenticator app whose seed is known."""
    TOTP.activate(user, SEED)


def factor_code(user: User, *, seconds: int = 5) -> str:
    """The newest code, as if none had been used yet, good for so many ``seconds`` at least."""
    cache.clear()
    assert Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).exists()
    return newest_code(SEED, seconds=seconds)


def newest_code(seed: str, *, seconds: int) -> str:
    """What the app shows, once it shows it for so many ``seconds`` more: a code is good for thirty, and no longer."""
    app = pyotp.TOTP(seed)
    left = app.interval - time.time() % app.interval
    if left < seconds:
        time.sleep(left)
    return app.now()


def use_code(client: Client, user: User, secret: str) -> bool:
    """The second step of a sign-in. A wrong ``secret`` is sent as the code, the right password means the right code."""
    client.post(LOGIN, {"login": user.username, "password": shop.PASSWORD})
    client.post("/accounts/2fa/authenticate/", {"code": code_for(user, secret)})
    return is_in(client)


def confirm_by_code(client: Client, user: User, secret: str) -> bool:
    client.force_login(user)
    return client.post("/accounts/2fa/reauthenticate/", {"code": code_for(user, secret)}).status_code == 302


def code_for(user: User, secret: str) -> str:
    return factor_code(user) if secret == shop.PASSWORD else "abcdef"


def use_passkey(client: Client, user: User, secret: str) -> bool:
    """A passkey in place of the code; none of these is ever right."""
    client.post(LOGIN, {"login": user.username, "password": shop.PASSWORD})
    client.post("/accounts/2fa/authenticate/", {"credential": json.dumps({"id": secret})})
    return is_in(client)


Door = Callable[[Client, User, str], bool]
STORE_DOORS: Final[dict[str, Door]] = {
    "sign-in": sign_in,
    "api": api_login,
    "reauthenticate": reauthenticate,
    "choose PIN": choose_pin,
}
OFFICE_DOORS: Final[dict[str, Door]] = {
    "sign-in": sign_in,
    "api": api_login,
    "change password": change_password,
    "webhook": move_webhook,
}
FACTOR_DOORS: Final[dict[str, Door]] = {"code": use_code, "confirm": confirm_by_code}


def person_for(doors: dict[str, Any]) -> User:
    """Somebody for whom all of these doors are there."""
    if doors is OFFICE_DOORS:
        return shop.make_user("admin")
    user = shop.make_user("manager", shop.make_store())
    if doors is FACTOR_DOORS:
        give_factor(user)
    return user
