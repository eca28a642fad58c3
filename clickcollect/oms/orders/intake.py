"""How an order comes in: the only way, for API, form, import, connector and demo alike.

Order, lines, packages and events are one transaction: look, decide, write, and the answer after COMMIT.
The same order again is the same order; another one under the same channel and number is a conflict that says what
differs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from django.db import IntegrityError, transaction

from clickcollect.accounts.idempotency import Once
from clickcollect.errors import Forbidden, OrderConflict
from clickcollect.omnitron.models import Order, RetailStore
from clickcollect.omnitron.order_comparison import differing_fields
from clickcollect.omnitron.order_schema import OrderIn
from clickcollect.oms import configuration
from clickcollect.oms.access import Actor, orders_of
from clickcollect.oms.models import CommandLog, Package
from clickcollect.oms.orders import repair, statements
from clickcollect.oms.orders.placing import place

PHONE: Final = "customer.phone_number"
NUMBER: Final = "number"


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


def receive_order(
    *,
    order: OrderIn,
    actor: Actor,
    once: Once | None = None,
    from_shop: bool = False,  # noqa: ARG001
    repaired_from: int | None = None,
) -> Received:
    """Take an order in, with its packages at their stores in Waiting (contract section 1, row 0), or its change.

    Arguments: ``order``, read by `omnitron.order_schema.read_order`; ``once``, a request that may be sent again: its
    answer is kept in the same transaction; ``from_shop``, a connector's word: it may also take lines off what is
    packed, and change a phone after a code was issued; ``repaired_from``, the id of the order to repair that this is:
    its wait ends in the same transaction.
    Raises OlderOrder for a version that comes late, OrderConflict with ``differs`` for what can be no amendment,
    StateConflict where the order to repair waits no more, Forbidden. Sent fifty times at once it is one order: the
    database decides.
    """
    actor.require("orders:write")
    try:
        return take_in(order=order, actor=actor, once=once, repaired_from=repaired_from)
    except IntegrityError:  # the same number came in at this very moment: it is there now
        return take_in(order=order, actor=actor, once=once, repaired_from=repaired_from)


def take_in(*, order: OrderIn, actor: Actor, once: Once | None, repaired_from: int | None) -> Received:
    """Keep a new order, or find that it is there, in one transaction."""
    with transaction.atomic(durable=True):
        found = statements.look([order], once=once)
        refuse_foreign_stores(stores=found.stores, actor=actor)
        waiting = None if repaired_from is None else repair.waiting_order(repaired_from)
        if found.kept:
            received = known_order(sent=order, actor=actor)
            if waiting:
                repair.end_wait_of(received.order, actor=actor, repaired_from=waiting, changed_at=order.updated_at)
            if once:
                once.keep(received)
            return received
        placed = place(order=order, found=found, known=configuration.of_version(found.version), actor=actor)
        received = Received(order=placed.order, became=Became.PLACED, packages=placed.packages)
        ends_wait = waiting is not None or bool(found.waiting)
        statements.write([placed], now=found.now, once=once, led_to=received, is_last=not ends_wait)
        if ends_wait:
            repair.end_wait_of(received.order, actor=actor, repaired_from=waiting, changed_at=order.updated_at)
    return received


def refuse_foreign_stores(*, stores: Mapping[str, RetailStore], actor: Actor) -> None:
    """A token that is bound to stores brings orders of these stores only."""
    ids: set[int | None] = {store.pk for store in stores.values()} or {None}
    if not all(actor.sees_store(store_id) for store_id in ids):
        raise Forbidden


def kept_order(order: OrderIn) -> Order:
    """The order that stands under this channel and number."""
    rows = Order.objects.select_related("retail_store").prefetch_related("items__retail_store")
    return rows.get(channel=order.channel, number=order.number)


def known_order(*, sent: OrderIn, actor: Actor) -> Received:
    """The same order again is nothing new. Raises OrderConflict with the fields that differ.

    Who may not see the order that is kept hears only that its number is taken: what differs would tell what it says.
    """
    known = kept_order(sent)
    if not orders_of(actor).filter(pk=known.pk).exists():
        raise OrderConflict(differs=[NUMBER])
    differs = differing_fields(order=known, sent=sent)
    if PHONE in differs and phone_was_corrected(known):
        differs.remove(PHONE)
    if differs:
        raise OrderConflict(differs=differs)
    return Received(order=known, became=Became.UNCHANGED)


def phone_was_corrected(order: Order) -> bool:
    """An operator's correction is not held against the channel, which goes on sending the old number."""
    ids = list(Package.objects.filter(order=order).values_list("pk", flat=True))
    return CommandLog.objects.filter(package_id__in=ids, command_code="CORRECT_PHONE", code="").exists()
