"""How an order comes in: the only way, for API, form, import, connector and demo alike.

Order, lines, packages and events are one transaction. The same order again is the same order;
another one under the same channel and number is a conflict that says what differs.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from django.db import IntegrityError, transaction
from django.db.models import prefetch_related_objects
from django.db.models.functions import Now

from clickcollect.accounts.idempotency import Once
from clickcollect.errors import Forbidden, OrderConflict
from clickcollect.omnitron.models import Order, OrderItem, RetailStore
from clickcollect.omnitron.order_comparison import differing_fields
from clickcollect.omnitron.order_schema import OrderIn
from clickcollect.oms import app_settings, deadlines, search, states
from clickcollect.oms.access import Actor, orders_of
from clickcollect.oms.events import types as events
from clickcollect.oms.log.write import record_note
from clickcollect.oms.log_models import NoteKind
from clickcollect.oms.models import CommandLog, Package, PackageItem, PackageState
from clickcollect.oms.orders import repair

PHONE: Final = "customer.phone_number"
NUMBER: Final = "number"
NO_STORE_LANGUAGE: Final = "en"


class Became(StrEnum):
    """What became of an order that came in and was no conflict."""

    PLACED = "placed"
    UNCHANGED = "unchanged"
    AMENDED = "amended"


@dataclass(frozen=True, kw_only=True)
class Received:
    """The order as it is kept, and what became of the one that came in."""

    order: Order
    became: Became

    @property
    def created(self) -> bool:
        return self.became is Became.PLACED


def receive_order(
    *,
    order: OrderIn,
    actor: Actor,
    once: Once | None = None,
    from_shop: bool = False,  # noqa: ARG001
    repaired_from: int | None = None,
) -> Received:
    """Take an order in, with its packages at their stores in Waiting (contract section 1, row 0), or its change.

    Arguments: ``order``, read by `omnitron.order_schema.read_order`; ``once``, a request that may be sent again: its
    answer is kept in the same transaction; ``from_shop``, a connector's word: it may also take lines off what is
    packed, and change a phone after a code was issued; ``repaired_from``, the id of the order to repair that this is:
    its wait ends in the same transaction.
    Raises OlderOrder for a version that comes late, OrderConflict with ``differs`` for what can be no amendment,
    StateConflict where the order to repair waits no more, Forbidden. Sent fifty times at once it is one order: the
    database decides.
    """
    actor.require("orders:write")
    stores = stores_of(order)
    refuse_foreign_stores(stores=stores, actor=actor)
    try:
        return take_in(order=order, stores=stores, actor=actor, once=once, repaired_from=repaired_from)
    except IntegrityError:  # the same number came in at this very moment: it is there now
        return take_in(order=order, stores=stores, actor=actor, once=once, repaired_from=repaired_from)


def take_in(
    *,
    order: OrderIn,
    stores: Mapping[str, RetailStore],
    actor: Actor,
    once: Once | None,
    repaired_from: int | None,
) -> Received:
    """Keep a new order, or find that it is there, in one transaction."""
    with transaction.atomic(durable=True):
        if once:
            once.claim()
        waiting = None if repaired_from is None else repair.waiting_order(repaired_from)
        known = kept_order(order)
        if known:
            received = known_order(known=known, sent=order, actor=actor)
        else:
            received = Received(order=place(order=order, stores=stores, actor=actor), became=Became.PLACED)
        if waiting or received.became is not Became.UNCHANGED:
            repair.end_wait_of(received.order, actor=actor, repaired_from=waiting, changed_at=order.updated_at)
        if once:
            once.keep(received)
        return received


def refuse_foreign_stores(*, stores: Mapping[str, RetailStore], actor: Actor) -> None:
    """A token that is bound to stores brings orders of these stores only."""
    ids: set[int | None] = {store.pk for store in stores.values()} or {None}
    if not all(actor.sees_store(store_id) for store_id in ids):
        raise Forbidden


def stores_of(order: OrderIn) -> dict[str, RetailStore]:
    """The stores that an order names, by ERP code."""
    codes = {order.shipping_address.retail_store, *(item.retail_store for item in order.order_item)} - {None}
    return {store.erp_code: store for store in RetailStore.objects.filter(erp_code__in=codes)} if codes else {}


def kept_order(order: OrderIn) -> Order | None:
    """The order that stands under this channel and number."""
    rows = Order.objects.select_related("retail_store").prefetch_related("items__retail_store")
    return rows.filter(channel=order.channel, number=order.number).first()


def known_order(*, known: Order, sent: OrderIn, actor: Actor) -> Received:
    """The same order again is nothing new. Raises OrderConflict with the fields that differ.

    Who may not see the order that is kept hears only that its number is taken: what differs would tell what it says.
    """
    if not orders_of(actor).filter(pk=known.pk).exists():
        raise OrderConflict(differs=[NUMBER])
    differs = differing_fields(order=known, sent=sent)
    if PHONE in differs and phone_was_corrected(known):
        differs.remove(PHONE)
    if differs:
        raise OrderConflict(differs=differs)
    return Received(order=known, became=Became.UNCHANGED)


def phone_was_corrected(order: Order) -> bool:
    """An operator's correction is not held against the channel, which goes on sending the old number."""
    ids = list(Package.objects.filter(order=order).values_list("pk", flat=True))
    return CommandLog.objects.filter(package_id__in=ids, command_code="CORRECT_PHONE", code="").exists()


