"""Hooks and their events as JSON (contract section 3). No secret, no password, no body ever leaves."""

from typing import Any

from clickcollect.whisperer import custom_headers
from clickcollect.whisperer.custom_headers import Reader
from clickcollect.whisperer.models import Delivery, DeliveryState, Hook
from clickcollect.wire_format import utc


def hook_document(hook: Hook, *, reader: Reader | None = None) -> dict[str, Any]:
    """As ``reader`` may see it: the values of its own headers are for its owner, and for who decides where codes go."""
    with_values = custom_headers.may_read_values(reader, hook)
    return {
        "id": hook.pk,
        "event_type": hook.event_type,
        "target_url": hook.target_url,
        "is_active": hook.is_active,
        "retry_countdown_config": hook.retry_countdown_config or None,
        "additional_headers": custom_headers.headers_for_display(hook, with_values=with_values),
        "config": hook.config,
        "callback": hook.callback or None,
        "created_date": utc(hook.created_date),
        "modified_date": utc(hook.modified_date),
        "has_secret_key": bool(hook.secret),
        "stopped_reason": hook.stopped_reason or None,
        "stopped_date": utc(hook.stopped_at),
    }


def delivery_document(delivery: Delivery, *, reader: Reader | None = None) -> dict[str, Any]:
    """One event as it went to one hook: the reference's keys without its bodies, and what became of it."""
    event = delivery.event
    tries = list(delivery.tries.all())
    last = tries[-1] if tries else None
    return {
        "id": delivery.pk,
        "uuid": event.uuid,
        "event_type": delivery.event_type,
        "object_id": event.subject.partition(":")[2],
        "subject": event.subject,
        "sequence": event.sequence,
        "webhook": hook_document(delivery.hook, reader=reader),
        "delivered": delivery.state == DeliveryState.DELIVERED,
        "state": delivery.state,
        "reason": delivery.reason or None,
        "response_http_status": delivery.status_code,
        "response_time": last.duration_ms / 1000 if last else None,
        "request_datetimes": [utc(one.started_at) for one in reversed(tries)],
        "retry_count": delivery.attempts,
        "next_attempt_date": utc(delivery.next_attempt_at) if is_waiting(delivery) else None,
        "created_date": utc(event.issued_at),
        "modified_date": utc(delivery.finished_at or delivery.next_attempt_at),
    }


def is_waiting(delivery: Delivery) -> bool:
    return delivery.state in (DeliveryState.QUEUED, DeliveryState.RETRYING)
