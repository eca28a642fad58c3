"""Whether an order that arrives again is the order that is there, and if not, what differs."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

from clickcollect.omnitron.models import Order, OrderItem
from clickcollect.omnitron.order_schema import ItemIn, OrderIn

MAY_BE_LEFT_OUT: Final = ("date_placed", "language_code", "currency", "amount")
PERSONAL: Final = ("customer", "shipping_address")
PLACE: Final = ("address_line", "postcode", "city", "country")


def differing_fields(*, order: Order, sent: OrderIn) -> list[str]:
    """The paths of the fields in which an order that was sent differs from the one that is kept; none = the same.

    What was left out says nothing, and what was erased for privacy is not held against the sender.
    """
    found = [*header_differences(order, sent), *item_differences(order, sent)]
    if order.erased_at is not None:
        found = [path for path in found if path.split(".")[0] not in PERSONAL]
    return found


def header_differences(order: Order, sent: OrderIn) -> Iterator[str]:
    for name in MAY_BE_LEFT_OUT:
        value = getattr(sent, name)
        if value is not None and value != getattr(order, name):
            yield name
    if sent.delivery_type != order.delivery_type:
        yield "delivery_type"
    for name in ("first_name", "last_name", "email", "phone_number"):
        if (getattr(sent.customer, name) or "") != getattr(order, name):
            yield f"customer.{name}"
    if sent.shipping_address.retail_store != code_of(order):
        yield "shipping_address.retail_store"
    for name in PLACE:
        if getattr(sent.shipping_address, name) != order.shipping_address.get(name, ""):
            yield f"shipping_address.{name}"


def item_differences(order: Order, sent: OrderIn) -> Iterator[str]:
    """Lines are compared in their order."""
    kept = list(order.items.all())
    if len(kept) != len(sent.order_item):
        yield "order_item"
        return
    for at, (item, line) in enumerate(zip(kept, sent.order_item, strict=True)):
        before, after = kept_line(item, code_of(order)), sent_line(line, sent)
        yield from (f"order_item.{at}.{name}" for name in before if before[name] != after[name])


def kept_line(item: OrderItem, store: str | None) -> dict[str, str | int | Decimal | None]:
    return {
        "sku": item.sku,
        "name": item.name,
        "quantity": item.quantity,
        "price": item.price,
        "image_url": item.image_url,
        "retail_store": item.retail_store.erp_code if item.retail_store else store,
        "parcel": item.parcel,
    }


def sent_line(line: ItemIn, sent: OrderIn) -> dict[str, Any]:
    return {
        "sku": line.sku,
        "name": line.name,
        "quantity": line.quantity,
        "price": line.price,
        "image_url": line.image_url or "",
        "retail_store": sent.store_of(line),
        "parcel": line.parcel or 1,
    }


def code_of(order: Order) -> str | None:
    return order.retail_store.erp_code if order.retail_store else None
