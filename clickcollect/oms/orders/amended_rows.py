"""What an amendment writes: the order, its lines, and what is in its packages. The caller holds all of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import F

from clickcollect.omnitron.models import Order, OrderItem
from clickcollect.oms import configuration, search, states
from clickcollect.oms.models import Package, PackageItem
from clickcollect.oms.orders import placing, statements
from clickcollect.oms.orders.amendment import Amendment, KeptOrder, LineChanges
from clickcollect.oms.orders.statements import FoundOrders
from clickcollect.oms.orders.versions import Version

FOUND_BY: set[str] = {"first_name", "last_name", "phone_number"}


@dataclass(frozen=True, kw_only=True)
class AmendedRows:
    """The order as it is now, the packages that were made, and the ids of those that nothing is left of."""

    order: Order
    made: Sequence[Package]
    emptied: Sequence[int]


def write_amendment(
    kept: KeptOrder, amendment: Amendment, *, version: Version | None, found: FoundOrders
) -> AmendedRows:
    """Write all of it. Arguments: ``version``, the one that was sent; None where an operator takes lines off."""
    order = kept.order
    write_order(order, amendment, version=version, found=found)
    made: list[Package] = []
    emptied: list[int] = []
    if amendment.lines is not None:
        write_lines(amendment.lines)
        added = [placing.line_row(item, found=found, order=order) for item in amendment.lines.added]
        parcels = placing.parcels_of(added, order)
        emptied = take_off_packages(
            kept, amendment.lines, filled={(store.pk, parcel) for store, parcel in parcels}, found=found
        )
        OrderItem.objects.bulk_create(added)
        made = add_lines(kept, parcels, found=found)
    if FOUND_BY & amendment.columns.keys():
        for package in kept.packages:
            search.update_index(package)
    if "delivery_type" in amendment.columns:
        Package.objects.filter(order_id=order.pk).update(delivery_type=order.delivery_type)
    current = Order.objects.select_related("retail_store").prefetch_related("items__retail_store").get(pk=order.pk)
    for package in made:
        package.order = current
    return AmendedRows(order=current, made=made, emptied=emptied)


def write_order(order: Order, amendment: Amendment, *, version: Version | None, found: FoundOrders) -> None:
    columns = dict(amendment.columns) | (version.columns(order) if version else {})
    if "shipping_address" in columns:
        store = found.stores.get(columns["shipping_address"].get("retail_store", ""))
        columns["retail_store"] = store
    for name, value in columns.items():
        setattr(order, name, value)
    Order.objects.filter(pk=order.pk).update(**columns, modified_date=found.now)


def write_lines(lines: LineChanges) -> None:
    """The lines that stay."""
    for line, sent in lines.kept:
        line.name, line.quantity, line.price, line.image_url = (
            sent.name,
            sent.quantity,
            sent.price,
            sent.image_url or "",
        )
    OrderItem.objects.bulk_update([line for line, _sent in lines.kept], ["name", "quantity", "price", "image_url"])


def take_off_packages(
    kept: KeptOrder, lines: LineChanges, *, filled: set[tuple[int, int]], found: FoundOrders
) -> list[int]:
    """Bring what is in the packages to what is left of their lines; the ids of those that nothing is left of.

    Of a packed one somebody must take it out. One that nothing is left of keeps its list: it is cancelled as it was.
    Arguments: ``filled``, the stores and parcels for which lines come.
    """
    left = {line.pk: line for line, _sent in lines.kept}
    gone = {line.pk for line in lines.removed}
    emptied: list[int] = []
    changed: list[PackageItem] = []
    dropped: list[int] = []
    for package in kept.packages:
        if package.state.enum_value in states.ENDED:
            continue
        items = [item for item in package.items.all() if item.order_item_id in left or item.order_item_id in gone]
        before = {item.pk: item.quantity for item in items}
        staying = [item for item in items if item.order_item_id in left]
        going = [item for item in items if item.order_item_id in gone]
        for item in staying:
            line = left[item.order_item_id or 0]
            item.name, item.quantity, item.image_url = line.name, line.quantity, line.image_url
            item.picked = min(item.picked, item.quantity)
        changed += staying
        if going and not staying and not filled & places_of_package(kept, package):
            emptied.append(package.pk)
        else:
            dropped += [item.pk for item in going]
        less = [(item, before[item.pk] - (item.quantity if item in staying else 0)) for item in items]
        update_contents(package, staying, less=less, found=found)
    PackageItem.objects.bulk_update(changed, ["name", "quantity", "image_url", "picked"])
    PackageItem.objects.filter(order_item_id__in=gone).exclude(pk__in=dropped).update(order_item=None)
    PackageItem.objects.filter(pk__in=dropped).delete()
    OrderItem.objects.filter(pk__in=gone).delete()
    return emptied


def update_contents(
    package: Package, staying: Sequence[PackageItem], *, less: Iterable[tuple[PackageItem, int]], found: FoundOrders
) -> None:
    """Count what is in it, and say what has to be taken out of one that is packed."""
    columns: dict[str, Any] = {"item_count": sum(item.quantity for item in staying)}
    off = [f"{number} × {item.name}" for item, number in less if number > 0]
    if off and staying and package.state.enum_value == states.PACKED:
        columns["take_out"] = [*package.take_out, *off]
    for name, value in columns.items():
        setattr(package, name, value)
    Package.objects.filter(pk=package.pk).update(**columns, version=F("version") + 1, modified_date=found.now)


def places_of_package(kept: KeptOrder, package: Package) -> set[tuple[int, int]]:
    """The store and the parcels that a package holds."""
    of = {item.order_item_id for item in package.items.all()}
    return {(package.stock_location_id, line.parcel) for line in kept.lines if line.pk in of}


def add_lines(kept: KeptOrder, parcels: placing.Parcels, *, found: FoundOrders) -> list[Package]:
    """The lines that are new: into the open package of their store and parcel, or into one that is made for them."""
    if not parcels:
        return []
    known = configuration.of_version(found.version)
    still_open = [package for package in kept.packages if package.state.enum_value in states.TO_PACK]
    open_packages = {place: package for package in still_open for place in places_of_package(kept, package)}
    made: list[Package] = []
    joined: list[PackageItem] = []
    for (store, parcel), items in parcels.items():
        package = open_packages.get((store.pk, parcel))
        if package is None:
            made.append(placing.package_row(kept.order, store=store, items=items, found=found, known=known))
            continue
        joined += [placing.item_row(item, package=package, found=found) for item in items]
        more = sum(item.quantity for item in items)
        Package.objects.filter(pk=package.pk).update(item_count=F("item_count") + more, modified_date=found.now)
    PackageItem.objects.bulk_create(joined)
    if made:
        with connection.cursor() as cursor:
            cursor.execute(statements.PACKAGES.insert, [statements.PACKAGES.rows(made)])
            items_made = [item for package in made for item in package.items.all()]
            cursor.execute(statements.ITEMS.insert, [statements.ITEMS.rows(items_made)])
    return made
