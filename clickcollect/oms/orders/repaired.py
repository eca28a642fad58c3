"""A repaired order is sent on: it goes the one way in, once, however many operators press the button."""

from collections.abc import Iterable
from typing import Any, Final

from clickcollect.errors import NotFound, OrderConflict, StateConflict, ValidationFailed
from clickcollect.omnitron.models import Order
from clickcollect.omnitron.order_schema import STORE_LOC, Source, read_order, value_at
from clickcollect.oms.access import Actor
from clickcollect.oms.orders import location_rules
from clickcollect.oms.orders.intake import receive_order
from clickcollect.oms.orders.locations import known_locations, with_store_codes
from clickcollect.oms.repair_models import WAITING, OrderToRepair

MOST_AT_ONCE: Final = 50


def send_on(*, repair_id: int, document: dict[str, Any], actor: Actor, learn_location: bool = False) -> Order:
    """Place an order that was repaired; the order that stands now.

    Arguments: ``document``, the order as it was corrected, as `read_order` takes it; ``learn_location``, whether the
    location that it came with is to be its store from now on.
    Raises ValidationFailed with every fault, OrderConflict, StateConflict where it waits no more, NotFound, Forbidden.
    """
    actor.require("orders:write")
    waiting = OrderToRepair.objects.filter(pk=repair_id).first()
    if waiting is None:
        raise NotFound
    order = receive_order(order=read_order(document, source=Source.REPAIR), actor=actor, repaired_from=waiting.pk).order
    location = value_at(waiting.document, *STORE_LOC)
    if learn_location and order.retail_store is not None and isinstance(location, str):
        location_rules.learn(channel=waiting.channel, name=location, store=order.retail_store, actor=actor)
    return order


def send_on_as_they_came(*, repair_ids: Iterable[int], actor: Actor) -> int:
    """Place those of these orders that are right by now, as a store was added or a location learned; how many.

    At most 50, each for itself. What is wrong still waits on. Raises Forbidden.
    """
    actor.require("orders:write")
    locations = known_locations()
    rows = OrderToRepair.objects.filter(WAITING, pk__in=list(repair_ids)[:MOST_AT_ONCE]).order_by("pk")
    return sum(is_placed(row, locations=locations, actor=actor) for row in rows)


def is_placed(row: OrderToRepair, *, locations: dict[str, str], actor: Actor) -> bool:
    """Whether a waiting order could be placed as it came."""
    document = with_store_codes(location_rules.with_learned_stores(row.document), locations)
    try:
        receive_order(order=read_order(document, source=Source.CONNECTOR), actor=actor, repaired_from=row.pk)
    except (ValidationFailed, OrderConflict, StateConflict):
        return False
    return True
