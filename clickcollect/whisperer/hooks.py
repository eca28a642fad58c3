"""Hooks are created, changed, stopped and deleted here, for API and OMS WEB (contract section 3)."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.db.models import BooleanField, Case, QuerySet, Value, When
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from clickcollect.errors import DomainError
from clickcollect.whisperer import custom_headers, encryption, hook_validation, registry
from clickcollect.whisperer.custom_headers import Reader
from clickcollect.whisperer.models import (
    HOOK_PASSWORD,
    HOOK_SECRET,
    WAITING,
    Delivery,
    DeliveryState,
    Endpoint,
    Hook,
    Reason,
)
from clickcollect.whisperer.registry import DeliveryEnded

SECRET_OVERLAP: Final = timedelta(hours=24)
PLAIN_FIELDS: Final = ("event_type", "target_url", "is_active", "callback")


class HookExists(DomainError):
    """One user subscribes once to one type at one URL. The reference's own code and words."""

    code = "webhook_100_2"
    status = 406
    title = _("Already registered")
    words: Final = "Webhook already registered"
    sentence = _("This webhook already exists. Edit that one, or delete it first.")


def create_hook(*, user_id: int, fields: Mapping[str, Any]) -> Hook:
    """Subscribe. ``fields`` as in the contract. Raises ValidationFailed with every fault, HookExists."""
    fields = hook_validation.clean_fields(fields)
    hook_validation.check_new(fields)
    hook = Hook(user_id=user_id)
    set_fields(hook, fields)
    hook.secret = encryption.seal(fields.get("secret_key") or "", purpose=HOOK_SECRET)
    save_hook(hook)
    return hook


def change_hook(hook: Hook, *, fields: Mapping[str, Any], changer: Reader | None = None) -> Hook:
    """Change what is named. A new URL needs a new secret, and a new password where one is kept.

    The hook's own headers go along only if ``changer`` may know their values.
    Raises ValidationFailed, HookExists, KeyLost.
    """
    with transaction.atomic():
        hook = Hook.objects.select_for_update().get(pk=hook.pk, deleted_at__isnull=True)
        fields = hook_validation.clean_fields(fields)
        moved = fields.get("target_url", hook.target_url) != hook.target_url
        if moved and not custom_headers.may_read_values(changer, hook):
            custom_headers.seal_headers(hook, {})  # or they would be read at the new address
        fields = custom_headers.restore_masked(hook, fields)
        hook_validation.check_change(hook, fields)
        was_active = hook.is_active
        set_fields(hook, fields)
        if "secret_key" in fields:
            change_secret(hook, fields["secret_key"] or "", overlap=not moved)
        if hook.is_active:
            hook.stopped_reason, hook.stopped_at = "", None
        save_hook(hook)
        waiting = Delivery.objects.filter(hook=hook, state__in=WAITING)
        if was_active and not hook.is_active:
            stop_deliveries(hook.pk, reason=Reason.HOOK_INACTIVE)
        elif moved:
            waiting.update(endpoint=hook.endpoint_id)
        hook.refresh_from_db()
    return hook


def delete_hook(hook: Hook) -> None:
    """Unsubscribe. The history stays; the same hook may be made again."""
    with transaction.atomic():
        Hook.objects.filter(pk=hook.pk, deleted_at__isnull=True).update(
            is_active=False,
            deleted_at=Now(),
            modified_date=Now(),
            secret="",
            previous_secret="",
            auth_password="",
            sealed_headers="",
        )
        stop_deliveries(hook.pk, reason=Reason.HOOK_DELETED)


def stop_hook(hook_id: int, *, reason: Reason) -> bool:
    """Stop a hook whose receiver answered 410, and keep the reason. False when it was stopped before."""
    with transaction.atomic():
        stopped = Hook.objects.filter(pk=hook_id, is_active=True).update(
            is_active=False, stopped_reason=reason, stopped_at=Now(), modified_date=Now()
        )
        stop_deliveries(hook_id, reason=reason)
    return stopped == 1


def stop_deliveries(hook_id: int, *, reason: Reason) -> int:
    """What still waits for this hook becomes dead letters, from where it can be sent again."""
    waiting = Delivery.objects.filter(hook_id=hook_id, state__in=WAITING)
    rows = list(waiting.select_for_update(of=("self",)).select_related("event").defer("event__payload"))
    stopped = Delivery.objects.filter(pk__in=[delivery.pk for delivery in rows]).update(
        state=DeliveryState.DEAD, reason=reason, finished_at=Now()
    )
    ended = [ended_by_stop(delivery, reason=reason) for delivery in rows]
    transaction.on_commit(lambda: registry.notify_listeners(ended))
    return stopped


def ended_by_stop(delivery: Delivery, *, reason: Reason) -> DeliveryEnded:
    return DeliveryEnded(
        delivery_id=delivery.pk,
        event_uuid=delivery.event.uuid,
        event_type=delivery.event_type,
        subject=delivery.subject,
        state=DeliveryState.DEAD.value,
        reason=reason.value,
        is_test=delivery.event.is_test,
    )


def set_fields(hook: Hook, fields: Mapping[str, Any]) -> None:
    for name in PLAIN_FIELDS:
        if name in fields:
            setattr(hook, name, fields[name])
    if "retry_countdown_config" in fields:
        hook.retry_countdown_config = fields["retry_countdown_config"] or {}
    if "additional_headers" in fields:
        custom_headers.seal_headers(hook, fields["additional_headers"])
    if "config" in fields:
        set_config(hook, fields["config"])
    if "target_url" in fields:
        hook.endpoint = Endpoint.objects.get_or_create(target_url=fields["target_url"])[0]


def set_config(hook: Hook, config: Mapping[str, Any]) -> None:
    """The password is sealed apart; left out, the one that is kept stays."""
    auth = dict(config.get("auth") or {})
    password = auth.pop("password", None)
    hook.config = dict(config) | ({"auth": auth} if auth else {})
    if not auth:
        hook.auth_password = ""
    elif password is not None:
        hook.auth_password = encryption.seal(password, purpose=HOOK_PASSWORD)


def change_secret(hook: Hook, secret: str, *, overlap: bool) -> None:
    """A new secret; the old one still signs for a day, unless the target URL changes with it."""
    if overlap and secret and hook.secret:
        hook.previous_secret = hook.secret
        hook.previous_secret_until = Now() + SECRET_OVERLAP
    else:
        hook.previous_secret, hook.previous_secret_until = "", None
    hook.secret = encryption.seal(secret, purpose=HOOK_SECRET)


def save_hook(hook: Hook) -> None:
    if hook.pk:
        hook.modified_date = Now()
    try:
        with transaction.atomic():
            hook.save()
    except IntegrityError:
        raise HookExists from None
    hook.refresh_from_db()


def secrets_of(hook: Hook) -> list[str]:
    """The secrets that count now, the newest first. ``hook`` must come from `with_clock`. Raises KeyLost."""
    sealed = [hook.secret]
    if hook.previous_secret and getattr(hook, "overlaps", False):
        sealed.append(hook.previous_secret)
    return [encryption.unseal(text, purpose=HOOK_SECRET) for text in sealed if text]


def with_clock() -> QuerySet[Hook]:
    """Hooks that know by the database's clock whether their previous secret still counts."""
    overlaps = When(previous_secret_until__gt=Now(), then=Value(True))
    hooks: QuerySet[Hook] = Hook.objects.annotate(
        overlaps=Case(overlaps, default=Value(False), output_field=BooleanField()),
    )
    return hooks
