"""Lists as files: CSV as it streams, XLSX in one piece; both bounded, and no cell is ever a formula."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final, TypeVar

from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils import timezone
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell

from clickcollect.oms.spreadsheets import plain, safe

MOST_CSV: Final = 100_000
MOST_XLSX: Final = 10_000  # held in memory
CHUNK: Final = 1000
XLSX_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

Response = TypeVar("Response", bound=HttpResponseBase)
Cells = Sequence[object]
Lines = Callable[[list[Any]], Iterable[Cells]]


class Echo:
    """A file that hands back what is written to it."""

    def write(self, text: str) -> str:
        return text


def chunks(rows: QuerySet[Any], *, most: int) -> Iterator[list[Any]]:
    """The rows newest first, a thousand at a time, by key and not by offset."""
    below: int | None = None
    left = most
    while left > 0:
        narrowed = rows if below is None else rows.filter(pk__lt=below)
        found = list(narrowed.order_by("-pk")[: min(CHUNK, left)])
        if not found:
            return
        yield found
        below = found[-1].pk
        left -= len(found)


def csv_file(*, name: str, header: Cells, rows: QuerySet[Any], lines: Lines) -> StreamingHttpResponse:
    """The newest hundred thousand rows, as they are read. With a BOM, or Excel misreads every accent."""
    writer = csv.writer(Echo())

    def stream() -> Iterator[str]:
        yield "\ufeff" + str(writer.writerow([safe(cell) for cell in header]))
        for found in chunks(rows, most=MOST_CSV):
            yield "".join(str(writer.writerow([safe(cell) for cell in line])) for line in lines(found))

    response = StreamingHttpResponse(stream(), content_type="text/csv; charset=utf-8")
    return named(response, name=f"{name}.csv")


def xlsx_file(*, name: str, header: Cells, rows: QuerySet[Any], lines: Lines) -> HttpResponse:
    """The newest ten thousand rows, every cell a text."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(name[:31])
    sheet.append([text_cell(sheet, cell) for cell in header])
    for found in chunks(rows, most=MOST_XLSX):
        for line in lines(found):
            sheet.append([text_cell(sheet, cell) for cell in line])
    file = io.BytesIO()
    book.save(file)
    return named(HttpResponse(file.getvalue(), content_type=XLSX_TYPE), name=f"{name}.xlsx")


def links(listing: Any, *, name: str) -> list[dict[str, str]]:
    """The two files of a list as it is filtered now."""
    return [{"link": f"{name}.{kind}{listing.link()}", "label": kind.upper()} for kind in ("csv", "xlsx")]


def text_cell(sheet: Any, value: object) -> Any:
    """A number stays one; anything else is text, whatever it looks like, without what XML cannot hold."""
    if isinstance(value, int) and not isinstance(value, bool):
        return WriteOnlyCell(sheet, value=value)
    text = plain(value)[:32767]
    cell = WriteOnlyCell(sheet, value=text)
    cell.data_type = "s"
    cell.quotePrefix = safe(text) != text  # or a spreadsheet would run it once somebody edits the cell
    return cell


def named(response: Response, *, name: str) -> Response:
    """Offered as a download under a name with today's date."""
    stamp = timezone.now().strftime("%Y-%m-%d")
    response["Content-Disposition"] = f'attachment; filename="{stamp}-{name}"'
    return response
