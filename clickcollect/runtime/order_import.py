"""`clickcollect orders import FILE` on a terminal: a progress bar, every bad line, and what came of it."""

import sys
from pathlib import Path
from typing import Final

import typer
from django.utils.translation import gettext as _
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from clickcollect.oms.orders.file_import import BadLine, ImportReport, import_orders

ALL_GOOD: Final = 0
SOME_BAD: Final = 1


def import_file(path: Path) -> int:
    """Import, say what happened, and return the exit status. Raises ValidationFailed where there are no orders."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal that is not UTF-8 shows a question mark
    report = with_progress(path)
    for bad in report.bad:
        typer.echo(bad_line_text(bad), err=True)
    typer.echo(
        _(
            "Orders: %(orders)d. New: %(new)d. Amended: %(amended)d. Already known: %(known)d. "
            "Ignored: %(ignored)d. Not taken: %(not_taken)d. Bad lines: %(bad)d."
        )
        % {**vars(report), "bad": len(report.bad)}
    )
    return SOME_BAD if report.bad else ALL_GOOD


def with_progress(path: Path) -> ImportReport:
    """Import under a bar, which goes to a terminal's stderr and leaves nothing behind."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(_("Importing orders"), total=None)
        return import_orders(
            path,
            on_progress=lambda done, total: progress.update(task, completed=done, total=total),
        )


def bad_line_text(bad: BadLine) -> str:
    """One bad line in words: its number, its order, every fault. What steers a terminal is not printed."""
    number = "".join(char if char.isprintable() else "?" for char in bad.number)
    where = _("Line %(line)d (%(number)s)") if number else _("Line %(line)d")
    faults = "; ".join(f"{fault['loc']}: {fault['msg']}" for fault in bad.faults)
    return f"{where % {'line': bad.line, 'number': number}}: {faults}"
