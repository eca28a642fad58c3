"""Staff: made, moved between stores, promoted, deactivated, given a new password. Only administrators do it.

What ends, ends everywhere and at once: a new password, a change of role or stores, a second factor removed, and leaving
end every session, key of a sign-in, PIN and memory of a device, through whichever door it happens, with a log row.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_removed
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from clickcollect.accounts import first_password, sign_in_limits
from clickcollect.accounts.end_access import end_access
from clickcollect.accounts.models import BACK_OFFICE, Role, User
from clickcollect.accounts.tokens import revoke_tokens_of
from clickcollect.errors import Fault, NotAuthenticated, NotFound, ValidationFailed
from clickcollect.omnitron.models import RetailStore, StoreMembership
from clickcollect.oms.access import SYSTEM, Actor, actor_for
from clickcollect.oms.log.write import record_note
from clickcollect.oms.log_models import NoteKind

PASSWORD_RESET, LEFT, FACTOR_REMOVED = "password_reset", "deactivated", "second_factor_removed"


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
    chooses_password: bool = False  # a new person, by a one-time link
    remove_second_factor: bool = False


def save_person(*, person: Person, user_id: int | None, actor: Actor) -> User:
    """Add a person, or change one. Raises Forbidden, NotFound, ValidationFailed with every fault.

    Nobody changes their own role or closes their own account, and one administrator always remains.
    """
    actor.require("staff:write")
    try:
        return save_checked(person=person, user_id=user_id, actor=actor)
    except IntegrityError:  # somebody else took the username meanwhile
        raise ValidationFailed.of("username", username_is_taken()) from None


@sensitive_variables("password")
def add_first_admin(*, username: str, password: str | None) -> User:
    """Add an administrator from the console: the first one, or when nobody can sign in any more.

    The log says that nobody who is signed in did it. Arguments: ``password``, None for one that the person chooses by
    a one-time link (accounts/first_password.py). Raises ValidationFailed with every fault.
    """
    person = Person(
        username=username,
        first_name="",
        last_name="",
        email="",
        role=Role.ADMIN,
        language_code="",
        is_active=True,
        store_ids=frozenset(),
        password=password or "",
        chooses_password=password is None,
    )
    return save_person(person=person, user_id=None, actor=SYSTEM)


@sensitive_variables("password", "key")
def set_first_password(*, person: str, key: str, password: str) -> User:
    """Set the password of a person who has none yet, by their one-time link. Of two at once one does it.

    Arguments: ``person`` and ``key``, from the link. Raises NotFound for a link that is used, too old or not ours, and
    ValidationFailed for a password that is easy to guess.
    """
    with transaction.atomic():
        found = first_password.find_person(person, key, among=User.objects.select_for_update())
        if found is None:
            raise NotFound(_("This link has been used or has expired. Ask for a new one."))
        try:
            validate_password(password, found)
        except ValidationError as error:
            raise ValidationFailed.of("password", " ".join(error.messages)) from None
        found.set_password(password)
        found.save(update_fields=["password"])
        end_access_of(found, actor=actor_for(found), causes=["first_password"])
    return found


def save_checked(*, person: Person, user_id: int | None, actor: Actor) -> User:
    """The change with its checks and its log row, in one transaction."""
    with transaction.atomic():
        # One change of administrators at a time, so that two cannot remove each other.
        list(User.objects.select_for_update().filter(role=Role.ADMIN).order_by("pk").values_list("pk"))
        user = User() if user_id is None else locked_user(user_id)
        faults = [
            *identity_faults(person, user),
            *authority_faults(person, user, actor),
            *password_faults(person, user),
        ]
        if faults:
            raise ValidationFailed(faults)
        causes = list(what_ends(person, user))
        for name in ("username", "first_name", "last_name", "email", "role", "language_code", "is_active"):
            setattr(user, name, getattr(person, name))
        if person.password or person.chooses_password:
            user.set_password(person.password or None)
        user.save()
        set_stores(user, person.store_ids if person.role not in BACK_OFFICE else ())
        if person.remove_second_factor:
            Authenticator.objects.filter(user=user).delete()
        note_person(user=user, person=person, actor=actor, is_new=user_id is None)
        if causes:
            end_access_of(user, actor=actor, causes=causes)
    return user


def what_ends(person: Person, user: User) -> Iterable[str]:
    """Why the access that somebody has until now ends with this change."""
    if user.pk is None:
        return
    if person.password:
        yield PASSWORD_RESET
    if user.is_active and not person.is_active:
        yield LEFT
    if person.role != user.role:
        yield "role_changed"
    elif person.role not in BACK_OFFICE and person.store_ids != stores_of_person(user):
        yield "stores_changed"
    if person.remove_second_factor and Authenticator.objects.filter(user=user).exists():
        yield FACTOR_REMOVED


def end_access_of(user: User, *, actor: Actor, causes: Iterable[str]) -> None:
    """End everything that lets this person in, with a log row.

    Tokens made on purpose are revoked too when somebody leaves or an administrator sets the password; in every other
    case they go on with the rights that the person has now. A password of an administrator's gives fresh tries.
    """
    causes_given = list(causes)
    with transaction.atomic():
        end_access(user)
        if PASSWORD_RESET in causes_given or LEFT in causes_given:
            revoke_tokens_of(user)
        if PASSWORD_RESET in causes_given:
            sign_in_limits.forget(user)
        record_note(
            kind=NoteKind.ACCESS_ENDED,
            actor=actor,
            attributes={"staff.id": user.pk, "access.ended_by": " ".join(causes_given), "channel": str(actor.channel)},
        )


@sensitive_variables("password")
def change_own_password(user: User, *, password: str) -> None:
    """Give oneself a new password. Every session ends but the one whose door keeps it.

    Raises NotAuthenticated if this person's access was ended since ``user``, whose old password was right, was read.
    """
    with transaction.atomic():
        found = locked_user(user.pk)
        if found.get_session_auth_hash() != user.get_session_auth_hash():
            raise NotAuthenticated
        found.set_password(password)
        found.save(update_fields=["password"])
        end_access_of(found, actor=actor_for(found), causes=["own_password_changed"])
    user.refresh_from_db()


@receiver(authenticator_removed)
def second_factor_removed(request: HttpRequest, user: User, authenticator: Authenticator, **_: Any) -> None:
    """Somebody turned a second factor of theirs off: they stay in where they did it, and nowhere else."""
    if authenticator.type == Authenticator.Type.RECOVERY_CODES:
        return  # they go with the last factor, which is told of too
    end_access_of(user, actor=actor_for(user), causes=[FACTOR_REMOVED])
    update_session_auth_hash(request, user)


def locked_user(user_id: int) -> User:
    try:
        return User.objects.select_for_update().get(pk=user_id)
    except (User.DoesNotExist, OverflowError):
        raise NotFound from None


def identity_faults(person: Person, user: User) -> Iterable[Fault]:
    """A name to sign in with that nobody else has, and a store for those who work in one."""
    if not person.username.strip():
        yield {"loc": "username", "msg": _("Enter a username.")}
    elif User.objects.filter(username__iexact=person.username).exclude(pk=user.pk).exists():
        yield {"loc": "username", "msg": username_is_taken()}
    else:
        yield from username_faults(person, user)
    if person.role not in Role.values:
        yield {"loc": "role", "msg": _("Choose a role.")}
    elif person.role not in BACK_OFFICE and person.is_active and not person.store_ids:
        yield {"loc": "stores", "msg": _("Choose the stores where this person works.")}
    if RetailStore.objects.filter(pk__in=person.store_ids).count() != len(person.store_ids):
        yield {"loc": "stores", "msg": _("One of these stores does not exist.")}


def username_is_taken() -> str:
    return _("This username is already taken.")


def username_faults(person: Person, user: User) -> Iterable[Fault]:
    """Letters and digits that one can sign in with; a name of old may stay."""
    if person.username == user.username:
        return
    try:
        User._meta.get_field("username").run_validators(person.username)  # noqa: SLF001
    except ValidationError as error:
        yield {"loc": "username", "msg": " ".join(error.messages)}


def authority_faults(person: Person, user: User, actor: Actor) -> Iterable[Fault]:
    """What an administrator may not do even so."""
    if user.pk is None:
        return
    own = user.pk == actor.user_id
    if own and person.role != user.role:
        yield {"loc": "role", "msg": _("You can't change your own role. Ask another administrator.")}
    if own and not person.is_active:
        yield {"loc": "is_active", "msg": _("You can't deactivate your own account. Ask another administrator.")}
    leaves = user.role == Role.ADMIN and (person.role != Role.ADMIN or not person.is_active)
    if leaves and not User.objects.filter(role=Role.ADMIN, is_active=True).exclude(pk=user.pk).exists():
        yield {"loc": "role", "msg": _("This is the last administrator. Add another one first.")}


def password_faults(person: Person, user: User) -> Iterable[Fault]:
    """A new person needs a password; a password must be hard to guess."""
    if not person.password:
        if user.pk is None and not person.chooses_password:
            yield {"loc": "password", "msg": _("Enter a first password.")}
        return
    like = User(username=person.username, first_name=person.first_name, last_name=person.last_name, email=person.email)
    try:
        validate_password(person.password, like)
    except ValidationError as error:
        yield {"loc": "password", "msg": " ".join(error.messages)}


def stores_of_person(user: User) -> frozenset[int]:
    return frozenset(StoreMembership.objects.filter(user=user).values_list("store_id", flat=True))


def set_stores(user: User, store_ids: Iterable[int]) -> None:
    """Exactly these stores."""
    wanted = set(store_ids)
    StoreMembership.objects.filter(user=user).exclude(store_id__in=wanted).delete()
    StoreMembership.objects.bulk_create(
        [StoreMembership(user=user, store_id=store_id) for store_id in sorted(wanted)],
        ignore_conflicts=True,
    )


def note_person(*, user: User, person: Person, actor: Actor, is_new: bool) -> None:
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
    record_note(kind=NoteKind.STAFF_CHANGED, actor=actor, attributes=attributes)
