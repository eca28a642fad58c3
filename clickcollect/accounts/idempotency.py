"""The same request twice is one request (contract section 2, `Idempotency-Key`).

The first one runs; the others get its answer, or hear that it still runs. What is kept is the answer
and a fingerprint of the request. The fingerprint leaves out codes and secrets and is keyed by a secret
outside the database, so that nothing at rest can be asked "was it this code?".
"""

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from clickcollect.accounts.models import IdempotencyKey
from clickcollect.errors import IdempotencyInProgress, IdempotencyMismatch, ValidationFailed

KEPT_FOR: Final = timedelta(hours=24)
IN_PROGRESS_ENDS_AFTER: Final = timedelta(seconds=60)
LONGEST_KEY: Final = 255
KEPT_STATUSES: Final = frozenset({*range(200, 300), 400, 409, 422})
SECRET_FIELDS: Final = frozenset(
    {"otp", "code", "password", "pin", "secret", "secret_key", "token", "authorization", "additional_headers"}
)


@dataclass(frozen=True, kw_only=True)
class Request:
    """A request as idempotency sees it: whose it is, its key, and what it asks for.

    ``caller`` such as "user:7"; ``subject``, everything that makes it this request: method, address, body,
    and the rights of the caller, so that an answer is never given to somebody with fewer.
    """

    caller: str
    key: str
    subject: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An answer as it goes over the wire."""

    status: int
    content_type: str = ""
    body: bytes = b""


def answer_once(request: Request, run: Callable[[], Answer], *, kept: frozenset[int] = KEPT_STATUSES) -> Answer:
    """Run a request once, however often it is sent within 24 hours.

    Arguments: ``run`` does the work, outside of any transaction of ours; ``kept``, the statuses that are given again,
    any other one may be tried again with the same key.
    Raises ValidationFailed for a key that is none, IdempotencyMismatch, IdempotencyInProgress.
    """
    if not 0 < len(request.key) <= LONGEST_KEY or not request.key.isprintable():
        raise ValidationFailed.of("Idempotency-Key", _("Give a key of 1 to 255 printable characters."))
    claimed = claim(request)
    if isinstance(claimed, Answer):
        return claimed
    try:
        answer = run()
    except Exception:
        free(claimed)
        raise
    if answer.status in kept:
        keep(claimed, answer)
    else:
        free(claimed)
    return answer


def claim(request: Request) -> IdempotencyKey | Answer:
    """Take the key, or find the answer that it led to."""
    fingerprint = fingerprint_of(request.subject)
    try:
        with transaction.atomic():
            row = IdempotencyKey.objects.create(caller=request.caller, key=request.key, fingerprint=fingerprint)
    except IntegrityError:
        return claim_again(request, fingerprint)
    row.refresh_from_db(fields=["started_at"])
    return row


def claim_again(request: Request, fingerprint: str) -> IdempotencyKey | Answer:
    """What to do about a key that was used before. Whoever takes it over does so in one conditional UPDATE."""
    row = IdempotencyKey.objects.annotate(clock=Now()).filter(caller=request.caller, key=request.key).first()
    if row is None:  # the first request ended this very moment and may be tried again
        raise IdempotencyInProgress
    age = row.clock - row.started_at
    if age <= KEPT_FOR:
        if not hmac.compare_digest(row.fingerprint, fingerprint):
            raise IdempotencyMismatch
        if row.status is not None:
            return Answer(status=row.status, content_type=row.content_type, body=bytes(row.body))
        if age <= IN_PROGRESS_ENDS_AFTER:
            raise IdempotencyInProgress
    seen = IdempotencyKey.objects.filter(pk=row.pk, started_at=row.started_at)
    fresh = {"started_at": Now(), "status": None, "content_type": "", "body": b"", "fingerprint": fingerprint}
    if seen.update(**fresh) != 1:
        raise IdempotencyInProgress
    row.refresh_from_db(fields=["started_at"])
    return row


def mine(row: IdempotencyKey) -> QuerySet[IdempotencyKey]:
    """The row of a request that runs; none once it was overtaken after 60 seconds."""
    return IdempotencyKey.objects.filter(pk=row.pk, started_at=row.started_at, status=None)


def keep(row: IdempotencyKey, answer: Answer) -> None:
    """Keep the answer for those who ask again."""
    mine(row).update(status=answer.status, content_type=answer.content_type, body=answer.body)


def free(row: IdempotencyKey) -> None:
    """Let the next one try again with the same key."""
    mine(row).delete()


def fingerprint_of(subject: Mapping[str, Any]) -> str:
    """A keyed hash of a request without its codes and secrets (RFC 2104)."""
    text = json.dumps(without_secrets(subject), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    key = f"idempotency fingerprint {settings.SECRET_KEY}".encode()
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def without_secrets(value: Any) -> Any:
    """The same, with every code and secret left out at any depth."""
    if isinstance(value, Mapping):
        return {name: without_secrets(inner) for name, inner in value.items() if name.lower() not in SECRET_FIELDS}
    if isinstance(value, list | tuple):
        return [without_secrets(inner) for inner in value]
    return value


def purge() -> int:
    """Throw away answers older than 24 hours. How many there were."""
    return IdempotencyKey.objects.filter(started_at__lt=Now() - KEPT_FOR).delete()[0]
