"""Sending can be paused: nothing is claimed, everything waits in its queue, until a person lets it go on."""

from django.db.models.functions import Now

from clickcollect.whisperer.models import IS_UNDELIVERED, Delivery, SendingPause
from clickcollect.whisperer.statistics import COUNTED_UP_TO


def begin(*, using: str) -> None:
    """Pause all sending from the next claim on; what is under way ends by itself. Said twice, it is still one pause."""
    if not SendingPause.objects.using(using).filter(ended_at=None).exists():
        SendingPause.objects.using(using).create()


def end(*, user_id: int | None) -> bool:
    """Let everything go out again; whether it was paused. ``user_id``: who decided it, None on the console."""
    return SendingPause.objects.filter(ended_at=None).update(ended_at=Now(), ended_by=user_id) > 0


def current() -> SendingPause | None:
    """The pause that lasts, if sending is paused."""
    return SendingPause.objects.filter(ended_at=None).first()


def waiting() -> int:
    """How many deliveries wait, counted up to 10,001."""
    return Delivery.objects.filter(IS_UNDELIVERED)[:COUNTED_UP_TO].count()
