"""Every way of HTTP/1 to send a request reaches the application as it was meant, whole, or not at all."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from tests.webserver.serving import Served, head, read_answer, serving

MIB = 1024 * 1024
PROBLEM = "application/problem+json"


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    log = tmp_path_factory.mktemp("front") / "log"
    with serving("tests.webserver.application:application", log, SMALL_BODY_SECONDS="2") as served:
        yield served


def post(body: bytes, path: str = "/", **headers: str) -> bytes:
    return head("POST", path, content_length=str(len(body)), **headers) + body


def chunked(*chunks: bytes, **headers: str) -> bytes:
    sent = [f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n" for chunk in chunks]
    return head("POST", "/", transfer_encoding="chunked", **headers) + b"".join(sent) + b"0\r\n\r\n"


def test_a_body_arrives_whole(small: Served) -> None:
    told = small.ask(post(b"x" * MIB, content_type="text/plain")).json
    assert (told["read"], told["CONTENT_LENGTH"], told["CONTENT_TYPE"]) == (MIB, str(MIB), "text/plain")


def test_a_body_in_chunks_arrives_as_one_with_its_length(small: Served) -> None:
    told = small.ask(chunked(b"hello ", b"world")).json
    assert (told["body"], told["CONTENT_LENGTH"]) == ("hello world", "11")
    assert "HTTP_TRANSFER_ENCODING" not in told


def test_a_request_without_a_body_has_an_empty_one(small: Served) -> None:
    told = small.get("/a%2Fb%20c%C3%A9?q=%201").json
    assert (told["REQUEST_METHOD"], told["read"]) == ("GET", 0)
    assert told["PATH_INFO"].encode("latin-1").decode() == "/a/b cé"
    assert (told["QUERY_STRING"], told["SCRIPT_NAME"], told["SERVER_PROTOCOL"]) == ("q=%201", "", "HTTP/1.1")
    assert (told["REMOTE_ADDR"], told["SERVER_PORT"]) == ("127.0.0.1", str(small.port))


def test_broken_percents_and_foreign_signs_are_no_error_of_the_server(small: Served) -> None:
    for path in ("/%ff%00", "/%", "/?a=%ff", "/x?%ZZ", "//", "/../x"):
        assert small.get(path).status == 200, path
    assert small.get("/", x_name="caf\xe9").status == 200


def test_a_header_with_an_underscore_is_no_other_header(small: Served) -> None:
    lines = b"GET / HTTP/1.1\r\nHost: localhost\r\nX_Forwarded_For: 1.2.3.4\r\nContent_Length: 5\r\n\r\n"
    told = small.ask(lines).json
    assert "HTTP_X_FORWARDED_FOR" not in told
    assert "CONTENT_LENGTH" not in told


def test_a_header_sent_twice_is_one_list(small: Served) -> None:
    lines = b"GET / HTTP/1.1\r\nHost: localhost\r\nAccept: a\r\nAccept: b\r\nCookie: a=1\r\nCookie: b=2\r\n\r\n"
    told = small.ask(lines).json
    assert (told["HTTP_ACCEPT"], told["HTTP_COOKIE"]) == ("a,b", "a=1; b=2")


def test_http_1_0_is_answered_and_closed(small: Served) -> None:
    with small.connect() as connection:
        connection.sendall(b"POST / HTTP/1.0\r\nContent-Length: 2\r\n\r\nhi")
        told = read_answer(connection).json
        assert (told["SERVER_PROTOCOL"], told["body"], told.get("HTTP_HOST")) == ("HTTP/1.0", "hi", None)
        assert connection.recv(1) == b""


def test_head_has_the_length_and_no_body(small: Served) -> None:
    with small.connect() as connection:
        connection.sendall(head("HEAD", "/"))
        answer = read_answer(connection, without_body=True)
        assert answer.status == 200
        assert int(answer.header("content-length")) > 0
        connection.sendall(head("GET", "/"))
        assert read_answer(connection).json["REQUEST_METHOD"] == "GET"


def test_a_connection_is_used_again_after_every_kind_of_request(small: Served) -> None:
    requests = [
        post(b"one"),
        chunked(b"two"),
        head("GET", "/"),
        post(b""),
        post(b"x" * 100_000),
        head("GET", "/pieces"),
    ]
    with small.connect() as connection:
        for request in requests * 2:
            connection.sendall(request)
            assert read_answer(connection).status == 200


def test_requests_that_come_at_once_are_answered_in_their_order(small: Served) -> None:
    numbers = range(5)
    with small.connect() as connection:
        connection.sendall(b"".join(post(b"x" * number, f"/{number}") for number in numbers))
        got = b""
        while got.count(b'"read"') < len(numbers) or not got.endswith(b"}"):
            got += connection.recv(65536)
    answers = [json.loads(b"{" + part.partition(b"{")[2]) for part in got.split(b"HTTP/1.1 200")[1:]]
    assert [(told["PATH_INFO"], told["read"]) for told in answers] == [(f"/{number}", number) for number in numbers]


def test_who_asks_before_sending_is_told_to_go_on(small: Served) -> None:
    with small.connect() as connection:
        connection.sendall(head("POST", "/", content_length="5", expect="100-continue"))
        assert connection.recv(65536).startswith(b"HTTP/1.1 100 Continue")
        connection.sendall(b"hello")
        assert read_answer(connection).json["body"] == "hello"


def test_an_answer_in_pieces_comes_in_pieces(small: Served) -> None:
    answer = small.get("/pieces")
    assert answer.header("transfer-encoding") == "chunked"
    assert b"piece 0\n" in answer.body
    assert b"piece 2\n" in answer.body


def test_what_the_application_raises_is_a_problem_that_says_nothing_of_it(small: Served) -> None:
    answer = small.get("/raise")
    assert (answer.status, answer.header("content-type"), answer.json["code"]) == (500, PROBLEM, "server_error")
    assert b"482913" not in answer.body
    assert "ValueError" in small.log.read_text()
    assert "482913" not in small.log.read_text()


@pytest.mark.parametrize("request_of", [post, chunked], ids=["announced", "in chunks"])
def test_a_body_that_is_too_large_reaches_the_application_as_its_length_alone(
    request_of: object, small: Served
) -> None:
    assert callable(request_of)
    told = small.ask(request_of(b"x" * (MIB + 1))).json
    assert (told["read"], told["webserver.too_large"], told["CONTENT_LENGTH"]) == (0, True, str(MIB + 1))


def test_who_asks_first_hears_at_once_that_it_is_too_large(small: Served) -> None:
    with small.connect() as connection:
        connection.sendall(head("POST", "/", content_length=str(10 * MIB), expect="100-continue"))
        assert read_answer(connection).json["webserver.too_large"] is True


def test_a_larger_body_is_taken_where_the_application_says_so(small: Served) -> None:
    told = small.ask(post(b"x" * (5 * MIB), x_signed_in="yes")).json
    assert told["read"] == 5 * MIB
    told = small.ask(post(b"x" * (20 * MIB + 1), x_signed_in="yes")).json
    assert (told["read"], told["webserver.too_large"]) == (0, True)


@pytest.mark.parametrize(
    "begun",
    [
        head("POST", "/early", content_length="10") + b"half",
        head("POST", "/early", transfer_encoding="chunked") + b"4\r\nhalf\r\n",
    ],
    ids=["announced", "in chunks"],
)
def test_a_body_that_ends_early_never_reaches_the_application(begun: bytes, small: Served) -> None:
    with small.connect() as connection:
        connection.sendall(begun)
        connection.shutdown(socket.SHUT_WR)
        got = connection.recv(65536)
    assert not got.startswith(b"HTTP/1.1 200"), got


def test_a_body_that_takes_too_long_is_answered_and_closed(small: Served) -> None:
    began = time.monotonic()
    with small.connect() as connection:
        connection.sendall(head("POST", "/", content_length="10") + b"half")
        answer = read_answer(connection)
        assert (answer.status, answer.header("content-type"), answer.json["code"]) == (408, PROBLEM, "request_timeout")
        assert connection.recv(1) == b""
    assert 1.9 < time.monotonic() - began < 20


def test_a_number_of_proxies_that_is_none_is_a_sentence() -> None:
    command = [
        sys.executable,
        "-m",
        "webserver.serve",
        "tests.webserver.application:application",
        "127.0.0.1",
        "1",
        "2",
        "1",
    ]
    environment = os.environ | {"TRUSTED_PROXIES": "one"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert done.stderr.startswith("TRUSTED_PROXIES must be a whole number")
    assert "Traceback" not in done.stderr
