"""One attempt of one delivery: check, add the code, sign, POST, and return the outcome.

The body with its code exists in this module's local variables while the request is sent. It is in no exception, log
line or outcome; an answer's body is thrown away unread beyond what keeps the connection usable.
"""

import asyncio
import base64
import contextlib
import json
import logging
import random
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic
from typing import Any, Final

import aiohttp
from django.db import DatabaseError
from django.db.utils import InterfaceError
from yarl import URL

from clickcollect import __version__
from clickcollect.whisperer import certificates, custom_headers, encryption, hooks, registry, retry, signing, targets
from clickcollect.whisperer.claims import Claimed
from clickcollect.whisperer.hook_validation import is_reserved
from clickcollect.whisperer.models import HOOK_PASSWORD, DeliveryState, Event, Hook, Reason
from clickcollect.whisperer.outcomes import Outcome
from clickcollect.whisperer.registry import Expired, Extra, NotSendable
from clickcollect.wire_format import utc

CONNECT_SECONDS: Final = 5.0
TOTAL_SECONDS: Final = 15.0
LARGEST_ANSWER_BYTES: Final = 65_536
ANSWER_SECONDS: Final = 1.0
USER_AGENT: Final = f"clickcollect-whisperer/{__version__}"
logger = logging.getLogger(__name__)


class CodeNotAdded(Exception):
    """The code could not be added; why is not carried along, it might hold the code."""


AddedCode = Extra | NotSendable | CodeNotAdded
AddMany = Callable[[Sequence[Event]], Sequence[Extra | Exception]]
DATABASE_ERRORS: Final = (DatabaseError, InterfaceError)


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """The receiver's status and `Retry-After`, or why there is no answer. Its body is never kept."""

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


async def make_attempt(delivery: Claimed, *, session: aiohttp.ClientSession, added: AddedCode | None = None) -> Outcome:
    """Make one attempt. Never raises but for being cancelled."""
    start = monotonic()
    started_at = delivery.clock + timedelta(seconds=start - delivery.at)
    refused = outcome_unsent(delivery, added, started_at=started_at)
    if refused is not None:
        return refused
    extra = added if isinstance(added, dict) else {}
    try:
        body = body_of(delivery, extra)
        headers = headers_of(delivery, body=body, now=started_at.timestamp())
    except encryption.KeyLost:
        answer = Answer(reason=Reason.SECRET_UNREADABLE)
    else:
        answer = await send_request(session, url=delivery.hook.target_url, body=body, headers=headers)
    duration_ms = int((monotonic() - start) * 1000)
    return outcome_of(delivery, answer, started_at=started_at, duration_ms=duration_ms)


def outcome_unsent(delivery: Claimed, added: AddedCode | None, *, started_at: datetime) -> Outcome | None:
    """What becomes of a delivery that must not, or cannot, go out now."""
    refusal = final_state_unsent(delivery, added)
    if refusal is not None:
        state, reason = refusal
        return Outcome(delivery=delivery, state=state, reason=reason, attempted=False, started_at=started_at)
    if delivery.is_late:
        return released(delivery, started_at=started_at)
    if isinstance(added, CodeNotAdded) or (delivery.code_bearing and added is None):
        return outcome_of(delivery, Answer(reason=Reason.FILL_FAILED), started_at=started_at, duration_ms=0)
    return None


def final_state_unsent(delivery: Claimed, added: AddedCode | None) -> tuple[DeliveryState, str] | None:
    """How a delivery ends without being sent, and why; None when it may be sent."""
    hook, dead = delivery.hook, DeliveryState.DEAD
    if hook.deleted_at is not None:
        return dead, Reason.HOOK_DELETED
    if not hook.is_active and not delivery.is_test:
        return dead, hook.stopped_reason or Reason.HOOK_INACTIVE
    if delivery.payload is None:
        return dead, Reason.PAYLOAD_ERASED
    if isinstance(added, NotSendable):
        return (dead if isinstance(added, Expired) else DeliveryState.SUPERSEDED), added.reason
    return None


def released(delivery: Claimed, *, started_at: datetime | None = None) -> Outcome:
    """Give a delivery back as it was: nothing was sent."""
    return Outcome(
        delivery=delivery,
        state=DeliveryState.QUEUED if delivery.attempts == 1 else DeliveryState.RETRYING,
        wait=0.0,
        attempted=False,
        started_at=started_at or delivery.clock,
    )


