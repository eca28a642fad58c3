"""What happens to an order that a connector has read: placed, kept for repair, or ignored and counted."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, Literal

from django.utils.translation import gettext as _

from clickcollect.errors import Fault, OlderOrder, OrderConflict, ValidationFailed
from clickcollect.omnitron.models import DeliveryType, Order
from clickcollect.omnitron.order_schema import STORE_LOC, Source, read_order
from clickcollect.oms import app_settings
from clickcollect.oms.access import Actor
from clickcollect.oms.orders.connectors.counts import count_message
from clickcollect.oms.orders.intake import Became, receive_order
from clickcollect.oms.orders.location_rules import with_learned_stores
from clickcollect.oms.orders.locations import known_locations, with_store_codes
from clickcollect.oms.orders.repair import keep_for_repair
from clickcollect.oms.repair_models import RepairState

Status = Literal["created", "known", "amended", "cancelled", "to_repair", "noted", "ignored"]
STORE: Final = ".".join(STORE_LOC)
STATUS: Final[dict[Became, Status]] = {
    Became.PLACED: "created",
    Became.UNCHANGED: "known",
    Became.AMENDED: "amended",
}
REPEATED: Final[dict[str, Status]] = {
    RepairState.WAITING: "to_repair",
    RepairState.PLACED: "known",
    RepairState.ARRIVED: "known",
    RepairState.DISCARDED: "ignored",
}


@dataclass(frozen=True, kw_only=True)
class ChannelOrderResult:
    """What became of it. ``outcome``: what it is counted as, where the status does not say enough."""

    status: Status
    order: Order | None = None
    outcome: str = ""


def receive_channel_order(
    data: dict[str, Any] | None, *, payload: dict[str, Any], connector: str, actor: Actor, is_webhook: bool
) -> ChannelOrderResult:
    """Take in what a connector has read, and count it. As `receive_document`."""
    return count_result(connector, receive_document(data, payload=payload, actor=actor, is_webhook=is_webhook))


def count_result(connector: str, result: ChannelOrderResult) -> ChannelOrderResult:
    """The same, counted."""
    count_message(connector, result.outcome or result.status)
    return result


def receive_document(
    data: dict[str, Any] | None,
    *,
    payload: dict[str, Any],
    actor: Actor,
    is_webhook: bool,
    no_store: str = "",
) -> ChannelOrderResult:
    """Take in what a connector has read; None is an order with nothing to hand over.

    What is not for a store is kept as a home delivery or ignored by setting. Nothing genuine is refused: what cannot
    be placed is kept for repair, as it came (``payload``); the sender would only send it again, and at last give up
    sending any. A webhook's home delivery that cannot be read is ignored, an older version too.
    Arguments: ``no_store``, what to say where no store is named, if there is more to say than to choose one.
    Raises Forbidden.
    """
    if data is None:
        return ignored("nothing_to_hand_over")
    is_for_store = data["delivery_type"] == DeliveryType.IN_STORE
    if not is_for_store and app_settings.settings_in_force()["CONNECTOR_HOME_DELIVERY"] == "ignore":
        return ignored("home_delivery")
    try:
        named = with_store_codes(with_learned_stores(data), known_locations())
        received = receive_order(order=read_order(named, source=Source.CONNECTOR), actor=actor, from_shop=True)
    except OlderOrder:
        return ChannelOrderResult(status="ignored", outcome="older")
    except (ValidationFailed, OrderConflict) as refusal:
        if is_webhook and not is_for_store and isinstance(refusal, ValidationFailed):
            return ignored("home_delivery")
        return keep_document(data, payload=payload, faults=faults_of_refusal(refusal, no_store), actor=actor)
    kept_home = received.became is Became.PLACED and not is_for_store
    return ChannelOrderResult(
        status=STATUS[received.became],
        order=received.order,
        outcome="home_delivery" if kept_home else "",
    )


def keep_document(
    data: dict[str, Any], *, payload: dict[str, Any], faults: Iterable[Fault], actor: Actor
) -> ChannelOrderResult:
    """Keep it for repair, or find that it was dealt with before."""
    number = data.get("number")
    row = keep_for_repair(
        channel=data["channel"],
        reference=number if isinstance(number, str) else "",
        payload=payload,
        document=data,
        faults=faults,
        actor=actor,
    )
    return ChannelOrderResult(status=REPEATED[row.state], order=row.order)


def faults_of_refusal(refusal: ValidationFailed | OrderConflict, no_store: str) -> list[Fault]:
    """What is wrong with an order, or in what it differs from the one that has its number."""
    if isinstance(refusal, ValidationFailed):
        return [{**one, "msg": no_store} if no_store and one["loc"] == STORE else one for one in refusal.errors]
    words = _("A different order with this number already exists.")
    return [{"loc": loc, "msg": words} for loc in refusal.extra["differs"]]


def ignored(why: str) -> ChannelOrderResult:
    """Left alone. Arguments: ``why``, one of the words of docs/orders.md."""
    return ChannelOrderResult(status="ignored", outcome=f"ignored_{why}")
