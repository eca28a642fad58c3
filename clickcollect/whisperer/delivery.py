"""One letter, one attempt: check, fill, sign, post, and say what came of it.

The filled body exists in this module's local variables while the request is sent. It is in no exception, log line or
outcome; an answer's body is thrown away unread beyond what keeps the connection usable.
"""

import asyncio
import base64
import json
import logging
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any, Final

import aiohttp
from yarl import URL

from clickcollect import __version__
from clickcollect.whisperer import certificates, custom_headers, encryption, hooks, retry, signing, targets
from clickcollect.whisperer.claims import Claimed
from clickcollect.whisperer.hook_validation import is_reserved
from clickcollect.whisperer.models import HOOK_PASSWORD, DeliveryState, Hook, Reason
from clickcollect.whisperer.outcomes import Outcome
from clickcollect.whisperer.registry import Expired, Extra, Unwanted

CONNECT_SECONDS: Final = 5.0
TOTAL_SECONDS: Final = 15.0
LARGEST_ANSWER: Final = 65_536
ANSWER_SECONDS: Final = 1.0
USER_AGENT: Final = f"clickcollect-whisperer/{__version__}"
logger = logging.getLogger(__name__)


class FillFailed(Exception):
    """The code could not be added; why is not carried along, it might hold the code."""


Filled = Extra | Unwanted | FillFailed


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What the receiver said, as far as we listen; or why there is no answer."""

    status: int | None = None
    reason: Reason | None = None
    retry_after: str = field(default="", repr=False)


def new_session() -> aiohttp.ClientSession:
    """Connections to checked addresses only; no cookies, no proxies of the environment, nothing unpacked."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, ttl_dns_cache=10, socket_factory=targets.open_socket),
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=TOTAL_SECONDS, connect=CONNECT_SECONDS),
        auto_decompress=False,
        trust_env=False,
    )


async def deliver(letter: Claimed, *, session: aiohttp.ClientSession, filled: Filled | None = None) -> Outcome:
    """Make one attempt. Never raises but for being cancelled."""
    start = monotonic()
    started_at = letter.clock + timedelta(seconds=start - letter.at)
    refused = unsent(letter, filled, started_at=started_at)
    if refused is not None:
        return refused
    extra = filled if isinstance(filled, dict) else {}
    try:
        body = body_of(letter, extra)
        headers = headers_of(letter, body=body, now=started_at.timestamp())
    except encryption.KeyLost:
        answer = Answer(reason=Reason.SECRET_UNREADABLE)
    else:
        answer = await post(session, url=letter.hook.target_url, body=body, headers=headers)
    duration_ms = int((monotonic() - start) * 1000)
    return outcome_of(letter, answer, started_at=started_at, duration_ms=duration_ms)


def unsent(letter: Claimed, filled: Filled | None, *, started_at: datetime) -> Outcome | None:
    """What becomes of a letter that must not, or cannot, go out now."""
    refusal = verdict(letter, filled)
    if refusal is not None:
        state, reason = refusal
        return Outcome(letter=letter, state=state, reason=reason, attempted=False, started_at=started_at)
    if letter.is_late:
        return released(letter, started_at=started_at)
    if isinstance(filled, FillFailed) or (letter.code_bearing and filled is None):
        return outcome_of(letter, Answer(reason=Reason.FILL_FAILED), started_at=started_at, duration_ms=0)
    return None


def verdict(letter: Claimed, filled: Filled | None) -> tuple[DeliveryState, str] | None:
    """How a letter ends without being sent, and why; None when it may be sent."""
    hook, dead = letter.hook, DeliveryState.DEAD
    if hook.deleted_at is not None:
        return dead, Reason.HOOK_DELETED
    if not hook.is_active and not letter.is_test:
        return dead, hook.stopped_reason or Reason.HOOK_INACTIVE
    if letter.payload is None:
        return dead, Reason.PAYLOAD_ERASED
    if isinstance(filled, Unwanted):
        return (dead if isinstance(filled, Expired) else DeliveryState.SUPERSEDED), filled.reason
    return None


def released(letter: Claimed, *, started_at: datetime | None = None) -> Outcome:
    """Give a letter back as it was: nothing was sent."""
    return Outcome(
        letter=letter,
        state=DeliveryState.QUEUED if letter.attempts == 1 else DeliveryState.RETRYING,
        wait=0.0,
        attempted=False,
        started_at=started_at or letter.clock,
    )


def body_of(letter: Claimed, extra: Mapping[str, Any]) -> bytes:
    """The envelope, made once per attempt; the signature covers exactly these bytes."""
    issued_at = letter.issued_at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    test = ', "test": true' if letter.is_test else ""
    payload = letter.payload or "{}"
    if extra:
        payload = json.dumps(json.loads(payload) | extra, ensure_ascii=False)
    return (
        f'{{"event": {{"type": {json.dumps(letter.type)}, "uuid": "{letter.uuid}", "issued_at": "{issued_at}", '
        f'"sequence": {letter.sequence}{test}}}, "payload": {payload}}}'
    ).encode()


