"""Orders as answers by fixed SQL: a page of them, each with its lines and its packages (contract section 2).

What an order looks like is said by `events/documents.py`; a test compares the two, order by order.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from orjson import Fragment

from clickcollect.omnitron.models import DeliveryType
from clickcollect.oms import package_sql
from clickcollect.oms.access import Actor
from clickcollect.oms.list_sql import ListPart, Rows, utc

MOST_PACKAGES: Final = 10_000  # of a hundred orders

SEEN: Final = """(placed.retail_store_id = ANY (%(stores)s::bigint[]) OR EXISTS (
    SELECT FROM oms_package there WHERE there.order_id = placed.id
    AND there.stock_location_id = ANY (%(stores)s::bigint[])
))"""
# Of each order no more than is in the caller's stores.
ITEMS: Final = """(
    SELECT json_agg(json_build_object('sku', item.sku, 'name', item.name, 'quantity', item.quantity,
        'price', item.price::text, 'image_url', nullif(item.image_url, '')) ORDER BY item.id)
    FROM omnitron_orderitem item WHERE item.order_id = placed.id AND (
        %(stores)s::bigint[] IS NULL
        OR coalesce(item.retail_store_id, placed.retail_store_id) = ANY (%(stores)s::bigint[])
    )
)::text"""
COLUMNS: Final = f"""
    placed.id, placed.number, placed.channel, placed.status::text, {utc("placed.date_placed")}, placed.language_code,
    placed.currency, placed.amount::text, placed.delivery_type, placed.first_name, placed.last_name, placed.email,
    placed.phone_number, placed.shipping_address::text, {ITEMS}
"""
ORDERS: Final = Rows(table="omnitron_order", alias="placed", columns=COLUMNS)
# The orders of one status, in the order of their ids and without a look at those of others (`OrderInStatus`).
IN_STATUS: Final = Rows(
    table="(SELECT status, order_id AS id FROM omnitron_orderinstatus)",
    alias="listed",
    columns=COLUMNS,
    joins="JOIN omnitron_order placed ON placed.id = listed.id",
)


@dataclass(frozen=True)
class Orders:
    """The orders that this caller can see, with their packages: the page and its packages are a statement each."""

    rows: Rows
    actor: Actor

    def count(self, *, most: int | None) -> int:
        return self.rows.count(most=most)

    def page(self, part: ListPart) -> list[dict[str, Any]]:
        found = [document(row) for row in self.rows.page(part)]
        by_order: dict[int, list[dict[str, Any]]] = {order["id"]: order["packages"] for order in found}
        packages = package_sql.package_rows_of(self.actor).where(
            "package.order_id = ANY (%(orders)s::bigint[])", orders=list(by_order)
        )
        written = package_sql.PackageDocuments()
        for row in packages.page(ListPart(key=("id",), descending=False, limit=MOST_PACKAGES)):
            package = written(row)
            by_order[package["order_id"]].append(package)
        return found

    def counted_page(self, part: ListPart, *, most: int | None) -> tuple[int, list[dict[str, Any]]]:
        return self.count(most=most), self.page(part)

    def key_of(self, row: dict[str, Any], columns: Sequence[str]) -> tuple[Any, ...]:
        return tuple(row[column] for column in columns)


def order_rows_of(actor: Actor, *, status: int | None = None, number: str | None = None) -> Orders:
    """The orders of the caller's stores, and those with a package there; of a status, or whose number begins so."""
    stores = None if actor.store_ids is None else sorted(actor.store_ids)
    rows = ORDERS.where("true" if stores is None else SEEN, stores=stores)
    if number is not None:
        rows = rows.where("placed.number LIKE %(number)s::text", number=package_sql.beginning(number))
    return Orders(rows if status is None else in_status(rows, status), actor)


def in_status(rows: Rows, status: int) -> Rows:
    """Those of these orders that have this status."""
    listed = IN_STATUS.where("listed.status = %(status)s::smallint", **rows.values, status=status)
    if rows.condition == "true":
        return listed
    return listed.where(f"EXISTS (SELECT FROM omnitron_order placed WHERE placed.id = listed.id AND {rows.condition})")


def document(row: Sequence[Any]) -> dict[str, Any]:
    """An order as it was sent, with its ``id`` and ``status``; its packages are still to come."""
    order_id, number, channel, status, date_placed, language_code, currency, amount, delivery_type, *rest = row
    first_name, last_name, email, phone_number, shipping_address, items, *_key = rest
    return {
        "id": order_id,
        "number": number,
        "channel": channel,
        "status": status,
        "date_placed": date_placed,
        "language_code": language_code,
        "currency": currency,
        "amount": amount,
        "delivery_type": delivery_type,
        "delivery_from_store": delivery_type == DeliveryType.IN_STORE,
        "customer": {
            "first_name": first_name,
            "last_name": last_name,
            "email": email,
            "phone_number": phone_number,
        },
        "shipping_address": Fragment(shipping_address),
        "order_item": Fragment(items or "[]"),
        "packages": [],
    }
