"""The order follows its packages (contract section 1, `sync_remote_order_status`)."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final

from clickcollect.omnitron.models import Order, OrderStatus
from clickcollect.oms import states

ENDED: Final = (OrderStatus.CANCELED, OrderStatus.DELIVERED, OrderStatus.REFUNDED)
FOLLOWS_CONFIGURATION: Final = (OrderStatus.READY_FOR_PICKUP, OrderStatus.DELIVERED)


def status_of(package_states: Collection[str], *, cancelling: bool) -> OrderStatus:
    """The status of an order whose packages are in these states: ready, or delivered, when its last open one is."""
    still_open = [state for state in package_states if state not in states.ENDED]
    if not still_open:
        return OrderStatus.DELIVERED if states.DELIVERED in package_states else OrderStatus.CANCELED
    if cancelling:
        return OrderStatus.CANCELLATION_WAITING
    if all(state == states.READY for state in still_open):
        return OrderStatus.READY_FOR_PICKUP
    if all(state == states.WAITING for state in package_states):
        return OrderStatus.APPROVED
    return OrderStatus.PREPARING


def lock_order(order_id: int) -> None:
    """Hold an order until the transaction ends; what is read of it afterwards is the last word.

    The last of two packages moving at once sees the other, and a code never goes to a number that is being corrected.
    Always after the package and before its issue: whoever locks in another order waits for somebody who waits for him.
    """
    Order.objects.select_for_update(no_key=True).only("pk").get(pk=order_id)


def following_columns(
    order: Order, package_states: Collection[str], *, tell_omnitron: bool, now: datetime
) -> dict[str, Any]:
    """What changes on an order whose packages are in these states now; nothing where its status stays.

    The order is held, and was read with its packages after that.
    """
    status = status_of(package_states, cancelling=order.cancel_requested_at is not None)
    if status == order.status or (status in FOLLOWS_CONFIGURATION and not tell_omnitron):
        return {}
    return {"status": int(status), "modified_date": now, "ended_at": now if status in ENDED else None}
