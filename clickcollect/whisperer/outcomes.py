"""Recording the outcomes of deliveries, a batch at a time: state, attempt and the endpoint's health, in one trip."""

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

import orjson
from django.db import connection, transaction

from clickcollect.whisperer import hooks, registry
from clickcollect.whisperer.claims import BACK_OFF_AFTER, PLANNED_ONCE, Claimed
from clickcollect.whisperer.models import ENDED, DeliveryState, Reason
from clickcollect.whisperer.registry import DeliveryEnded

LONGEST_PAUSE: Final = 30
IDLE_IN_TRANSACTION_TIMEOUT: Final = "5s"  # a worker that hangs in the middle loses its transaction
logger = logging.getLogger(__name__)

BEGIN: Final = f"{PLANNED_ONCE}, set_config('idle_in_transaction_session_timeout', %s, true)"
RECORD: Final = """
WITH outcome AS (
    SELECT * FROM jsonb_to_recordset(%s::jsonb) AS t(id bigint, fencing_token bigint, state text, reason text,
        status_code int, wait float8, attempted bool, started_at timestamptz, duration_ms int)
), closed AS (
    UPDATE whisperer_delivery d
    SET state = outcome.state, reason = outcome.reason, status_code = outcome.status_code, lease_until = NULL,
        attempts = d.attempts - (NOT outcome.attempted)::int,
        next_attempt_at = CASE WHEN outcome.wait IS NULL THEN d.next_attempt_at
                               ELSE now() + outcome.wait * interval '1 second' END,
        finished_at = CASE WHEN outcome.wait IS NULL THEN now() END
    FROM outcome WHERE d.id = outcome.id AND d.fencing_token = outcome.fencing_token AND d.lease_until IS NOT NULL
    RETURNING d.id, d.attempts
), tried AS (
    INSERT INTO whisperer_attempt (delivery_id, number, started_at, duration_ms, status_code, reason)
    SELECT id, closed.attempts, started_at, duration_ms, status_code, reason
    FROM outcome JOIN closed USING (id) WHERE attempted
)
SELECT id FROM closed
"""
HEALTH: Final = f"""
UPDATE whisperer_endpoint e
SET failures = fresh.failures, last_reason = outcome.reason,
    failing_since = CASE WHEN fresh.failures < {BACK_OFF_AFTER} THEN NULL
                         WHEN outcome.answered THEN now() ELSE coalesce(e.failing_since, now()) END,
    paused_until = CASE WHEN fresh.failures < {BACK_OFF_AFTER} THEN NULL
                        ELSE now() + least({LONGEST_PAUSE}, 2 ^ least(fresh.failures - {BACK_OFF_AFTER - 1}, 9))
                                     * interval '1 second' END
FROM jsonb_to_recordset(%s::jsonb) AS outcome(id bigint, failures int, answered bool, reason text)
JOIN whisperer_endpoint seen USING (id)
CROSS JOIN LATERAL (
    SELECT CASE WHEN outcome.answered THEN 0 ELSE seen.failures END + outcome.failures AS failures
) fresh
WHERE e.id = outcome.id AND (outcome.failures > 0 OR seen.failures > 0)
"""  # noqa: S608  whole numbers of ours


class Outcome(NamedTuple):
    """What became of one claimed delivery.

    ``wait``: seconds until it is due again, None when it has ended. ``attempted``: whether a request went out.
    ``answered``: the receiver took it (True), failed it (False), or was not asked (None).
    """

    delivery: Claimed
    state: DeliveryState
    started_at: datetime
    reason: str = ""
    status_code: int | None = None
    wait: float | None = None
    attempted: bool = True
    answered: bool | None = None
    duration_ms: int = 0
    stops_hook: bool = False


def record_outcomes(outcomes: Sequence[Outcome]) -> int:
    """Record a batch and notify the listeners, all or nothing; returns how many were still this worker's."""
    with transaction.atomic(), connection.cursor() as other, connection.cursor() as cursor:
        with connection.wrap_database_errors, connection.connection.pipeline():  # all at once
            other.execute(BEGIN, [IDLE_IN_TRANSACTION_TIMEOUT])
            cursor.execute(RECORD, [rows_of(outcomes)])
            other.execute(HEALTH, [health_of(outcomes)])
        closed = {row[0] for row in cursor.fetchall()}
        kept = [outcome for outcome in outcomes if outcome.delivery.id in closed]
        registry.notify_listeners([delivery_ended(outcome) for outcome in kept if outcome.state in ENDED])
    for hook_id in {outcome.delivery.hook.pk for outcome in kept if outcome.stops_hook}:
        hooks.stop_hook(hook_id, reason=Reason.GONE)
    if len(closed) != len(outcomes):
        logger.warning("%s outcomes came after their lease and were refused", len(outcomes) - len(closed))
    return len(closed)


def rows_of(outcomes: Sequence[Outcome]) -> str:
    """One JSON text for all: an array for each column takes ten times as long to adapt."""
    return orjson.dumps(
        [
            {
                "id": one.delivery.id,
                "fencing_token": one.delivery.fencing_token,
                "state": one.state.value,
                "reason": str(one.reason)[:40],
                "status_code": one.status_code,
                "wait": one.wait,
                "attempted": one.attempted,
                "started_at": one.started_at,
                "duration_ms": one.duration_ms,
            }
            for one in outcomes
        ]
    ).decode()


def health_of(outcomes: Sequence[Outcome]) -> str:
    """Per endpoint: failures since the last delivery that was taken, whether one was, and why the last one failed."""
    found: dict[int, tuple[int, bool, str]] = {}
    for one in outcomes:
        failures, answered, _reason = found.get(one.delivery.endpoint_id, (0, False, ""))
        if one.answered is True:
            found[one.delivery.endpoint_id] = (0, True, "")
        elif one.answered is False:
            found[one.delivery.endpoint_id] = (failures + 1, answered, str(one.reason))
    names = ("id", "failures", "answered", "reason")
    return orjson.dumps([dict(zip(names, (key, *found[key]), strict=True)) for key in sorted(found)]).decode()


def delivery_ended(outcome: Outcome) -> DeliveryEnded:
    delivery = outcome.delivery
    return DeliveryEnded(
        delivery_id=delivery.id,
        event_uuid=delivery.uuid,
        event_type=delivery.type,
        subject=delivery.subject,
        state=outcome.state.value,
        reason=str(outcome.reason),
        is_test=delivery.is_test,
    )
