"""One attempt, without a worker and without a database: what goes out, and what each answer makes of the delivery."""

import asyncio
import base64
import gzip
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from time import monotonic
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from clickcollect.whisperer import claims, custom_headers, encryption, signing
from clickcollect.whisperer import delivery as sending
from clickcollect.whisperer.claims import Claimed
from clickcollect.whisperer.delivery import Answer, CodeNotAdded
from clickcollect.whisperer.models import HOOK_PASSWORD, DeliveryState, Hook, Reason
from clickcollect.whisperer.registry import Expired, Superseded
from tests.whisperer.claimed import CLOCK, claimed, hook_with

STANDARD, OLDER = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_aW5jb3JyZWN0LXNlY3JldC1mb3ItdGVzdHM="


# --- what an answer makes of a delivery (contract section 3) ---

REFUSED = [199, 400, 404, 409, 411, 428, 430, 499]
BY_STATUS = {
    "": [200, 201, 204, 299],
    "redirect": [300, 301, 308, 399],
    "refused": REFUSED,
    "gone": [410],
    "throttled": [429],
    "server_error": [500, 501, 503, 599],
}
STATUSES = [(status, reason) for reason, statuses in BY_STATUS.items() for status in statuses]


def outcome(answer: Answer, **fields: Any) -> Any:
    return sending.outcome_of(claimed(**fields), answer, started_at=CLOCK, duration_ms=12)


@pytest.mark.parametrize(("status", "reason"), STATUSES)
def test_each_status_has_one_meaning(status: int, reason: str) -> None:
    got = outcome(Answer(status=status))
    state = {"": DeliveryState.DELIVERED, "gone": DeliveryState.DEAD}.get(reason, DeliveryState.RETRYING)
    assert (got.state, got.reason, got.status_code, got.duration_ms) == (state, reason, status, 12)
    assert got.wait == (7 if state == DeliveryState.RETRYING else None)
    assert (got.answered, got.stops_hook, got.attempted) == (reason == "", reason == "gone", True)


OWN_FAULTS = {Reason.FILL_FAILED, Reason.SECRET_UNREADABLE, Reason.INTERNAL_ERROR}


@pytest.mark.parametrize("reason", [Reason.TIMEOUT, Reason.NO_CONNECTION, Reason.BROKEN_ANSWER, *sorted(OWN_FAULTS)])
def test_no_answer_is_tried_again_and_blamed_on_the_receiver_only_when_it_is_theirs(reason: Reason) -> None:
    got = outcome(Answer(reason=reason))
    assert (got.state, got.reason, got.wait, got.status_code) == (DeliveryState.RETRYING, reason, 7, None)
    assert got.answered is (None if reason in OWN_FAULTS else False)
    assert not got.stops_hook


def test_after_the_last_attempt_it_is_a_dead_letter_and_says_so() -> None:
    got = outcome(Answer(status=500), attempts=100)
    assert (got.state, got.reason, got.wait) == (DeliveryState.DEAD, Reason.TOO_MANY_ATTEMPTS, None)
    assert got.answered is False


# --- what is not sent ---

ENDS_UNSENT = [
    (hook_with(deleted_at=CLOCK), {}, None, ("dead", "hook_deleted")),
    (hook_with(is_active=False), {}, None, ("dead", "hook_inactive")),
    (hook_with(is_active=False, stopped_reason="gone"), {}, None, ("dead", "gone")),
    (hook_with(deleted_at=CLOCK), {"is_test": True}, None, ("dead", "hook_deleted")),
    (hook_with(), {"payload": None}, None, ("dead", "payload_erased")),
    (hook_with(), {"code_bearing": True}, Superseded("newer_code"), ("superseded", "newer_code")),
    (hook_with(), {"code_bearing": True}, Expired(), ("dead", "expired")),
]
IS_SENT: list[tuple[Hook, dict[str, Any], Any]] = [
    (hook_with(), {}, None),
    (hook_with(), {"code_bearing": True}, {"otp": {"code": "482913"}}),
    (hook_with(), {"code_bearing": True}, {}),
    (hook_with(is_active=False), {"is_test": True}, None),
    (hook_with(), {"attempts": 99}, None),
]


