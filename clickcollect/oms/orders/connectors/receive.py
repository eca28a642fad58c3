"""What happens to an order that a connector has read: placed, kept for repair, or ignored and counted."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, Literal

from django.db.models import Count
from django.utils.translation import gettext as _

from clickcollect.errors import Fault, OlderOrder, OrderConflict, ValidationFailed
from clickcollect.omnitron.models import DeliveryType, Order
from clickcollect.omnitron.order_schema import Source, read_order
from clickcollect.oms import app_settings
from clickcollect.oms.access import Actor
from clickcollect.oms.log.write import record_note
from clickcollect.oms.log_models import CommandLog, NoteKind
from clickcollect.oms.orders.intake import Became, receive_order
from clickcollect.oms.orders.location_rules import with_learned_stores
from clickcollect.oms.orders.locations import known_locations, with_store_codes
from clickcollect.oms.orders.repair import keep_for_repair
from clickcollect.oms.repair_models import RepairState

Status = Literal["created", "known", "amended", "to_repair", "ignored"]
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
    """What became of it."""

    status: Status
    order: Order | None = None


def receive_channel_order(
    data: dict[str, Any] | None, *, payload: dict[str, Any], connector: str, actor: Actor, is_webhook: bool
) -> ChannelOrderResult:
    """Take in what a connector has read; None is an order with nothing to hand over.

    What is not for a store is kept as a home delivery or ignored by setting. Nothing genuine is refused: what cannot
    be placed is kept for repair, as it came (``payload``); the sender would only send it again, and at last give up
    sending any. A webhook's home delivery that cannot be read is ignored and counted, an older version too.
    Raises Forbidden.
    """
    is_for_store = data is not None and data["delivery_type"] == DeliveryType.IN_STORE
    if data is None or not (is_for_store or app_settings.settings_in_force()["CONNECTOR_HOME_DELIVERY"] == "keep"):
        return ignore_order(connector, actor)
    try:
        named = with_store_codes(with_learned_stores(data), known_locations())
        received = receive_order(order=read_order(named, source=Source.CONNECTOR), actor=actor)
    except OlderOrder:
        return ignore_order(connector, actor, outcome="older")
    except (ValidationFailed, OrderConflict) as refusal:
        if is_webhook and not is_for_store and isinstance(refusal, ValidationFailed):
            return ignore_order(connector, actor)
        return keep(data, payload=payload, faults=faults_of(refusal), actor=actor)
    if received.became is Became.PLACED and not is_for_store:
        count_not_for_a_store(connector, "kept", actor)
    return ChannelOrderResult(status=STATUS[received.became], order=received.order)


def keep(data: dict[str, Any], *, payload: dict[str, Any], faults: Iterable[Fault], actor: Actor) -> ChannelOrderResult:
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


def faults_of(refusal: ValidationFailed | OrderConflict) -> list[Fault]:
    """What is wrong with an order, or in what it differs from the one that has its number."""
    if isinstance(refusal, ValidationFailed):
        return refusal.errors
    words = _("An order with this number is there already and differs here.")
    return [{"loc": loc, "msg": words} for loc in refusal.extra["differs"]]


def ignore_order(connector: str, actor: Actor, *, outcome: str = "ignored") -> ChannelOrderResult:
    count_not_for_a_store(connector, outcome, actor)
    return ChannelOrderResult(status="ignored")


def count_not_for_a_store(connector: str, outcome: str, actor: Actor) -> None:
    """One row in the log, without anything of the order."""
    record_note(kind=NoteKind.NOT_FOR_A_STORE, actor=actor, attributes={"connector": connector, "outcome": outcome})


def not_for_a_store_counts() -> dict[tuple[str, str], int]:
    """How many orders were not for a store, by connector and outcome."""
    rows = CommandLog.objects.filter(note_kind=NoteKind.NOT_FOR_A_STORE).order_by()
    grouped = rows.values_list("attributes__connector", "attributes__outcome").annotate(number=Count("pk"))
    return {(connector, outcome): number for connector, outcome, number in grouped}
