"""Import a file of orders: good ones are kept, each bad line is named, and a second run adds nothing."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Final

from django.utils.translation import gettext as _

from clickcollect.errors import DomainError, Fault, OlderOrder, OrderConflict, ValidationFailed
from clickcollect.json_input import is_storable
from clickcollect.omnitron.models import DeliveryType
from clickcollect.omnitron.order_schema import OrderIn, Source, read_order
from clickcollect.omnitron.plain_text import plain_line
from clickcollect.oms import app_settings
from clickcollect.oms.access import SYSTEM, Actor
from clickcollect.oms.orders.batches import receive_orders
from clickcollect.oms.orders.csv_format import CsvReading, read_csv
from clickcollect.oms.orders.file_lines import FileEntry, is_json_lines, read_json_lines
from clickcollect.oms.orders.intake import Became, Received
from clickcollect.oms.orders.location_rules import learned_locations
from clickcollect.oms.orders.locations import known_locations, with_store_codes
from clickcollect.oms.orders.repair import keep_for_repair
from clickcollect.oms.repair_models import OrderToRepair, RepairState

ITEM: Final = "order_item."
UNKNOWN_CHANNEL: Final = "File"
BATCH: Final = 100  # orders of one transaction


@dataclass(frozen=True, kw_only=True)
class BadLine:
    """A line whose order was not kept: its number in the file, the order's number where it has one, every fault.

    ``repair_id``: where its order waits to be repaired, if it does.
    """

    line: int
    number: str
    faults: list[Fault]
    repair_id: int | None = None


@dataclass(kw_only=True)
class ImportReport:
    """What became of each order of a file: ``orders`` is the sum of all other numbers. And the lines that are bad.

    ``known``: was there, or was repaired before; ``ignored``: has nothing to hand over, is older than what is there, or
    was discarded before; ``to_repair``: waits to be repaired; ``not_taken``: only named.
    """

    orders: int = 0
    new: int = 0
    amended: int = 0
    known: int = 0
    ignored: int = 0
    to_repair: int = 0
    not_taken: int = 0
    bad: list[BadLine] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """An order of the file that is read but not taken in yet; or its faults, each with the line it stands on."""

    entry: FileEntry
    order: OrderIn | None = None
    faults: list[tuple[int, Fault]] = field(default_factory=list)


def import_orders(
    path: Path,
    *,
    on_progress: Callable[[int, int], None] = lambda done, total: None,  # noqa: ARG005
    actor: Actor = SYSTEM,
    reading: CsvReading | None = None,
    keeps_for_repair: bool = False,
) -> ImportReport:
    """Take in every order of a file; new ones in batches, one transaction for each (contract section 7).

    Arguments: ``on_progress``, told how much of the file is done, and of how much; ``reading``, how a CSV file is to be
    read, where somebody has chosen its columns or named its channel; ``keeps_for_repair``, whether what cannot be
    placed waits in *Orders to repair*, where it would otherwise only be named.
    Raises ValidationFailed on ``file`` where there is no order file to read.
    """
    entries = read_file(path, reading)
    total = path.stat().st_size
    report = ImportReport()
    numbers: dict[str, tuple[str, int]] = {}
    waiting: list[Waiting] = []

    def settle_waiting() -> None:
        settle_entries(waiting, report=report, numbers=numbers, actor=actor, keeps_for_repair=keeps_for_repair)

    for entry in entries:
        is_repeated = any(one.order and order_number_of(one.entry) == order_number_of(entry) for one in waiting)
        if is_repeated or len(waiting) >= BATCH:
            settle_waiting()
        report.orders += entry.orders
        if is_nothing(entry):
            report.ignored += 1
        else:
            waiting.append(read_entry(entry, numbers))
        on_progress(entry.position, total)
    settle_waiting()
    return report


def read_file(path: Path, reading: CsvReading | None = None) -> Iterator[FileEntry]:
    """The orders of a file, their stores by ERP code. Raises ValidationFailed on ``file``."""
    known = known_locations()
    how = replace(reading or CsvReading(), locations=known)
    entries = read_json_lines(path) if is_json_lines(path) else read_csv(path, how)
    of_channel = cache(lambda channel: known | learned_locations(channel) if is_storable(channel) else known)
    return (replace(entry, data=with_store_codes(entry.data, of_channel(channel_of_entry(entry)))) for entry in entries)


def is_nothing(entry: FileEntry) -> bool:
    """Whether an order has nothing to hand over in a store; a connector's home delivery, where these are ignored."""
    is_home = entry.source is Source.CONNECTOR and entry.data.get("delivery_type") == DeliveryType.HOME_DELIVERY
    ignores_home = is_home and app_settings.settings_in_force()["CONNECTOR_HOME_DELIVERY"] == "ignore"
    return not entry.faults and (entry.is_ignored or ignores_home)


def read_entry(entry: FileEntry, numbers: dict[str, tuple[str, int]]) -> Waiting:
    """Read one order, or name what is wrong with it."""
    found = [*entry.faults, *repeated_number(entry, numbers)]
    if found:
        return Waiting(entry=entry, faults=[*found, *faults_beside(entry, found)])
    try:
        return Waiting(entry=entry, order=read_order(entry.data, source=entry.source))
    except ValidationFailed as refusal:
        return Waiting(entry=entry, faults=[(line_number_of(entry, fault["loc"]), fault) for fault in refusal.errors])


