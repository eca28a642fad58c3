"""An order cancelled in Omnitron: 50 at once, its open packages one by one by a job, 100 when the last has ended."""

from typing import Final

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext as _
from procrastinate.contrib.django import app

from clickcollect.errors import DomainError, Forbidden, NotFound
from clickcollect.omnitron.models import Order, OrderInStatus, OrderStatus
from clickcollect.oms import states
from clickcollect.oms.access import SYSTEM, Actor, orders_of
from clickcollect.oms.commands.run import run_command
from clickcollect.oms.events import types as events
from clickcollect.oms.log import conflicts
from clickcollect.oms.log.write import record_note
from clickcollect.oms.log_models import CommandLog, LogNote, NoteKind
from clickcollect.oms.models import Package

JOB: Final = "cancel_packages_of_order"  # registered in `jobs.py`
COMMAND: Final = "CANCEL_PACKAGE"
TOO_LATE: Final = (OrderStatus.DELIVERED, OrderStatus.REFUNDED)


def cancel_order(*, order_id: int, actor: Actor, reason: str = "") -> None:
    """Ask for an order's end. Asked again, nothing happens again; without open packages it ends at once.

    From its commit on the order's packages are held back, whenever the job comes (`run_command`, contract section 1):
    both hold the order, so one of them is first. What was handed over before stays delivered.
    Raises NotFound, Forbidden, and StateConflict when the customer has everything already.
    """
    actor.require("orders:write")
    with transaction.atomic(durable=True):
        order = locked_order(order_id, actor)
        if order.status == OrderStatus.CANCELED or order.cancel_requested_at is not None:
            return
        if order.status in TOO_LATE:
            raise conflicts.of_order(order, _("This order has already ended. Nothing was cancelled."))
        waiting = list(open_packages_of(order_id))
        order.status = OrderStatus.CANCELLATION_WAITING if waiting else OrderStatus.CANCELED
        Order.objects.filter(pk=order_id).update(
            status=order.status,
            cancel_requested_at=Now(),
            modified_date=Now(),
            ended_at=None if waiting else Now(),
        )
        note_request(order=order, packages=waiting, actor=actor, reason=reason)
        events.publish([events.OutgoingEvent(event=events.OrderUpdatedWhispererEvent, order=order)])
        if waiting:
            defer_open_packages(order_id)


def locked_order(order_id: int, actor: Actor) -> Order:
    """The order, held against everybody else until the transaction ends.

    Raises NotFound, and Forbidden where a part of it is in a store that the caller does not see.
    """
    order = Order.objects.select_for_update().filter(pk=order_id).first()
    if order is None or not orders_of(actor).filter(pk=order_id).exists():
        raise NotFound
    stores = {*order.packages.values_list("stock_location_id", flat=True), order.retail_store_id} - {None}
    if not all(actor.sees_store(store_id) for store_id in stores):
        raise Forbidden(_("Part of this order is in another store. Ask someone who works for all of its stores."))
    return order


def open_packages_of(order_id: int) -> QuerySet[Package]:
    """The packages of an order that are still in the store's hands."""
    return Package.objects.filter(order_id=order_id).exclude(state__enum_value__in=states.ENDED).order_by("id")


def note_request(*, order: Order, packages: list[Package], actor: Actor, reason: str) -> None:
    """Who asked, and why; the reason is free text and belongs to the packages' notes, where it can be erased."""
    for package in packages:
        record_note(
            kind=NoteKind.ORDER_CANCEL_REQUESTED,
            actor=actor,
            package=package,
            attributes={"channel": str(actor.channel), "order.id": order.pk},
            notes={"reason": reason},
        )
    if not packages:
        record_note(
            kind=NoteKind.ORDER_CANCEL_REQUESTED,
            actor=actor,
            attributes={"channel": str(actor.channel), "order.id": order.pk},
        )


def defer_open_packages(order_id: int) -> None:
    """Give the rest to the worker; inside the caller's transaction, so that neither is without the other."""
    app.configure_task(JOB, lock=f"order-{order_id}").defer(order_id=order_id)


def cancel_open_packages(order_id: int) -> int:
    """Cancel what is open, one command each; how many packages are open still. Safe to repeat at any point."""
    for package in open_packages_of(order_id):
        try:
            run_command(
                package_id=package.pk,
                transition=COMMAND,
                actor=SYSTEM,
                data={"reason": reason_for(package) or _("The order was cancelled.")},
            )
        except DomainError:
            continue  # it has moved meanwhile, or has no way to Cancelled; both stand in the log
    return open_packages_of(order_id).count()


def reason_for(package: Package) -> str:
    """What the one who cancelled the order gave as the reason."""
    asked = CommandLog.objects.filter(package_id=package.pk, note_kind=NoteKind.ORDER_CANCEL_REQUESTED).values("pk")
    note = LogNote.objects.filter(log_id__in=asked, kind="reason").first()
    return note.text if note else ""


def resume() -> int:
    """Give every cancellation that is not through to the worker again; how many there were."""
    waiting = OrderInStatus.objects.filter(status=OrderStatus.CANCELLATION_WAITING)
    stuck = Order.objects.filter(pk__in=waiting.values("order_id"), cancel_requested_at__isnull=False)
    ids = list(stuck.order_by("id").values_list("pk", flat=True)[:500])
    for order_id in ids:
        defer_open_packages(order_id)
    return len(ids)
