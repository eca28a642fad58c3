"""What ends, ends everywhere: all that lets somebody in without the password, in one place.

Only `oms/staff.py` calls it, which also writes the log.
"""

from django.db import transaction
from django.db.models import F

from clickcollect.accounts.models import User
from clickcollect.accounts.tokens import revoke_logins_of


def end_access(user: User) -> None:
    """End every session, every key of a sign-in, the PIN, and what devices remember of this person, at once.

    Sessions, half-finished sign-ins and devices carry the version they have seen; all of them are older from here on.
    API tokens made on purpose stay: they have no more rights than their person has at that moment.
    """
    with transaction.atomic():
        User.objects.filter(pk=user.pk).update(access_version=F("access_version") + 1, pin="", pin_can_approve=False)
        revoke_logins_of(user)
    user.refresh_from_db(fields=["access_version", "pin"])