def headers_of(letter: Claimed, *, body: bytes, now: float) -> dict[str, str]:
    """The hook's own headers, and over them ours. Raises KeyLost: a letter is never sent unsigned instead."""
    head = letterhead_of(letter.hook)
    return (
        head.headers
        | {signing.EVENT_HEADER: letter.type}
        | signing.sign(body=body, uuid=letter.uuid, now=now, secret=head.secret, previous=head.previous)
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Letterhead:
    """What all letters of a hook share. In memory only."""

    headers: dict[str, str] = field(repr=False)
    secret: str = field(repr=False)
    previous: str = field(repr=False)


def letterhead_of(hook: Hook) -> Letterhead:
    """Made once for each version of the hook that a worker has seen. Raises KeyLost."""
    kept: Letterhead | None = vars(hook).get("letterhead")
    if kept is not None:
        return kept
    secret, previous = [*hooks.secrets_of(hook), "", ""][:2]
    own = {name: value for name, value in custom_headers.read(hook).items() if not is_reserved(name)}
    fixed = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
    headers = {"User-Agent": USER_AGENT} | own | authorization_of(hook) | fixed
    vars(hook)["letterhead"] = found = Letterhead(headers=headers, secret=secret, previous=previous)
    return found


def authorization_of(hook: Hook) -> dict[str, str]:
    auth = hook.config.get("auth") or {}
    if auth.get("auth_type") != "basic":
        return {}
    password = encryption.unseal(hook.auth_password, purpose=HOOK_PASSWORD)
    pair = f"{auth.get('username', '')}:{password}".encode()
    return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}


async def post(session: aiohttp.ClientSession, *, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
    """Send one request. Whatever goes wrong is an answer too."""
    try:
        async with session.post(URL(url), data=body, headers=headers, allow_redirects=False) as response:
            answer = Answer(status=response.status, retry_after=response.headers.get("Retry-After", ""))
            if not await is_read_out(response):
                response.close()
            return answer
    except TimeoutError:
        return Answer(reason=Reason.TIMEOUT)
    except aiohttp.ClientSSLError as error:
        return Answer(reason=certificates.reason_of(error))
    except (aiohttp.InvalidURL, aiohttp.ClientConnectorError) as error:
        banned = targets.MARK in str(error) or isinstance(error, aiohttp.InvalidURL)
        return Answer(reason=Reason.ADDRESS_REFUSED if banned else Reason.NO_CONNECTION)
    except (aiohttp.ClientError, OSError, ValueError):
        return Answer(reason=Reason.BROKEN_ANSWER)
    except Exception as error:  # noqa: BLE001  its text might hold the body
        logger.error("posting failed unexpectedly: %s", type(error).__name__)  # noqa: TRY400
        return Answer(reason=Reason.INTERNAL_ERROR)


async def is_read_out(response: aiohttp.ClientResponse) -> bool:
    """Read a short answer to its end, so that the connection serves again. The status has decided already."""
    if response.content.at_eof():
        return True
    left = LARGEST_ANSWER
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            while left > 0:
                chunk = await response.content.read(left)
                if not chunk:
                    return True
                left -= len(chunk)
    except (TimeoutError, aiohttp.ClientError, OSError):
        pass
    return False


def outcome_of(letter: Claimed, answer: Answer, *, started_at: datetime, duration_ms: int) -> Outcome:
    """2xx is delivered, 410 stops the hook, everything else is tried again as `retry` says (contract section 3)."""
    reason = answer.reason or reason_of(answer.status or 0)
    if reason is None:
        state, wait = DeliveryState.DELIVERED, None
    elif reason == Reason.GONE:
        state, wait = DeliveryState.DEAD, None
    else:
        decision = retry.next_attempt(
            retry.Failure(
                attempts=letter.attempts,
                age=letter.age,
                code_bearing=letter.code_bearing,
                status=answer.status,
                retry_after=answer.retry_after,
            ),
            config=letter.hook.retry_countdown_config,
            now=started_at,
            chance=random.random,
        )
        wait, reason = decision.wait, decision.reason or reason
        state = DeliveryState.DEAD if wait is None else DeliveryState.RETRYING
    return Outcome(
        letter=letter,
        state=state,
        reason=reason or "",
        status_code=answer.status,
        wait=wait,
        answered=None if reason in OURS else state == DeliveryState.DELIVERED,
        started_at=started_at,
        duration_ms=duration_ms,
        stops_hook=reason == Reason.GONE,
    )


OURS: Final = (Reason.FILL_FAILED, Reason.SECRET_UNREADABLE, Reason.INTERNAL_ERROR)  # not the receiver's fault


def reason_of(status: int) -> Reason | None:
    """Why a status is a failure; None when it is none."""
    if 200 <= status < 300:
        return None
    if status == 410:
        return Reason.GONE
    if status == 429:
        return Reason.THROTTLED
    if 300 <= status < 400:
        return Reason.REDIRECT
    return Reason.SERVER_ERROR if status >= 500 else Reason.REFUSED
