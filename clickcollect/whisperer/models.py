"""Hooks, endpoints, events, deliveries and their attempts: the tables of the webhook outbox.

The delivery table is the queue. What must never be false about it stands here as a constraint.
"""

from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Cast, Now
from django.db.models.lookups import IsNull
from django.utils.translation import gettext_lazy as _

HOOK_SECRET: Final = "whisperer.hook.secret"  # noqa: S105  what a sealed text is for, not the secret
HOOK_PASSWORD: Final = "whisperer.hook.password"  # noqa: S105
HOOK_HEADERS: Final = "whisperer.hook.headers"


class DeliveryState(models.TextChoices):
    """The state of a delivery. The first three are open, the last three have ended."""

    QUEUED = "queued", _("Queued")
    DELIVERING = "delivering", _("Being delivered")
    RETRYING = "retrying", _("Waiting for another try")
    DELIVERED = "delivered", _("Delivered")
    SUPERSEDED = "superseded", _("Superseded")
    DEAD = "dead", _("Dead letter")


class Reason(models.TextChoices):
    """Why an attempt failed or a delivery ended, in one word; an answer's body is never kept."""

    NO_CONNECTION = "no_connection", _("No connection")
    NO_SECURE_CONNECTION = "no_secure_connection", _("No secure connection could be made")
    CERTIFICATE_EXPIRED = "certificate_expired", _("The receiver's certificate has expired")
    CERTIFICATE_NOT_YET_VALID = "certificate_not_yet_valid", _("The receiver's certificate is not valid yet")
    CERTIFICATE_OF_ANOTHER_NAME = "certificate_of_another_name", _("The receiver's certificate is for another name")
    CERTIFICATE_UNTRUSTED = (
        "certificate_untrusted",
        _("The receiver's certificate is self-signed, or its issuer is unknown"),
    )
    CERTIFICATE_REFUSED = "certificate_refused", _("The receiver's certificate was not accepted")
    TIMEOUT = "timeout", _("No answer in time")
    ADDRESS_REFUSED = "address_refused", _("The address is not allowed")
    BROKEN_ANSWER = "broken_answer", _("The answer was not HTTP, or was cut off")
    REDIRECT = "redirect", _("Redirects are not followed")
    REFUSED = "refused", _("The receiver refused it")
    THROTTLED = "throttled", _("The receiver asked for a pause")
    SERVER_ERROR = "server_error", _("The receiver failed")
    GONE = "gone", _("The receiver unsubscribed (410)")
    FILL_FAILED = "fill_failed", _("The code could not be added")
    SECRET_UNREADABLE = "secret_unreadable", _("The secret cannot be read: its key is missing")
    WORKER_LOST = "worker_lost", _("The worker was lost while sending")
    INTERRUPTED = "interrupted", _("The worker was stopped while sending")
    INTERNAL_ERROR = "internal_error", _("Internal error; see the worker's log")
    SUPERSEDED = "superseded", _("Superseded by a newer event")
    EXPIRED = "expired", _("The code has expired")
    TOO_MANY_ATTEMPTS = "too_many_attempts", _("Too many attempts")
    TOO_OLD = "too_old", _("No success for too long")
    HOOK_INACTIVE = "hook_inactive", _("The webhook is off")
    HOOK_DELETED = "hook_deleted", _("The webhook was deleted")
    PAYLOAD_ERASED = "payload_erased", _("The contents were erased")


WAITING: Final = (DeliveryState.QUEUED, DeliveryState.RETRYING)
UNDELIVERED: Final = (*WAITING, DeliveryState.DELIVERING)
# The same as a condition, in the words of the indexes `delivery_ordering` and `delivery_lease`.
IS_UNDELIVERED: Final = Q(state__in=WAITING) | Q(state=DeliveryState.DELIVERING)
ENDED: Final = (DeliveryState.DELIVERED, DeliveryState.SUPERSEDED, DeliveryState.DEAD)


class Endpoint(models.Model):
    """An address that deliveries go to, and its health. Hooks with the same URL share it."""

    target_url = models.CharField(_("target URL"), max_length=255, unique=True)
    failures = models.PositiveIntegerField(_("failures in a row"), default=0)
    failing_since = models.DateTimeField(_("backing off since"), null=True, blank=True)
    paused_until = models.DateTimeField(_("paused until"), null=True, blank=True)
    last_reason = models.CharField(_("last reason"), max_length=40, choices=Reason.choices, blank=True)

    class Meta:
        verbose_name = _("endpoint")
        verbose_name_plural = _("endpoints")
        indexes = (
            # The banner and OMS WEB: which endpoints back off.
            models.Index(name="endpoint_failing", fields=["failing_since"], condition=Q(failing_since__isnull=False)),
        )

    def __str__(self) -> str:
        return self.target_url


