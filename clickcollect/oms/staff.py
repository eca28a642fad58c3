"""Staff: made, moved between stores, promoted, deactivated, given a new password. Only administrators do it.

Whoever leaves is out at once: sessions end with the account or its password, tokens are revoked.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from allauth.mfa.models import Authenticator
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from clickcollect.accounts.models import BACK_OFFICE, Role, User
from clickcollect.accounts.tokens import revoke_tokens_of
from clickcollect.errors import Fault, NotFound, ValidationFailed
from clickcollect.omnitron.models import RetailStore, StoreMembership
from clickcollect.oms import log
from clickcollect.oms.access import Actor

CHANGED = "staff_changed"


@dataclass(frozen=True, kw_only=True)
class Person:
    """A staff member as somebody entered it. ``password``: "" = leave it; ``store_ids``: where store staff work."""

    username: str
    first_name: str
    last_name: str
    email: str
    role: Role
    language_code: str
    is_active: bool
    store_ids: frozenset[int]
    password: str = field(default="", repr=False)
    remove_second_factor: bool = False


def save_person(*, person: Person, user_id: int | None, actor: Actor) -> User:
    """Add a person, or change one. Raises Forbidden, NotFound, ValidationFailed with every fault.

    Nobody changes their own role or closes their own account, and one administrator always remains.
    """
    actor.require("staff:write")
    with transaction.atomic():
        # One change of administrators at a time, so that two cannot remove each other.
        list(User.objects.select_for_update().filter(role=Role.ADMIN).order_by("pk").values_list("pk"))
        user = User() if user_id is None else find(user_id)
        faults = [
            *identity_faults(person, user),
            *authority_faults(person, user, actor),
            *password_faults(person, user),
        ]
        if faults:
            raise ValidationFailed(faults)
        was_active = bool(user.pk) and user.is_active
        for name in ("username", "first_name", "last_name", "email", "role", "language_code", "is_active"):
            setattr(user, name, getattr(person, name))
        if person.password:
            user.set_password(person.password)
        user.save()
        put_stores(user, person.store_ids if person.role not in BACK_OFFICE else ())
        if person.remove_second_factor:
            Authenticator.objects.filter(user=user).delete()
        if person.password or (was_active and not person.is_active):
            revoke_tokens_of(user)
        note(user=user, person=person, actor=actor, is_new=user_id is None)
    return user


def find(user_id: int) -> User:
    try:
        return User.objects.select_for_update().get(pk=user_id)
    except (User.DoesNotExist, OverflowError):
        raise NotFound from None


def identity_faults(person: Person, user: User) -> Iterable[Fault]:
    """A name to sign in with that nobody else has, and a store for those who work in one."""
    if not person.username.strip():
        yield {"loc": "username", "msg": _("Give a username.")}
    elif User.objects.filter(username__iexact=person.username).exclude(pk=user.pk).exists():
        yield {"loc": "username", "msg": _("Somebody has this username already.")}
    if person.role not in Role.values:
        yield {"loc": "role", "msg": _("Choose a role.")}
    elif person.role not in BACK_OFFICE and person.is_active and not person.store_ids:
        yield {"loc": "stores", "msg": _("Choose the stores where this person works.")}
    if RetailStore.objects.filter(pk__in=person.store_ids).count() != len(person.store_ids):
        yield {"loc": "stores", "msg": _("One of these stores does not exist.")}


def authority_faults(person: Person, user: User, actor: Actor) -> Iterable[Fault]:
    """What an administrator may not do even so."""
    if user.pk is None:
        return
    own = user.pk == actor.user_id
    if own and person.role != user.role:
        yield {"loc": "role", "msg": _("Nobody changes their own role. Ask another administrator.")}
    if own and not person.is_active:
        yield {"loc": "is_active", "msg": _("Nobody closes their own account. Ask another administrator.")}
    leaves = user.role == Role.ADMIN and (person.role != Role.ADMIN or not person.is_active)
    if leaves and not User.objects.filter(role=Role.ADMIN, is_active=True).exclude(pk=user.pk).exists():
        yield {"loc": "role", "msg": _("This is the last administrator. Make another one first.")}


def password_faults(person: Person, user: User) -> Iterable[Fault]:
    """A new person needs a password; a password must be hard to guess."""
    if not person.password:
        if user.pk is None:
            yield {"loc": "password", "msg": _("Give a first password.")}
        return
    like = User(username=person.username, first_name=person.first_name, last_name=person.last_name, email=person.email)
    try:
        validate_password(person.password, like)
    except ValidationError as error:
        yield {"loc": "password", "msg": " ".join(error.messages)}


def put_stores(user: User, store_ids: Iterable[int]) -> None:
    """Exactly these stores."""
    wanted = set(store_ids)
    StoreMembership.objects.filter(user=user).exclude(store_id__in=wanted).delete()
    StoreMembership.objects.bulk_create(
        [StoreMembership(user=user, store_id=store_id) for store_id in sorted(wanted)],
        ignore_conflicts=True,
    )


def note(*, user: User, person: Person, actor: Actor, is_new: bool) -> None:
    """Record it by number; a name is personal and stays out of the log."""
    attributes: dict[str, str | int | bool] = {
        "staff.id": user.pk,
        "staff.role": str(person.role),
        "staff.active": person.is_active,
        "staff.new": is_new,
        "staff.password_reset": bool(person.password) and not is_new,
        "staff.second_factor_removed": person.remove_second_factor,
        "channel": str(actor.channel),
    }
    log.noted(kind=CHANGED, actor=actor, attributes=attributes)
