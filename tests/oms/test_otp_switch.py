"""T53: who may turn the switch, and that packages with a code stay protected while it is turned."""

import pytest

from clickcollect.accounts.models import Role
from clickcollect.errors import DomainError, OtpRequired
from clickcollect.oms import app_settings, states
from clickcollect.oms.access import SYSTEM
from clickcollect.oms.commands.run import available_commands, run_command
from clickcollect.oms.log_models import CommandLog
from clickcollect.oms.setting_changes import set_setting
from tests import shop

pytestmark = pytest.mark.django_db
DELIVER = "SELF_SERVICE_PACKAGE_DELIVERY_COMMAND"


@pytest.mark.parametrize("role", list(Role))
def test_t53_only_an_administrator_turns_the_switch_and_issued_codes_stay(role: Role) -> None:
    store = shop.make_store()
    ready = shop.make_package(states.READY, store=store)
    actor = shop.make_actor(role, store)
    change = {"key": "IS_OTP_ENABLED", "value": False, "store_id": None, "actor": actor, "reason": "a test"}
    if role == Role.ADMIN:
        set_setting(**change)  # type: ignore[arg-type]
        assert not app_settings.settings_in_force().is_otp_enabled
        logged = CommandLog.objects.get(kind="setting")
        assert (logged.attributes["setting.old"], logged.attributes["setting.new"]) == (True, False)
    else:
        with pytest.raises(DomainError) as caught:
            set_setting(**change)  # type: ignore[arg-type]
        assert caught.value.code == "forbidden"
        assert app_settings.settings_in_force().is_otp_enabled
    with pytest.raises(OtpRequired):
        run_command(package_id=ready.pk, transition=DELIVER, actor=SYSTEM)
    main = next(
        found
        for found in available_commands(package=shop.reread(ready), actor=SYSTEM)
        if found.transition.command_code == DELIVER
    )
    assert main.needs_otp
    run_command(package_id=ready.pk, transition=DELIVER, actor=SYSTEM, data={"otp": shop.right_code(ready)})


def test_switching_off_asks_for_a_reason() -> None:
    admin = shop.make_actor(Role.ADMIN)
    with pytest.raises(DomainError) as caught:
        set_setting(key="IS_OTP_ENABLED", value=False, store_id=None, actor=admin, reason="")
    assert caught.value.code == "validation_error"
    assert app_settings.settings_in_force().is_otp_enabled
