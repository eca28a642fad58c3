"""The keys of codes and of secrets at rest: which are known, what needs each, and rotation (contract section 7)."""

from dataclasses import dataclass

from allauth.mfa.models import Authenticator
from cryptography.fernet import InvalidToken
from django.conf import settings
from django.db.models import Count, Q

from clickcollect.accounts.adapters import encrypted_anew
from clickcollect.oms.models import CodeIssue
from clickcollect.whisperer import encryption
from clickcollect.whisperer.models import HOOK_HEADERS, HOOK_PASSWORD, HOOK_SECRET, Hook

SEALED = {
    "secret": HOOK_SECRET,
    "previous_secret": HOOK_SECRET,
    "auth_password": HOOK_PASSWORD,
    "sealed_headers": HOOK_HEADERS,
}
ENCRYPTED = ("secret", "seed")  # of a second factor, as allauth keeps it


@dataclass(frozen=True, kw_only=True)
class KeyUse:
    """One key id: whether its key is at hand and makes new codes, and what still needs it."""

    key_id: str
    is_known: bool
    is_newest: bool
    open_issues: int
    sealed_secrets: int


def key_usage() -> list[KeyUse]:
    """Every key that is configured or still needed, newest first, lost ones last."""
    counted = CodeIssue.objects.filter(closed_at=None).values("key_id").annotate(n=Count("*")).order_by("key_id")
    needed = {row["key_id"]: row["n"] for row in counted}
    known = list(settings.PICKUP_CODE_KEYS)
    return [
        KeyUse(
            key_id=key_id,
            is_known=key_id in known,
            is_newest=known[:1] == [key_id],
            open_issues=needed.get(key_id, 0),
            sealed_secrets=sealed_with(key_id),
        )
        for key_id in [*known, *(lost for lost in needed if lost not in known)]
    ]


def sealed_with(key_id: str) -> int:
    """How many hooks keep a secret or a password that this key has sealed."""
    begins = Q()
    for column in SEALED:
        begins |= Q(**{f"{column}__startswith": f"{key_id}:"})
    return Hook.objects.filter(begins).count()


def reseal_secrets() -> tuple[int, int]:
    """Seal every secret at rest with the newest key, so that older ones can go; how many were, how many cannot be read.

    Run it when every process has the new key. What cannot be read stays as it is: its key may come back.
    """
    done = lost = 0
    for hook in Hook.objects.iterator():
        try:
            fresh = {name: encryption.reseal(getattr(hook, name), purpose=purpose) for name, purpose in SEALED.items()}
        except encryption.KeyLost:
            lost += 1
            continue
        done += Hook.objects.filter(pk=hook.pk).update(**fresh)
    for factor in Authenticator.objects.iterator():
        try:
            fresh = {name: encrypted_anew(factor.data[name]) for name in ENCRYPTED if name in factor.data}
        except InvalidToken:
            lost += 1
            continue
        done += Authenticator.objects.filter(pk=factor.pk).update(data=factor.data | fresh)
    return done, lost
