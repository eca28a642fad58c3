"""Nothing in OMS WEB answers 500: every address that it has, asked and sent the worst that a browser can carry.

The addresses are read from the site itself, so a new page is under test the moment it exists.
"""

from collections.abc import Iterator
from typing import Final

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver

from clickcollect.accounts.models import Role
from clickcollect.oms import states
from clickcollect.omsweb.admin import site
from clickcollect.whisperer.hooks import create_hook
from tests.shop import make_package, make_user

pytestmark = pytest.mark.django_db(transaction=True)

TEXTS: Final = {
    "mixed": "\u202eالسّلام\u2066\u200f" + "👩‍👩‍👧‍👦" * 20 + "ä" * 500,
    "html": "<script>alert(1)</script>{{ 7|add:7 }}{% now %}'; DROP TABLE oms_package; --%_\\",
    "nul": "a\x00b",
    "number": "99999999999999999999999",
    "negative": "-1",
    "json": '{"a": [[[[1e999]]]]}',
    "empty": "",
}
PARAMETERS: Final = (
    "q", "s", "page", "order", "tab", "state", "store", "delivery_type", "message", "late", "kind", "command",
    "new_state", "actor", "from", "to", "type", "reason", "status", "active", "role", "next", "_popup", "_to_field",
)  # fmt: skip
FIELDS: Final = (
    "number", "channel", "store", "first_name", "last_name", "phone_number", "phone", "email", "language_code",
    "amount", "currency", "item-0-sku", "item-0-name", "item-0-quantity", "item-0-price", "value", "reason",
    "holds_for", "command_name", "command_code", "slug", "source", "destination", "visibility", "is_active",
    "is_primary", "sequence", "config", "name", "enum_value", "file", "text", "confirm", "username", "role",
    "stores", "password", "new_password", "erp_code", "city", "country", "postcode", "time_zone", "language",
    "closed_dates", "hours_0", "user", "scopes", "expires_at", "event_type", "target_url", "secret_key",
    "auth_username", "auth_password", "additional_headers", "retry_countdown_config", "callback", "your_password",
    "id", "only", "force", "page", "query", "order", "otp", "evidence", "dialog", "inside", "old_password",
    "new_password1", "new_password2",
)  # fmt: skip
HUGE: Final = "9" * 25
SIGN_OUT: Final = "/oms/logout/"


def addresses(value: str) -> list[str]:
    """Every address of the site, with this in place of each part that varies."""
    return sorted({f"/oms/{path}" for path in walk(site.get_urls(), value)} - {SIGN_OUT})


def walk(patterns: list[URLPattern | URLResolver], value: str, before: str = "") -> Iterator[str]:
    for pattern in patterns:
        here = before + filled(str(pattern.pattern), value)
        if isinstance(pattern, URLResolver):
            yield from walk(list(pattern.url_patterns), value, here)
        else:
            yield here


def filled(route: str, value: str) -> str:
    """`<int:object_id>/change/` with its parts filled in."""
    parts = route.replace("^", "").replace("$", "").split("<")
    return parts[0] + "".join(value + part.partition(">")[2] for part in parts[1:])


@pytest.fixture
def admin(client: Client) -> Client:
    """An administrator in a shop that has one of most things; an error is an answer, not an exception."""
    user = make_user(Role.ADMIN)
    fields = {"event_type": "package.created", "target_url": "http://127.0.0.1:9/x", "secret_key": "a-secret-to-keep"}
    create_hook(user_id=user.pk, fields=fields)
    make_package(states.READY)
    client.raise_request_exception = False
    client.force_login(user)
    return client


def test_the_addresses_are_found() -> None:
    found = addresses("1")
    assert len(found) > 50
    for address in ("/oms/packages/", "/oms/packages/1/command/1/", "/oms/hooks/1/change/", "/oms/reviews/"):
        assert address in found


@pytest.mark.parametrize("value", ["1", "0", HUGE])
def test_every_address_answers(admin: Client, value: str) -> None:
    assert [path for path in addresses(value) if admin.get(path).status_code >= 500] == []


@pytest.mark.slow
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_no_list_stumbles_over_what_stands_in_the_address(admin: Client, text: str) -> None:
    asked = dict.fromkeys(PARAMETERS, text)
    broken = []
    for path in addresses("1"):
        answer = admin.get(path, asked)
        if answer.status_code >= 500 or (not answer.streaming and b"<script>alert(1)" in answer.content):
            broken.append(path)
    assert broken == []


@pytest.mark.slow
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_no_form_stumbles_over_what_is_sent(admin: Client, text: str) -> None:
    user = make_user(Role.ADMIN)
    broken = []
    for path in addresses("1"):
        admin.force_login(user)  # a form may have ended the session
        answer = admin.post(path, dict.fromkeys(FIELDS, text))
        if answer.status_code >= 500 or (not answer.streaming and b"<script>alert(1)" in answer.content):
            broken.append(f"{path} {answer.status_code}")
    assert broken == []


@pytest.mark.parametrize("value", [HUGE, "0"])
def test_no_form_stumbles_over_what_is_not_there(admin: Client, value: str) -> None:
    assert [path for path in addresses(value) if admin.post(path, {"id": value}).status_code >= 500] == []


@pytest.mark.parametrize("role", [Role.ASSOCIATE, Role.MANAGER])
def test_no_address_lets_store_staff_in(client: Client, role: Role) -> None:
    """Neither reads nor changes: every single one, not the list of the sidebar."""
    package = make_package(states.READY)
    client.force_login(make_user(role, package.stock_location))
    answers = [(path, send(path)) for path in addresses("1") for send in (client.get, client.post)]
    shown = [f"{path} {answer.status_code}" for path, answer in answers if answer.status_code not in (403, 405)]
    assert shown == []


OPERATORS_OWN: Final = (
    "/oms/staff/add/",
    "/oms/tokens/",
    "/oms/tokens/add/",
    "/oms/privacy/",
)


@pytest.mark.parametrize("path", OPERATORS_OWN)
def test_what_is_an_administrators_is_refused_to_an_operator(client: Client, path: str) -> None:
    client.force_login(make_user(Role.OPERATOR))
    assert client.get(path).status_code == 403
    assert client.post(path, {"username": "x"}).status_code == 403