def body_of(delivery: Claimed, extra: Mapping[str, Any]) -> bytes:
    """The envelope, made once per attempt; the signature covers exactly these bytes."""
    test = ', "test": true' if delivery.is_test else ""
    payload = delivery.payload or "{}"
    if extra:  # joined as text: PostgreSQL wrote the snapshot as an object, and no snapshot has what is added
        rest = payload[1:].lstrip()
        payload = json.dumps(extra, ensure_ascii=False)[:-1] + ("" if rest == "}" else ", ") + rest
    return (
        f'{{"event": {{"type": {json.dumps(delivery.type)}, "uuid": "{delivery.uuid}", '
        f'"issued_at": "{utc(delivery.issued_at)}", "sequence": {delivery.sequence}{test}}}, "payload": {payload}}}'
    ).encode()


def headers_of(delivery: Claimed, *, body: bytes, now: float) -> dict[str, str]:
    """The hook's own headers, and over them ours. Raises KeyLost: a delivery is never sent unsigned instead."""
    shared = hook_headers(delivery.hook)
    return (
        shared.headers
        | {signing.EVENT_HEADER: delivery.type}
        | signing.sign(body=body, uuid=delivery.uuid, now=now, secret=shared.secret, previous=shared.previous)
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class HookHeaders:
    """The headers that all deliveries of a hook share, and what signs them. In memory only."""

    headers: dict[str, str] = field(repr=False)
    secret: str = field(repr=False)
    previous: str = field(repr=False)


def hook_headers(hook: Hook) -> HookHeaders:
    """Built once for each version of a hook that a worker has seen. Raises KeyLost."""
    kept: HookHeaders | None = vars(hook).get("hook_headers")
    if kept is not None:
        return kept
    secret, previous = [*hooks.secrets_of(hook), "", ""][:2]
    own = {name: value for name, value in custom_headers.unseal_headers(hook).items() if not is_reserved(name)}
    fixed = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
    headers = {"User-Agent": USER_AGENT} | own | authorization_of(hook) | fixed
    vars(hook)["hook_headers"] = found = HookHeaders(headers=headers, secret=secret, previous=previous)
    return found


def authorization_of(hook: Hook) -> dict[str, str]:
    auth = hook.config.get("auth") or {}
    if auth.get("auth_type") != "basic":
        return {}
    password = encryption.unseal(hook.auth_password, purpose=HOOK_PASSWORD)
    pair = f"{auth.get('username', '')}:{password}".encode()
    return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}


