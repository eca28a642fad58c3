"""A program that calls the API with a token."""

import json
from typing import Any

from django.http import HttpResponse
from django.test import Client

from clickcollect.accounts.models import Channel, Role, User
from clickcollect.accounts.tokens import create_token
from clickcollect.omnitron.models import RetailStore
from clickcollect.oms.access import RIGHTS
from tests import shop

PACKAGES = "/api/v1/oms/packages/"
ORDERS = "/api/v1/omnitron/orders/"
SETTINGS = "/api/v1/oms/settings/application_settings/"
LOGS = "/api/v1/oms/state-transition-logs/"


class Caller:
    """Calls with `Authorization: Token <key>`, sends and reads JSON."""

    def __init__(self, key: str | None) -> None:
        self.headers = {"Authorization": f"Token {key}"} if key else {}
        self.client = Client(raise_request_exception=False)

    def send(self, method: str, address: str, body: Any = None, **headers: str) -> HttpResponse:
        raw = b"" if body is None else json.dumps(body).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        kind = "application/json" if raw else "text/plain"
        answer = self.client.generic(method, address, raw, content_type=kind, headers={**self.headers, **named})
        assert isinstance(answer, HttpResponse)
        return answer

    def get(self, address: str, **headers: str) -> HttpResponse:
        return self.send("GET", address, **headers)

    def post(self, address: str, body: Any = None, **headers: str) -> HttpResponse:
        return self.send("POST", address, body, **headers)

    def patch(self, address: str, body: Any = None, **headers: str) -> HttpResponse:
        return self.send("PATCH", address, body, **headers)

    def put(self, address: str, body: Any = None, **headers: str) -> HttpResponse:
        return self.send("PUT", address, body, **headers)

    def command(self, package_id: int, body: Any, **headers: str) -> HttpResponse:
        return self.post(f"{PACKAGES}{package_id}/command/", body, **headers)


def caller_for(
    user: User,
    *,
    scopes: list[str] | None = None,
    channel: Channel | None = None,
    stores: list[str] | None = None,
) -> Caller:
    """A program with a token of this person; all rights of theirs unless ``scopes`` narrow it."""
    rights = RIGHTS if scopes is None else scopes
    made = create_token(user=user, name="test", scopes=rights, channel=channel, stores=stores or ())
    return Caller(made.key)


def make_caller(role: Role | str, *stores: RetailStore) -> Caller:
    """A program of somebody new with that role."""
    return caller_for(shop.make_user(role, *stores))


def code_of(answer: HttpResponse) -> str:
    """The error code of a refusal."""
    assert answer["Content-Type"] == "application/problem+json", answer.content
    return str(json.loads(answer.content)["code"])


def document_of(answer: HttpResponse) -> Any:
    """The JSON of an answer that should be good."""
    assert answer.status_code in (200, 201), answer.content
    return json.loads(answer.content)
