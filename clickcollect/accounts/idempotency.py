"""The same request twice is one request (contract section 2, `Idempotency-Key`).

The first one runs; the others get its answer, or hear that it still runs. Commands and orders keep key and answer in
their own transaction (`Once`): a crash leaves no key, committed work always has its answer. Everything else does it
before and after its work (`answer_once`). What is kept is the answer and a fingerprint of the request. The fingerprint
leaves out codes and secrets and is keyed by a secret outside the database, so that nothing at rest can be asked "was
it this code?".
"""

import hashlib
import hmac
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from django.conf import settings
from django.db import DataError, IntegrityError, connection, transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext as _
from psycopg import errors

from clickcollect.accounts.models import IdempotencyKey
from clickcollect.errors import DomainError, IdempotencyInProgress, IdempotencyMismatch, ValidationFailed

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
    and the rights of the caller, so that an answer is never given to somebody with fewer. Never shown: a body may hold
    a customer's code.
    """

    caller: str
    key: str
    subject: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An answer as it goes over the wire."""

    status: int
    content_type: str = ""
    body: bytes = b""


class Replayed(Exception):
    """This request was carried out before."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        super().__init__(answer.status)


# 1 / 0 where somebody else holds the key: nothing that was sent along is carried out, or waits for a lock.
CLAIM: Final = "SELECT 1 / pg_try_advisory_xact_lock(hashtextextended(%s::text, 0))::int"
READ: Final = f"""
SELECT fingerprint, status, content_type, body FROM accounts_idempotencykey
WHERE caller = %s::text AND key = %s::text
    AND started_at > clock_timestamp() - interval '{KEPT_FOR.total_seconds()} s'
"""  # noqa: S608  (a constant of ours)
KEEP: Final = """
INSERT INTO accounts_idempotencykey AS kept (caller, key, fingerprint, started_at, status, content_type, body)
VALUES (%(caller)s::text, %(key)s::text, %(fingerprint)s::text, clock_timestamp(), %(status)s::smallint,
    %(content_type)s::text, %(body)s::bytea)
ON CONFLICT (caller, key) DO UPDATE SET fingerprint = excluded.fingerprint, started_at = excluded.started_at,
    status = excluded.status, content_type = excluded.content_type, body = excluded.body
"""
Statement = tuple[str, Mapping[str, Any] | Sequence[Any]]


@dataclass(kw_only=True)
class Once:
    """A request whose key and answer are written in the transaction of its work, by whoever does the work.

    ``render``: the answer to what the work led to, a DomainError or its result. ``is_settled``: whether the answer was
    written, or is none of this request's own.
    The work begins with `claim` and ends with `keep`; `claiming`, `claimed`, `judge` and `keeping` are the same for
    whoever sends several statements at once.
    """

    request: Request
    render: Callable[[Any], Answer]
    is_settled: bool = False

    def claiming(self) -> tuple[Statement, Statement]:
        """Hold the key until the transaction ends, without waiting; then see what became of it before."""
        request = self.request
        return (CLAIM, [f"{request.caller} {request.key}"]), (READ, [request.caller, request.key])

    @contextmanager
    def claimed(self) -> Iterator[None]:
        """Around whatever sends the first of these statements. Raises IdempotencyInProgress."""
        try:
            yield
        except DataError as error:
            if not isinstance(error.__cause__, errors.DivisionByZero):
                raise
            self.is_settled = True
            raise IdempotencyInProgress from None

    def judge(self, kept: Sequence[Any] | None) -> None:
        """Raise IdempotencyMismatch or, with the answer of before, Replayed."""
        self.is_settled = True
        fingerprint, status, content_type, body = kept or ("", None, "", b"")
        if kept and not hmac.compare_digest(fingerprint, fingerprint_of(self.request.subject)):
            raise IdempotencyMismatch
        if status is not None:
            raise Replayed(Answer(status=status, content_type=content_type, body=bytes(body)))
        self.is_settled = False

    def keeping(self, led_to: Any) -> Statement | None:
        """What writes the answer down; None for one that may be tried again with the same key."""
        answer = self.render(led_to)
        if answer.status not in KEPT_STATUSES:
            return None
        self.is_settled = True
        return KEEP, {
            "caller": self.request.caller,
            "key": self.request.key,
            "fingerprint": fingerprint_of(self.request.subject),
            "status": answer.status,
            "content_type": answer.content_type,
            "body": answer.body,
        }

    def look(self) -> None:
        """Say what became of the key before, so that a repeated request costs no work. Raises as `judge` does.

        Raises ValidationFailed for a key that is none.
        """
        check_key(self.request.key)
        with connection.cursor() as cursor:
            cursor.execute(*self.claiming()[1])
            self.judge(cursor.fetchone())

    def claim(self) -> None:
        """Begin, inside the transaction of the work. Raises as `judge` does."""
        claim, read = self.claiming()
        with self.claimed():
            row_of(claim)
        self.judge(row_of(read))

    def keep(self, led_to: Any) -> None:
        """End, inside the transaction of the work."""
        if statement := self.keeping(led_to):
            with connection.cursor() as cursor:
                cursor.execute(*statement)

    def settle(self, answer: Answer) -> None:
        """Keep the answer to a request that was refused before its work began."""
        if self.is_settled:
            return
        self.render = lambda _led_to: answer
        with suppress(DomainError, Replayed), transaction.atomic(durable=True):
            self.claim()
            self.keep(None)


def row_of(statement: Statement) -> Sequence[Any] | None:
    with connection.cursor() as cursor:
        cursor.execute(*statement)
        found: Sequence[Any] | None = cursor.fetchone()
    return found


def check_key(key: str) -> None:
    if not 0 < len(key) <= LONGEST_KEY or not key.isprintable():
        raise ValidationFailed.of("Idempotency-Key", _("Send a key of 1 to 255 printable characters."))


def answer_once(request: Request, run: Callable[[], Answer], *, kept: frozenset[int] = KEPT_STATUSES) -> Answer:
    """Run a request once, however often it is sent within 24 hours.

    Arguments: ``run`` does the work, outside of any transaction of ours; ``kept``, the statuses that are given again,
    any other one may be tried again with the same key.
    Raises ValidationFailed for a key that is none, IdempotencyMismatch, IdempotencyInProgress.
    """
    check_key(request.key)
    claimed = claim_key(request)
    if isinstance(claimed, Answer):
        return claimed
    try:
        answer = run()
    except Exception:
        free_key(claimed)
        raise
    if answer.status in kept:
        keep_answer(claimed, answer)
    else:
        free_key(claimed)
    return answer


def claim_key(request: Request) -> IdempotencyKey | Answer:
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


def keep_answer(row: IdempotencyKey, answer: Answer) -> None:
    """Keep the answer for those who ask again."""
    mine(row).update(status=answer.status, content_type=answer.content_type, body=answer.body)


def free_key(row: IdempotencyKey) -> None:
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
