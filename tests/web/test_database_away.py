"""The database is really cut in the middle of a request, at every address and at several places of each.

What the guard does that stands before all of them is shown on real processes in tests/runtime/test_outage.py.
"""

import os
import select
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from django.db import connection, connections
from django.test import Client
from django.urls import get_resolver

from clickcollect.accounts.models import Role, User
from clickcollect.database import availability
from clickcollect.oms import states
from tests import postgres, shop
from tests.web.addresses import addresses

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
METHODS = ("GET", "POST", "PUT", "DELETE")  # all seven are asked in tests/runtime/test_outage.py
ALL = sorted(set(addresses(get_resolver())))


def test_every_door_is_walked() -> None:
    for start in ("/instore/", "/oms/", "/api/v1/oms/packages/", "/whisperer/hooks/", "/accounts/login/", "/metrics"):
        assert any(address.startswith(start) for address in ALL), start
    assert len(ALL) > 120
    assert not any("<" in address for address in ALL)


class Superuser:
    """Who ends connections; the same for all of them."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self.connection = connection

    @contextmanager
    def cuts_before(self, statement: int) -> Iterator[list[int]]:
        """The server ends our connection just before this statement of a request; how many there were."""
        seen = [0]

        def cut(execute: Callable[..., Any], sql: str, values: Any, many: Any, context: Any) -> Any:
            ours = connection.connection
            if seen[0] == statement and ours is not None:
                self.connection.execute("SELECT pg_terminate_backend(%s)", [ours.info.backend_pid])
                assert select.select([ours.fileno()], [], [], 5)[0], "the server did not end it"
            seen[0] += 1
            return execute(sql, values, many, context)

        availability.is_away = False
        try:
            with connection.execute_wrapper(cut):
                yield seen
        finally:
            availability.is_away = False
            if 0 <= statement < seen[0]:
                connections.close_all()


@pytest.fixture
def superuser() -> Iterator[Superuser]:
    with psycopg.connect(os.environ[postgres.SUPERUSER_URL], autocommit=True) as connection:
        yield Superuser(connection)


@pytest.fixture
def people() -> dict[str, Client]:
    """Somebody for the store's pages, and somebody for all the others."""
    package = shop.make_package(states.READY)
    manager = shop.make_user(Role.MANAGER, package.stock_location)
    return {"/instore/": signed_in(manager), "/": signed_in(shop.make_user(Role.ADMIN))}


def signed_in(user: User) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(user)
    client.session_user = user.pk  # type: ignore[attr-defined]
    return client


def sign_in_again(people: dict[str, Client]) -> None:
    for client in people.values():
        if not client.session.get("_auth_user_id"):
            client.force_login(User.objects.get(pk=client.session_user))  # type: ignore[attr-defined]


def ask(people: dict[str, Client], method: str, address: str) -> Any:
    client = next(client for start, client in people.items() if address.startswith(start))
    headers = {"HX-Request": "true"} if method == "PUT" else {}
    return client.generic(method, address, headers=headers)


def is_told(answer: Any) -> bool:
    return bool(answer.status_code == 503 and int(answer["Retry-After"]) > 0)


@pytest.mark.timeout(600)
def test_a_connection_that_is_cut_is_503_at_every_door_and_never_500(
    people: dict[str, Client], superuser: Superuser
) -> None:
    wrong, told = [], 0
    for address in ALL:
        for method in METHODS if address.startswith(("/api/", "/whisperer/")) else ("GET", "POST"):
            place = 0
            while True:
                sign_in_again(people)  # some addresses sign out
                with superuser.cuts_before(place) as statements:
                    answer = ask(people, method, address)
                told += is_told(answer)
                cut = statements[0] > place
                refused = address == "/readyz" or place > 0  # a later statement may be one that a page can do without
                if cut and not is_told(answer) and (answer.status_code >= 500 or not refused):
                    wrong.append((method, address, place, answer.status_code))
                if place or method != "GET" or not cut:
                    break
                sign_in_again(people)
                with superuser.cuts_before(-1) as statements:
                    ask(people, method, address)
                place = statements[0] - 1
                if place <= 0:
                    break
    assert wrong == []
    assert told > 200


def test_control_without_the_handler_it_is_500(
    people: dict[str, Client], superuser: Superuser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("clickcollect.urls.handler500", "django.views.defaults.server_error")
    with superuser.cuts_before(0):
        assert ask(people, "GET", "/instore/").status_code == 500


@pytest.mark.parametrize(
    ("address", "method", "words"),
    [
        ("/instore/", "GET", b'<meta http-equiv="refresh" content="5">'),
        ("/instore/stores/", "POST", b"data-again"),
        ("/instore/stores/", "POST", b"We can't tell whether this was saved."),
        ("/oms/settings/", "POST", b"We can't tell whether this was saved."),
        ("/oms/", "GET", b"OMS WEB"),
        ("/api/v1/oms/packages/", "GET", b'"code": "database_away"'),
        ("/whisperer/hooks/", "GET", b'"code": "database_away"'),
        ("/metrics", "GET", b'"code": "database_away"'),
    ],
)
def test_everybody_is_told_in_a_form_they_can_read(
    people: dict[str, Client], superuser: Superuser, address: str, method: str, words: bytes
) -> None:
    with superuser.cuts_before(0):
        answer = ask(people, method, address)
    assert is_told(answer)
    assert "no-store" in answer["Cache-Control"]
    assert words in answer.content


def test_a_script_of_ours_gets_the_sentence_alone(people: dict[str, Client], superuser: Superuser) -> None:
    with superuser.cuts_before(0):
        answer = people["/instore/"].get("/instore/live/", headers={"HX-Request": "true", "Accept-Language": "en"})
    assert is_told(answer)
    assert answer["Content-Type"].startswith("text/plain")
    assert answer.content.startswith(b"The database is not responding at the moment.")


def test_a_session_that_could_not_be_saved_is_not_told_as_deleted(
    people: dict[str, Client], superuser: Superuser
) -> None:
    """Django takes it for a session that was deleted: 400."""
    client = people["/instore/"]
    with superuser.cuts_before(-1) as statements:
        client.post("/instore/stores/", {"store": "IST-01"})
    answers = []
    for place in range(statements[0]):
        with superuser.cuts_before(place):
            answers.append(client.post("/instore/stores/", {"store": "IST-01"}).status_code)
    assert set(answers) <= {503, 302}
    assert answers[-1] == 503
