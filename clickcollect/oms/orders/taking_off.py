"""Lines taken off an order by an operator, until its package is ready; down to none, then the package is cancelled."""

from collections.abc import Mapping
from decimal import Decimal

from django.db import connection, transaction
from django.utils.translation import gettext as _

from clickcollect.errors import DomainError, NotFound, StateConflict, ValidationFailed
from clickcollect.omnitron.models import OrderItem
from clickcollect.omnitron.order_schema import ItemIn
from clickcollect.oms.access import Actor, orders_of
from clickcollect.oms.events import types as events
from clickcollect.oms.log import conflicts
from clickcollect.oms.log.write import actor_attributes, write_notes
from clickcollect.oms.log_models import CommandLog, LogKind, NoteKind
from clickcollect.oms.orders import amended_rows, amending
from clickcollect.oms.orders.amendment import Amendment, KeptOrder, LineChanges, may_be_reduced, touched
from clickcollect.oms.orders.statements import FoundOrders, nothing_found

LINES = "lines"


def take_off(*, order_id: int, pieces: Mapping[int, int], reason: str, actor: Actor) -> None:
    """Take so many pieces off these lines of an order; a line of which nothing is left goes.

    What is packed already is told to the store, which takes it out and confirms. Arguments: ``pieces``, by line id.
    Raises Forbidden, NotFound, ValidationFailed, StateConflict once a package is ready or the order has ended; the
    last stands in the log by then.
    """
    actor.require("orders:write")
    try:
        emptied = take_off_held(order_id=order_id, pieces=pieces, reason=reason, actor=actor)
    except StateConflict as refusal:
        record_refusal(refusal, order_id=order_id, actor=actor)
        raise
    if emptied:
        amending.cancel_emptied(order_id)


@transaction.atomic(durable=True)
def take_off_held(*, order_id: int, pieces: Mapping[int, int], reason: str, actor: Actor) -> bool:
    """The same in one transaction; whether nothing is left of some package."""
    if not orders_of(actor).filter(pk=order_id).exists():
        raise NotFound
    amending.lock(order_id)
    kept = amending.read_kept_order(order_id)
    lines = changes_of_pieces(kept, pieces)
    if not reason.strip():
        raise ValidationFailed.of("reason", _("Enter a reason, in a few words."))
    packages = list({package.pk: package for package in touched(kept, lines)}.values())
    refuse_late(kept, lines)
    amending.refuse_foreign_parts(kept, actor=actor)
    columns = {"amount": amount_without(kept, pieces)}
    amendment = Amendment(differs=["order_item"], columns=columns, lines=lines)
    rows = amended_rows.write_amendment(kept, amendment, version=None, found=database_time())
    events.publish([events.OutgoingEvent(event=events.OrderUpdatedWhispererEvent, order=rows.order)])
    attributes: dict[str, str | int | bool] = {
        **actor_attributes(actor),
        "order.id": order_id,
        "items.taken_off": sum(pieces.values()),
    }
    for entry in amending.note_packages(NoteKind.LINES_TAKEN_OFF, packages, actor=actor, attributes=attributes):
        write_notes(entry=entry, notes={"reason": reason.strip()})
    if rows.emptied:
        amending.defer_emptied(order_id)
    return bool(rows.emptied)


def changes_of_pieces(kept: KeptOrder, pieces: Mapping[int, int]) -> LineChanges:
    """What is left of the lines. Raises ValidationFailed where a line is not there, or has fewer pieces."""
    lines = {line.pk: line for line in kept.lines}
    if not pieces or not all(pk in lines and 1 <= off <= lines[pk].quantity for pk, off in pieces.items()):
        raise ValidationFailed.of(LINES, _("Remove at least one piece, and no more than the line has."))
    removed = [line for pk, line in lines.items() if pieces.get(pk) == line.quantity]
    staying = [line for line in lines.values() if line not in removed]
    return LineChanges(kept=[(line, what_is_left(line, pieces.get(line.pk, 0))) for line in staying], removed=removed)


def what_is_left(line: OrderItem, off: int) -> ItemIn:
    return ItemIn.model_construct(
        sku=line.sku, name=line.name, quantity=line.quantity - off, price=line.price, image_url=line.image_url
    )


def refuse_late(kept: KeptOrder, lines: LineChanges) -> None:
    if kept.has_ended:
        raise conflicts.of_order(kept.order, _("This order has ended. Nothing was removed."))
    if not all(map(may_be_reduced, touched(kept, lines))):
        words = _("This package is ready for its customer. Cancel it, or hand over what is in it.")
        raise conflicts.of_order(kept.order, words)


def amount_without(kept: KeptOrder, pieces: Mapping[int, int]) -> Decimal:
    """The order's amount without the pieces whose price is known."""
    left: Decimal = kept.order.amount
    for line in kept.lines:
        left -= pieces.get(line.pk, 0) * (line.price or Decimal(0))
    return max(left, Decimal(0))


def database_time() -> FoundOrders:
    """The database's time, for what draws no ids."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        return nothing_found(cursor.fetchone()[0])


def record_refusal(refusal: DomainError, *, order_id: int, actor: Actor) -> None:
    CommandLog.objects.create(
        kind=LogKind.REFUSED,
        order_id=order_id,
        actor_id=actor.user_id,
        channel=actor.channel,
        code=refusal.code,
        attributes=actor_attributes(actor),
    )
