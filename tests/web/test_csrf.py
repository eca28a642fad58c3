"""T47: no address that changes something takes a browser's request without its CSRF token."""

import re
from collections.abc import Iterator

import pytest
from django.test import Client, override_settings
from django.urls import URLPattern, URLResolver, get_resolver

from clickcollect.accounts.models import Role
from clickcollect.oms import states
from tests import shop

# Addresses that know their callers by something else than a session cookie.
WITHOUT_SESSION = (
    "api/v1/auth/login/",  # makes a token from a password; a cookie is neither needed nor looked at
    "api/v1/oms/message-receipts/",  # signed with the hook's secret
    "api/v1/shopify/",  # signed by the shop
    "api/v1/connectors/",
)
VALUES = {"number": "PK-10001", "slug": "self-service-package-delivery", "object_id": "1"}


def addresses(patterns: list[URLPattern | URLResolver], before: str = "") -> Iterator[str]:
    """Every address of the house, with its parts filled in."""
    for pattern in patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern.url_patterns, route)
        else:
            yield filled(route)


def filled(route: str) -> str:
    route = re.sub(r"<(?:[^:>]+:)?([^>]+)>", lambda part: VALUES.get(part[1], "1"), route)
    route = re.sub(r"\(\?P<[^>]+>(?:[^()]|\([^()]*\))*\)", "1", route)
    return route.replace("^", "").replace("$", "").replace(r"\Z", "").replace("\\", "")


@pytest.mark.django_db
@pytest.mark.parametrize("role", [Role.ASSOCIATE, Role.ADMIN])
def test_t47_every_unsafe_request_without_a_token_is_forbidden(role: Role) -> None:
    store = shop.make_store()
    package = shop.make_package(states.READY, store=store)
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    client.force_login(shop.make_user(role, store))
    tried = 0
    for address in sorted(set(addresses(get_resolver().url_patterns))):
        if address.startswith((*WITHOUT_SESSION, "static/")):
            continue
        for method in ("post", "put", "patch", "delete"):
            answer = getattr(client, method)(f"/{address}", data="{}", content_type="application/json")
            tried += 1
            assert answer.status_code in (403, 404, 405), f"{method} /{address} answered {answer.status_code}"
    assert tried > 100
    assert shop.state_of(package) == states.READY


@pytest.mark.django_db
def test_t47_control_with_its_token_the_same_request_is_taken() -> None:
    store = shop.make_store()
    package = shop.make_package(states.WAITING, store=store)
    client = Client(enforce_csrf_checks=True)
    client.force_login(shop.make_user(Role.ASSOCIATE, store))
    client.get(f"/instore/packages/{package.number}/")
    token = client.cookies["csrftoken"].value
    address = f"/instore/packages/{package.number}/commands/complete-packaging-without-shipment/"
    assert client.post(address, headers={"X-CSRFToken": token}).status_code < 400
    assert shop.state_of(package) == states.PACKED


@pytest.mark.django_db
def test_a_page_under_an_address_that_is_not_the_sites_is_told_apart_from_an_old_one() -> None:
    """PUBLIC_URL is a trusted origin even where the proxy hides that it was asked by https; another one is named."""
    client = Client(enforce_csrf_checks=True)
    client.get("/accounts/login/")
    form = {"login": "nobody", "password": "x", "csrfmiddlewaretoken": client.cookies["csrftoken"].value}
    with override_settings(CSRF_TRUSTED_ORIGINS=["https://pickup.example.test"]):
        known = client.post("/accounts/login/", form, headers={"Origin": "https://pickup.example.test"})
        assert known.status_code == 200
        foreign = client.post("/accounts/login/", form, headers={"Origin": "https://other.example.test"})
        page = foreign.content.decode()
        assert foreign.status_code == 403
        for words in ("https://other.example.test", "https://pickup.example.test", "PUBLIC_URL", "TRUSTED_PROXIES"):
            assert words in page
        nowhere = client.post("/accounts/login/", form, headers={"Origin": "null"})
        assert "This page was open for too long" in nowhere.content.decode()
        old = client.post("/accounts/login/", form | {"csrfmiddlewaretoken": "x" * 64})
        assert old.status_code == 403
        assert "This page was open for too long" in old.content.decode()
