"""Whatever comes in, the answer is a document that says what to do next; never a page, never a 500."""

import io
import json
import logging
from typing import Any

import pytest
from django.test import Client

from clickcollect.api import packages as packages_api
from tests import shop
from tests.api.caller import ORDERS, PACKAGES, SETTINGS, Caller, code_of, make_caller

pytestmark = pytest.mark.django_db
COMMAND = {"slug": "complete-packaging-without-shipment"}


@pytest.fixture
def admin() -> Caller:
    return make_caller("admin")


def raw(caller: Caller, address: str, body: bytes, kind: str = "application/json") -> Any:
    return caller.client.generic("POST", address, body, content_type=kind, headers=caller.headers)


@pytest.mark.parametrize("address", ["/api/v1/no/such/thing/", "/api/", "/whisperer/nothing/", "/api/v1/oms/packages"])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_an_unknown_address_is_not_found(admin: Caller, method: str, address: str) -> None:
    answer = admin.send(method, address)
    assert (answer.status_code, code_of(answer)) == (404, "not_found")


@pytest.mark.parametrize("package_id", ["0", "abc", "-1", "9" * 18, "9" * 40, "1.5", "%00"])
def test_an_id_that_is_none_is_not_found(admin: Caller, package_id: str) -> None:
    for answer in (admin.get(f"{PACKAGES}{package_id}/"), admin.command(package_id, COMMAND)):  # type: ignore[arg-type]
        assert (answer.status_code, code_of(answer)) == (404, "not_found")


def test_a_wrong_method_says_which_are_right(admin: Caller) -> None:
    answer = admin.put(PACKAGES, {})
    assert (answer.status_code, code_of(answer), answer["Allow"]) == (405, "method_not_allowed", "GET, HEAD")
    answer = admin.post("/api/openapi.json", {})
    assert (answer.status_code, code_of(answer)) == (405, "method_not_allowed")


@pytest.mark.parametrize("address", ["/healthz", "/readyz", "/metrics", "/api/docs"])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_addresses_that_are_only_read_say_so(address: str, method: str) -> None:
    answer = Client(enforce_csrf_checks=True).generic(method, address)
    assert (answer.status_code, answer["Allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize("address", [PACKAGES, ORDERS, SETTINGS, "/whisperer/hooks/", "/healthz"])
def test_head_is_answered_as_get_is_without_the_body(admin: Caller, address: str) -> None:
    read, head = admin.get(address), admin.send("HEAD", address)
    assert (head.status_code, head["Content-Type"]) == (read.status_code, read["Content-Type"])
    assert head.content == b""


@pytest.mark.parametrize("address", [f"{ORDERS}%00/", f"{ORDERS}%00/cancel/", "/whisperer/hooks/registry/%00/"])
def test_a_name_that_cannot_be_stored_is_not_found(admin: Caller, address: str) -> None:
    answer = admin.send("POST" if "cancel" in address else "GET", address)
    assert (answer.status_code, code_of(answer)) == (404, "not_found")


@pytest.mark.parametrize("body", [[], [1], "text", 5, True])
def test_a_body_that_is_no_object_is_never_taken_for_an_empty_one(admin: Caller, body: Any) -> None:
    fields = {"event_type": "package.created", "target_url": "http://127.0.0.1:9999/"}
    hook = json.loads(admin.post("/whisperer/hooks/", fields).content)["id"]
    for answer in (
        admin.patch(f"/whisperer/hooks/{hook}/", body),
        admin.post("/whisperer/hook_events/1/retry/", body),
        admin.patch(f"{SETTINGS}1/", body),
    ):
        assert json.loads(answer.content)["errors"] == [{"loc": "body", "msg": "Send a JSON object."}]


def test_without_a_caller_it_says_how_to_sign_in() -> None:
    answer = Caller(None).get(PACKAGES)
    assert (answer.status_code, code_of(answer)) == (401, "not_authenticated")
    assert answer["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[" * 100_000,
        b'{"number": "\\u0000"}',
        b'{"\\u0000": 1}',
        b'{"number": "\\ud800"}',
        b'{"number": NaN}',
        b"\xff\xfe",
        b'{"number": ' + b"9" * 5000 + b"}",
        b"[]",
        b"null",
        b'"text"',
        b"{}",
        b'{"order_item": {"a": [[[[]]]]}}',
        b"[" * 40 + b"]" * 40,
    ],
)
@pytest.mark.parametrize("address", [ORDERS, SETTINGS, "/api/v1/auth/login/"])
def test_a_body_that_makes_no_sense_is_a_validation_error(admin: Caller, address: str, body: bytes) -> None:
    answer = raw(admin, address, body)
    assert (answer.status_code, code_of(answer)) == (400, "validation_error")
    assert json.loads(answer.content)["errors"]


def test_a_body_over_one_mebibyte_is_too_large(admin: Caller) -> None:
    answer = raw(admin, ORDERS, b" " * (1024 * 1024 + 1))
    assert (answer.status_code, code_of(answer)) == (413, "payload_too_large")
    assert raw(admin, ORDERS, b" " * (1024 * 1024)).status_code == 400


@pytest.mark.parametrize(
    ("body", "kind", "status", "code"),
    [
        (b'{"number": 5}', "application/json", 400, "validation_error"),
        (b" " * (1024 * 1024 + 1), "application/json", 413, "payload_too_large"),
        (b"{}", "text/plain", 415, "unsupported_media_type"),
    ],
)
def test_a_body_in_chunks_is_read_as_any_other(admin: Caller, body: bytes, kind: str, status: int, code: str) -> None:
    environ: dict[str, Any] = {
        "CONTENT_TYPE": kind,  # the client leaves it out where it knows of no body
        "CONTENT_LENGTH": "",
        "HTTP_TRANSFER_ENCODING": "chunked",
        "wsgi.input": io.BytesIO(body),
    }
    answer: Any = admin.client.generic("POST", ORDERS, b"", content_type=kind, headers=admin.headers, **environ)
    assert (answer.status_code, code_of(answer)) == (status, code)
    if status == 400:
        assert "number" in {fault["loc"] for fault in json.loads(answer.content)["errors"]}


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_a_body_that_is_not_json_is_not_taken(admin: Caller, kind: str) -> None:
    answer = raw(admin, ORDERS, b"{}", kind)
    assert (answer.status_code, code_of(answer)) == (415, "unsupported_media_type")


@pytest.mark.parametrize("query", ["search=%00", "x=%00", "page=0", "page=x", "limit=0", "cursor=%F0%9F%98%80"])
def test_a_query_that_makes_no_sense_is_a_validation_error(admin: Caller, query: str) -> None:
    answer = admin.get(f"{PACKAGES}?{query}")
    assert (answer.status_code, code_of(answer)) == (400, "validation_error")


def test_a_parameter_without_a_value_was_left_out(admin: Caller) -> None:
    shop.make_package()
    page = json.loads(admin.get(f"{PACKAGES}?state=&search=&created_date__gte=&sort=&limit=&cursor=&page=").content)
    assert page["count"] == 1
    assert json.loads(admin.get(f"{ORDERS}?status=&number=").content)["count"] == 1


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("page=x", "Enter a whole number."),
        ("page=1.5", "Enter a whole number."),
        ("page=0", "Enter a number of 1 or more."),
        ("limit=0", "Enter a number of 1 or more."),
        ("count=some", "Choose one of: exact."),
    ],
)
def test_what_is_wrong_with_a_parameter_is_said(admin: Caller, query: str, words: str) -> None:
    assert [fault["msg"] for fault in json.loads(admin.get(f"{PACKAGES}?{query}").content)["errors"]] == [words]


