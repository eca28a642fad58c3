"""A spreadsheet's CSV file as a table of cells: encodings, separators, and what a spreadsheet puts around a value."""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from django.utils.translation import gettext as _

from clickcollect.errors import ValidationFailed
from clickcollect.oms.orders.csv_columns import column_places
from clickcollect.oms.orders.file_lines import as_utf8, not_utf8

LARGEST_FILE: Final = 64 * 1024 * 1024
SEPARATORS: Final = (";", ",", "\t", "|")
LONGEST_HEADER: Final = 16 * 1024
# What stands for a byte that is no UTF-8 (PEP 383).
NOT_UTF8: Final = re.compile(r"[\udc80-\udcff]")
OTHER_LETTERS: Final = re.compile(r"[^\x00-\x7f\udc80-\udcff\ufeff]")
SEPARATOR_HINT: Final = re.compile(r"sep=(.)\r?\n")
AS_FORMULA: Final = re.compile(r'="(.*)"', re.DOTALL)
AS_TEXT: Final = re.compile(r"'(?=[=+\-@\d])")


@dataclass(frozen=True, kw_only=True)
class TableRow:
    """One row: the line it begins on, its cells, and what is wrong with it as a whole.

    Where it is no UTF-8, a sign stands in its cells for each byte that nobody can read.
    """

    line: int
    cells: Sequence[str] = ()
    fault: str = ""
    is_utf8: bool = True


@dataclass(frozen=True, kw_only=True)
class CsvTable:
    """A file of rows. ``is_other_encoding``: no letter beyond ASCII in it is UTF-8, so the whole file is not."""

    header: Sequence[str]
    rows: Sequence[TableRow] = field(repr=False)
    size: int
    is_other_encoding: bool


def read_table(path: Path) -> CsvTable:
    """The table of a file. Raises ValidationFailed on ``file`` where there is none to read."""
    size = path.stat().st_size
    if size > LARGEST_FILE:
        raise ValidationFailed.of("file", _("The file is larger than 64 MiB. Split it."))
    text = as_utf8(path.read_bytes()).decode("utf-8-sig", errors="surrogateescape")
    rows = table_rows(text)
    header = next(rows, TableRow(line=1))
    if not header.is_utf8:
        raise ValidationFailed.of("file", not_utf8())
    is_other = bool(NOT_UTF8.search(text)) and not OTHER_LETTERS.search(text)
    return CsvTable(header=header.cells, rows=list(rows), size=size, is_other_encoding=is_other)


def table_rows(text: str) -> Iterator[TableRow]:
    """The header and the rows below it; empty ones, which spreadsheets leave behind, are skipped."""
    hint = SEPARATOR_HINT.match(text)
    body = text[hint.end() :] if hint else text
    reader = csv.reader(io.StringIO(body, newline=""), delimiter=hint[1] if hint else separator_of(body))
    while True:
        line = reader.line_num + (2 if hint else 1)
        try:
            cells = next(reader, None)
        except csv.Error:
            yield TableRow(line=line, fault=_("This row cannot be read. Check for an unclosed quotation mark."))
            continue
        if cells is None:
            return
        if any(cell.strip() for cell in cells):
            is_utf8 = not any(map(NOT_UTF8.search, cells))
            readable = cells if is_utf8 else [NOT_UTF8.sub("\ufffd", cell) for cell in cells]
            yield TableRow(line=line, cells=[plain_cell(cell) for cell in readable], is_utf8=is_utf8)


def separator_of(body: str) -> str:
    """The mark between the cells: the one by which most of the column names are known, or else most names there are."""
    header = re.split(r"[\r\n]", body.lstrip(), maxsplit=1)[0]

    def names_known(mark: str) -> tuple[int, int]:
        names = split_header(header, mark)
        return sum(place is not None for place in column_places(names)), len(names)

    return max(SEPARATORS, key=names_known)


def split_header(header: str, separator: str) -> list[str]:
    """The names in a header line."""
    try:
        return next(csv.reader([header[:LONGEST_HEADER]], delimiter=separator), [])
    except csv.Error:
        return []


def plain_cell(cell: str) -> str:
    """The value without what keeps it text in a spreadsheet: `="0123"`, `'+90…`. A name such as 't Hooft stays."""
    text = cell.strip()
    if match := AS_FORMULA.fullmatch(text):
        text = match[1].replace('""', '"').strip()
    return AS_TEXT.sub("", text, count=1) if AS_TEXT.match(text) else text
