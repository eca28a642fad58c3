"""API tokens: made, found, revoked. The key is shown once; only its SHA-256 is kept.

256 random bits cannot be guessed, so a plain hash is enough and a look-up costs one statement.
Scope names are validated by the caller (`oms.access.RIGHTS`, in `oms/tokens.py`).
"""

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from clickcollect.accounts.models import LOGIN_NAME, ApiToken, Channel, User
from clickcollect.errors import NotAuthenticated

KEY_PREFIX: Final = "cc_"
KEY_BYTES: Final = 32
SHOWN_CHARACTERS: Final = 9  # of the key, in lists: enough to tell two apart, nothing to guess from
USE_NOTED_EVERY: Final = timedelta(minutes=1)
LOGIN_LASTS: Final = timedelta(hours=12)


@dataclass(frozen=True, kw_only=True)
class NewToken:
    """A token that was just made, and its key, which nobody can read again."""

    token: ApiToken
    key: str = field(repr=False)


def create_token(
    *,
    user: User,
    name: str,
    scopes: Iterable[str],
    channel: Channel | None = None,
    stores: Iterable[str] = (),
    expires_at: datetime | None = None,
) -> NewToken:
    """Make a key for a program that acts as ``user``.

    Arguments: ``scopes``, the rights it is narrowed to; ``channel``, left out = the user's own;
    ``stores``, ERP codes it is narrowed to, none = all of the user's; ``expires_at``, left out = never.
    """
    key = KEY_PREFIX + secrets.token_urlsafe(KEY_BYTES)
    token = ApiToken.objects.create(
        user=user,
        name=name,
        prefix=key[:SHOWN_CHARACTERS],
        digest=digest_of(key),
        scopes=sorted(set(scopes)),
        channel=channel or user.channel,
        stores=sorted(set(stores)),
        expires_at=expires_at,
    )
    return NewToken(token=token, key=key)


def create_login(*, user: User, scopes: Iterable[str]) -> NewToken:
    """The key of a sign-in: this person's rights and channel, for 12 hours (contract section 2).

    Keys of earlier sign-ins that have expired are thrown away. Raises NotAuthenticated if the person's access was ended
    since ``user``, whose password was right, was read.
    """
    with transaction.atomic():
        now = User.objects.select_for_update().filter(pk=user.pk, is_active=True).first()
        if now is None or now.get_session_auth_hash() != user.get_session_auth_hash():
            raise NotAuthenticated
        ApiToken.objects.filter(user=user, name=LOGIN_NAME, expires_at__lt=Now()).delete()
        return create_token(user=user, name=LOGIN_NAME, scopes=scopes, expires_at=timezone.now() + LOGIN_LASTS)


def digest_of(key: str) -> str:
    """What is kept of a key."""
    return hashlib.sha256(key.encode()).hexdigest()


def note_use(token_id: int) -> None:
    """Remember that a token was used; written at most once a minute."""
    stale = Q(last_used_at=None) | Q(last_used_at__lt=Now() - USE_NOTED_EVERY)
    ApiToken.objects.filter(stale, pk=token_id).update(last_used_at=Now())


def revoke_token(token_id: int) -> bool:
    """End a token at once. Whether there was one to end."""
    return ApiToken.objects.filter(pk=token_id, revoked_at=None).update(revoked_at=Now()) == 1


def revoke_tokens_of(user: User) -> int:
    """End every token of a person who leaves or whose password is reset. How many there were."""
    return ApiToken.objects.filter(user=user, revoked_at=None).update(revoked_at=Now())


def revoke_logins_of(user: User) -> int:
    """End the keys of a person's sign-ins; tokens made on purpose stay. How many there were."""
    return ApiToken.objects.filter(user=user, name=LOGIN_NAME, revoked_at=None).update(revoked_at=Now())


def list_tokens() -> list[ApiToken]:
    """Every token that is not revoked, newest first, with its user; sign-ins that have expired are left out."""
    over = Q(name=LOGIN_NAME, expires_at__lt=Now())
    rows = ApiToken.objects.select_related("user").filter(revoked_at=None).exclude(over)
    return list(rows.order_by("-id")[:1000])
