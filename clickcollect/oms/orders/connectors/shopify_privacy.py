"""What Shopify passes on of its customers' rights: their data is erased as soon as their orders have ended.

A request names orders by the shop's own ids. It is remembered with them, so that an order of that id that arrives later
is left alone too.
"""

from collections.abc import Iterable
from typing import Any, Final

from django.db.models.functions import Now

from clickcollect.omnitron.models import Order
from clickcollect.oms import privacy
from clickcollect.oms.access import SYSTEM, Actor
from clickcollect.oms.connector_models import ShopOrder
from clickcollect.oms.log.write import record_note
from clickcollect.oms.log_models import NoteKind
from clickcollect.oms.orders.connectors.json_access import child_object
from clickcollect.oms.repair_models import OrderToRepair

MOST_ORDERS: Final = 5_000
MOST_TOLD: Final = 50


def data_requested(data: dict[str, Any], *, channel: str, actor: Actor) -> None:
    """A customer wants to see what is kept: noted with the orders' ids, for somebody who answers."""
    number = child_object(data, "data_request").get("id")
    note_privacy_request(
        NoteKind.DATA_REQUESTED,
        channel=channel,
        actor=actor,
        request=number,
        orders=ids_of_orders(data, "orders_requested"),
    )


def erase_customer(data: dict[str, Any], *, channel: str, actor: Actor) -> None:
    """A customer's orders are to be erased."""
    orders = ids_of_orders(data, "orders_to_redact")
    for remote_id in orders:
        ShopOrder.objects.get_or_create(channel=channel, remote_id=remote_id)
    of_customer = ShopOrder.objects.filter(channel=channel, remote_id__in=orders)
    of_customer.filter(erase_asked_at=None).update(erase_asked_at=Now())
    note_privacy_request(NoteKind.ERASURE_ASKED, channel=channel, actor=actor, request=None, orders=orders)


def erase_shop(*, channel: str, actor: Actor) -> None:
    """Everything of a shop that has left is to be erased."""
    ShopOrder.objects.filter(channel=channel, erase_asked_at=None).update(erase_asked_at=Now())
    note_privacy_request(NoteKind.ERASURE_ASKED, channel=channel, actor=actor, request=None, orders=())


def shop_left(*, channel: str, actor: Actor) -> None:
    """The app was removed from the shop: it sends nothing any more."""
    note_privacy_request(NoteKind.SHOP_LEFT, channel=channel, actor=actor, request=None, orders=())


def erase_asked() -> None:
    """Erase what was asked for and has ended; an order that is on its way to its customer waits until it has."""
    asked = ShopOrder.objects.filter(erase_asked_at__isnull=False, is_erased=False).order_by("id")
    for row in asked.iterator(chunk_size=privacy.BATCH):
        channel = row.placed_as or row.channel
        order = Order.objects.filter(channel=channel, number=row.number).first()
        if order is not None and order.ended_at is None:
            continue
        if order is not None and order.erased_at is None:
            privacy.erase_order(order, actor=SYSTEM)
        for waiting in OrderToRepair.objects.filter(channel=channel, reference=row.number, erased_at=None):
            privacy.erase_repair(waiting, actor=SYSTEM)
        ShopOrder.objects.filter(pk=row.pk).update(is_erased=True, lines=[], news={})


def ids_of_orders(data: dict[str, Any], name: str) -> list[str]:
    """The shop's own ids of orders."""
    given = data.get(name)
    rows = given[:MOST_ORDERS] if isinstance(given, list) else []
    return [str(one) for one in rows if isinstance(one, int) and not isinstance(one, bool)]


def note_privacy_request(kind: NoteKind, *, channel: str, actor: Actor, request: Any, orders: Iterable[str]) -> None:
    """One row in the log, with ids alone."""
    told = {"shop": channel, "orders": ", ".join(list(orders)[:MOST_TOLD])}
    if isinstance(request, int):
        told["request.id"] = str(request)
    record_note(kind=kind, actor=actor, attributes=told)
