"""API tokens of programs: made and revoked here alone, so that the log has a row whatever door or command asks.

Keys of people's own sign-ins are none of these (`clickcollect.accounts.tokens`).
"""

from collections.abc import Iterable, Iterator
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from clickcollect.accounts import tokens
from clickcollect.accounts.models import BACK_OFFICE, LOGIN_NAME, Channel, User
from clickcollect.accounts.tokens import NewToken
from clickcollect.errors import Fault, NotFound, ValidationFailed
from clickcollect.omnitron.models import RetailStore
from clickcollect.oms.access import RIGHTS, Actor
from clickcollect.oms.log.write import record_note
from clickcollect.oms.log_models import NoteKind


def create_api_token(
    *,
    user: User,
    name: str,
    scopes: Iterable[str],
    channel: Channel,
    stores: Iterable[str],
    expires_at: datetime | None,
    actor: Actor,
) -> NewToken:
    """Make a key for a program that acts as ``user``, with its log row.

    Arguments: ``scopes``, rights of `RIGHTS`; ``stores``, ERP codes, none = every store that the user sees;
    ``expires_at``, None = never. Raises Forbidden, ValidationFailed with every fault.
    """
    actor.require("tokens:write")
    scopes, stores = list(scopes), list(stores)
    if faults := list(token_faults(user, name=name, scopes=scopes, channel=channel, stores=stores, until=expires_at)):
        raise ValidationFailed(faults)
    with transaction.atomic():
        made = tokens.create_token(
            user=user, name=name, scopes=scopes, channel=channel, stores=stores, expires_at=expires_at
        )
        note_token(NoteKind.TOKEN_CREATED, token_id=made.token.pk, user_id=user.pk, actor=actor)
    return made


def token_faults(
    user: User, *, name: str, scopes: list[str], channel: Channel, stores: list[str], until: datetime | None
) -> Iterator[Fault]:
    """What is wrong with a token that somebody wants, each at its field."""
    if name == LOGIN_NAME:
        yield {"loc": "name", "msg": _("This name is reserved for sign-ins. Choose another one.")}
    if not user.is_active:
        yield {"loc": "user", "msg": _("This account is closed.")}
    if user.role not in BACK_OFFICE and channel == Channel.OMS_WEB:
        yield {"loc": "channel", "msg": _("Store staff work in INSTORE only.")}
    if unknown := sorted(set(scopes) - RIGHTS.keys()):
        yield {"loc": "scopes", "msg": _("Unknown permission: %(names)s.") % {"names": ", ".join(unknown)}}
    known = RetailStore.objects.filter(erp_code__in=stores).values_list("erp_code", flat=True)
    if missing := sorted(set(stores) - set(known)):
        yield {"loc": "stores", "msg": _("Unknown store: %(names)s.") % {"names": ", ".join(missing)}}
    if until is not None and until < timezone.now():
        yield {"loc": "expires_at", "msg": _("This date is in the past.")}


def revoke_api_token(*, token_id: int, actor: Actor) -> None:
    """End a token at once, with its log row. Raises Forbidden, and NotFound where there is none to end."""
    actor.require("tokens:write")
    with transaction.atomic():
        if not tokens.revoke_token(token_id):
            raise NotFound
        note_token(NoteKind.TOKEN_REVOKED, token_id=token_id, actor=actor)


def note_token(kind: NoteKind, *, token_id: int, actor: Actor, user_id: int | None = None) -> None:
    """Record it by number: neither a name nor a key is in the log."""
    whose = {"token.user": user_id} if user_id is not None else {}
    record_note(kind=kind, actor=actor, attributes={"token.id": token_id, **whose, "channel": str(actor.channel)})