def test_every_bad_field_is_named_at_once_in_the_callers_words(admin: Caller) -> None:
    shop.make_store()
    bad = shop.order_document() | {"currency": "lira", "order_item": []}
    problem = json.loads(admin.post(ORDERS, bad).content)
    assert {fault["loc"] for fault in problem["errors"]} == {"currency", "order_item"}
    assert problem["detail"].startswith("Correct the fields")


@pytest.mark.parametrize(
    ("asked", "spoken"),
    [("tr", "tr"), ("de-AT,de;q=0.9", "de"), ("ar;q=0.5, tr;q=0.9", "tr"), ("xx", "en"), ("", "en"), ("*", "en")],
)
def test_accept_language_decides_the_language(admin: Caller, asked: str, spoken: str) -> None:
    admin.client.cookies["django_language"] = "en"
    answer = admin.get("/api/v1/nothing/", Accept_Language=asked)
    assert answer["Content-Language"] == spoken
    assert "Accept-Language" in answer["Vary"]


def test_what_was_sent_is_never_echoed(admin: Caller, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    package = shop.make_package()
    answers = [
        admin.command(package.pk, {"slug": ["482913"], "otp": {"code": "482913"}, "reason": ["482913"]}),
        admin.post(SETTINGS, {"key": ["482913"], "json_value": "482913", "reason": 482913}),
        admin.post("/api/v1/auth/login/", {"username": ["482913"], "password": {"p": "482913"}}),
        admin.get(f"{PACKAGES}?page=482913x"),
    ]
    assert [answer.status_code for answer in answers] == [400] * 4
    assert all("482913" not in answer.content.decode() for answer in answers)
    # Django's own line names the address that was called; nothing else may hold what was sent.
    said = [record.getMessage() for record in caplog.records if "page=482913x" not in record.getMessage()]
    assert all("482913" not in line for line in said)


def test_what_nobody_expected_is_a_500_without_details(
    admin: Caller,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    package = shop.make_package()

    def explode(**given: Any) -> None:
        raise RuntimeError(f"secret {given['data']['otp']}")

    monkeypatch.setattr(packages_api, "run_command", explode)
    answer = admin.command(package.pk, COMMAND | {"otp": "482913"})
    assert (answer.status_code, code_of(answer)) == (500, "server_error")
    assert "482913" not in answer.content.decode()
    assert "RuntimeError" in caplog.text
    assert "482913" not in caplog.text


def test_a_browser_session_needs_its_csrf_token() -> None:
    store = shop.make_store()
    package = shop.make_package(store=store)
    client = Client(enforce_csrf_checks=True)
    client.force_login(shop.make_user("associate", store))
    address = f"{PACKAGES}{package.pk}/command/"
    assert client.get(PACKAGES).status_code == 200
    refused = client.post(address, json.dumps(COMMAND), content_type="application/json")
    assert (refused.status_code, code_of(refused)) == (403, "forbidden")  # type: ignore[arg-type]
    assert shop.state_of(package) == "100"
    client.cookies["csrftoken"] = "a" * 32
    headers = {"X-CSRFToken": "a" * 32}
    done = client.post(address, json.dumps(COMMAND), content_type="application/json", headers=headers)
    assert done.status_code == 204


def test_a_bad_token_is_not_saved_by_a_good_session() -> None:
    client = Client()
    client.force_login(shop.make_user("admin"))
    assert client.get(PACKAGES, headers={"Authorization": "Token cc_wrong"}).status_code == 401
