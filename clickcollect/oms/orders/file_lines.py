"""Orders in a file, as JSON Lines or as a spreadsheet's CSV: what stands on which line.

Nothing here raises over what a file holds: a line that cannot be read is an entry with its fault.
Only a file that is no order file at all is refused, in a sentence.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Final

from django.utils.translation import gettext as _

from clickcollect.errors import Fault, ValidationFailed
from clickcollect.json_input import parse_json
from clickcollect.omnitron.order_schema import Source

LONGEST_LINE: Final = 1024 * 1024  # as a body of the API
LARGEST_UTF_16: Final = 64 * 1024 * 1024  # bytes; it is read as a whole
SNIFFED: Final = 64 * 1024
BOM: Final = b"\xef\xbb\xbf"
UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")
WORKBOOKS: Final = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")  # .xlsx and .ods; .xls
JSON_SUFFIXES: Final = (".jsonl", ".ndjson", ".json")
CSV_SUFFIXES: Final = (".csv", ".tsv", ".txt")


@dataclass(frozen=True, kw_only=True)
class FileEntry:
    """One order of a file: the line it begins on, its raw data, and what was wrong with the line already.

    ``orders``: how many it stands for, where a fault of several is told once. ``item_lines``: the line of each order
    line, where every one has its own. ``position``: how far the file is read. ``source``: who wrote it, as `read_order`
    takes it. ``is_ignored``: there is nothing to hand over in a store.
    """

    line: int
    position: int
    orders: int = 1
    data: dict[str, Any] = field(default_factory=dict)
    faults: tuple[tuple[int, Fault], ...] = ()
    item_lines: tuple[int, ...] = ()
    source: Source = Source.PROGRAM
    is_ignored: bool = False


def line_fault(line: int, words: str) -> tuple[tuple[int, Fault], ...]:
    """A fault of a whole line."""
    return ((line, {"loc": "line", "msg": words}),)


def not_utf8() -> str:
    return _("This is not UTF-8 text. Save the file as UTF-8 and import it again.")


def is_json_lines(path: Path) -> bool:
    """Whether a file holds JSON Lines, by its name or its first character; otherwise it is CSV.

    Raises ValidationFailed on ``file`` when it cannot be read, or is no text.
    """
    try:
        if path.exists() and not path.is_file():
            raise ValidationFailed.of("file", _("This is not a file."))
        with path.open("rb") as file:
            head = file.read(SNIFFED)
    except (OSError, ValueError) as error:  # ValueError: a name with NUL
        words = _("The file cannot be read: %(reason)s.") % {"reason": getattr(error, "strerror", None) or error}
        raise ValidationFailed.of("file", words) from None
    if head.startswith(WORKBOOKS):
        raise ValidationFailed.of("file", _("This is a workbook. Save its sheet as CSV (UTF-8), and import that file."))
    if not head.startswith(UTF_16) and b"\0" in head:
        raise ValidationFailed.of("file", _("This is not a text file. Import JSON Lines or CSV."))
    start = as_utf8(head).removeprefix(BOM).lstrip()
    if not start and len(head) < SNIFFED:
        raise ValidationFailed.of("file", _("The file is empty."))
    suffix = path.suffix.lower()
    return suffix in JSON_SUFFIXES or (suffix not in CSV_SUFFIXES and start.startswith((b"{", b"[")))


def as_utf8(raw: bytes) -> bytes:
    """The same as UTF-8, where a byte order mark says that it is UTF-16, as the Windows editors' *Unicode* is."""
    return raw.decode("utf-16", errors="replace").encode() if raw.startswith(UTF_16) else raw


def read_json_lines(path: Path) -> Iterator[FileEntry]:
    """One entry for each line. An empty line is a fault unless only empty ones follow."""
    empty: list[FileEntry] = []
    with open_lines(path) as file:
        for number, raw in enumerate(bounded_lines(file), start=1):
            if raw is not None and not raw.removeprefix(BOM).strip():
                faults = line_fault(number, _("This line is empty."))
                empty.append(FileEntry(line=number, position=file.tell(), faults=faults))
                continue
            yield from empty
            empty.clear()
            yield json_entry(raw, line=number, position=file.tell())


def open_lines(path: Path) -> BinaryIO:
    """The file, as UTF-8 from its first byte on."""
    with path.open("rb") as file:
        is_utf16 = file.read(2) in UTF_16
    if not is_utf16:
        return path.open("rb")
    if path.stat().st_size > LARGEST_UTF_16:
        raise ValidationFailed.of("file", _("The file is larger than 64 MiB. Split it."))
    return io.BytesIO(as_utf8(path.read_bytes()))


def bounded_lines(file: BinaryIO) -> Iterator[bytes | None]:
    """The lines of a file; None for one that is too long, which is skipped without being kept."""
    while raw := file.readline(LONGEST_LINE + 1):
        if len(raw) <= LONGEST_LINE:
            yield raw
            continue
        while raw and not raw.endswith(b"\n"):
            raw = file.readline(LONGEST_LINE)
        yield None


def json_entry(raw: bytes | None, *, line: int, position: int) -> FileEntry:
    """Read one line of JSON; what is no JSON object is a fault."""
    data: Any = None
    words = _("This line is longer than 1 MiB.") if raw is None else ""
    try:
        data = parse_json((raw or b"{}").decode("utf-8-sig"), root="line")
    except UnicodeDecodeError:
        words = not_utf8()
    except ValidationFailed as error:
        return FileEntry(line=line, position=position, faults=tuple((line, fault) for fault in error.errors))
    except ValueError:
        words = _("This line is not JSON. Write one order in braces on each line.")
    if not words and not isinstance(data, dict):
        words = _("This line is not an order. Write one order in braces on each line.")
    if words:
        return FileEntry(line=line, position=position, faults=line_fault(line, words))
    return FileEntry(line=line, position=position, data=data)
