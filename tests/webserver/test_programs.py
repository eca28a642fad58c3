"""Both programs as they really run: slow clients hold up neither, and each says in its own way what is too large."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from clickcollect.accounts.models import Role
from tests import database_reset, shop
from tests.extension.running import database, running
from tests.ports import free_port
from tests.webserver.serving import Served, dripping, head, read_answer, slow_bodies, slow_heads, started
from tests.webserver.test_slow_clients import OTHER, typical_seconds

# One web serves all: tests with a database run before those without.
pytestmark = pytest.mark.django_db(transaction=True)
MIB = 1024 * 1024
FORM = "multipart/form-data; boundary=cut"


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory, django_db_setup: None) -> Iterator[Served]:
    """`clickcollect serve` on the tests' database."""
    log, port = tmp_path_factory.mktemp("web") / "log", free_port()
    environment = {"DATABASE_URL": database_reset.database_url(), "PORT": str(port)}
    with started(["clickcollect", "serve"], log, port=port, path="/healthz", **environment) as served:
        yield served


@pytest.fixture(scope="module")
def extension(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    log = tmp_path_factory.mktemp("extension") / "log"
    with database() as url, running(database_url=url, log=log) as made:
        yield Served(int(made.url.rpartition(":")[2]), made.process, log)


@pytest.mark.parametrize(("program", "path"), [("web", "/api/v1/auth/login/"), ("extension", "/events/")])
def test_slow_clients_hold_up_neither_program(program: str, path: str, request: pytest.FixtureRequest) -> None:
    served: Served = request.getfixturevalue(program)
    with dripping([*slow_bodies(served, 60, path), *slow_heads(served, 60)]):
        assert typical_seconds(served, OTHER) < 1
        assert typical_seconds(served, "127.0.0.1") < 1


def form(size: int) -> bytes:
    """A form with one file of this size."""
    before = b'--cut\r\nContent-Disposition: form-data; name="file"; filename="a.json"\r\n\r\n'
    return before + b"x" * size + b"\r\n--cut--\r\n"


def send(served: Served, path: str, body: bytes, **headers: str) -> tuple[int, str]:
    answer = served.ask(head("POST", path, content_length=str(len(body)), **headers) + body)
    return answer.status, answer.body.decode()


@pytest.mark.parametrize(("path", "size"), [("/api/v1/auth/login/", MIB + 1), ("/whisperer/hooks/", 3 * MIB)])
def test_too_much_for_the_api_is_a_problem_in_the_callers_language(path: str, size: int, web: Served) -> None:
    headers = {"content_type": "application/json", "accept_language": "de"}
    answer = web.ask(head("POST", path, content_length=str(size), **headers) + b"x" * size)
    assert (answer.status, answer.json["code"]) == (413, "payload_too_large")
    assert answer.header("content-type") == "application/problem+json"
    assert answer.header("content-language") == "de"


def test_too_much_in_chunks_is_the_same_problem(web: Served) -> None:
    with web.connect() as connection:
        connection.sendall(head("POST", "/api/v1/auth/login/", transfer_encoding="chunked"))
        for _ in range(17):
            connection.sendall(b"10000\r\n" + b"x" * 65536 + b"\r\n")
        connection.sendall(b"0\r\n\r\n")
        answer = read_answer(connection)
    assert (answer.status, answer.json["code"]) == (413, "payload_too_large")


def test_too_much_for_a_page_is_a_page(web: Served) -> None:
    for path in ("/accounts/login/", reverse("omsweb:workflow_file")):
        status, text = send(web, path, form(2 * MIB), content_type=FORM)
        assert status == 413, path
        assert "Nothing was changed." in text
        assert "<html" in text


def test_a_signed_in_person_may_hand_in_twenty_mebibytes(web: Served) -> None:
    client = Client()
    client.force_login(shop.make_user(Role.ADMIN))
    client.get("/oms/")
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    path = reverse("omsweb:workflow_file")
    token = "t" * 32
    headers = {
        "content_type": FORM,
        "cookie": f"{settings.SESSION_COOKIE_NAME}={session}; csrftoken={token}",
        "x_csrftoken": token,
    }
    status, text = send(web, path, form(19 * MIB), **headers)
    assert (status, "larger than 256 kB" in text) == (400, True), text
    assert send(web, path, form(20 * MIB), **headers)[0] == 413
    assert send(web, path, form(2 * MIB), content_type=FORM, cookie="sessionid=made-up")[0] == 413
    for elsewhere in ("/accounts/login/", reverse("omsweb:index"), "/oms/packages/1/command/1/", "/oms/nowhere/"):
        assert send(web, elsewhere, form(2 * MIB), **headers)[0] == 413, elsewhere


def test_the_extension_says_what_is_too_large(extension: Served) -> None:
    for path in ("/events/",):
        answer = extension.ask(head("POST", path, content_length=str(MIB + 1)) + b"x" * (MIB + 1))
        assert (answer.status, answer.json["code"]) == (413, "payload_too_large")


def test_the_log_of_the_web_server_names_no_fault(web: Served, extension: Served, tmp_path: Path) -> None:
    for served in (web, extension):
        assert "Traceback" not in served.log.read_text()
        assert "ERROR" not in served.log.read_text()
