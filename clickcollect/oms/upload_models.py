"""Order files that people hand over in OMS WEB, and what is remembered of the shape of a file."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class UploadState(models.TextChoices):
    """Where the import of a file stands."""

    NEW = "new", _("Not imported yet")
    WAITING = "waiting", _("Waiting for the worker")
    RUNNING = "running", _("Being imported")
    DONE = "done", _("Imported")
    FAILED = "failed", _("Not an order file")


class OrderUpload(models.Model):
    """One file. Its ``content`` goes as soon as it is imported; ``report`` says what came of it, without names.

    ``columns`` and ``channel``: how a CSV file is read, as `CsvReading` has them. ``position``: the bytes done.
    ``started_at``: when somebody gave it to the worker, ``uploaded_by`` from then on.
    """

    name = models.CharField(_("file"), max_length=255)
    size = models.PositiveIntegerField(_("size"))
    content = models.BinaryField(null=True)
    columns = models.JSONField(default=dict)
    channel = models.CharField(_("channel"), max_length=64, blank=True)
    state = models.CharField(_("state"), max_length=7, choices=UploadState.choices, default=UploadState.NEW)
    position = models.PositiveIntegerField(default=0)
    report = models.JSONField(default=dict)
    uploaded_by = models.BigIntegerField(_("who"), null=True)
    uploaded_at = models.DateTimeField(_("uploaded"), db_default=Now())
    started_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("order file")
        verbose_name_plural = _("order files")
        ordering = ("-id",)
        constraints = (models.CheckConstraint(name="upload_state_known", condition=Q(state__in=UploadState.values)),)
        indexes = (
            # The hourly job that lets old files go.
            models.Index(name="upload_to_forget", fields=["uploaded_at"]),
        )

    def __str__(self) -> str:
        return self.name


class FileShape(models.Model):
    """How the columns of a file were read last: files with the same column names are read so again."""

    shape = models.CharField(max_length=64, unique=True)
    columns = models.JSONField(default=dict)
    channel = models.CharField(max_length=64, blank=True)
    used_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.shape
