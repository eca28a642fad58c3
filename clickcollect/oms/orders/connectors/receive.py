"""What happens to an order that a connector has read: taken in like any other, or left out by setting, and counted."""

from dataclasses import dataclass
from typing import Any, Literal

from django.db.models import Count

from clickcollect.errors import ValidationFailed
from clickcollect.omnitron.models import Order
from clickcollect.omnitron.order_schema import OrderIn, read_order
from clickcollect.oms import app_settings
from clickcollect.oms.access import Actor
from clickcollect.oms.log.write import record_note
from clickcollect.oms.log_models import CommandLog, NoteKind
from clickcollect.oms.orders.intake import receive_order

Status = Literal["created", "known", "ignored"]


@dataclass(frozen=True, kw_only=True)
class ChannelOrderResult:
    """What became of it."""

    status: Status
    order: Order | None = None


def receive_channel_order(
    data: dict[str, Any] | None, *, connector: str, actor: Actor, is_webhook: bool
) -> ChannelOrderResult:
    """Take in what a connector has read; None is an order with nothing to hand over.

    What is not for a store is kept as a home delivery or ignored by setting. A webhook is never told that such an
    order is wrong: it would only send it again, and at last give up sending any.
    Raises ValidationFailed and OrderConflict.
    """
    if data is None:
        return ignore_order(connector, actor)
    if data["delivery_type"] == "in_store":
        return keep_order(read_order(data), actor)
    if app_settings.settings_in_force()["CONNECTOR_HOME_DELIVERY"] == "ignore":
        return ignore_order(connector, actor)
    try:
        order = read_order(data)
    except ValidationFailed:
        if not is_webhook:
            raise
        return ignore_order(connector, actor)
    result = keep_order(order, actor)
    if result.status == "created":
        count_not_for_a_store(connector, "kept", actor)
    return result


def keep_order(order: OrderIn, actor: Actor) -> ChannelOrderResult:
    received = receive_order(order=order, actor=actor)
    return ChannelOrderResult(status="created" if received.created else "known", order=received.order)


def ignore_order(connector: str, actor: Actor) -> ChannelOrderResult:
    count_not_for_a_store(connector, "ignored", actor)
    return ChannelOrderResult(status="ignored")


def count_not_for_a_store(connector: str, outcome: str, actor: Actor) -> None:
    """One row in the log, without anything of the order."""
    record_note(kind=NoteKind.NOT_FOR_A_STORE, actor=actor, attributes={"connector": connector, "outcome": outcome})


def not_for_a_store_counts() -> dict[tuple[str, str], int]:
    """How many orders were not for a store, by connector and outcome."""
    rows = CommandLog.objects.filter(note_kind=NoteKind.NOT_FOR_A_STORE).order_by()
    grouped = rows.values_list("attributes__connector", "attributes__outcome").annotate(number=Count("pk"))
    return {(connector, outcome): number for connector, outcome, number in grouped}
