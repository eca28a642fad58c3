"""An order file handed over in OMS WEB: looked at, its columns chosen, then imported by the worker.

What cannot be placed waits in *Orders to repair*; what cannot be read at all is listed with its line.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Any, Final

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import translation
from django.utils.translation import gettext as _
from procrastinate.contrib.django import app

from clickcollect.accounts.models import Channel, User
from clickcollect.accounts.people import full_names
from clickcollect.errors import NotFound, StateConflict, ValidationFailed
from clickcollect.omnitron.plain_text import plain_line
from clickcollect.oms.access import Actor, actor_for
from clickcollect.oms.log.conflicts import conflict
from clickcollect.oms.orders.channels import export_channel
from clickcollect.oms.orders.csv_columns import (
    BY_OWN_NAME,
    CHANNEL,
    OWN_NAMES,
    column_key,
    column_places,
    missing_columns,
)
from clickcollect.oms.orders.csv_format import CsvReading
from clickcollect.oms.orders.csv_table import CsvTable, read_table
from clickcollect.oms.orders.file_import import ImportReport, Waiting, import_orders, read_entry, read_file
from clickcollect.oms.orders.file_lines import is_json_lines
from clickcollect.oms.orders.repair import storable
from clickcollect.oms.orders.shopify_export import is_export
from clickcollect.oms.upload_models import FileShape, OrderUpload, UploadState

JOB: Final = "import_order_file"  # registered in `jobs.py`
LARGEST: Final = 20 * 1024 * 1024  # bytes
MOST_COLUMNS: Final = 200
MOST_SHAPES: Final = 500
MOST_BAD_LINES: Final = 2000  # listed; every one is counted
SAMPLES: Final = 3
SAMPLED_ROWS: Final = 200
SAMPLE_ORDERS: Final = 5
PROGRESS_EVERY: Final = 0.5  # seconds
KEPT_FOR: Final = timedelta(days=7)
UNDER_WAY: Final = (UploadState.WAITING, UploadState.RUNNING)


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column of a CSV file, some of its cells, and the own name of what it is read as, empty for nothing."""

    name: str
    key: str
    samples: Sequence[str]
    chosen: str


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What a file would be read as. ``fault``: why it can be no file of orders, read so; ``is_known``: by its shape."""

    columns: Sequence[Column] = ()
    orders: Sequence[Waiting] = field(default=(), repr=False)
    channel: str = ""
    has_channel: bool = True
    is_export: bool = False
    is_known: bool = False
    rows: int = 0
    missing: Sequence[str] = ()
    fault: str = ""


def keep_file(*, name: str, content: bytes, actor: Actor) -> OrderUpload:
    """Keep a file until it is imported, at most a week. Raises ValidationFailed on ``file``, Forbidden."""
    actor.require("orders:write")
    if len(content) > LARGEST:
        raise ValidationFailed.of(
            "file", _("The file is larger than 20 MiB. Split it, or import it from the command line.")
        )
    upload = OrderUpload(
        name=plain_line(name)[-255:] or "orders.csv", size=len(content), content=content, uploaded_by=actor.user_id
    )
    with as_file(upload) as path:
        if not is_json_lines(path):
            table = read_table(path)
            if len(table.header) > MOST_COLUMNS:
                raise ValidationFailed.of(
                    "file", _("The file has more than 200 columns. Remove the ones you don't need.")
                )
            known = FileShape.objects.filter(shape=shape_of(table.header)).first()
            upload.columns, upload.channel = (known.columns, known.channel) if known else ({}, "")
    upload.save(force_insert=True)
    return upload


@contextmanager
def as_file(upload: OrderUpload) -> Iterator[Path]:
    """The content as a file, for as long as it is read."""
    with TemporaryDirectory(prefix="clickcollect-") as folder:
        suffix = Path(upload.name).suffix.lower()
        path = Path(folder) / f"orders{suffix if suffix.isascii() and suffix[1:].isalnum() else ''}"
        path.write_bytes(bytes(upload.content or b""))
        yield path


def shape_of(header: Sequence[str]) -> str:
    """What all files with these columns, in this order, have in common."""
    return hashlib.sha256("\n".join(map(column_key, header)).encode()).hexdigest()


def reading_of(upload: OrderUpload) -> CsvReading:
    return CsvReading(columns=upload.columns, channel=upload.channel)


def preview(upload: OrderUpload) -> Preview:
    """What the file would be read as, with its first orders and what is wrong with these."""
    with as_file(upload) as path:
        try:
            if is_json_lines(path):
                return Preview(orders=first_orders(path, upload))
            return table_preview(read_table(path), path, upload)
        except ValidationFailed as refusal:
            return Preview(fault=refusal.errors[0]["msg"])


def table_preview(table: CsvTable, path: Path, upload: OrderUpload) -> Preview:
    places = column_places(table.header, upload.columns)
    export = is_export(table.header) and not upload.columns
    missing = [] if export else missing_columns(places, has_channel=bool(upload.channel))
    return Preview(
        columns=[
            Column(
                name=name,
                key=column_key(name),
                samples=list(islice(dict.fromkeys(cells_of(table, at)), SAMPLES)),
                chosen=OWN_NAMES[place] if place else "",
            )
            for at, (name, place) in enumerate(zip(table.header, places, strict=True))
        ],
        orders=[] if missing else first_orders(path, upload),
        channel=upload.channel or (export_channel() if export else ""),
        has_channel=CHANNEL in places and not export,
        is_export=export,
        is_known=FileShape.objects.filter(shape=shape_of(table.header)).exists(),
        rows=len(table.rows),
        missing=missing,
    )


def cells_of(table: CsvTable, at: int) -> Iterator[str]:
    """The filled cells of the first rows of a column."""
    return filter(None, ("".join(row.cells[at : at + 1]) for row in table.rows[:SAMPLED_ROWS]))


def first_orders(path: Path, upload: OrderUpload) -> list[Waiting]:
    found = (entry for entry in read_file(path, reading_of(upload)) if not entry.is_ignored)
    return [read_entry(entry, {}) for entry in islice(found, SAMPLE_ORDERS)]


def choose_columns(*, upload_id: int, columns: Mapping[str, str], channel: str, actor: Actor) -> OrderUpload:
    """Keep how the columns of a file are to be read, for it and for every other file of its shape.

    Arguments: ``columns``, by a column's key, the own name of what it is read as, empty for nothing.
    Raises Forbidden, NotFound, StateConflict where its import has begun.
    """
    actor.require("orders:write")
    with transaction.atomic():
        upload = open_upload(upload_id)
        with as_file(upload) as path:
            header = () if is_json_lines(path) else read_table(path).header
        guessed = guessed_columns(header)
        known = {key: name for key, name in columns.items() if key in guessed and (not name or name in BY_OWN_NAME)}
        upload.columns = known if any(guessed[key] != name for key, name in known.items()) else {}
        upload.channel = plain_line(channel)[:64]
        upload.save(update_fields=["columns", "channel"])
        if header and is_complete(header, upload):
            remember_shape(shape_of(header), upload)
    return upload


def is_complete(header: Sequence[str], upload: OrderUpload) -> bool:
    """Whether a file can be imported so: what is not finished yet is no choice to remember."""
    export = is_export(header) and not upload.columns
    return export or not missing_columns(column_places(header, upload.columns), has_channel=bool(upload.channel))


def guessed_columns(header: Sequence[str]) -> dict[str, str]:
    """By a column's key, the own name of what it is read as by its own name."""
    places = column_places(header)
    return {column_key(name): OWN_NAMES[place] if place else "" for name, place in zip(header, places, strict=True)}


