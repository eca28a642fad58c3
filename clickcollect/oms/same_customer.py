"""A customer with several packages collects them in one go: what else is ready for the same phone in the same store."""

from typing import Final

from clickcollect.oms import states
from clickcollect.oms.access import Actor, packages_of
from clickcollect.oms.lists import state_id
from clickcollect.oms.models import Package

MOST: Final = 5
AT_THE_COUNTER: Final = frozenset({states.READY, states.DELIVERED})  # where a customer stands, or just stood


def others_ready(package: Package, actor: Actor) -> list[Package]:
    """The customer's other packages that are ready here, the most urgent first, at most 5; each needs its own code."""
    phone = package.order.phone_number
    if not phone or package.state.enum_value not in AT_THE_COUNTER:
        return []
    same = packages_of(actor).filter(stock_location_id=package.stock_location_id, order__phone_number=phone)
    ready = same.filter(state_id=state_id(states.READY)).exclude(pk=package.pk)
    return list(ready.order_by("due_at", "id")[:MOST])
