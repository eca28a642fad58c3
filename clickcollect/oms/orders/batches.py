"""Many orders at once, as a file brings them: those that are new are placed in one transaction."""

from collections.abc import Sequence

from django.db import IntegrityError, transaction

from clickcollect.errors import DomainError
from clickcollect.omnitron.order_schema import OrderIn
from clickcollect.oms import configuration
from clickcollect.oms.access import Actor
from clickcollect.oms.orders import channels, repair, statements
from clickcollect.oms.orders.intake import Became, Received, receive_order, refuse_foreign_stores
from clickcollect.oms.orders.placing import place_order


def receive_orders(orders: Sequence[OrderIn], *, actor: Actor) -> list[Received | DomainError]:
    """What became of each order, in their order: the new ones in one transaction, all others one by one.

    No two of them may stand under the same channel and number. Raises Forbidden.
    """
    actor.require("orders:write")
    try:
        placed = place_new(orders, actor=actor) if orders else {}
    except (IntegrityError, DomainError):  # one of them came in at this very moment, or may not: each by itself
        placed = {}
    return [placed.get(place) or receive_one(order, actor=actor) for place, order in enumerate(orders)]


@transaction.atomic(durable=True)
def place_new(orders: Sequence[OrderIn], *, actor: Actor) -> dict[int, Received]:
    """Place those that are not there yet; by their place in the sequence."""
    orders, found = channels.with_standing_channels(orders, statements.look(orders))
    refuse_foreign_stores(stores=found.stores, actor=actor)
    known = configuration.of_version(found.version)
    new = {
        at: place_order(order=order, found=found, known=known, actor=actor)
        for at, order in enumerate(orders)
        if (order.channel, order.number) not in found.kept
    }
    waiting = [at for at in new if (orders[at].channel, orders[at].number) in found.waiting]
    if new:
        statements.write_orders(list(new.values()), now=found.now, is_last=not waiting)
    for at in waiting:
        changed_at = orders[at].updated_at
        repair.end_wait_of(new[at].order, actor=actor, repaired_from=None, changed_at=changed_at)
    return {
        at: Received(order=placed.order, became=Became.PLACED, packages=placed.packages) for at, placed in new.items()
    }


def receive_one(order: OrderIn, *, actor: Actor) -> Received | DomainError:
    try:
        return receive_order(order=order, actor=actor)
    except DomainError as refusal:
        return refusal
