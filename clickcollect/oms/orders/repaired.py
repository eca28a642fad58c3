"""A repaired order is sent on: it goes the one way in, once, however many operators press the button."""

from typing import Any

from clickcollect.errors import NotFound
from clickcollect.omnitron.models import Order
from clickcollect.omnitron.order_schema import STORE_LOC, Source, read_order, value_at
from clickcollect.oms.access import Actor
from clickcollect.oms.orders import location_rules
from clickcollect.oms.orders.intake import receive_order
from clickcollect.oms.repair_models import OrderToRepair


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
    order = receive_order(order=read_order(document, source=Source.PERSON), actor=actor, repaired_from=waiting.pk).order
    location = value_at(waiting.document, *STORE_LOC)
    if learn_location and order.retail_store is not None and isinstance(location, str):
        location_rules.learn(channel=waiting.channel, name=location, store=order.retail_store, actor=actor)
    return order
