"""How an order comes in: the only way, for API, form, import, connector and demo alike.

Order, lines, packages and events are one transaction: look, decide, write, and the answer after COMMIT.
The same order again is the same order; a changed one is an amendment, or a conflict that says what differs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from django.db import IntegrityError, OperationalError, transaction
from django.utils.translation import gettext as _
from psycopg import errors

from clickcollect.accounts.idempotency import Once
from clickcollect.errors import Forbidden, HeldBySomeoneElse, OrderConflict
from clickcollect.omnitron.models import Order, RetailStore
from clickcollect.omnitron.order_schema import OrderIn
from clickcollect.oms import configuration
from clickcollect.oms.access import Actor
from clickcollect.oms.commands.run import ASK_AGAIN_AFTER, came_from
from clickcollect.oms.models import Package
from clickcollect.oms.orders import amending, channels, repair, statements
from clickcollect.oms.orders.placing import place_order


class Became(StrEnum):
    """What became of an order that came in and was no conflict."""

    PLACED = "placed"
    UNCHANGED = "unchanged"
    AMENDED = "amended"


@dataclass(frozen=True, kw_only=True)
class Received:
    """The order as it is kept, and what became of the one that came in. ``packages``: those of a new one."""

    order: Order
    became: Became
    packages: Sequence[Package] = ()

    @property
    def created(self) -> bool:
        return self.became is Became.PLACED


@dataclass(frozen=True, kw_only=True)
class SentOrder:
    """An order as it came in, who brought it, and how far it is."""

    order: OrderIn
    actor: Actor
    once: Once | None
    from_shop: bool
    repaired_from: int | None
    at: datetime | None = None
    phone_is_taken: bool = False


def receive_order(
    *,
    order: OrderIn,
    actor: Actor,
    once: Once | None = None,
    from_shop: bool = False,
    repaired_from: int | None = None,
    at: datetime | None = None,
) -> Received:
    """Take an order in, with its packages at their stores in Waiting (contract section 1, row 0), or its change.

    Arguments: ``order``, read by `omnitron.order_schema.read_order`; ``once``, a request that may be sent again: its
    answer is kept in the same transaction; ``from_shop``, a connector's word: it may also take lines off what is
    packed, and change a phone after a code was issued; ``repaired_from``, the id of the order to repair that this is:
    its wait ends in the same transaction; ``at``, a moment in place of now, for the past of the demo shop alone.
    Raises OlderOrder for a version that comes late, OrderConflict with ``differs`` for what can be no amendment,
    StateConflict where the order to repair waits no more, Forbidden. Sent fifty times at once it is one order: the
    database decides.
    """
    actor.require("orders:write")
    sent = SentOrder(order=order, actor=actor, once=once, from_shop=from_shop, repaired_from=repaired_from, at=at)
    try:
        try:
            return take_in_order(sent)
        except IntegrityError:  # the same number came in at this very moment: it is there now
            return take_in_order(sent)
    except OperationalError as error:
        if came_from(error, errors.LockNotAvailable):
            words = _("Someone else is working on this order. Send it again in a moment.")
            raise HeldBySomeoneElse(words, retry_after=ASK_AGAIN_AFTER) from None
        raise


def take_in_order(sent: SentOrder) -> Received:
    """Keep a new order, or its change, or find that it is there; then what a change leads to."""
    received, result = keep_order(sent)
    if result.phone is not None:
        if not amending.correct_phone(result, actor=sent.actor):
            raise OrderConflict(differs=result.phone.differs)
        received, result = keep_order(replace(sent, phone_is_taken=True))
    if result.refusal is not None:
        raise result.refusal
    if result.emptied:
        amending.cancel_emptied(result.order.pk)
    return received


@transaction.atomic(durable=True)
def keep_order(sent: SentOrder) -> tuple[Received, amending.AmendmentResult]:
    """One transaction: a new order with all that belongs to it, an amendment, or the log row of a conflict."""
    actor, once = sent.actor, sent.once
    found = statements.look([sent.order], once=once)
    found = replace(found, now=sent.at or found.now)
    (order,), found = channels.with_standing_channels([sent.order], found)
    refuse_foreign_stores(stores=found.stores, actor=actor)
    waiting = None if sent.repaired_from is None else repair.waiting_order(sent.repaired_from)
    if found.kept:
        result = amending.receive_again(
            order_id=found.kept[order.channel, order.number],
            sent=order,
            found=found,
            actor=actor,
            from_shop=sent.from_shop,
            phone_is_taken=sent.phone_is_taken,
        )
        became = Became.AMENDED if result.is_amended else Became.UNCHANGED
        received = Received(order=result.order, became=became)
        if result.refusal is not None or result.phone is not None:
            return received, result
        if waiting or result.is_amended:
            repair.end_wait_of(received.order, actor=actor, repaired_from=waiting, changed_at=order.updated_at)
        if once:
            once.keep(received)
        return received, result
    placed = place_order(order=order, found=found, known=configuration.of_version(found.version), actor=actor)
    received = Received(order=placed.order, became=Became.PLACED, packages=placed.packages)
    ends_wait = waiting is not None or bool(found.waiting) or actor.store_ids is not None
    statements.write_orders([placed], now=found.now, once=once, led_to=received, is_last=not ends_wait)
    if ends_wait:
        repair.end_wait_of(received.order, actor=actor, repaired_from=waiting, changed_at=order.updated_at)
    return received, amending.AmendmentResult(order=placed.order)


def refuse_foreign_stores(*, stores: Mapping[str, RetailStore], actor: Actor) -> None:
    """A token that is bound to stores brings orders of these stores only."""
    ids: set[int | None] = {store.pk for store in stores.values()} or {None}
    if not all(actor.sees_store(store_id) for store_id in ids):
        raise Forbidden
