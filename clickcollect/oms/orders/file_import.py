"""Import a file of orders: good ones are kept, each bad line is named, and a second run adds nothing."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from django.utils.translation import gettext as _

from clickcollect.errors import Fault, OrderConflict, ValidationFailed
from clickcollect.omnitron.order_schema import read_order
from clickcollect.oms.access import SYSTEM, Actor
from clickcollect.oms.orders.csv_format import read_csv
from clickcollect.oms.orders.file_lines import Entry, is_json_lines, read_json_lines
from clickcollect.oms.orders.intake import receive_order

ITEM: Final = "order_item."


@dataclass(frozen=True, kw_only=True)
class BadLine:
    """A line whose order was not kept: its number in the file, the order's number where it has one, every fault."""

    line: int
    number: str
    faults: list[Fault]


@dataclass(kw_only=True)
class ImportReport:
    """What an import did: orders that are new, orders that were there already, and the lines that were not kept."""

    new: int = 0
    known: int = 0
    bad: list[BadLine] = field(default_factory=list)


def import_orders(
    path: Path,
    *,
    on_progress: Callable[[int, int], None] = lambda done, total: None,  # noqa: ARG005
    actor: Actor = SYSTEM,
) -> ImportReport:
    """Take in every order of a file, each for itself (contract section 7).

    Arguments: ``on_progress``, told how much of the file is done, and of how much.
    Raises ValidationFailed on ``file`` where there is no order file to read.
    """
    entries = read_json_lines(path) if is_json_lines(path) else read_csv(path)
    total = path.stat().st_size
    report = ImportReport()
    numbers: dict[str, tuple[str, int]] = {}
    for entry in entries:
        found = [*entry.faults, *repeated_number(entry, numbers)]
        found += faults_beside(entry, found) if found else take_in(entry, report, actor)
        if found:
            report.bad += bad_lines(entry, found)
        else:
            numbers.setdefault(str(entry.data["number"]).strip(), (str(entry.data["channel"]).strip(), entry.line))
        on_progress(entry.position, total)
    return report


def repeated_number(entry: Entry, numbers: dict[str, tuple[str, int]]) -> Iterator[tuple[int, Fault]]:
    """Within one file a number is one order: twice, in two channels, is more likely a slip than two orders."""
    channel, line = numbers.get(str(entry.data.get("number")).strip(), ("", 0))
    if line and channel != str(entry.data.get("channel")).strip():
        words = _("Line %(line)d has this number in another channel. Import each channel from its own file.")
        yield entry.line, {"loc": "number", "msg": words % {"line": line}}


def take_in(entry: Entry, report: ImportReport, actor: Actor) -> list[tuple[int, Fault]]:
    """Receive one order and count it; or its faults, each with the line it stands on."""
    try:
        received = receive_order(order=read_order(entry.data), actor=actor)
    except ValidationFailed as refusal:
        return [(line_of(entry, fault["loc"]), fault) for fault in refusal.errors]
    except OrderConflict as refusal:
        words = _("An order with this number is there already and differs here.")
        return [(line_of(entry, loc), {"loc": loc, "msg": words}) for loc in refusal.extra["differs"]]
    report.new += received.created
    report.known += not received.created
    return []


def faults_beside(entry: Entry, found: list[tuple[int, Fault]]) -> list[tuple[int, Fault]]:
    """What is wrong on the other lines of an order that is refused already, so that one look names everything."""
    try:
        read_order(entry.data) if entry.data else None
    except ValidationFailed as refusal:
        named = {line for line, _fault in found}
        rest = [(line_of(entry, fault["loc"]), fault) for fault in refusal.errors]
        return [(line, fault) for line, fault in rest if line not in named]
    return []


def line_of(entry: Entry, loc: str) -> int:
    """The line on which a field stands: an order line's own, or the order's first."""
    at = loc.removeprefix(ITEM).split(".")[0] if loc.startswith(ITEM) else ""
    return entry.item_lines[int(at)] if at.isdigit() and int(at) < len(entry.item_lines) else entry.line


def bad_lines(entry: Entry, found: list[tuple[int, Fault]]) -> Iterator[BadLine]:
    """The faults of one order, line by line."""
    number = entry.data.get("number")
    for line in sorted({line for line, _fault in found}):
        yield BadLine(
            line=line,
            number=number[:64] if isinstance(number, str) else "",
            faults=[fault for at, fault in found if at == line],
        )
