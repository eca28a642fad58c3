"""How many wrong passwords, PINs and codes: one budget over every door, by account and by address.

What counts is committed before anything is compared, in a table of its own, so that neither a second door, nor a Host
header, nor many tries at once, nor a full cache gives another try. A right one gives its own count back and no more.
Sources: OWASP ASVS 5.0, 6.3.1; NIST SP 800-63B-4, 3.2.2 (at most 100 failed tries).
"""

import hashlib
import hmac
import logging
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from math import ceil
from typing import Final, TypeVar

from allauth.account.internal.userkit import get_user_by_username
from django.conf import settings
from django.db import transaction
from django.db.models import DateTimeField, Func, Q
from django.db.models.functions import Now
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clickcollect.accounts.models import SignInCounter, User
from clickcollect.errors import Forbidden, Throttled
from webserver.clients import as_one_client, client_address, read_address

DAY: Final = timedelta(days=1)
SOON: Final = timedelta(minutes=5)
Limits = tuple[tuple[int, timedelta], ...]

# Wrong tries, and within which time. A stranger at one address closes an account for that address only.
ACCOUNT_FROM_ADDRESS: Final[Limits] = ((5, SOON), (30, DAY))
ACCOUNT: Final[Limits] = ((100, DAY),)
ADDRESS: Final[Limits] = ((100, SOON),)
PIN: Final[Limits] = ((5, DAY),)  # over every device and door; then it is locked (accounts/pins.py)

UNKNOWN_NAMES: Final = 65_536  # counters for names that nobody has, however many are tried

log = logging.getLogger(__name__)
T = TypeVar("T")


def prove(request: HttpRequest, *, account: User | str, door: str, proof: Callable[[], T], is_pin: bool = False) -> T:
    """Let somebody prove who they are: count a try, then compare; what is right gives its count back.

    Arguments: ``account``, the person, or the name that was typed; ``door``, a word for the log;
    ``proof`` compares, and answers with something false, or raises, when it was wrong.
    Raises Throttled, with nothing compared, and Forbidden where the client's address is not known.
    """
    person = account if isinstance(account, User) else find_account(account)
    limits = counters(request, person=person, name=str(account), is_pin=is_pin)
    user_id = person.pk if person else None
    try:
        tried_at = count_try(limits)
    except Throttled:
        log.warning("sign-in throttled", extra={"reason": door, "user_id": user_id})
        raise
    right = False
    try:
        found = proof()
        right = bool(found)
    finally:
        if right:
            refund_try(limits, tried_at=tried_at)
        else:
            log.warning("sign-in refused", extra={"reason": door, "user_id": user_id})
    return found


def find_account(name: str) -> User | None:
    """The person whom the sign-in would find under this name, so that no spelling of it has a budget of its own."""
    found = get_user_by_username(name)
    return found if isinstance(found, User) else None


def counters(request: HttpRequest, *, person: User | None, name: str, is_pin: bool) -> dict[str, Limits]:
    """The counters of one try, and their limits. Names that nobody has share a fixed number of them."""
    address = digest(network_of(request))
    if is_pin and person:  # not on the account's own counters: the password must stay open to whom the PIN belongs
        return {pin_key(person.pk): PIN, f"address:{address}": ADDRESS}
    account = account_key(person.pk) if person else f"name:{int(digest(name.lower()), 16) % UNKNOWN_NAMES}"
    return {account: ACCOUNT, f"{account}@{address}": ACCOUNT_FROM_ADDRESS, f"address:{address}": ADDRESS}


def account_key(user_id: int) -> str:
    return f"account:{user_id}"


def pin_key(user_id: int) -> str:
    return f"{account_key(user_id)}#pin"


def network_of(request: HttpRequest) -> str:
    """The client's address; of IPv6 the /64, of which a client has every one. Raises Forbidden."""
    peer, forwarded = str(request.META.get("REMOTE_ADDR", "")), request.headers.get("X-Forwarded-For")
    known = client_address(peer=peer, forwarded=forwarded, proxies=settings.TRUSTED_PROXIES)
    address = known or read_address(peer)
    if address is None:
        raise Forbidden(_("We can't see your network address. Ask an administrator to check TRUSTED_PROXIES."))
    return as_one_client(address)


