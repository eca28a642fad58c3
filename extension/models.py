"""What the Extension remembers: which events it has finished, and receipts on their way. No text, number or code.

Beside them the shop's own wordings, and the stores that they may be for.
"""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from extension.catalogue import Kind


class Package(models.Model):
    """A package of the OMS, by its id there. One row, so that two events of one package take turns."""

    objects: models.Manager["Package"] = models.Manager()

    id = models.BigIntegerField(primary_key=True)
    highest_issue = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"package {self.pk}"


class Message(models.Model):
    """One event that asks for an SMS. ``claim`` marks the one attempt that is under way, until ``claimed_until``."""

    objects: models.Manager["Message"] = models.Manager()

    uuid = models.CharField(max_length=64, unique=True)
    type = models.CharField(max_length=100)
    package_id = models.BigIntegerField(db_index=True)
    issue = models.PositiveIntegerField(null=True)
    outcome = models.CharField(max_length=16, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    claim = models.UUIDField(null=True)
    claimed_until = models.DateTimeField(null=True)
    received_at = models.DateTimeField(db_default=Now(), db_index=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(finished_at=None, outcome="") | Q(finished_at__isnull=False, outcome__gt=""),
                name="message_finished_has_outcome",
            ),
        ]

    def __str__(self) -> str:
        return f"message {self.uuid}"


class Receipt(models.Model):
    """What the OMS has still to hear about a message. Gone as soon as it has heard it.

    ``secret``: the place, in the settings, of the secret that signed the event.
    """

    objects: models.Manager["Receipt"] = models.Manager()

    event_uuid = models.CharField(max_length=64)
    status = models.CharField(max_length=16)
    reason = models.CharField(max_length=200, blank=True)
    secret = models.PositiveSmallIntegerField(default=0, db_default=0)
    attempts = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(db_default=Now())
    next_attempt_at = models.DateTimeField(db_default=Now(), db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["event_uuid", "status"], name="receipt_once")]

    def __str__(self) -> str:
        return f"{self.status} of {self.event_uuid}"


class Template(models.Model):
    """The shop's own wording of one message in one language; ``store`` is an erp code, or empty for every store."""

    objects: models.Manager["Template"] = models.Manager()

    language = models.CharField(max_length=8)
    store = models.CharField(max_length=64, blank=True)
    kind = models.CharField(max_length=32)
    text = models.TextField()
    modified_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["language", "store", "kind"], name="template_once")]

    def __str__(self) -> str:
        return f"{self.kind} in {self.language} for {self.store or 'every store'}"


class Store(models.Model):
    """A store by its erp code, as an event last named it: what the page of the wordings offers to choose from."""

    objects: models.Manager["Store"] = models.Manager()

    code = models.CharField(max_length=64, primary_key=True)
    name = models.CharField(max_length=64, blank=True)

    def __str__(self) -> str:
        return f"{self.name} ({self.code})" if self.name else self.code


def find_template(language: str, store: str, kind: Kind) -> str | None:
    """This store's first, then the one for every store; None where the catalogue's is good enough."""
    found = Template.objects.filter(language=language, kind=kind, store__in=["", store]).order_by("-store").first()
    return found.text if found else None
