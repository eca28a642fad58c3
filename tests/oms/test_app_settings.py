"""The settings: a wrong value is refused with the reason, a missing or unreadable one counts as its default."""

import pytest

from clickcollect.oms import app_settings
from clickcollect.oms.app_settings import SETTINGS
from tests import shop


@pytest.mark.parametrize("setting", SETTINGS.values(), ids=lambda setting: setting.key)
def test_every_default_is_a_value_the_setting_takes(setting: app_settings.Setting) -> None:
    assert setting.fault(setting.default) is None
    assert str(setting.help).endswith(".")


@pytest.mark.parametrize("setting", SETTINGS.values(), ids=lambda setting: setting.key)
def test_every_setting_has_its_words_on_screen(setting: app_settings.Setting) -> None:
    assert setting.title
    if isinstance(setting.default, bool):
        assert [setting.words(value) for value in (True, False)] == ["On", "Off"]
    elif isinstance(setting.default, int):
        assert setting.words(7).startswith("7 ")
    else:
        assert len(setting.choice_labels) == len(setting.choices)


@pytest.mark.parametrize("setting", [one for one in SETTINGS.values() if one.security], ids=lambda one: one.key)
def test_what_weakens_the_protection_is_known_of_every_security_setting(setting: app_settings.Setting) -> None:
    assert not setting.is_weakened_by(setting.default)
    values = [True, False] if isinstance(setting.default, bool) else [setting.minimum, setting.maximum]
    assert [setting.is_weakened_by(value) for value in values].count(True) == 1


@pytest.mark.parametrize(
    ("key", "weaker"),
    [("IS_OTP_ENABLED", False), ("OTP_LENGTH", 4), ("OTP_ATTEMPTS_PER_ISSUE", 10), ("INSTORE_IDLE_LOCK_MINUTES", 60)],
)
def test_the_weaker_side_is_the_one_that_lets_more_through(key: str, weaker: object) -> None:
    assert SETTINGS[key].is_weakened_by(weaker)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("IS_OTP_ENABLED", 1), ("IS_OTP_ENABLED", "false"), ("IS_OTP_ENABLED", None),
        ("OTP_LENGTH", 3), ("OTP_LENGTH", 9), ("OTP_LENGTH", "6"), ("OTP_LENGTH", True), ("OTP_LENGTH", 6.0),
        ("OTP_ATTEMPTS_PER_ISSUE", 0), ("CONNECTOR_HOME_DELIVERY", "drop"), ("PICKUP_HOLD_DAYS", [7]),
    ],
)  # fmt: skip
def test_a_wrong_value_is_refused_with_the_reason(key: str, value: object) -> None:
    assert SETTINGS[key].fault(value)


@pytest.mark.django_db
@pytest.mark.parametrize("stored", ["no", 0, {"value": False}, []])
def test_an_unreadable_otp_switch_counts_as_on(stored: object) -> None:
    shop.put_setting("IS_OTP_ENABLED", value=stored)
    assert app_settings.settings_in_force().is_otp_enabled


@pytest.mark.django_db
def test_a_store_s_own_value_wins_over_the_general_one() -> None:
    store, other = shop.make_store("IST-01"), shop.make_store("BER-01")
    shop.put_setting("OTP_LENGTH", value=8)
    shop.put_setting("OTP_LENGTH", value=4, store=store)
    assert app_settings.settings_in_force(store.pk)["OTP_LENGTH"] == 4
    assert app_settings.settings_in_force(other.pk)["OTP_LENGTH"] == 8
    assert app_settings.settings_in_force()["OTP_LENGTH"] == 8
