"""Whether an order that came in again, changed, is an amendment or a conflict, and what it changes. Pure.

An order is amended while nothing of it is packed. A shop's own word may also take lines off what is packed, until it
is ready, and change the phone by Correct Phone's road after a code was issued. Source: contract section 2.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from clickcollect.errors import OlderOrder, OrderConflict
from clickcollect.omnitron.models import Order, OrderItem
from clickcollect.omnitron.order_comparison import differing_fields
from clickcollect.omnitron.order_schema import ItemIn, OrderIn
from clickcollect.omnitron.plain_text import comparable
from clickcollect.oms import search, states
from clickcollect.oms.codes import pickup_code
from clickcollect.oms.models import Package
from clickcollect.oms.orders.placing import address_document
from clickcollect.oms.orders.versions import Version

PHONE: Final = "customer.phone_number"
LINES: Final = "order_item"
AMOUNT: Final = "amount"
NEVER_PACKED: Final = states.TO_PACK | {states.CANCELLED, states.OUT_OF_STOCK}
MAY_BE_REDUCED: Final = NEVER_PACKED | {states.PACKED}
NAMES: Final = ("first_name", "last_name")


@dataclass(frozen=True, kw_only=True)
class KeptOrder:
    """The order that is there, its lines, and its packages with their states and items, as they were at one moment.

    ``phone_is_corrected``: an operator's number stands in the place of the shop's.
    """

    order: Order
    packages: Sequence[Package]
    phone_is_corrected: bool

    @property
    def lines(self) -> list[OrderItem]:
        return list(self.order.items.all())

    @property
    def has_codes(self) -> bool:
        return any(map(pickup_code.has_ever_had_code, self.packages))

    @property
    def is_packed(self) -> bool:
        return any(package.state.enum_value not in NEVER_PACKED for package in self.packages)

    @property
    def has_ended(self) -> bool:
        return self.order.is_being_cancelled or self.order.ended_at is not None

    def package_of(self, line: OrderItem) -> Package | None:
        """The package that a line is in."""
        return next(
            (one for one in self.packages if any(item.order_item_id == line.pk for item in one.items.all())), None
        )


@dataclass(frozen=True, kw_only=True)
class LineChanges:
    """What becomes of the lines: which stay, with what was sent for them; which go; which come."""

    kept: Sequence[tuple[OrderItem, ItemIn]] = ()
    removed: Sequence[OrderItem] = ()
    added: Sequence[ItemIn] = ()

    @property
    def only_take_off(self) -> bool:
        """Whether less of the same is all that is said."""
        return not self.added and all(is_less_of(line, sent) for line, sent in self.kept)


@dataclass(frozen=True, kw_only=True)
class Amendment:
    """What shall change: columns of the order, its lines, and the phone where it must take Correct Phone's road."""

    differs: Sequence[str]
    columns: Mapping[str, Any] = field(default_factory=dict)
    lines: LineChanges | None = None
    phone: str = field(default="", repr=False)


def find_amendment(
    *, kept: KeptOrder, sent: OrderIn, version: Version, from_shop: bool, may_correct_phone: bool
) -> Amendment | None:
    """The amendment that an order is; None where it says nothing new.

    Arguments: ``from_shop``, a connector's word; ``may_correct_phone``, whether its sender may change the phone after
    a code was issued. Raises OlderOrder, OrderConflict with ``differs``.
    """
    if version.is_last_word(kept.order):
        return None
    differs = differing_fields(order=kept.order, sent=sent)
    if kept.phone_is_corrected:
        differs = [path for path in differs if path != PHONE]
    if not differs:
        return None
    if not version.is_newer(kept.order):
        raise OlderOrder(differs=differs)
    if not can_be_amended(kept, sent, differs):
        raise OrderConflict(differs=differs)
    if PHONE in differs and (kept.has_codes or kept.is_packed):
        is_allowed = may_correct_phone and (from_shop or not kept.is_packed)
        if differs != [PHONE] or not is_allowed:
            raise OrderConflict(differs=differs)
        return Amendment(differs=differs, phone=sent.customer.phone_number)
    lines = line_changes(kept, sent) if any(path.startswith(LINES) for path in differs) else None
    if kept.is_packed and not (from_shop and may_take_off(kept, differs, lines)):
        raise OrderConflict(differs=differs)
    return Amendment(differs=differs, columns=order_columns(sent, differs), lines=lines)


