"""Change an application setting: who may, to what, and the log row that tells of it, in one transaction."""

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from clickcollect.errors import Forbidden, NotFound, ValidationFailed
from clickcollect.omnitron.models import RetailStore
from clickcollect.oms import app_settings
from clickcollect.oms.access import Actor
from clickcollect.oms.app_settings import Setting
from clickcollect.oms.log.write import record_setting_change
from clickcollect.oms.models import AppliedSetting


def set_setting(*, key: str, value: Any, store_id: int | None, actor: Actor, reason: str | None) -> AppliedSetting:
    """Give a setting a value, for every store or for one; the log keeps the old and the new one.

    Arguments: ``key``, or an alias; ``store_id``, None for every store;
    ``reason``, None where the door does not ask for one, "" where it asked and got nothing.
    Raises Forbidden, NotFound (the store), or ValidationFailed on ``json_value`` or ``reason``.
    Source: contract section 2; switching the codes off is never done without saying why where it is asked.
    """
    setting = setting_to_change(key=key, store_id=store_id, actor=actor)
    fault = setting.fault(value)
    if fault:
        raise ValidationFailed.of("json_value", fault)
    said = (reason or "").strip()
    if needs_reason(setting=setting, value=value) and reason is not None and not said:
        raise ValidationFailed.of("reason", _("Enter why codes are being turned off. The log keeps it."))
    with transaction.atomic():
        before = app_settings.settings_in_force(store_id)[setting.key]
        row, made = AppliedSetting.objects.get_or_create(
            key=setting.key,
            store_id=store_id,
            defaults={"json_value": value},
        )
        if not made:
            row = AppliedSetting.objects.select_for_update().get(pk=row.pk)
            before = row.json_value
            row.json_value = value
            row.save(update_fields=["json_value", "modified_date"])
        # True == 1 in Python, and a setting that changed its type has changed.
        if (type(before), before) != (type(value), value):
            record_setting_change(key=setting.key, old=before, new=value, store_id=store_id, actor=actor, reason=said)
    return row


def clear_setting(*, key: str, store_id: int | None, actor: Actor, reason: str | None) -> None:
    """Go back to the general value (one store) or to the default (every store); the log says None for the new one."""
    setting = setting_to_change(key=key, store_id=store_id, actor=actor)
    with transaction.atomic():
        row = AppliedSetting.objects.select_for_update().filter(key=setting.key, store_id=store_id).first()
        if row is None:
            return
        row.delete()
        said = (reason or "").strip()
        record_setting_change(
            key=setting.key, old=row.json_value, new=None, store_id=store_id, actor=actor, reason=said
        )


def needs_reason(*, setting: Setting, value: Any) -> bool:
    """Whether people are asked why: for handing packages over without a code."""
    return setting.key == "IS_OTP_ENABLED" and value is False


def may_change(setting: Setting, *, actor: Actor) -> bool:
    """Whether role and token allow it: what concerns security is an administrator's."""
    return actor.may("settings:write") and (not setting.security or actor.may("settings:security"))


def setting_to_change(*, key: str, store_id: int | None, actor: Actor) -> Setting:
    """The setting of that key, if this caller may change it there. Raises Forbidden, NotFound, ValidationFailed.

    Store staff change what belongs to their own stores; a value for every store is the back office's.
    """
    actor.require("settings:write")
    setting = app_settings.setting_by_key(key)
    if not may_change(setting, actor=actor):
        raise Forbidden
    if store_id is None:
        if actor.store_ids is not None:
            raise Forbidden(_("This value applies to every store. Ask the back office to change it."))
        return setting
    if not actor.sees_store(store_id) or not RetailStore.objects.filter(pk=store_id).exists():
        raise NotFound
    if not setting.per_store:
        raise ValidationFailed.of("json_value", _("This setting is the same for every store."))
    return setting
