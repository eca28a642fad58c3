"""The keys of pickup codes: which are known, and how many open codes need each (contract sections 5 and 7)."""

import base64
import secrets
from dataclasses import dataclass

from django.conf import settings
from django.db.models import Count
from django.utils.timezone import now

from clickcollect.oms.models import CodeIssue


@dataclass(frozen=True, kw_only=True)
class KeyUse:
    """One key id: whether its key is at hand, whether new codes use it, how many open codes were made with it."""

    key_id: str
    is_known: bool
    is_newest: bool
    open_issues: int


def census() -> list[KeyUse]:
    """Every key that is configured or still needed, newest first, lost ones last."""
    counted = CodeIssue.objects.filter(closed_at=None).values("key_id").annotate(n=Count("id")).order_by("key_id")
    needed = {row["key_id"]: row["n"] for row in counted}
    known = list(settings.PICKUP_CODE_KEYS)
    return [
        KeyUse(
            key_id=key_id,
            is_known=key_id in known,
            is_newest=known[:1] == [key_id],
            open_issues=needed.get(key_id, 0),
        )
        for key_id in [*known, *(lost for lost in needed if lost not in known)]
    ]


def new_key() -> str:
    """A fresh `id:base64` entry for PICKUP_CODE_KEYS, to stand before the others. The id is the time it was made."""
    return f"{now():k%Y%m%d%H%M%S}:{base64.b64encode(secrets.token_bytes(32)).decode()}"
