"""Whether an order that arrives again is the order that is there, and if not, what differs (contract section 2).

The same order is the same in any order of its lines, any Unicode form and any case.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from clickcollect.omnitron.models import Order, OrderItem
from clickcollect.omnitron.order_schema import ItemIn, OrderIn
from clickcollect.omnitron.plain_text import comparable

MAY_BE_LEFT_OUT: Final = ("date_placed", "language_code", "currency", "amount")
PERSONAL: Final = ("customer", "shipping_address")
CUSTOMER: Final = ("first_name", "last_name", "email", "phone_number")
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
    for name in ("email", "phone_number") if is_same_name(order, sent) else CUSTOMER:
        if not is_same(getattr(sent.customer, name) or "", getattr(order, name)):
            yield f"customer.{name}"
    if sent.shipping_address.retail_store != code_of(order):
        yield "shipping_address.retail_store"
    for name in PLACE:
        if not is_same(getattr(sent.shipping_address, name), order.shipping_address.get(name, "")):
            yield f"shipping_address.{name}"


def is_same_name(order: Order, sent: OrderIn) -> bool:
    """Whether the whole name is the same, wherever first and last name were parted; one left out says nothing."""
    name = f"{sent.customer.first_name} {sent.customer.last_name}".strip()
    return sent.has_no_name or is_same(name, order.customer_name)


def is_same(one: str, other: str) -> bool:
    return one == other or comparable(one) == comparable(other)


def item_differences(order: Order, sent: OrderIn) -> Iterator[str]:
    """Lines are a multiset: their order says nothing. What is left over is compared by SKU, then in turn."""
    kept = [kept_line(item, code_of(order)) for item in order.items.all()]
    lines = [sent_line(line, sent) for line in sent.order_item]
    if len(kept) != len(lines):
        yield "order_item"
        return
    left = Counter(map(line_key, kept))
    changed: list[int] = []
    for at, line in enumerate(lines):
        if left[key := line_key(line)]:
            left[key] -= 1
        else:
            changed.append(at)
    others = list(left.elements())
    for at in changed:
        key = line_key(lines[at])
        other = next((one for one in others if one[0] == key[0]), others[0])
        others.remove(other)
        for name, before, after in zip(lines[at], other, key, strict=True):
            if before != after:
                yield sent.path_as_sent(f"order_item.{at}.{name}")


def line_key(line: Mapping[str, Any]) -> tuple[Any, ...]:
    """What makes two lines the same: SKU first. A picture's address is compared as it stands."""
    return tuple(
        comparable(value) if isinstance(value, str) and name != "image_url" else value for name, value in line.items()
    )


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