def remember_shape(shape: str, upload: OrderUpload) -> None:
    """At most so many shapes are remembered, those that were used last."""
    told = {"columns": upload.columns, "channel": upload.channel, "used_at": Now()}
    FileShape.objects.update_or_create(shape=shape, defaults=told)
    oldest = FileShape.objects.order_by("-used_at").values_list("pk", flat=True)[MOST_SHAPES:]
    FileShape.objects.filter(pk__in=list(oldest)).delete()


def open_upload(upload_id: int) -> OrderUpload:
    """Lock a file that was not imported yet. Raises NotFound, StateConflict."""
    upload = OrderUpload.objects.select_for_update().filter(pk=upload_id).first()
    if upload is None:
        raise NotFound
    if upload.state != UploadState.NEW:
        raise begun_before(upload)
    return upload


def begun_before(upload: OrderUpload) -> StateConflict:
    """Who was first."""
    who = full_names([upload.uploaded_by]).get(upload.uploaded_by or 0, "") or _("the system")
    words = _("This file is already being imported.")
    return conflict(words, state=upload.get_state_display(), at=upload.started_at, who=who)


def discard_file(*, upload_id: int, actor: Actor) -> None:
    """Let go of a file that was not imported. Raises Forbidden, NotFound, StateConflict where its import has begun."""
    actor.require("orders:write")
    with transaction.atomic():
        open_upload(upload_id).delete()


