"""Nothing is kept for ever. A finished event is remembered longer than any copy of it is still answered."""

import time
from datetime import UTC, datetime, timedelta

from django.db.models import Exists, OuterRef
from django.db.models.functions import Now

from extension.models import Message, Package, Receipt

ANSWERED = timedelta(days=60)  # an older event gets no message, whoever sends it again
REMEMBERED = timedelta(days=90)
RECEIPTS_TRIED = timedelta(days=7)
EVERY_SECONDS = 3600.0

_next_sweep = 0.0


def is_too_old(issued_at: datetime | None) -> bool:
    """An event so old that we may have forgotten that we finished it."""
    return issued_at is not None and datetime.now(UTC) - issued_at > ANSWERED


def sweep_now_and_then() -> None:
    """Once an hour."""
    global _next_sweep  # noqa: PLW0603
    if time.monotonic() >= _next_sweep:
        _next_sweep = time.monotonic() + EVERY_SECONDS
        forget_old_rows()


def forget_old_rows() -> None:
    """Forget what nobody will ask for again."""
    Message.objects.filter(received_at__lt=Now() - REMEMBERED).delete()
    Receipt.objects.filter(created_at__lt=Now() - RECEIPTS_TRIED).delete()
    rest = Message.objects.filter(package_id=OuterRef("pk"))
    Package.objects.filter(~Exists(rest)).delete()
