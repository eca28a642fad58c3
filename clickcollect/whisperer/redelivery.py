"""Sending again by hand, a dead letter or one that waits: same uuid, new time and signature, never an old code."""

from typing import Any
from uuid import uuid4

from django.db import transaction
from django.db.models import Max
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from clickcollect.errors import DomainError, NotFound
from clickcollect.whisperer import outbox, registry
from clickcollect.whisperer.models import Delivery, DeliveryState, Event, Hook, Reason
from clickcollect.whisperer.registry import Expired, NotSendable


class RedeliveryRefused(DomainError):
    """The delivery is not sent again. ``code`` and ``words`` are the reference's where it knows the case."""

    code = "event_100_2"
    status = 406
    title = _("Not sent again")
    words = ""


class AlreadyDelivered(RedeliveryRefused):
    code = "event_100_3"
    words = "Event already delivered"
    sentence = _("The receiver has this event already.")


class StillTrying(RedeliveryRefused):
    code = "event_100_6"
    words = "Event is still in retry process"
    sentence = _("This event is still being retried. Use “force” to send it now.")


class WasSuperseded(RedeliveryRefused):
    code = "event_superseded"
    words = "Event was superseded"
    sentence = _("A newer event superseded this one. Send a new code instead.")


class HasExpired(RedeliveryRefused):
    code = "event_expired"
    words = "Event has expired"
    sentence = _("The code of this event has expired. Extend the pickup or send a new code.")


class ContentsErased(RedeliveryRefused):
    code = "event_erased"
    words = "Event payload was erased"
    sentence = _("The contents of this event were erased. It cannot be sent again.")


class HookStopped(RedeliveryRefused):
    code = "webhook_inactive"
    words = "Webhook is not active"
    sentence = _("The webhook is off or deleted. Turn it on first.")


def redeliver_one(delivery_id: int, *, force: bool = False) -> Delivery:
    """Queue one delivery again. Raises RedeliveryRefused, NotFound."""
    rows = Delivery.objects.select_related("event", "hook")
    with transaction.atomic():
        delivery = rows.select_for_update(of=("self",)).filter(pk=delivery_id).first()
        if delivery is None:
            raise NotFound
        check_redeliverable(delivery, force=force)
        fresh: dict[str, Any] = {"next_attempt_at": Now()}
        if delivery.state == DeliveryState.DEAD:
            fresh |= {"state": DeliveryState.QUEUED, "attempts": 0, "queued_at": Now(), "finished_at": None}
            fresh |= {"reason": "", "endpoint": delivery.hook.endpoint_id}
        Delivery.objects.filter(pk=delivery.pk).update(**fresh)
        outbox.notify_dispatchers()
    return delivery


def may_go_again(delivery: Delivery) -> bool:
    """Whether it is worth asking: what arrived needs no second way, and what a newer event superseded has none."""
    return delivery.state not in (DeliveryState.DELIVERED, DeliveryState.SUPERSEDED)


def check_redeliverable(delivery: Delivery, *, force: bool) -> None:
    """Raises RedeliveryRefused."""
    state = delivery.state
    if state == DeliveryState.DELIVERED:
        raise AlreadyDelivered
    if state == DeliveryState.SUPERSEDED:
        raise WasSuperseded
    if state == DeliveryState.DELIVERING or (state != DeliveryState.DEAD and not force):
        raise StillTrying
    if delivery.reason == Reason.EXPIRED:
        raise HasExpired
    if delivery.event.payload is None:
        raise ContentsErased
    if not delivery.hook.is_active:
        raise HookStopped
    check_still_current(delivery.event)


def check_still_current(event: Event) -> None:
    """Whether the event's code still works, without deriving it. Raises RedeliveryRefused."""
    known = registry.find_type(event.type)
    if known is None or known.check_current is None or event.is_test:
        return
    try:
        known.check_current(event)
    except Expired:
        raise HasExpired from None
    except NotSendable:
        raise WasSuperseded from None


def send_test_event(hook: Hook) -> Event:
    """Send the type's example to one hook, marked as a test, with a made-up code where there is one.

    Raises HookStopped when the hook was deleted. A stopped hook may be tested.
    """
    known = registry.find_type(hook.event_type)
    if hook.deleted_at is not None or known is None:
        raise HookStopped
    example = known.example() if known.example else {}
    payload = {name: value for name, value in example.items() if name not in outbox.ADDED_KEYS}
    with transaction.atomic():
        Hook.objects.select_for_update().only("pk").get(pk=hook.pk)
        subject = f"test:{hook.pk}"
        last = Event.objects.filter(subject=subject).aggregate(last=Max("sequence"))["last"] or 0
        event = Event.objects.create(
            uuid=uuid4().hex,
            type=hook.event_type,
            subject=subject,
            sequence=last + 1,
            payload=payload,
            is_test=True,
        )
        outbox.queue_deliveries([event], hooks=[hook])
    return event
