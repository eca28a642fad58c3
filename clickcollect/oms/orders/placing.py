"""What a new order becomes: its rows, its packages in Waiting, its log. Pure: no query, no clock of its own."""

from collections.abc import Iterable
from typing import Final

from clickcollect.omnitron.models import Order, OrderItem, OrderStatus, RetailStore
from clickcollect.omnitron.order_schema import ItemIn, OrderIn
from clickcollect.oms import deadlines, search, states
from clickcollect.oms.access import Actor
from clickcollect.oms.app_settings import Values
from clickcollect.oms.columns import prefetched
from clickcollect.oms.configuration import Configuration
from clickcollect.oms.log.write import note_entry
from clickcollect.oms.log_models import CommandLog, NoteKind
from clickcollect.oms.models import NUMBER_PREFIX, NUMBERS_BEGIN_AFTER, Package, PackageItem
from clickcollect.oms.orders.statements import FoundOrders, Placement
from clickcollect.oms.orders.versions import version_of

NO_STORE_LANGUAGE: Final = "en"
Parcels = dict[tuple[RetailStore, int], list[OrderItem]]


def place_order(*, order: OrderIn, found: FoundOrders, known: Configuration, actor: Actor) -> Placement:
    """A new order with all that belongs to it. What it left out is the store's, or now."""
    row = order_row(order, found)
    lines = [line_row(item, found=found, order=row) for item in order.order_item]
    prefetched(row, "items", lines)
    packages = [
        package_row(row, store=store, items=items, found=found, known=known)
        for (store, _parcel), items in parcels_of(lines, row).items()
    ]
    return Placement(
        order=row,
        lines=lines,
        packages=packages,
        items=[item for package in packages for item in package.items.all()],
        entries=list(log_entries(row, packages, found=found, actor=actor)),
    )


def order_row(order: OrderIn, found: FoundOrders) -> Order:
    store = found.stores.get(order.shipping_address.retail_store or "")
    return Order(
        id=next(found.ids.orders),
        number=order.number,
        channel=order.channel,
        status=OrderStatus.APPROVED.value,
        delivery_type=order.delivery_type,
        retail_store=store,
        date_placed=order.date_placed or found.now,
        language_code=order.language_code or (store.language_code if store else NO_STORE_LANGUAGE),
        currency=order.currency or (store.currency if store else ""),
        amount=order.total,
        first_name=order.customer.first_name,
        last_name=order.customer.last_name,
        email=order.customer.email or "",
        phone_number=order.customer.phone_number,
        **version_of(order).columns(Order()),
        shipping_address=address_document(order),
        created_date=found.now,
        modified_date=found.now,
    )


def address_document(order: OrderIn) -> dict[str, str]:
    """The shipping address as it was sent, without what was left empty."""
    sent = order.shipping_address.model_dump()
    kept = {key: value for key, value in sent.items() if value}
    return {"address_type": "retail_store", **kept} if "retail_store" in kept else kept


def line_row(item: ItemIn, *, found: FoundOrders, order: Order) -> OrderItem:
    return OrderItem(
        id=next(found.ids.lines),
        order=order,
        sku=item.sku,
        name=item.name,
        quantity=item.quantity,
        price=item.price,
        image_url=item.image_url or "",
        retail_store=found.stores.get(item.retail_store or ""),
        parcel=item.parcel or 1,
    )


def parcels_of(lines: Iterable[OrderItem], order: Order) -> Parcels:
    """Which lines go into one package: those of one store and parcel. A line without a store goes into none."""
    parcels: Parcels = {}
    for line in lines:
        store = line.retail_store or order.retail_store
        if store is not None:
            parcels.setdefault((store, line.parcel), []).append(line)
    return parcels


def package_row(
    order: Order, *, store: RetailStore, items: list[OrderItem], found: FoundOrders, known: Configuration
) -> Package:
    """A package in Waiting, to be packed within so many opening hours of its store."""
    pk = next(found.ids.packages)
    package = Package(
        id=pk,
        order=order,
        order_number=order.number,
        delivery_type=order.delivery_type,
        stock_location=store,
        state=next(state for state in known.states.values() if is_waiting(state.enum_class, state.enum_value)),
        state_changed_at=found.now,
        due_at=deadlines.packing_due_in(
            store, since=found.now, hours=Values(known.settings_of(store.pk))["PACK_WITHIN_HOURS"]
        ),
        item_count=sum(item.quantity for item in items),
        created_date=found.now,
        modified_date=found.now,
    )
    package.number = f"{NUMBER_PREFIX}{pk + NUMBERS_BEGIN_AFTER}"
    package.search = search.vector_text(search.index_terms(package))
    prefetched(package, "items", [item_row(item, package=package, found=found) for item in items])
    return package


def is_waiting(enum_class: str, enum_value: str) -> bool:
    return (enum_class, enum_value) == (states.ENUM_CLASS, states.WAITING)


def item_row(line: OrderItem, *, package: Package, found: FoundOrders) -> PackageItem:
    return PackageItem(
        id=next(found.ids.items),
        package=package,
        order_item=line,
        sku=line.sku,
        name=line.name,
        quantity=line.quantity,
        image_url=line.image_url,
    )


def log_entries(order: Order, packages: list[Package], *, found: FoundOrders, actor: Actor) -> Iterable[CommandLog]:
    """A row for each package, or for the order that has none."""
    said: dict[str, str | int | bool] = {"channel": str(actor.channel)}
    for package in packages:
        yield dated(note_entry(kind=NoteKind.CREATED, actor=actor, package=package, attributes=said), found)
    if not packages:
        said["order.id"] = order.pk
        yield dated(note_entry(kind=NoteKind.CREATED, actor=actor, attributes=said), found)


def dated(entry: CommandLog, found: FoundOrders) -> CommandLog:
    entry.at = found.now
    return entry
