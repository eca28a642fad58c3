"""Who shows a token and brings no cookie passes by what is for browsers, and is answered as everybody else is."""

import pytest
from django.test import Client, RequestFactory

from clickcollect.accounts.models import Role
from clickcollect.for_browsers import is_program
from clickcollect.oms import states
from tests import shop
from tests.api.caller import ORDERS, PACKAGES, make_caller

TOKEN = {"Authorization": "Token cc_something"}
COOKIE = {"Cookie": "sessionid=something"}


@pytest.mark.parametrize(
    ("address", "headers", "passes_by"),
    [
        (PACKAGES, TOKEN, True),
        (ORDERS, TOKEN, True),
        (PACKAGES, {}, False),
        (PACKAGES, COOKIE, False),
        (PACKAGES, TOKEN | COOKIE, False),
        ("/api/v1/auth/login/", TOKEN, False),
        ("/api/docs", TOKEN, False),
        ("/instore/", TOKEN, False),
        ("/oms/", TOKEN, False),
    ],
)
def test_a_program_is_who_shows_a_token_and_no_cookie(
    address: str, headers: dict[str, str], *, passes_by: bool
) -> None:
    assert is_program(RequestFactory().get(address, headers=headers)) is passes_by


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["en", "tr"])
def test_its_answers_are_those_that_it_gets_with_a_cookie(language: str) -> None:
    store = shop.make_store()
    package = shop.make_package(states.READY, store=store)
    caller = make_caller(Role.ASSOCIATE, store)
    wrong = {"slug": "self-service-package-delivery", "otp": "12"}

    def answers() -> list[tuple[int, bytes, dict[str, str]]]:
        addresses = [f"{PACKAGES}{package.pk}/", f"{PACKAGES}0/", f"{PACKAGES}nothing"]
        found = [caller.get(address, Accept_Language=language) for address in addresses]
        found.append(caller.command(package.pk, wrong, Accept_Language=language))
        with_session = [hasattr(answer.wsgi_request, "session") for answer in found]  # type: ignore[attr-defined]
        assert set(with_session) == {bool(caller.client.cookies)}
        return [(answer.status_code, answer.content, dict(answer.headers)) for answer in found]

    alone = answers()
    assert [status for status, _content, _headers in alone] == [200, 404, 404, 422]
    caller.client.cookies["sessionid"] = "nobody-s"
    assert answers() == alone


@pytest.mark.django_db
def test_a_page_of_another_language_leaves_nothing_behind_for_a_program() -> None:
    store = shop.make_store()
    caller = make_caller(Role.ASSOCIATE, store)
    Client().get("/accounts/login/", headers={"Accept-Language": "tr"})
    assert caller.get(f"{PACKAGES}0/").headers["Content-Language"] == "en"
