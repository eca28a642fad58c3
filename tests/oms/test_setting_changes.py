"""Changing an application setting (contract sections 1 and 2)."""

from typing import Any

import pytest

from clickcollect.accounts.models import Role
from clickcollect.errors import Forbidden, NotFound, ValidationFailed
from clickcollect.oms import app_settings
from clickcollect.oms.access import Actor
from clickcollect.oms.log_models import CommandLog, LogKind, LogNote
from clickcollect.oms.models import AppliedSetting
from clickcollect.oms.setting_changes import clear_setting, set_setting
from tests.shop import make_actor, make_store, put_setting

pytestmark = pytest.mark.django_db


def change(
    actor: Actor, key: str, value: Any, *, store_id: int | None = None, reason: str | None = None
) -> AppliedSetting:
    return set_setting(key=key, value=value, store_id=store_id, actor=actor, reason=reason)


def nothing_changed() -> bool:
    return not AppliedSetting.objects.exists() and not CommandLog.objects.exists()


def test_change_is_in_force_and_in_the_log_with_old_and_new_value() -> None:
    actor = make_actor(Role.OPERATOR)
    change(actor, "PICKUP_HOLD_DAYS", 9, reason="Holidays")
    assert app_settings.settings_in_force()["PICKUP_HOLD_DAYS"] == 9
    entry = CommandLog.objects.get(kind=LogKind.SETTING)
    assert entry.actor_id == actor.user_id
    assert entry.attributes["setting.key"] == "PICKUP_HOLD_DAYS"
    assert (entry.attributes["setting.old"], entry.attributes["setting.new"]) == (7, 9)
    assert LogNote.objects.get(log_id=entry.pk).text == "Holidays"


def test_second_change_tells_the_first_value() -> None:
    actor = make_actor(Role.OPERATOR)
    change(actor, "PICKUP_HOLD_DAYS", 9)
    change(actor, "PICKUP_HOLD_DAYS", 10)
    entry = CommandLog.objects.first()
    assert entry is not None
    assert entry.attributes["setting.old"] == 9


def test_same_value_again_is_no_news() -> None:
    actor = make_actor(Role.OPERATOR)
    change(actor, "PICKUP_HOLD_DAYS", 9)
    change(actor, "PICKUP_HOLD_DAYS", 9)
    assert CommandLog.objects.count() == 1


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("IS_OTP_ENABLED", "yes"),
        ("IS_OTP_ENABLED", 1),
        ("IS_OTP_ENABLED", None),
        ("OTP_LENGTH", 3),
        ("OTP_LENGTH", True),
        ("OTP_LENGTH", "6"),
        ("CONNECTOR_HOME_DELIVERY", "burn"),
        ("NO_SUCH_SETTING", 1),
    ],
)
def test_wrong_value_is_refused_on_json_value(key: str, value: Any) -> None:
    with pytest.raises(ValidationFailed) as refusal:
        change(make_actor(Role.ADMIN), key, value)
    assert [fault["loc"] for fault in refusal.value.errors] == ["json_value"]
    assert nothing_changed()


@pytest.mark.parametrize("role", [Role.ASSOCIATE, Role.MANAGER, Role.OPERATOR])
def test_only_an_administrator_changes_security_settings(role: Role) -> None:
    with pytest.raises(Forbidden):
        change(make_actor(role, make_store()), "IS_OTP_ENABLED", value=False, reason="x")
    assert nothing_changed()


def test_alias_names_the_same_setting() -> None:
    assert change(make_actor(Role.ADMIN), "is_enabled_otp", value=False).key == "IS_OTP_ENABLED"


def test_codes_are_not_switched_off_without_saying_why_where_it_is_asked() -> None:
    actor = make_actor(Role.ADMIN)
    with pytest.raises(ValidationFailed) as refusal:
        change(actor, "IS_OTP_ENABLED", value=False, reason="  ")
    assert [fault["loc"] for fault in refusal.value.errors] == ["reason"]
    assert nothing_changed()
    change(actor, "IS_OTP_ENABLED", value=False, reason="SMS provider is down")
    assert not app_settings.settings_in_force().is_otp_enabled
    change(actor, "IS_OTP_ENABLED", value=True, reason="")
    assert app_settings.settings_in_force().is_otp_enabled


def test_a_store_may_have_its_own_value_where_that_makes_sense() -> None:
    store, other = make_store("IST-01"), make_store("BER-01")
    actor = make_actor(Role.OPERATOR)
    change(actor, "PICKUP_HOLD_DAYS", 3, store_id=store.pk)
    assert app_settings.settings_in_force(store.pk)["PICKUP_HOLD_DAYS"] == 3
    assert app_settings.settings_in_force(other.pk)["PICKUP_HOLD_DAYS"] == 7
    with pytest.raises(ValidationFailed):
        change(actor, "OTP_RESEND_COOLDOWN_SECONDS", 30, store_id=store.pk)


def test_manager_changes_own_store_and_no_other_and_not_all() -> None:
    own, other = make_store("IST-01"), make_store("BER-01")
    manager = make_actor(Role.MANAGER, own)
    change(manager, "PICKUP_HOLD_DAYS", 3, store_id=own.pk)
    with pytest.raises(NotFound):
        change(manager, "PICKUP_HOLD_DAYS", 3, store_id=other.pk)
    with pytest.raises(Forbidden):
        change(manager, "PICKUP_HOLD_DAYS", 3)
    assert AppliedSetting.objects.count() == 1


def test_clearing_goes_back_to_the_general_value() -> None:
    store = make_store()
    put_setting("PICKUP_HOLD_DAYS", value=5)
    put_setting("PICKUP_HOLD_DAYS", value=3, store=store)
    clear_setting(key="PICKUP_HOLD_DAYS", store_id=store.pk, actor=make_actor(Role.OPERATOR), reason="")
    assert app_settings.settings_in_force(store.pk)["PICKUP_HOLD_DAYS"] == 5
    assert CommandLog.objects.get().attributes["setting.new"] is None
