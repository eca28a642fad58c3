"""The hooks that take to the Extension what it answers with an SMS: no code reaches a customer without them."""

from typing import Final

from clickcollect.accounts.models import User
from clickcollect.oms.events.types import (
    PackagePackedWhispererEvent,
    PackagePickupCodeResentWhispererEvent,
    PackagePickupOverriddenWhispererEvent,
    PackagePickupPhoneChangedWhispererEvent,
    PackagePickupReminderWhispererEvent,
    PackageReadyForCustomerPickupWhispererEvent,
)
from clickcollect.whisperer import encryption
from clickcollect.whisperer.models import HOOK_SECRET, Endpoint, Hook

# What the Extension answers with an SMS; every other event would be a post for nothing.
EVENT_TYPES: Final = tuple(
    event.type
    for event in (
        PackageReadyForCustomerPickupWhispererEvent,
        PackagePickupCodeResentWhispererEvent,
        PackagePickupReminderWhispererEvent,
        PackagePickupOverriddenWhispererEvent,
        PackagePickupPhoneChangedWhispererEvent,
        PackagePackedWhispererEvent,
    )
)


def subscribe_extension(owner: User, *, target_url: str, secret: str) -> int:
    """One hook for each event that the Extension uses; how many are new. A hook that somebody deleted stays deleted.

    Arguments: ``secret``, with which the Extension checks signatures; none are made without one, for it would refuse
    them all.
    """
    if not secret:
        return 0
    endpoint, _made = Endpoint.objects.get_or_create(target_url=target_url)
    known = set(Hook.objects.filter(user=owner, endpoint=endpoint).values_list("event_type", flat=True))
    sealed = encryption.seal(secret, purpose=HOOK_SECRET)
    hooks = [
        Hook(user=owner, event_type=name, target_url=endpoint.target_url, endpoint=endpoint, secret=sealed)
        for name in EVENT_TYPES
        if name not in known
    ]
    return len(Hook.objects.bulk_create(hooks))
