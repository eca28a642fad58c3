"""Claiming deliveries that are due. Any number of workers may claim; no delivery is claimed by two at the same time.

Claims happen one after another (an advisory lock that ends with the transaction), so that each sees what the one
before took: one attempt at a time per subject and endpoint, at most so many at once per endpoint. Nothing here is a
cursor over ids: a low id that commits late is due like any other.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from time import monotonic
from typing import Any, Final, NamedTuple

from django.conf import settings
from django.db import connection

from clickcollect.whisperer import hooks
from clickcollect.whisperer.models import Hook, Reason

LEASE_SECONDS: Final = 25.0  # a killed worker's deliveries are back within 30 s, a second for polling included
START_WITHIN_SECONDS: Final = 8.0  # later, the post might outlive the lease
BACK_OFF_AFTER: Final = 10
ADVISORY_LOCK: Final = 7_316_203_491

# Generic plans, kept for a second (`dispatcher.DatabaseThread`), and forced index order: planning takes as long as
# claiming, and the table's statistics are always behind (docs/decisions/0005).
PLANNED_ONCE: Final = """
SELECT set_config('plan_cache_mode', 'force_generic_plan', true), set_config('jit', 'off', true),
       set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'off', true),
       set_config('enable_sort', 'off', true), set_config('enable_incremental_sort', 'off', true)
"""
LOCK_CLAIMS: Final = f"{PLANNED_ONCE}, pg_advisory_xact_lock(%s)"
# `BETWEEN key AND key` and `+ interval '0'` leave the planner no index but those by ordering key.
CLAIM: Final = """
WITH capacity AS MATERIALIZED (
    SELECT e.id, coalesce(e.paused_until > now(), false) AS paused,
           CASE WHEN e.failures >= %(back_off)s THEN 1 ELSE %(cap)s END
           - (SELECT count(*) FROM (
                SELECT FROM whisperer_delivery b WHERE b.endpoint_id = e.id AND b.state = 'delivering'
                AND (b.id, b.fencing_token) NOT IN (
                    SELECT * FROM unnest(%(acknowledged)s::bigint[], %(tokens)s::bigint[])
                )
                ORDER BY b.lease_until LIMIT %(cap)s
              ) under_way) AS free
    FROM whisperer_endpoint e WHERE NOT EXISTS (SELECT FROM whisperer_sendingpause WHERE ended_at IS NULL)
), due AS (
    -- Codes first, and even while the endpoint is backing off: a first try of a code is never held back.
    SELECT c.*, free, true AS code FROM capacity CROSS JOIN LATERAL (
        SELECT d.id, d.endpoint_id, d.ordering_key, d.next_attempt_at FROM whisperer_delivery d
        WHERE d.endpoint_id = capacity.id AND d.state = 'queued' AND d.code_bearing AND d.next_attempt_at <= now()
          AND (SELECT true FROM whisperer_delivery busy
               WHERE busy.ordering_key BETWEEN d.ordering_key AND d.ordering_key AND busy.state = 'delivering'
               ORDER BY busy.ordering_key LIMIT 1) IS NULL
          AND (SELECT true FROM whisperer_delivery older
               WHERE older.ordering_key BETWEEN d.ordering_key AND d.ordering_key
               AND older.state IN ('queued', 'retrying') AND older.state = 'queued'
               AND older.id < d.id AND older.next_attempt_at + interval '0' <= now()
               ORDER BY older.ordering_key, older.id LIMIT 1) IS NULL
        ORDER BY d.next_attempt_at, d.id LIMIT least(capacity.free, %(most)s)
    ) c WHERE capacity.free > 0
    UNION ALL
    SELECT c.*, free, false FROM capacity CROSS JOIN LATERAL (
        SELECT d.id, d.endpoint_id, d.ordering_key, d.next_attempt_at FROM whisperer_delivery d
        WHERE d.endpoint_id = capacity.id AND d.state IN ('queued', 'retrying') AND d.next_attempt_at <= now()
          AND NOT (d.code_bearing AND d.state = 'queued')
          AND (SELECT true FROM whisperer_delivery busy
               WHERE busy.ordering_key BETWEEN d.ordering_key AND d.ordering_key AND busy.state = 'delivering'
               ORDER BY busy.ordering_key LIMIT 1) IS NULL
          AND (SELECT true FROM whisperer_delivery older
               WHERE older.ordering_key BETWEEN d.ordering_key AND d.ordering_key
               AND older.state IN ('queued', 'retrying')
               AND older.id < d.id AND older.next_attempt_at + interval '0' <= now()
               ORDER BY older.ordering_key, older.id LIMIT 1) IS NULL
        ORDER BY d.next_attempt_at, d.id LIMIT least(capacity.free, %(most)s)
    ) c WHERE capacity.free > 0 AND NOT capacity.paused
), one_each AS (
    SELECT DISTINCT ON (ordering_key) * FROM due ORDER BY ordering_key, code DESC, id
), ranked AS (
    SELECT o.*, row_number() OVER (PARTITION BY endpoint_id ORDER BY code DESC, next_attempt_at, o.id) AS place
    FROM one_each o
), picked AS (
    SELECT id FROM ranked WHERE place <= free ORDER BY code DESC, place, next_attempt_at LIMIT %(most)s
), locked AS (
    SELECT d.id FROM whisperer_delivery d WHERE d.id = ANY(ARRAY(SELECT id FROM picked))
    AND d.lease_until IS NULL AND d.finished_at IS NULL FOR UPDATE SKIP LOCKED
)
UPDATE whisperer_delivery d
SET state = 'delivering', fencing_token = d.fencing_token + 1, attempts = d.attempts + 1,
    lease_until = now() + %(lease)s * interval '1 second'
