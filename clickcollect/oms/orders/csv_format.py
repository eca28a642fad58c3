"""Orders as a spreadsheet exports them: one row an item, the order's own columns repeated on each, or filled once.

Columns in any order, under their names in any of our languages or as somebody has chosen; a Shopify export too.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clickcollect.errors import Fault, ValidationFailed
from clickcollect.omnitron.order_schema import Source
from clickcollect.omnitron.plain_text import comparable
from clickcollect.oms.orders import shopify_export
from clickcollect.oms.orders.channels import export_channel
from clickcollect.oms.orders.connectors import shopify
from clickcollect.oms.orders.csv_columns import (
    CHANNEL,
    NUMBER,
    OWN_NAMES,
    Place,
    column_key,
    column_places,
    missing_columns,
)
from clickcollect.oms.orders.csv_table import CsvTable, TableRow, read_table
from clickcollect.oms.orders.file_lines import FileEntry, line_fault, not_utf8
from clickcollect.oms.orders.locations import locate_in

LINE: Final = "order_item"
# What a spreadsheet makes of a number: a decimal, or a power of ten.
MADE_DECIMAL: Final = re.compile(r"(\d+)[.,]0+")
MADE_POWER: Final = re.compile(r"\d(?:[.,]\d+)?E\+\d+", re.IGNORECASE)

Key = Place | str


@dataclass(frozen=True, kw_only=True)
class CsvReading:
    """How a CSV file is to be read.

    ``columns``: by a column's key, the own name of the column that somebody chose for it, empty for none. ``channel``:
    whose orders they are, where no column says so. ``locations``: the stores, as `known_locations` has them.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    channel: str = ""
    locations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class OrderRow:
    """One line of the table: its filled cells by their place in an order, and what is wrong with it as a whole."""

    line: int
    cells: Mapping[Any, str]
    fault: str = ""
    is_utf8: bool = True


