"""Orders as a spreadsheet exports them: one row an item, the order's own columns repeated on each.

Semicolons, commas or tabs; a byte order mark; decimal commas; any order of columns and rows.
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from django.utils.translation import gettext as _

from clickcollect.errors import Fault, ValidationFailed
from clickcollect.omnitron.order_schema import Source
from clickcollect.oms.orders.file_lines import Entry, line_fault, not_utf8

LARGEST_FILE: Final = 64 * 1024 * 1024
DELIMITERS: Final = (";", ",", "\t")
SURROGATES: Final = re.compile(r"[\udc80-\udcff]")

# What a column may be called, and the place of its value in an order (contract section 2).
COLUMNS: Final[dict[str, tuple[str, ...]]] = {
    "order_number": ("number",),
    "number": ("number",),
    "channel": ("channel",),
    "date_placed": ("date_placed",),
    "language": ("language_code",),
    "language_code": ("language_code",),
    "currency": ("currency",),
    "amount": ("amount",),
    "delivery_type": ("delivery_type",),
    "store": ("shipping_address", "retail_store"),
    "retail_store": ("shipping_address", "retail_store"),
    "address_line": ("shipping_address", "address_line"),
    "postcode": ("shipping_address", "postcode"),
    "city": ("shipping_address", "city"),
    "country": ("shipping_address", "country"),
    "first_name": ("customer", "first_name"),
    "last_name": ("customer", "last_name"),
    "email": ("customer", "email"),
    "phone": ("customer", "phone_number"),
    "phone_number": ("customer", "phone_number"),
    "phone_country": ("customer", "phone_country"),
    "sku": ("order_item", "sku"),
    "item": ("order_item", "name"),
    "name": ("order_item", "name"),
    "quantity": ("order_item", "quantity"),
    "price": ("order_item", "price"),
    "image_url": ("order_item", "image_url"),
    "item_store": ("order_item", "retail_store"),
    "parcel": ("order_item", "parcel"),
}
NEEDED: Final = ("number", "channel", "phone", "sku", "item", "quantity")

Path_ = tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the table: the cells by their place in an order, and what is wrong with the line as a whole."""

    line: int
    cells: dict[Path_, str] = field(default_factory=dict)
    fault: str = ""

    @property
    def number(self) -> str:
        return self.cells.get(("number",), "")


def read_csv(path: Path) -> Iterator[Entry]:
    """One entry for each order number, in the order of its first row. Raises ValidationFailed on ``file``."""
    raw = path.read_bytes() if path.stat().st_size <= LARGEST_FILE else b""
    if not raw:
        raise ValidationFailed.of("file", _("The file is larger than 64 MiB. Split it."))
    orders: dict[str, list[Row]] = {}
    for row in read_rows(raw.decode("utf-8-sig", errors="surrogateescape")):
        orders.setdefault(row.number or f"\n{row.line}", []).append(row)  # no number: an order, and a fault, of its own
    for at, rows in enumerate(orders.values(), start=1):
        yield entry_of(rows, position=len(raw) * at // len(orders))


def read_rows(text: str) -> Iterator[Row]:
    """The rows below the header; empty ones, which spreadsheets leave behind, are skipped."""
    hint = re.match(r"sep=(.)\r?\n", text)
    body = text[hint.end() :] if hint else text
    header = re.split(r"[\r\n]", body.lstrip(), maxsplit=1)[0]
    delimiter = hint[1] if hint else max(DELIMITERS, key=lambda mark: len(columns_of(split(header, mark))))
    reader = csv.reader(io.StringIO(body, newline=""), delimiter=delimiter)
    columns: list[Path_ | None] | None = None
    while True:
        line = reader.line_num + (2 if hint else 1)
        try:
            cells = next(reader, None)
        except csv.Error:
            yield Row(line=line, fault=_("This row cannot be read. Look for a quotation mark that is not closed."))
            continue
        if cells is None:
            return
        if not any(cell.strip() for cell in cells):
            continue
        if columns is None:
            columns = checked_columns(cells)
            continue
        yield row_of(cells, columns, line=line)


def split(header: str, delimiter: str) -> list[str]:
    """The names in a header line."""
    try:
        return next(csv.reader([header[:4096]], delimiter=delimiter), [])
    except csv.Error:
        return []


def columns_of(names: Sequence[str]) -> dict[Path_, int]:
    """The columns that are known, and where each stands."""
    found = {COLUMNS.get(name.strip().lower()): at for at, name in enumerate(names)}
    return {place: at for place, at in found.items() if place}


def checked_columns(names: Sequence[str]) -> list[Path_ | None]:
    """The place of each column's values. Raises ValidationFailed when a needed column is missing."""
    known = columns_of(names)
    missing = [name for name in NEEDED if COLUMNS[name] not in known]
    if missing:
        words = _("The first line must name the columns. Missing: %(names)s.") % {"names": ", ".join(missing)}
        raise ValidationFailed.of("file", words)
    return [COLUMNS.get(name.strip().lower()) for name in names]


def row_of(cells: Sequence[str], columns: Sequence[Path_ | None], *, line: int) -> Row:
    """Put the cells where they belong."""
    by_place = {place: cell.strip() for place, cell in zip(columns, cells, strict=False) if place}
    words = ""
    if any(SURROGATES.search(cell) for cell in cells):
        words = not_utf8()
    elif any(cell.strip() for cell in cells[len(columns) :]):
        words = _("This row has more cells than the first line has columns.")
    return Row(line=line, cells=by_place, fault=words)


def entry_of(rows: Sequence[Row], *, position: int) -> Entry:
    """The order that these rows make up."""
    first = rows[0]
    faults = [fault for row in rows if row.fault for fault in line_fault(row.line, row.fault)]
    for row in rows[1:]:
        faults += [(row.line, fault) for fault in contradictions(first.cells, row.cells)]
    return Entry(
        line=first.line,
        position=position,
        data=order_of(rows),
        faults=tuple(faults),
        item_lines=tuple(row.line for row in rows),
        source=Source.PERSON,
    )


def contradictions(first: Mapping[Path_, str], other: Mapping[Path_, str]) -> Iterator[Fault]:
    """Where a row says something else of its order than the first row does."""
    for place, cell in other.items():
        if place[0] != "order_item" and cell and cell != first.get(place, ""):
            words = _("Another row of this order says something else. Give each order a number of its own.")
            yield {"loc": ".".join(place), "msg": words}


def order_of(rows: Sequence[Row]) -> dict[str, Any]:
    """An order as `read_order` takes it. Without a column the order is for a store (contract section 7)."""
    order: dict[str, Any] = {"delivery_type": "in_store", "customer": {}, "shipping_address": {}, "order_item": []}
    for (section, *below), cell in rows[0].cells.items():
        if section == "order_item" or not cell:
            continue
        if below:
            order[section][below[0]] = cell
        else:
            order[section] = cell
    for row in rows:
        items = {place[1]: cell for place, cell in row.cells.items() if place[0] == "order_item" and cell}
        order["order_item"].append(items)
    return order
