"""What a shop tells of an order piece by piece, put together so that the order in which it arrives makes no difference.

An order comes whole in many versions, of which the newest counts, and in news of its own: refunds, edits, fulfilments.
Each piece of news has an id, and takes goods off unless the newest version knows of it already. Pure.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from pydantic_core import PydanticCustomError

from clickcollect.omnitron.field_types import read_moment
from clickcollect.oms.orders.connectors.json_access import child_object, child_objects, first_given

REFUNDS, EDITS, FULFILMENTS = "refunds", "edits", "fulfilments"
NO_FULFILMENT: Final = ("cancelled", "error", "failure")
RETURNED, NOT_RESTOCKED = "return", "no_restock"
RANKS: Final = {"orders/create": 0, "orders/paid": 1, "orders/fulfilled": 3, "orders/cancelled": 4}
OTHER_RANK: Final = 2
LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)

News = dict[str, dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class ShopVersion:
    """One whole order as the shop had it. ``end``: why there is nothing to hand over, empty where there is."""

    changed_at: datetime | None
    rank: int
    lines: list[dict[str, Any]]
    end: str
    is_cancelled: bool


def shop_version_of(data: Any, *, topic: str) -> ShopVersion:
    """A whole order. Of two with the same time the later in the life of an order is the newer."""
    is_cancelled = bool(first_given(data.get("cancelled_at"))) or topic == "orders/cancelled"
    refunded = taken_by(refund_of(row)[1] for row in child_objects(data, "refunds"))
    return ShopVersion(
        changed_at=changed_at_of(data),
        rank=RANKS.get(topic, OTHER_RANK),
        lines=[line_of(row, refunded=refunded) for row in child_objects(data, "line_items") if is_goods(row)],
        end=end_of(data),
        is_cancelled=is_cancelled,
    )


def end_of(data: Any) -> str:
    """Why the shop itself has done with an order."""
    money, goods = data.get("financial_status"), data.get("fulfillment_status")
    if money in ("voided", "refunded"):
        return str(money)
    return "fulfilled" if goods in ("fulfilled", "restocked") else ""


def changed_at_of(data: Any) -> datetime | None:
    """When the shop changed an order last."""
    return shop_time(first_given(data.get("updated_at"), data.get("processed_at"), data.get("created_at")))


def is_goods(line: Mapping[str, Any]) -> bool:
    """Whether a line is goods: what needs no shipping is no package."""
    return line.get("requires_shipping") is not False and line.get("gift_card") is not True


def line_of(line: Mapping[str, Any], *, refunded: Mapping[str, int]) -> dict[str, Any]:
    """One line, by its id; what has no SKU goes by the number of its variant.

    Its current quantity is without what was taken off; an order that tells none is less what it says was ``refunded``.
    """
    number = first_given(line.get("variant_id"), line.get("product_id"), line.get("id"))
    key, current = str(line.get("id")), line.get("current_quantity")
    quantity = less(line.get("quantity"), refunded.get(key, 0)) if current is None else current
    return {
        "id": key,
        "sku": first_given(line.get("sku"), None if number is None else str(number)),
        "name": first_given(line.get("name"), line.get("title")),
        "quantity": 0 if line.get("fulfillment_status") == "fulfilled" else quantity,
        "price": line.get("price"),
    }


def news_of(data: Any) -> News:
    """The news that a whole order brings along; it knows of its refunds, so they were made by its own time."""
    at = changed_at_of(data)
    refunds = dict(map(refund_of, child_objects(data, "refunds")))
    if at is not None:
        for one in refunds.values():
            one["at"] = min(one["at"] or at.isoformat(), at.isoformat())
    return {
        REFUNDS: refunds,
        FULFILMENTS: dict(map(fulfilment_of, child_objects(data, "fulfillments"))),
    }


def refund_of(data: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """A refund takes off what was not handed over yet."""
    rows = (row for row in child_objects(data, "refund_line_items") if takes_off(row))
    return piece(data, {row.get("line_item_id"): row.get("quantity") for row in rows})


def takes_off(row: Mapping[str, Any]) -> bool:
    """Whether a refunded line is no longer to be handed over: not what came back, nor what only got cheaper."""
    line = child_object(row, "line_item")
    open_still, ordered = line.get("fulfillable_quantity"), line.get("quantity")
    only_money = row.get("restock_type") == NOT_RESTOCKED and is_count(open_still) and open_still == ordered
    return row.get("restock_type") != RETURNED and not only_money


def edit_of(data: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """An edit takes off its removals; what it adds comes with the next version, which has its name and price."""
    removals = child_objects(child_object(data, "line_items"), "removals")
    return piece(data, {row.get("id"): row.get("delta") for row in removals})


def fulfilment_of(data: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """What was fulfilled in the shop was done elsewhere, and is not handed over here."""
    rows = () if data.get("status") in NO_FULFILMENT else child_objects(data, "line_items")
    return piece(data, {row.get("id"): row.get("quantity") for row in rows})


def piece(data: Mapping[str, Any], taken: Mapping[Any, Any]) -> tuple[str, dict[str, Any]]:
    """One piece of news by its id: when it was made, when it was changed, and how many it takes of which line."""
    made, changed = shop_time(data.get("created_at")), shop_time(data.get("updated_at"))
    return str(data.get("id")), {
        "at": made.isoformat() if made else None,
        "changed_at": (changed or made or LONG_AGO).isoformat(),
        "taken": {str(line): number for line, number in taken.items() if is_count(number)},
    }


def merged_news(known: Mapping[str, Any], more: News) -> News:
    """Both together; of one piece that was told twice, what was said last, and the earliest time it was known."""
    found = {kind: dict(pieces) for kind, pieces in known.items()}
    for kind, pieces in more.items():
        rows = found.setdefault(kind, {})
        for key, one in pieces.items():
            before: dict[str, Any] = rows.get(key) or one
            last = one if before["changed_at"] <= one["changed_at"] else before
            rows[key] = last | {"at": min(filter(None, (before["at"], one["at"])), default=None)}
    return found


def remaining(
    lines: Iterable[Mapping[str, Any]], news: Mapping[str, Any], *, at: datetime | None
) -> list[dict[str, Any]]:
    """The goods that are still to be handed over.

    Arguments: ``at``, the time of the version that ``lines`` are of; it knows of refunds and edits made until then.
    """
    taken = taken_by(pieces_that_count(news, at=at))
    rows = [dict(line) | {"quantity": less(line["quantity"], taken.get(line["id"], 0))} for line in lines]
    return [row for row in rows if row["quantity"] != 0]


def taken_by(pieces: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """How many pieces of news take of each line, together."""
    taken: dict[str, int] = {}
    for one in pieces:
        for line, number in one["taken"].items():
            taken[line] = taken.get(line, 0) + number
    return taken


def pieces_that_count(news: Mapping[str, Any], *, at: datetime | None) -> Iterator[dict[str, Any]]:
    """The news that a version does not know of; a line's quantity knows refunds and edits, but never fulfilments."""
    for kind in (REFUNDS, EDITS):
        for one in news.get(kind, {}).values():
            made = shop_time(one["at"])
            if made is None or at is None or made > at:
                yield one
    yield from news.get(FULFILMENTS, {}).values()


def newest(news: Mapping[str, Any], *, at: datetime | None) -> datetime | None:
    """When what is known now was last changed by the shop."""
    times = [at, *(shop_time(one["at"]) for one in pieces_that_count(news, at=at))]
    return max((time for time in times if time is not None), default=None)


def less(quantity: Any, taken: int) -> Any:
    """What is left of a quantity; one that is no number stays, so that the fault in it is named."""
    whole = int(quantity) if isinstance(quantity, str) and quantity.isdigit() else quantity
    return max(whole - taken, 0) if isinstance(whole, int) and not isinstance(whole, bool) else quantity


def is_count(number: Any) -> bool:
    return isinstance(number, int) and not isinstance(number, bool) and number > 0


def shop_time(value: Any) -> datetime | None:
    """A time as the shop writes it; None where there is none."""
    try:
        return read_moment(value)
    except PydanticCustomError:
        return None