def start_import(*, upload_id: int, actor: Actor) -> None:
    """Give the import of a file to the worker.

    Raises Forbidden, NotFound, StateConflict where it has begun, ValidationFailed on ``file``.
    """
    actor.require("orders:write")
    with transaction.atomic():
        upload = open_upload(upload_id)
        found = preview(upload)
        if found.missing:
            words = _("Choose the columns for: %(names)s.") % {"names": ", ".join(found.missing)}
            raise ValidationFailed.of("file", words)
        if found.fault:
            raise ValidationFailed.of("file", found.fault)
        OrderUpload.objects.filter(pk=upload_id).update(
            state=UploadState.WAITING, uploaded_by=actor.user_id, started_at=Now()
        )
        app.configure_task(JOB, lock=f"order-file-{upload_id}").defer(upload_id=upload_id)


def import_file(upload_id: int) -> None:
    """The worker's part: import a file that waits. Begun again after a crash it adds nothing twice."""
    upload = OrderUpload.objects.filter(pk=upload_id, state__in=UNDER_WAY, content__isnull=False).first()
    if upload is None:
        return
    OrderUpload.objects.filter(pk=upload_id).update(state=UploadState.RUNNING)
    person = User.objects.filter(pk=upload.uploaded_by or 0, is_active=True).first()
    with translation.override(person.language_code if person else None):
        try:
            if person is None:
                raise ValidationFailed.of(
                    "file", _("The person who uploaded this file no longer has access. Nothing was imported.")
                )
            came = imported(upload, actor=actor_for(person, channel=Channel.OMS_WEB))
            state, report = UploadState.DONE, report_document(came)
        except ValidationFailed as refusal:
            state, report = UploadState.FAILED, {"fault": refusal.errors[0]["msg"]}
    OrderUpload.objects.filter(pk=upload_id).update(state=state, report=report, content=None, position=F("size"))


def imported(upload: OrderUpload, *, actor: Actor) -> ImportReport:
    with as_file(upload) as path:
        return import_orders(
            path, on_progress=Progress(upload.pk), actor=actor, reading=reading_of(upload), keeps_for_repair=True
        )


class Progress:
    """Keeps how far a file is imported, every half second."""

    def __init__(self, upload_id: int) -> None:
        self.upload_id = upload_id
        self.next = 0.0

    def __call__(self, done: int, total: int) -> None:
        if monotonic() >= self.next:
            OrderUpload.objects.filter(pk=self.upload_id).update(position=min(done, total))
            self.next = monotonic() + PROGRESS_EVERY


def report_document(came: ImportReport) -> dict[str, Any]:
    """What came of a file, without anything of a customer: what is wrong with an order stands where it is repaired."""
    return {
        "orders": came.orders,
        "new": came.new,
        "known": came.known,
        "amended": came.amended,
        "ignored": came.ignored,
        "to_repair": came.to_repair,
        "not_taken": came.not_taken,
        "bad_lines": len(came.bad),
        "bad": [
            {
                "line": bad.line,
                "number": storable(bad.number),
                "repair": bad.repair_id,
                "faults": [fault["loc"] if bad.repair_id else fault["msg"] for fault in bad.faults],
            }
            for bad in came.bad[:MOST_BAD_LINES]
        ],
    }


def forget_files() -> int:
    """Let go of files, imported or not, and of what came of them, after a week; how many."""
    return OrderUpload.objects.filter(uploaded_at__lt=Now() - KEPT_FOR).delete()[0]