def digest(text: str) -> str:
    """What is kept of an address, or of what somebody typed as a name: it may be a password."""
    key = f"sign-in counter {settings.SECRET_KEY}".encode()
    return hmac.new(key, text.encode(errors="replace"), hashlib.sha256).hexdigest()[:32]


def count_try(limits: dict[str, Limits]) -> datetime:
    """Count one try on every counter, or on none. When it was. Raises Throttled."""
    with transaction.atomic(durable=True):
        rows, now = lock_counters(limits)
        wait = max(seconds_to_wait(row.tried_at, limits=limits[row.key], now=now) for row in rows)
        if wait:
            raise throttled(wait)
        for row in rows:
            row.tried_at = [*(tried for tried in row.tried_at if tried > now - DAY), now]
            row.save(update_fields=["tried_at"])
    return now


def is_used_up(key: str, limits: Limits) -> bool:
    """Whether a counter allows no further try now."""
    with transaction.atomic(durable=True):
        (row,), now = lock_counters([key])
        return seconds_to_wait(row.tried_at, limits=limits, now=now) > 0


def refund_try(limits: dict[str, Limits], *, tried_at: datetime) -> None:
    """Take one try off again, and no other."""
    with transaction.atomic(durable=True):
        for row in lock_counters(limits)[0]:
            if tried_at in row.tried_at:
                row.tried_at.remove(tried_at)
                row.save(update_fields=["tried_at"])


def lock_counters(keys: Iterable[str]) -> tuple[list[SignInCounter], datetime]:
    """The rows of these counters, made where they are missing, locked in one order, and the clock after that.

    One statement makes and locks them; the next one, which has a new snapshot, reads them.
    """
    wanted = sorted(keys)
    SignInCounter.objects.bulk_create(
        [SignInCounter(key=key) for key in wanted],
        update_conflicts=True,
        unique_fields=["key"],
        update_fields=["touched_at"],
    )
    clock = Func(function="clock_timestamp", output_field=DateTimeField())
    found = SignInCounter.objects.filter(key__in=wanted).order_by("key").values_list("pk", "key", "tried_at", clock)
    rows = [(SignInCounter(pk=pk, key=key, tried_at=tried_at), now) for pk, key, tried_at, now in found]
    return [row for row, _now in rows], rows[0][1]


def seconds_to_wait(tried_at: list[datetime], *, limits: Limits, now: datetime) -> int:
    """How long until one more try is allowed; 0 if it is now."""
    waits = [0.0]
    for amount, window in limits:
        recent = sorted(tried for tried in tried_at if tried > now - window)
        if len(recent) >= amount:
            waits.append((recent[-amount] + window - now).total_seconds())
    return ceil(max(waits))


def throttled(wait: int) -> Throttled:
    minutes, hours = ceil(wait / 60), ceil(wait / 3600)
    words = (
        ngettext(
            "Too many attempts. Try again in %(n)d minute.", "Too many attempts. Try again in %(n)d minutes.", minutes
        )
        if minutes < 100
        else ngettext(
            "Too many attempts. Try again in %(n)d hour.", "Too many attempts. Try again in %(n)d hours.", hours
        )
    )
    return Throttled(words % {"n": minutes if minutes < 100 else hours}, retry_after=wait)


def forget(user: User) -> None:
    """A fresh budget for somebody to whom an administrator gave a new password."""
    key = account_key(user.pk)
    own = Q(key=key) | Q(key__startswith=f"{key}@") | Q(key__startswith=f"{key}#")
    SignInCounter.objects.filter(own).delete()


def forget_pin(user: User) -> None:
    """A fresh budget for the PIN of somebody who has just signed in in full."""
    SignInCounter.objects.filter(key=pin_key(user.pk)).delete()


def purge_counters() -> int:
    """Throw away counters that count nothing any more: nobody touched them for a day. How many there were."""
    return SignInCounter.objects.filter(touched_at__lt=Now() - DAY).delete()[0]