FROM locked, whisperer_event e, whisperer_hook h
WHERE d.id = locked.id AND e.id = d.event_id AND h.id = d.hook_id
RETURNING d.id, d.fencing_token, d.attempts, d.hook_id, d.endpoint_id, d.subject, d.code_bearing,
          extract(epoch FROM now() - d.queued_at)::float8, extract(epoch FROM now())::float8,
          e.id, e.uuid, e.type, e.sequence, extract(epoch FROM e.issued_at)::float8, e.payload::text, e.is_test,
          h.xmin::text || coalesce(h.previous_secret_until > now(), false)
"""
REQUEUE_EXPIRED: Final = """
WITH lost AS (
    UPDATE whisperer_delivery
    SET state = 'retrying', reason = %(reason)s, status_code = NULL, next_attempt_at = now(),
        fencing_token = fencing_token + 1, lease_until = NULL
    WHERE state = 'delivering' AND lease_until < now()
    RETURNING id, attempts
)
INSERT INTO whisperer_attempt (delivery_id, number, started_at, duration_ms, reason)
SELECT id, attempts, now() - %(lease)s * interval '1 s', %(lease)s * 1000, %(reason)s FROM lost
"""


class Claimed(NamedTuple):
    """A delivery that is this worker's until its lease ends. ``fencing_token`` proves the claim.

    ``clock`` is the database's time of the claim and ``at`` this process's, so that no worker's clock is trusted.
    A tuple, which is made in a third of the time of a frozen dataclass: there are thousands a second.
    """

    id: int
    fencing_token: int
    attempts: int
    hook: Hook
    endpoint_id: int
    subject: str
    code_bearing: bool
    age: float
    clock: datetime
    at: float
    event_id: int
    uuid: str
    type: str
    sequence: int
    issued_at: datetime
    payload: str | None
    is_test: bool

    def __repr__(self) -> str:
        return f"<Claimed {self.id} #{self.fencing_token}>"

    @property
    def is_late(self) -> bool:
        """Whether a post that starts now could outlive the lease."""
        return monotonic() - self.at > START_WITHIN_SECONDS


KnownHooks = dict[int, tuple[str, Hook]]  # by id: the row's version, and the hook as it was then


def claim(most: int, known: KnownHooks | None = None, acknowledged: Sequence[Claimed] = ()) -> list[Claimed]:
    """Claim at most so many deliveries that are due. Runs in a thread with a connection of its own.

    Arguments: ``known``, the hooks of earlier claims, brought up to date in place; ``acknowledged``, this worker's
    deliveries that were answered with 2xx and are not recorded yet: they no longer count against the endpoint's limit.
    """
    values = {
        "most": most,
        "acknowledged": [delivery.id for delivery in acknowledged],
        "tokens": [delivery.fencing_token for delivery in acknowledged],
        "cap": settings.WEBHOOK_IN_FLIGHT_PER_ENDPOINT,
        "back_off": BACK_OFF_AFTER,
        "lease": LEASE_SECONDS,
    }
    at = monotonic()
    with connection.cursor() as lock, connection.cursor() as cursor:
        # One pipeline, one transaction; the second statement's snapshot is taken when the first has the lock.
        with connection.wrap_database_errors, connection.connection.pipeline():
            lock.execute(LOCK_CLAIMS, [ADVISORY_LOCK])
            cursor.execute(CLAIM, values)
        rows = cursor.fetchall()
    return claimed_with_hooks(rows, at=at, known={} if known is None else known) if rows else []


def claimed_with_hooks(rows: Sequence[tuple[Any, ...]], *, at: float, known: KnownHooks) -> list[Claimed]:
    """The hooks as they are now, deleted and stopped ones too: the sender decides."""
    versions: dict[int, str] = {row[3]: row[16] for row in rows}
    changed = [key for key, version in versions.items() if known.get(key, ("",))[0] != version]
    if changed:
        known.update((key, (versions[key], hook)) for key, hook in hooks.with_clock().in_bulk(changed).items())
    return [
        Claimed(
            id=row[0],
            fencing_token=row[1],
            attempts=row[2],
            hook=known[row[3]][1],
            endpoint_id=row[4],
            subject=row[5],
            code_bearing=row[6],
            age=row[7],
            clock=from_epoch(row[8]),
            at=at,
            event_id=row[9],
            uuid=row[10],
            type=row[11],
            sequence=row[12],
            issued_at=from_epoch(row[13]),
            payload=row[14],
            is_test=row[15],
        )
        for row in rows
    ]


def from_epoch(seconds: float) -> datetime:
    """Seconds since 1970 UTC, to the microsecond; parsed ten times as fast as a timestamp in text."""
    return datetime.fromtimestamp(seconds, UTC)


def requeue_expired_leases() -> int:
    """Requeue deliveries whose lease has run out; returns how many. A new fencing token shuts the lost worker out."""
    with connection.cursor() as cursor:
        cursor.execute(REQUEUE_EXPIRED, {"reason": Reason.WORKER_LOST.value, "lease": int(LEASE_SECONDS)})
        return int(cursor.rowcount)