class SendingPause(models.Model):
    """A time in which nothing is sent, such as after a restore, until a person lets everything go on."""

    began_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True)
    ended_by = models.BigIntegerField(null=True)

    class Meta:
        ordering = ("-id",)
        # Whether sending is paused, which every claim asks.
        indexes = (models.Index(name="sending_pause_open", fields=["id"], condition=Q(ended_at__isnull=True)),)

    def __str__(self) -> str:
        return f"{self.began_at}"


class Hook(models.Model):
    """A subscription of one type of event at one URL. Secrets are encrypted; a deleted hook keeps its history."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="hooks")
    event_type = models.CharField(_("event type"), max_length=124)
    target_url = models.CharField(_("target URL"), max_length=255)
    endpoint = models.ForeignKey(Endpoint, on_delete=models.PROTECT, related_name="hooks")
    is_active = models.BooleanField(_("active"), default=True)
    stopped_reason = models.CharField(_("stopped because"), max_length=40, choices=Reason.choices, blank=True)
    stopped_at = models.DateTimeField(_("stopped"), null=True, blank=True)
    secret = models.TextField(blank=True)
    previous_secret = models.TextField(blank=True)
    previous_secret_until = models.DateTimeField(null=True, blank=True)
    auth_password = models.TextField(blank=True)
    retry_countdown_config = models.JSONField(_("retries"), default=dict, blank=True)
    sealed_headers = models.TextField(blank=True)  # the additional headers: a receiver's API key may be among them
    config = models.JSONField(_("configuration"), default=dict, blank=True)
    callback = models.CharField(_("callback"), max_length=64, blank=True)  # kept for the reference, never executed
    created_date = models.DateTimeField(_("created"), db_default=Now())
    modified_date = models.DateTimeField(_("changed"), db_default=Now())
    deleted_at = models.DateTimeField(_("deleted"), null=True, blank=True)

    if TYPE_CHECKING:
        user_id: int
        endpoint_id: int

    class Meta:
        verbose_name = _("hook")
        verbose_name_plural = _("hooks")
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(
                name="hook_once_per_user",
                fields=["user", "target_url", "event_type"],
                condition=Q(deleted_at__isnull=True),
            ),
            models.CheckConstraint(
                name="hook_deleted_is_inactive", condition=Q(deleted_at__isnull=True) | Q(is_active=False)
            ),
        )
        # Who wants to hear of a type.
        indexes = (models.Index(name="hook_subscribers", fields=["event_type"], condition=Q(is_active=True)),)

    def __str__(self) -> str:
        return f"{self.event_type} → {self.target_url}"

    def __repr__(self) -> str:
        return f"<Hook {self.pk}>"


class Event(models.Model):
    """An event with its snapshot. Never with a code: that is added while it is sent, and kept nowhere.

    ``sequence`` rises per subject. ``payload`` is empty once the contents were erased.
    """

    uuid = models.CharField(max_length=32, unique=True)
    type = models.CharField(_("type"), max_length=124)
    subject = models.CharField(_("subject"), max_length=64)
    sequence = models.PositiveIntegerField(_("sequence"))
    payload = models.JSONField(null=True, encoder=DjangoJSONEncoder)
    is_test = models.BooleanField(_("test"), default=False)
    issued_at = models.DateTimeField(_("issued"), db_default=Now())

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(name="event_sequence_once", fields=["subject", "sequence"]),
            models.CheckConstraint(name="event_sequence_from_one", condition=Q(sequence__gte=1)),
        )
        indexes = (
            # API by time; the daily job that erases old snapshots, which sees here which are erased already.
            models.Index("issued_at", IsNull(F("payload"), False), name="event_time"),
        )

    def __str__(self) -> str:
        return f"{self.type} {self.uuid}"


class Delivery(models.Model):
    """One delivery to one hook: the row that a worker claims, sends and closes.

    ``ordering_key``, a hash of subject and endpoint: deliveries with the same key go one at a time, oldest first. One
    number, so that the claim's plan does not depend on statistics; two pairs with the same hash wait for each other.
    ``fencing_token`` rises with every claim, so that a worker whose lease has run out cannot close the delivery.
    """

    # Those of a package or an order are found by their events: `event_sequence_once`, then `delivery_once_per_hook`.
    # The newest of a hook are met along the latter, which has the hook in it.
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="deliveries", db_index=False)
    hook = models.ForeignKey(Hook, on_delete=models.PROTECT, related_name="deliveries", db_index=False)
    endpoint = models.ForeignKey(Endpoint, on_delete=models.PROTECT, related_name="deliveries", db_index=False)
    event_type = models.CharField(_("event type"), max_length=124)
    subject = models.CharField(_("subject"), max_length=64)
    ordering_key = models.GeneratedField(
        expression=models.Func("subject", Cast("endpoint", models.BigIntegerField()), function="hashtextextended"),
        output_field=models.BigIntegerField(),
        db_persist=True,
    )
    code_bearing = models.BooleanField(_("carries a code"), default=False)
    state = models.CharField(_("state"), max_length=10, choices=DeliveryState.choices, default=DeliveryState.QUEUED)
    reason = models.CharField(_("reason"), max_length=40, blank=True)
    status_code = models.PositiveSmallIntegerField(_("HTTP status"), null=True, blank=True)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    queued_at = models.DateTimeField(_("queued"), db_default=Now())
    next_attempt_at = models.DateTimeField(_("next attempt"), db_default=Now())
    finished_at = models.DateTimeField(_("ended"), null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    fencing_token = models.BigIntegerField(default=0)

    if TYPE_CHECKING:
        id: int
        event_id: int
        hook_id: int
        endpoint_id: int

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(name="delivery_once_per_hook", fields=["event", "hook"]),
            models.UniqueConstraint(
                name="delivery_one_at_a_time",
                fields=["ordering_key"],
                condition=Q(state=DeliveryState.DELIVERING),
            ),
            models.CheckConstraint(name="delivery_state_known", condition=Q(state__in=DeliveryState.values)),
            models.CheckConstraint(
                name="delivery_leased_while_delivering",
                condition=Q(state=DeliveryState.DELIVERING, lease_until__isnull=False)
                | (~Q(state=DeliveryState.DELIVERING) & Q(lease_until__isnull=True)),
            ),
        )
        indexes = (
            # The claim of what is due, endpoint by endpoint. A code that was never tried has its own, below.
            models.Index(
                name="delivery_next",
                fields=["endpoint", "next_attempt_at", "id"],
                condition=Q(state__in=WAITING) & ~Q(state=DeliveryState.QUEUED, code_bearing=True),
            ),
            # The same for codes, which go first.
            models.Index(
                name="delivery_code_due",
                fields=["endpoint", "next_attempt_at", "id"],
                condition=Q(state=DeliveryState.QUEUED, code_bearing=True),
            ),
            # Whether an older delivery of the same subject and endpoint still waits; all that wait.
            models.Index(name="delivery_ordering", fields=["ordering_key", "id"], condition=Q(state__in=WAITING)),
            # How many are under way to an endpoint; leases that have run out.
            models.Index(
                name="delivery_lease", fields=["endpoint", "lease_until"], condition=Q(state=DeliveryState.DELIVERING)
            ),
            # The oldest code that some customer has not got yet: every page of Instore, alarms, metrics.
            models.Index(
                name="delivery_code_undelivered",
                fields=["event_type", "queued_at"],
                condition=Q(state__in=UNDELIVERED, code_bearing=True),
            ),
            # Dead letters: OMS WEB, the API, their redelivery.
            models.Index(name="delivery_dead", fields=["-id"], condition=Q(state=DeliveryState.DEAD)),
            # OMS WEB and the API by this state. What is queued, on its way or tried again has the indexes above.
            models.Index(name="delivery_superseded", fields=["-id"], condition=Q(state=DeliveryState.SUPERSEDED)),
            # API by the status that a receiver answered with.
            models.Index(
                name="delivery_answered", fields=["status_code", "-id"], condition=Q(status_code__isnull=False)
            ),
        )

    def __str__(self) -> str:
        return f"{self.event_type} {self.subject} {self.state}"


class Attempt(models.Model):
    """One try of one delivery: when, how long, and what came of it. No bodies."""

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="tries", db_index=False)
    number = models.PositiveIntegerField(_("number"))
    started_at = models.DateTimeField(_("started"))
    duration_ms = models.PositiveIntegerField(_("duration in ms"))
    status_code = models.PositiveSmallIntegerField(_("HTTP status"), null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=40, blank=True)

    class Meta:
        verbose_name = _("attempt")
        verbose_name_plural = _("attempts")
        ordering = ("id",)
        # A delivery's tries, in their order.
        indexes = (models.Index(name="attempt_of_delivery", fields=["delivery", "id"]),)

    if TYPE_CHECKING:
        delivery_id: int

    def __str__(self) -> str:
        return f"{self.delivery_id} #{self.number}"
