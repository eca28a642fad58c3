"""A Shopify admin's order export (CSV) as the orders that Shopify's webhook would have sent.

An export has one row a line; what is said of the order as a whole stands on its first row only.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from clickcollect.oms.orders.csv_columns import column_key

MARKS: Final = frozenset(map(column_key, ("Name", "Lineitem quantity", "Lineitem name", "Financial Status")))
NUMBER: Final = column_key("Name")
OFFSET: Final = re.compile(r"\s+(?=[+-]\d{2}:?\d{2}$)")
ENDED: Final = {
    "financialstatus": ("voided", "refunded"),
    "fulfillmentstatus": ("fulfilled", "restocked"),
}
ADDRESS: Final = ("Name", "Address1", "Address2", "City", "Zip", "Country", "Phone", "Company")


def is_export(header: Sequence[str]) -> bool:
    """Whether these are the columns of a Shopify export."""
    return set(map(column_key, header)) >= MARKS


def is_ended(cells: Mapping[str, str]) -> bool:
    """Whether the shop itself has done with an order: cancelled, voided, refunded or fulfilled."""
    return bool(cells.get("cancelledat")) or any(cells.get(name, "") in words for name, words in ENDED.items())


def webhook_order(cells: Mapping[str, str], rows: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    """The order as the webhook would have sent it, as far as an export knows.

    Arguments: ``cells``, what the rows say of the order as a whole, by the folded names of the columns; ``rows``, the
    cells of each line.
    """
    billing, shipping = address_of(cells, "Billing"), address_of(cells, "Shipping")
    return {
        "id": cells.get("id"),
        "name": cells.get(NUMBER),
        "email": cells.get("email"),
        "phone": cells.get("phone"),
        "created_at": moment_of(cells.get("createdat")),
        "currency": cells.get("currency"),
        "total_price": cells.get("total"),
        "financial_status": cells.get("financialstatus"),
        "fulfillment_status": cells.get("fulfillmentstatus"),
        "source_name": cells.get("source"),
        "note_attributes": note_attributes(cells.get("noteattributes", "")),
        "billing_address": billing,
        "shipping_address": shipping,
        "location_id": cells.get("location"),
        "shipping_lines": [{"title": title, "source": "shopify"}] if (title := cells.get("shippingmethod")) else [],
        "line_items": [line_of(row, at) for at, row in enumerate(rows, start=1)],
    }


def address_of(cells: Mapping[str, str], kind: str) -> dict[str, Any] | None:
    """The billing or the shipping address; None where nothing of it is filled."""
    found = {name.lower(): cells.get(column_key(f"{kind} {name}"), "") for name in ADDRESS}
    first, _blank, last = found["name"].rpartition(" ")
    names = {"first_name": first, "last_name": last}
    return found | names | {"country_code": found["country"]} if any(found.values()) else None


def moment_of(cell: str | None) -> str | None:
    """`2026-11-17 17:02:50 +0300` with its offset where ISO 8601 has it."""
    return OFFSET.sub("", cell) if cell else None


def note_attributes(cell: str) -> list[dict[str, str]]:
    """What pickup apps note, one `name: value` on each line."""
    pairs = (line.partition(":") for line in cell.splitlines())
    return [{"name": name.strip(), "value": value.strip()} for name, mark, value in pairs if mark]


def line_of(row: Mapping[str, str], at: int) -> dict[str, Any]:
    """One line. Without a SKU it goes by its place in the order: an export knows no variants."""
    return {
        "id": at,
        "sku": row.get("lineitemsku"),
        "name": row.get("lineitemname"),
        "quantity": row.get("lineitemquantity"),
        "price": row.get("lineitemprice"),
        "requires_shipping": row.get("lineitemrequiresshipping", "true").casefold() != "false",
        "fulfillment_status": row.get("lineitemfulfillmentstatus") or None,
    }