def place(*, order: OrderIn, stores: Mapping[str, RetailStore], actor: Actor) -> Order:
    """Keep a new order with all that belongs to it, inside the caller's transaction."""
    pk = insert_order(order, stores)
    OrderItem.objects.bulk_create(insertable_lines(order, stores, order_id=pk))
    kept = Order.objects.select_related("retail_store").prefetch_related("items__retail_store").get(pk=pk)
    packages = make_packages(kept)
    for package in packages:
        search.update_index(package)
        record_note(kind=NoteKind.CREATED, actor=actor, package=package, attributes={"channel": str(actor.channel)})
    if not packages:
        record_note(kind=NoteKind.CREATED, actor=actor, attributes={"channel": str(actor.channel), "order.id": kept.pk})
    events.publish(
        [
            events.OutgoingEvent(event=events.OrderCreatedWhispererEvent, order=kept),
            *(events.OutgoingEvent(event=events.PackageCreatedWhispererEvent, package=package) for package in packages),
        ]
    )
    return kept


def insert_order(order: OrderIn, stores: Mapping[str, RetailStore]) -> int:
    """Insert the order row; what was left out is the store's, or now. Its id."""
    store = stores.get(order.shipping_address.retail_store or "")
    row = Order(
        number=order.number,
        channel=order.channel,
        delivery_type=order.delivery_type,
        retail_store=store,
        date_placed=order.date_placed or Now(),
        language_code=order.language_code or (store.language_code if store else NO_STORE_LANGUAGE),
        currency=order.currency or (store.currency if store else ""),
        amount=order.total,
        first_name=order.customer.first_name,
        last_name=order.customer.last_name,
        email=order.customer.email or "",
        phone_number=order.customer.phone_number,
        shipping_address=address_document(order),
    )
    row.save(force_insert=True)
    return row.pk


def address_document(order: OrderIn) -> dict[str, str]:
    """The shipping address as it was sent, without what was left empty."""
    sent = order.shipping_address.model_dump()
    kept = {key: value for key, value in sent.items() if value}
    return {"address_type": "retail_store", **kept} if "retail_store" in kept else kept


def insertable_lines(order: OrderIn, stores: Mapping[str, RetailStore], *, order_id: int) -> list[OrderItem]:
    return [
        OrderItem(
            order_id=order_id,
            sku=item.sku,
            name=item.name,
            quantity=item.quantity,
            price=item.price,
            image_url=item.image_url or "",
            retail_store=stores.get(item.retail_store or ""),
            parcel=item.parcel or 1,
        )
        for item in order.order_item
    ]


def make_packages(order: Order) -> list[Package]:
    """One package for each store and parcel, in Waiting, to be packed within so many opening hours of the store."""
    parcels: dict[tuple[RetailStore, int], list[OrderItem]] = {}
    for item in order.items.all():
        store = item.retail_store or order.retail_store
        if store is not None:
            parcels.setdefault((store, item.parcel), []).append(item)
    if not parcels:
        return []
    waiting_with_clock = PackageState.objects.annotate(clock=Now())
    waiting = waiting_with_clock.get(enum_class=states.ENUM_CLASS, enum_value=states.WAITING)
    hours = {store: app_settings.settings_in_force(store.pk)["PACK_WITHIN_HOURS"] for store, _parcel in parcels}
    packages = Package.objects.bulk_create(
        Package(
            order=order,
            stock_location=store,
            state=waiting,
            due_at=deadlines.packing_due_in(store, since=waiting.clock, hours=hours[store]),
            item_count=sum(item.quantity for item in items),
        )
        for (store, _parcel), items in parcels.items()
    )
    PackageItem.objects.bulk_create(
        PackageItem(
            package=package,
            order_item=item,
            sku=item.sku,
            name=item.name,
            quantity=item.quantity,
            image_url=item.image_url,
        )
        for package, items in zip(packages, parcels.values(), strict=True)
        for item in items
    )
    prefetch_related_objects(packages, "items")
    return packages