@pytest.mark.parametrize(("hook", "fields", "added", "end"), ENDS_UNSENT)
def test_what_must_not_be_sent_ends_and_counts_no_attempt(
    hook: Hook, fields: dict[str, Any], added: Any, end: tuple[str, str]
) -> None:
    got = sending.outcome_unsent(claimed(hook, **fields), added, started_at=CLOCK)
    assert got is not None
    assert ((got.state, got.reason), got.wait, got.answered) == (end, None, None)
    assert not got.attempted
    assert not got.stops_hook


@pytest.mark.parametrize(("hook", "fields", "added"), IS_SENT)
def test_everything_else_is_sent(hook: Hook, fields: dict[str, Any], added: Any) -> None:
    assert sending.outcome_unsent(claimed(hook, **fields), added, started_at=CLOCK) is None


@pytest.mark.parametrize(("attempts", "state"), [(1, "queued"), (2, "retrying"), (3, "retrying")])
def test_what_comes_too_late_to_be_sent_is_given_back_as_it_was(attempts: int, state: str) -> None:
    late = claimed(attempts=attempts, at=monotonic() - claims.START_WITHIN_SECONDS - 0.1)
    got = sending.outcome_unsent(late, None, started_at=CLOCK + timedelta(seconds=9))
    assert got is not None
    assert (got.state, got.wait, got.answered, got.started_at) == (state, 0.0, None, CLOCK + timedelta(seconds=9))
    assert not got.attempted
    assert sending.released(late).started_at == CLOCK


@pytest.mark.parametrize("added", [CodeNotAdded(), None])
def test_without_its_code_it_is_not_sent_but_tried_again(added: CodeNotAdded | None) -> None:
    got = sending.outcome_unsent(claimed(code_bearing=True), added, started_at=CLOCK)
    assert got is not None
    assert (got.state, got.reason, got.wait, got.answered) == ("retrying", "fill_failed", 7, None)
    assert (got.attempted, got.duration_ms, got.started_at) == (True, 0, CLOCK)


# --- what is sent ---


def test_a_body_is_utf8_as_it_is_written_with_a_code_and_without() -> None:
    plain = sending.body_of(claimed(), {})
    coded = sending.body_of(claimed(is_test=True), {"otp": {"code": "482913", "name": "Ayşe"}})
    assert json.loads(plain) == {
        "event": {"type": "test.news", "uuid": "0123abcd", "issued_at": "2026-11-28T09:00:00Z", "sequence": 4},
        "payload": {"number": "P-ü"},
    }
    assert json.loads(coded)["event"]["test"] is True
    assert json.loads(coded)["payload"] == {"number": "P-ü", "otp": {"code": "482913", "name": "Ayşe"}}
    assert "P-ü".encode() in plain
    assert "Ayşe".encode() in coded


def test_a_hook_s_own_headers_are_sent_but_none_in_place_of_ours() -> None:
    hook = hook_with(secret=STANDARD, previous=OLDER, config={"auth": {"auth_type": "basic", "username": "till"}})
    hook.auth_password = encryption.seal("pä:ss", purpose=HOOK_PASSWORD)
    theirs = {"X-Api-Key": "k", "User-Agent": "shop", "webhook-id": "evil", "Content-Type": "evil", "Host": "evil"}
    custom_headers.seal_headers(hook, theirs)
    sent = sending.headers_of(claimed(hook), body=b"{}", now=CLOCK.timestamp())
    assert {name: sent.get(name) for name in ("X-Api-Key", "User-Agent", "Content-Type", "Host", "webhook-id")} == {
        "X-Api-Key": "k",
        "User-Agent": "shop",
        "Content-Type": "application/json",
        "Host": None,
        "webhook-id": "0123abcd",
    }
    assert sent["X-Whisperer-Event"] == "test.news"
    assert base64.b64decode(sent["Authorization"].removeprefix("Basic ")).decode() == "till:pä:ss"
    assert len(sent["webhook-signature"].split()) == 2