def settle_entries(
    waiting: list[Waiting],
    *,
    report: ImportReport,
    numbers: dict[str, tuple[str, int]],
    actor: Actor,
    keeps_for_repair: bool,
) -> None:
    """Take in the orders that wait, and report on each line in its turn."""
    came = iter(receive_orders([one.order for one in waiting if one.order is not None], actor=actor))
    for one in waiting:
        became = None if one.order is None else next(came)
        found = one.faults if became is None else conflict_faults(one.entry, became)
        kept = None
        if isinstance(became, Received):
            report.new += became.became is Became.PLACED
            report.known += became.became is Became.UNCHANGED
            report.amended += became.became is Became.AMENDED
            numbers.setdefault(order_number_of(one.entry), (channel_of_entry(one.entry), one.entry.line))
        elif isinstance(became, OlderOrder):  # there is nothing to repair: what is newer stands
            report.ignored += 1
        else:
            kept = kept_for_repair(one.entry, found, actor) if keeps_for_repair else None
            count_kept(one.entry, kept, report)
        if kept is None or kept.state == RepairState.WAITING:
            report.bad += bad_lines(one.entry, found, kept.pk if kept else None)
    waiting.clear()


def conflict_faults(entry: FileEntry, became: Received | DomainError) -> list[tuple[int, Fault]]:
    """In what an order differs from the one that is there, each with its line; nothing where it came in."""
    if isinstance(became, OrderConflict):
        words = _("A different order with this number already exists.")
        if isinstance(became, OlderOrder):
            words = _("A newer version of this order is already here.")
        return [(line_number_of(entry, loc), {"loc": loc, "msg": words}) for loc in became.extra["differs"]]
    if isinstance(became, DomainError):
        raise became
    return []


def count_kept(entry: FileEntry, kept: OrderToRepair | None, report: ImportReport) -> None:
    """Count an order with faults by what it is now: what was dealt with before is not asked for again."""
    if kept is None:
        report.not_taken += entry.orders
        return
    report.to_repair += kept.state == RepairState.WAITING
    report.known += kept.state in (RepairState.PLACED, RepairState.ARRIVED)
    report.ignored += kept.state == RepairState.DISCARDED


def kept_for_repair(entry: FileEntry, found: list[tuple[int, Fault]], actor: Actor) -> OrderToRepair | None:
    """The order to repair that this one is now; None where there is no order: a line that cannot be read."""
    if not entry.data.get("order_item"):
        return None
    return keep_for_repair(
        channel=channel_of_entry(entry) if entry.data.get("channel") else UNKNOWN_CHANNEL,
        reference=order_number_of(entry) if entry.data.get("number") else "",
        payload=entry.data,
        faults=[fault for _line, fault in found],
        actor=actor,
    )


def order_number_of(entry: FileEntry) -> str:
    return plain_line(str(entry.data.get("number")))


def channel_of_entry(entry: FileEntry) -> str:
    return plain_line(str(entry.data.get("channel")))


def repeated_number(entry: FileEntry, numbers: dict[str, tuple[str, int]]) -> Iterator[tuple[int, Fault]]:
    """Within one file a number is one order: twice, in two channels, is more likely a slip than two orders."""
    channel, line = numbers.get(order_number_of(entry), ("", 0))
    if line and channel != channel_of_entry(entry):
        words = _("Line %(line)d has this number in another channel. Import each channel from its own file.")
        yield entry.line, {"loc": "number", "msg": words % {"line": line}}


def faults_beside(entry: FileEntry, found: list[tuple[int, Fault]]) -> list[tuple[int, Fault]]:
    """What else is wrong with an order that is refused already, so that one look names everything."""
    try:
        read_order(entry.data, source=entry.source) if entry.data else None
    except ValidationFailed as refusal:
        unreadable = {line for line, fault in found if fault["loc"] == "line"}
        named = {fault["loc"] for _line, fault in found}
        rest = [(line_number_of(entry, fault["loc"]), fault) for fault in refusal.errors]
        return [(line, fault) for line, fault in rest if line not in unreadable and fault["loc"] not in named]
    return []


def line_number_of(entry: FileEntry, loc: str) -> int:
    """The line on which a field stands: an order line's own, or the order's first."""
    at = loc.removeprefix(ITEM).split(".")[0] if loc.startswith(ITEM) else ""
    return entry.item_lines[int(at)] if at.isdigit() and int(at) < len(entry.item_lines) else entry.line


def bad_lines(entry: FileEntry, found: list[tuple[int, Fault]], repair_id: int | None) -> Iterator[BadLine]:
    """The faults of one order, line by line."""
    number = entry.data.get("number")
    for line in sorted({line for line, _fault in found}):
        yield BadLine(
            line=line,
            number=number[:64] if isinstance(number, str) else "",
            faults=[fault for at, fault in found if at == line],
            repair_id=repair_id,
        )