async def send_request(session: aiohttp.ClientSession, *, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
    """Send one request. Whatever goes wrong is an answer too."""
    try:
        async with session.post(URL(url), data=body, headers=headers, allow_redirects=False) as response:
            status = response.status
            retry_after = "" if 200 <= status < 300 else response.headers.get("Retry-After", "")
            await drain_response(response)
            return Answer(status=status, retry_after=retry_after)
    except TimeoutError:
        return Answer(reason=Reason.TIMEOUT)
    except aiohttp.ClientSSLError as error:
        return Answer(reason=certificates.tls_failure_reason(error))
    except (aiohttp.InvalidURL, aiohttp.ClientConnectorError) as error:
        banned = targets.BANNED_MARKER in str(error) or isinstance(error, aiohttp.InvalidURL)
        return Answer(reason=Reason.ADDRESS_REFUSED if banned else Reason.NO_CONNECTION)
    except (aiohttp.ClientError, OSError, ValueError):
        return Answer(reason=Reason.BROKEN_ANSWER)
    except Exception as error:  # noqa: BLE001  its text might hold the body
        logger.error("posting failed unexpectedly: %s", type(error).__name__)  # noqa: TRY400
        return Answer(reason=Reason.INTERNAL_ERROR)


async def drain_response(response: aiohttp.ClientResponse) -> None:
    """Read a short answer to its end, so that the connection serves again; aiohttp closes it when there is more."""
    if response.content.is_eof():
        return  # it came with its head, and the connection is free again
    left = LARGEST_ANSWER_BYTES
    with contextlib.suppress(aiohttp.ClientError, OSError):  # a timeout is one too
        async with asyncio.timeout(ANSWER_SECONDS):
            while left and (chunk := await response.content.read(left)):
                left -= len(chunk)


def outcome_of(delivery: Claimed, answer: Answer, *, started_at: datetime, duration_ms: int) -> Outcome:
    """2xx is delivered, 410 stops the hook, everything else is tried again as `retry` says (contract section 3)."""
    reason = answer.reason or status_failure_reason(answer.status or 0)
    if reason is None:
        state, wait = DeliveryState.DELIVERED, None
    elif reason == Reason.GONE:
        state, wait = DeliveryState.DEAD, None
    else:
        decision = retry.next_attempt(
            retry.Failure(
                attempts=delivery.attempts,
                age=delivery.age,
                code_bearing=delivery.code_bearing,
                status=answer.status,
                retry_after=answer.retry_after,
            ),
            config=delivery.hook.retry_countdown_config,
            now=started_at,
            chance=random.random,
        )
        wait, reason = decision.wait, decision.reason or reason
        state = DeliveryState.DEAD if wait is None else DeliveryState.RETRYING
    return Outcome(
        delivery=delivery,
        state=state,
        reason=reason or "",
        status_code=answer.status,
        wait=wait,
        answered=None if reason in OWN_FAULTS else state == DeliveryState.DELIVERED,
        started_at=started_at,
        duration_ms=duration_ms,
        stops_hook=reason == Reason.GONE,
    )


OWN_FAULTS: Final = (Reason.FILL_FAILED, Reason.SECRET_UNREADABLE, Reason.INTERNAL_ERROR)  # not the receiver's fault


def status_failure_reason(status: int) -> Reason | None:
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


def add_codes(deliveries: Sequence[Claimed]) -> list[AddedCode]:
    """What is added to each just before it is sent, or why it must not go out. Runs in one thread, many at a time.

    An error's text is never read: it may hold a code. Raises DatabaseError, so that the connection is made anew.
    """
    found: dict[int, AddedCode] = {}
    together: dict[AddMany, list[int]] = defaultdict(list)
    for place, delivery in enumerate(deliveries):
        known = registry.find_type(delivery.type)
        if known is None or known.add_codes is None or delivery.is_test:
            found[place] = add_code(claimed_event(delivery, payload=json.loads(delivery.payload or "null")))
        else:
            together[known.add_codes].append(place)
    for add, places in together.items():
        found.update(zip(places, add_many(add, [claimed_event(deliveries[place]) for place in places]), strict=True))
    return [found[place] for place in range(len(deliveries))]


def claimed_event(delivery: Claimed, *, payload: Any = None) -> Event:
    """The event of a claimed delivery, without reading it again."""
    return Event(
        id=delivery.event_id,
        uuid=delivery.uuid,
        type=delivery.type,
        subject=delivery.subject,
        sequence=delivery.sequence,
        issued_at=delivery.issued_at,
        is_test=delivery.is_test,
        payload=payload,
    )


def add_many(add: AddMany, events: Sequence[Event]) -> list[AddedCode]:
    try:
        return [added_or_not(one, type_=event.type) for event, one in zip(events, add(events), strict=True)]
    except DATABASE_ERRORS:
        raise
    except Exception as error:  # noqa: BLE001
        return [added_or_not(error, type_=event.type) for event in events]


def add_code(event: Event) -> AddedCode:
    """The same for one event."""
    known = registry.find_type(event.type)
    if known is None or known.add_code is None:
        return CodeNotAdded()
    try:
        if event.is_test:
            example = known.example() if known.example else {}
            return {name: value for name, value in example.items() if name not in (event.payload or {})}
        return known.add_code(event)
    except DATABASE_ERRORS:
        raise
    except Exception as error:  # noqa: BLE001
        return added_or_not(error, type_=event.type)


def added_or_not(answer: Extra | Exception, *, type_: str) -> AddedCode:
    """A refusal is handed on without the frames that knew a code, any other error by its kind alone."""
    if isinstance(answer, NotSendable):
        ours = type(answer) in (registry.Superseded, registry.Expired)
        return type(answer)(answer.reason) if ours else answer
    if isinstance(answer, Exception):
        logger.error("adding the code of an event of type %s failed: %s", type_, type(answer).__name__)
        return CodeNotAdded()
    return answer
