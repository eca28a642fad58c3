"""Who is calling with a token: person, role, stores and scopes, in one statement.

Read anew for every request, so that a revoked token or a person whose access has ended is refused by the next one.
"""

from dataclasses import dataclass
from typing import Final

from clickcollect.accounts.models import LOGIN_NAME, Channel, Role
from clickcollect.accounts.tokens import USE_NOTED_EVERY, digest_of
from clickcollect.database import read_by_key
from clickcollect.oms.access import BACK_OFFICE, Actor, effective_channel

CALLER: Final = """
SELECT token.id, token.name, token.channel, token.scopes,
    coalesce(token.last_used_at < clock_timestamp() - make_interval(secs => %(noted_every)s::float), true),
    person.id, person.username, person.first_name, person.last_name, person.role,
    ARRAY(SELECT store_id FROM omnitron_storemembership WHERE user_id = person.id),
    CASE WHEN token.stores <> '{}' THEN
        ARRAY(SELECT store.id FROM omnitron_retailstore store WHERE store.erp_code = ANY (token.stores)) END
FROM accounts_apitoken token JOIN accounts_user person ON person.id = token.user_id
WHERE token.digest = %(digest)s::text AND token.revoked_at IS NULL AND person.is_active
    AND (token.expires_at IS NULL OR token.expires_at > clock_timestamp())
"""


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Who calls, and whether it is time to note that the token was used."""

    actor: Actor
    token_id: int
    use_is_to_be_noted: bool


def caller_of(key: str) -> Caller | None:
    """The caller of a key, if token and person are good at this moment by the database's clock."""
    row = read_by_key(CALLER, {"digest": digest_of(key), "noted_every": USE_NOTED_EVERY.total_seconds()})
    if row is None:
        return None
    token_id, token_name, channel, scopes, is_stale, user_id, *names, role, memberships, named = row
    own = None if role in BACK_OFFICE else frozenset(memberships)
    narrowed = own if named is None else frozenset(named) & (own if own is not None else frozenset(named))
    username, first_name, last_name = names
    actor = Actor(
        user_id=user_id,
        name=f"{first_name} {last_name}".strip() or username,
        role=Role(role),
        channel=effective_channel(Role(role), asked=Channel(channel)),
        store_ids=narrowed,
        scopes=frozenset(scopes),
        is_program=token_name != LOGIN_NAME,
    )
    return Caller(actor=actor, token_id=token_id, use_is_to_be_noted=is_stale)
