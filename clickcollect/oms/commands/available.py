"""What can be done with a package now, and which of it is the main button (contract section 6). Doors only place it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from clickcollect.accounts.models import Role
from clickcollect.oms import app_settings, deadlines
from clickcollect.oms.access import Actor
from clickcollect.oms.app_settings import Values
from clickcollect.oms.codes import attempts
from clickcollect.oms.commands.run import Available, available_commands
from clickcollect.oms.models import Package

EXTEND: Final = "EXTEND_PICKUP"
NEW_CODE: Final = "SEND_NEW_CODE"
UNLOCK: Final = "UNLOCK_CODE"


@dataclass(frozen=True, kw_only=True)
class Offer:
    """One command of one package. ``needs_manager``: this person may not run it; a manager of the store can sign."""

    available: Available
    needs_manager: bool = False

    @property
    def code(self) -> str:
        return self.available.row.command_code


@dataclass(frozen=True, kw_only=True)
class Offers:
    """The commands on offer. ``lock``: whose limit of wrong codes was reached, while no code is compared."""

    main: Offer | None
    more: list[Offer]
    lock: str


def offers_of(*, package: Package, actor: Actor) -> Offers:
    """One main command, and all the others in the order of the list.

    The row marked primary is the main one; past the pickup time what moves that time, and while the code is locked
    what helps this person: a manager unlocks, an associate sends a new code, or asks a manager where none helps.
    """
    values = app_settings.read(package.stock_location_id)
    own = [Offer(available=found) for found in available_commands(package=package, actor=actor, values=values)]
    offers = own + with_a_manager(package, actor, own, values)
    lock = attempts.locked(package, values).detail if attempts.is_locked(package, values) else ""
    main = next((offer for offer in own if offer.available.row.is_primary), None)
    wanted = comes_first(package=package, actor=actor, is_locked=bool(lock))
    main = next(filter(None, (find(offers, code) for code in wanted)), main)
    return Offers(main=main, more=[offer for offer in offers if offer is not main], lock=lock)


def comes_first(*, package: Package, actor: Actor, is_locked: bool) -> tuple[str, ...]:
    """The command codes that come before the row marked primary; the first on offer wins."""
    if deadlines.is_past_pickup(package):
        return (EXTEND,)
    if not is_locked:
        return ()
    return (UNLOCK, NEW_CODE) if actor.may_run(UNLOCK) else (NEW_CODE, UNLOCK)


def find(offers: Iterable[Offer], code: str) -> Offer | None:
    """The offer of that command code; one that needs no manager first."""
    found = [offer for offer in offers if offer.code == code]
    return min(found, key=lambda offer: offer.needs_manager, default=None)


def with_a_manager(package: Package, actor: Actor, own: list[Offer], values: Values) -> list[Offer]:
    """What a manager of this store could run here and this associate cannot."""
    if actor.role != Role.ASSOCIATE:
        return []
    mine = {offer.available.row.pk for offer in own}
    theirs = available_commands(package=package, actor=replace(actor, role=Role.MANAGER), values=values)
    return [Offer(available=found, needs_manager=True) for found in theirs if found.row.pk not in mine]