def read_csv(path: Path, reading: CsvReading | None = None) -> Iterator[FileEntry]:
    """One entry for each order number, in the order of its first row. Raises ValidationFailed on ``file``."""
    how = reading or CsvReading()
    table = read_table(path)
    is_export = shopify_export.is_export(table.header) and not how.columns
    keys: Sequence[Key | None] = (
        [column_key(name) for name in table.header] if is_export else checked_places(table.header, how)
    )
    number: Key = shopify_export.NUMBER if is_export else NUMBER
    orders: dict[str, list[OrderRow]] = {}
    for row in (filled_row(row, keys) for row in table.rows):
        orders.setdefault(row.cells.get(number, f"\n{row.line}"), []).append(row)  # no number: a fault of its own
    if table.is_other_encoding:
        orders, entry = without_unreadable(orders)
        yield entry
    for at, rows in enumerate(orders.values(), start=1):
        make = export_entry if is_export else order_entry
        yield make(rows, how, position=table.size * at // len(orders))


def checked_places(header: Sequence[str], how: CsvReading) -> list[Place | None]:
    """The place of each column's values. Raises ValidationFailed when a needed column is missing."""
    places = column_places(header, how.columns)
    if missing := missing_columns(places, has_channel=bool(how.channel)):
        words = _("The first line must contain the column names. Missing: %(names)s.") % {"names": ", ".join(missing)}
        raise ValidationFailed.of("file", words)
    return places


def filled_row(row: TableRow, keys: Sequence[Key | None]) -> OrderRow:
    """Put the filled cells where they belong."""
    words = row.fault
    if not row.is_utf8:
        words = not_utf8()
    elif any(row.cells[len(keys) :]):
        words = _("This row has more cells than the first line has columns.")
    cells = {key: cell for key, cell in zip(keys, row.cells, strict=False) if key and cell}
    return OrderRow(line=row.line, cells=cells, fault=words, is_utf8=row.is_utf8)


def without_unreadable(orders: Mapping[str, list[OrderRow]]) -> tuple[dict[str, list[OrderRow]], FileEntry]:
    """The orders whose rows are plain ASCII, and one fault for all the others: the file's encoding is told once."""
    readable = {number: rows for number, rows in orders.items() if all(row.is_utf8 for row in rows)}
    broken = [row.line for rows in orders.values() for row in rows if not row.is_utf8]
    words = ngettext(
        "The file is not UTF-8 text, so %(count)d row cannot be read. Save the file as UTF-8 and import it again.",
        "The file is not UTF-8 text, so %(count)d rows cannot be read. Save the file as UTF-8 and import it again.",
        len(broken),
    )
    line = min(broken)
    faults = line_fault(line, words % {"count": len(broken)})
    return readable, FileEntry(line=line, position=0, orders=len(orders) - len(readable), faults=faults)


def merged_rows(rows: Sequence[OrderRow]) -> dict[Any, str]:
    """What the rows of one order say together: of each column the first filled cell counts."""
    found: dict[Any, str] = {}
    for row in rows:
        for key, cell in row.cells.items():
            found.setdefault(key, cell)
    return found


def order_entry(rows: Sequence[OrderRow], how: CsvReading, *, position: int) -> FileEntry:
    """One order with what is wrong with its rows."""
    whole = merged_rows(rows)
    faults = [fault for row in rows if row.fault for fault in line_fault(row.line, row.fault)]
    for row in rows:
        faults += [(row.line, fault) for fault in contradictions(whole, row.cells)]
    faults += [(rows[0].line, fault) for fault in number_faults(whole.get(NUMBER, ""))]
    return FileEntry(
        line=rows[0].line,
        position=position,
        data=order_of(whole, rows, channel=how.channel),
        faults=tuple(faults),
        item_lines=tuple(row.line for row in rows),
        source=Source.PERSON,
    )


def contradictions(whole: Mapping[Any, str], cells: Mapping[Any, str]) -> Iterator[Fault]:
    """Where a row says something else of its order than an earlier row does."""
    for place, cell in cells.items():
        if place[0] != LINE and cell != whole[place] and comparable(cell) != comparable(whole[place]):
            words = _("Another row of this order differs. Use a separate number for each order.")
            yield {"loc": ".".join(place), "msg": words}


def number_faults(number: str) -> Iterator[Fault]:
    """An order's number that a spreadsheet has changed: nobody knows what it was, leading zeros may be gone too."""
    if match := MADE_DECIMAL.fullmatch(number):
        words = _("A spreadsheet turned this number into a decimal. Enter %(number)s, or the original, as text.")
        yield {"loc": ".".join(NUMBER), "msg": words % {"number": match[1]}}
    elif MADE_POWER.fullmatch(number):
        words = _("A spreadsheet shortened this number. Format its column as text, and export it again.")
        yield {"loc": ".".join(NUMBER), "msg": words}


def order_of(whole: Mapping[Any, str], rows: Sequence[OrderRow], *, channel: str) -> dict[str, Any]:
    """An order as `read_order` takes it. Without a column the order is for a store (contract section 7)."""
    order: dict[str, Any] = {"delivery_type": "in_store", "customer": {}, "shipping_address": {}, LINE: []}
    if channel:
        order[CHANNEL[0]] = channel
    for place in OWN_NAMES:
        if place[0] == LINE or place not in whole:
            continue
        section, *below = place
        if below:
            order[section][below[0]] = whole[place]
        else:
            order[section] = whole[place]
    for row in rows:
        order[LINE].append({place[1]: cell for place, cell in row.cells.items() if place[0] == LINE})
    return order


def export_entry(rows: Sequence[OrderRow], how: CsvReading, *, position: int) -> FileEntry:
    """One order of a Shopify export, read as the webhook's is."""
    whole = merged_rows(rows)
    goods = [row for row in rows if "lineitemname" in row.cells]
    data: dict[str, Any] | None = None
    if not shopify_export.is_ended(whole):
        sent = shopify_export.webhook_order(whole, [row.cells for row in goods])
        channel = how.channel or export_channel()
        data = shopify.order_of(sent, channel=channel, locate=locate_in(how.locations))
    return FileEntry(
        line=rows[0].line,
        position=position,
        data=data or {},
        faults=tuple(fault for row in rows if row.fault for fault in line_fault(row.line, row.fault)),
        item_lines=tuple(row.line for row in goods),
        source=Source.CONNECTOR,
        is_ignored=data is None,
    )


def describe_table(table: CsvTable, how: CsvReading) -> list[str]:
    """The own name of each column, empty for one that is not read."""
    return [OWN_NAMES[place] if place else "" for place in column_places(table.header, how.columns)]