def test_what_signs_is_unsealed_once_for_each_version_of_a_hook_and_shown_to_nobody() -> None:
    hook = hook_with(secret=STANDARD, previous=OLDER)
    custom_headers.seal_headers(hook, {"X-Api-Key": "private key"})
    shared = sending.hook_headers(hook)
    assert sending.hook_headers(hook) is shared
    assert (shared.secret, shared.previous) == (STANDARD, OLDER)
    assert not any(secret in repr(shared) for secret in (STANDARD, OLDER, "private key"))
    assert "482913" not in repr(Answer(retry_after="482913"))


def test_without_basic_authentication_no_authorization_is_sent() -> None:
    for config in ({}, {"auth": None}, {"auth": {"auth_type": "other", "username": "till"}}):
        assert "Authorization" not in sending.hook_headers(hook_with(config=config)).headers


# --- one request ---

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class Served:
    """A receiver: where it listens, how often it was asked, and by how many connections."""

    def __init__(self) -> None:
        self.url = ""
        self.requests = 0
        self.connections: set[Any] = set()


@asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[Served]:
    served = Served()

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        served.requests += 1
        assert request.transport is not None
        served.connections.add(request.transport.get_extra_info("peername"))
        await request.read()
        return await handler(request)

    runner = web.ServerRunner(web.Server(handle, access_log=None), shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    served.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    try:
        yield served
    finally:
        await runner.cleanup()


async def send(session: aiohttp.ClientSession, url: str) -> Answer:
    return await sending.send_request(session, url=url, body=b"{}", headers={"Content-Type": "application/json"})


async def two_requests(handler: Handler) -> tuple[list[int | None], int]:
    """The statuses of two requests, one after the other, and over how many connections they went."""
    async with serving(handler) as served, sending.new_session() as session:
        answers = [await send(session, served.url) for _ in range(2)]
        return [answer.status for answer in answers], len(served.connections)


def answering(body: bytes, **fields: Any) -> Handler:
    async def answer(_request: web.BaseRequest) -> web.Response:
        return web.Response(body=body, **fields)

    return answer


def answering_late(at_once: int, later: int, *, after: float = 0.05) -> Handler:
    """So many bytes come with the head, and so many more seconds after it."""

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": str(at_once + later)})
        await response.prepare(request)
        await response.write(b"x" * at_once)
        await asyncio.sleep(after)
        await response.write(b"x" * later)
        return response

    return answer


@pytest.mark.parametrize(
    ("handler", "connections"),
    [
        (answering(b""), 1),
        (answering(b"thank you"), 1),
        (answering(b"x" * 65_536), 1),
        (answering(b"not gzip", headers={"Content-Encoding": "gzip"}), 1),
        (answering(gzip.compress(bytes(1_000_000)), headers={"Content-Encoding": "gzip"}), 1),
        (answering_late(0, 2), 1),
        (answering_late(65_535, 1), 1),
        (answering_late(65_536, 1, after=600), 2),
        (answering_late(1_000_000, 1, after=600), 2),
    ],
    ids=["empty", "short", "64 KiB", "no gzip", "gzip", "late", "late 64 KiB", "more", "much more"],
)
def test_a_connection_serves_again_when_its_answer_is_short(
    handler: Handler, connections: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of an answer 64 KiB are read and never unpacked; nobody waits for what lies beyond."""
    monkeypatch.setattr(sending, "ANSWER_SECONDS", 60.0)
    assert asyncio.run(asyncio.wait_for(two_requests(handler), 30)) == ([200, 200], connections)


def test_the_end_of_a_short_answer_is_not_waited_for_either() -> None:
    assert 0 < sending.ANSWER_SECONDS < sending.TOTAL_SECONDS
    assert asyncio.run(asyncio.wait_for(two_requests(answering_late(1, 1, after=600)), 30)) == ([200, 200], 2)


def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    async def knock() -> tuple[int | None, int]:
        elsewhere = answering(b"", status=307, headers={"Location": "/elsewhere"})
        async with serving(elsewhere) as served, sending.new_session() as session:
            return (await send(session, served.url)).status, served.requests

    assert asyncio.run(knock()) == (307, 1)


def test_requests_to_one_address_do_not_wait_for_each_other() -> None:
    async def together() -> list[int | None]:
        everybody_is_here = asyncio.Event()

        async def answer(_request: web.BaseRequest) -> web.Response:
            if served.requests >= 8:
                everybody_is_here.set()
            await asyncio.wait_for(everybody_is_here.wait(), 60)
            return web.Response()

        async with serving(answer) as served, sending.new_session() as session:
            return [one.status for one in await asyncio.gather(*(send(session, served.url) for _ in range(8)))]

    assert asyncio.run(together()) == [200] * 8


def test_a_receiver_has_five_seconds_to_be_reached_and_fifteen_to_answer() -> None:
    """The figures of docs/hooks.md; and no proxy of the environment stands between."""

    async def session() -> tuple[float | None, float | None, bool]:
        async with sending.new_session() as session:
            return session.timeout.connect, session.timeout.total, session.trust_env

    assert asyncio.run(session()) == (5, 15, False)


def test_whatever_goes_wrong_is_an_answer(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(sending, "TOTAL_SECONDS", 0.2)

    async def silent(_request: web.BaseRequest) -> web.Response:
        await asyncio.sleep(60)
        return web.Response()

    async def reasons() -> list[Reason | None]:
        async with serving(silent) as served, sending.new_session() as session:
            urls = [served.url, "http://127.0.0.1:1/", "http://2130706433/", "http://[::1/", "http://169.254.169.254/"]
            found = [(await send(session, url)).reason for url in urls]
        with caplog.at_level(logging.DEBUG):
            return [*found, (await send(session, "http://127.0.0.1:1/?482913")).reason]  # the session is closed by now

    assert asyncio.run(reasons()) == [
        Reason.TIMEOUT,
        Reason.NO_CONNECTION,
        Reason.ADDRESS_REFUSED,
        Reason.BROKEN_ANSWER,
        Reason.ADDRESS_REFUSED,
        Reason.INTERNAL_ERROR,
    ]
    assert "RuntimeError" in caplog.text
    assert "482913" not in caplog.text


# --- one attempt ---


async def attempt(delivery: Claimed, added: Any = None) -> Any:
    async with sending.new_session() as session:
        return await sending.make_attempt(delivery, session=session, added=added)


@pytest.mark.parametrize("added", [None, {"otp": {"code": "482913"}}])
def test_what_arrives_is_the_event_with_its_code_and_signed_as_it_is(added: Any) -> None:
    got: list[tuple[bytes, str]] = []

    async def receive(request: web.BaseRequest) -> web.Response:
        got.append((await request.read(), request.headers["X-Whisperer-Signature"]))
        return web.Response()

    async def once() -> Any:
        async with serving(receive) as served:
            hook = hook_with(target_url=served.url, secret="s3cret")
            return await attempt(claimed(hook, code_bearing=added is not None), added)

    assert asyncio.run(once()).state == DeliveryState.DELIVERED
    ((body, signature),) = got
    assert json.loads(body)["payload"] == {"number": "P-ü"} | (added or {})
    assert signature == signing.whisperer_signature("s3cret", body=body)


def test_an_attempt_is_dated_by_the_database_s_clock_and_timed_in_milliseconds() -> None:
    async def slow(_request: web.BaseRequest) -> web.Response:
        await asyncio.sleep(0.1)
        return web.Response()

    async def once() -> Any:
        async with serving(slow) as served:
            return await attempt(claimed(hook_with(target_url=served.url), at=monotonic() - 3))

    got = asyncio.run(once())
    assert got.state == DeliveryState.DELIVERED
    assert 3 <= (got.started_at - CLOCK).total_seconds() < 60
    assert 100 <= got.duration_ms < 60_000


def test_what_cannot_be_signed_is_not_sent() -> None:
    async def once() -> tuple[Any, int]:
        async with serving(answering(b"")) as served:
            hook = hook_with(target_url=served.url)
            hook.secret = "lost:AAAA"
            return await attempt(claimed(hook)), served.requests

    got, requests = asyncio.run(once())
    assert (got.state, got.reason, got.answered, requests) == ("retrying", "secret_unreadable", None, 0)