def can_be_amended(kept: KeptOrder, sent: OrderIn, differs: Sequence[str]) -> bool:
    """Whether it can be the same order at all, and has not ended."""
    return "date_placed" not in differs and not kept.has_ended and is_same_customer(kept.order, sent)


def is_same_customer(order: Order, sent: OrderIn) -> bool:
    """Whether phone, e-mail or name is the same: a number that is used again for somebody else is another order."""
    customer = sent.customer
    same_email = bool(order.email) and (customer.email or "").casefold() == order.email.casefold()
    same_name = search.folded_words(f"{customer.first_name} {customer.last_name}") == search.folded_words(
        order.customer_name
    )
    return order.erased_at is not None or customer.phone_number == order.phone_number or same_email or same_name


def may_take_off(kept: KeptOrder, differs: Sequence[str], lines: LineChanges | None) -> bool:
    """Whether all that a shop says of a packed order is that less of it is wanted, and no such package is ready."""
    if any(path != AMOUNT and not path.startswith(LINES) for path in differs):
        return False
    return lines is None or (lines.only_take_off and all(map(may_be_reduced, touched(kept, lines))))


def may_be_reduced(package: Package) -> bool:
    return package.state.enum_value in MAY_BE_REDUCED


def touched(kept: KeptOrder, lines: LineChanges) -> Iterator[Package]:
    """The packages in which something changes."""
    changed = [*lines.removed, *(line for line, sent in lines.kept if sent.quantity != line.quantity)]
    return (package for line in changed if (package := kept.package_of(line)))


def line_changes(kept: KeptOrder, sent: OrderIn) -> LineChanges:
    """Match the lines that are there with those that were sent: the same goods in the same package are one line."""
    left = list(sent.order_item)
    pairs: list[tuple[OrderItem, ItemIn]] = []
    waiting = kept.lines
    for is_match in (is_exact, is_same_goods):
        for line in list(waiting):
            found = next((one for one in left if is_match(line, one, kept.order, sent)), None)
            if found is not None:
                pairs.append((line, found))
                left.remove(found)
                waiting.remove(line)
    return LineChanges(kept=pairs, removed=waiting, added=left)


def is_same_goods(line: OrderItem, item: ItemIn, order: Order, sent: OrderIn) -> bool:
    store = line.retail_store or order.retail_store
    place = (store.erp_code if store else None, line.parcel)
    return comparable(line.sku) == comparable(item.sku) and place == (sent.store_of(item), item.parcel or 1)


def is_exact(line: OrderItem, item: ItemIn, order: Order, sent: OrderIn) -> bool:
    return line.quantity == item.quantity and is_same_goods(line, item, order, sent)


def is_less_of(line: OrderItem, sent: ItemIn) -> bool:
    return sent.quantity <= line.quantity and sent.price == line.price


def order_columns(sent: OrderIn, differs: Sequence[str]) -> dict[str, Any]:
    """The columns of the order that change; what was left out stays, but for an amount that follows its lines."""
    customer = {"first_name", "last_name", "email", "phone_number"}
    found: dict[str, Any] = {}
    for path in differs:
        section, _dot, name = path.partition(".")
        if section == "customer" and name in customer:
            found[name] = getattr(sent.customer, name) or ""
        elif section in ("language_code", "currency", AMOUNT, "delivery_type"):
            found[section] = getattr(sent, section)
        elif section == "shipping_address":
            found["shipping_address"] = address_document(sent)
    if sent.amount is None and any(path.startswith(LINES) for path in differs):
        found[AMOUNT] = sent.total
    return found
