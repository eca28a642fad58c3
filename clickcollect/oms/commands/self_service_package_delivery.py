from datetime import datetime

from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from clickcollect.errors import StateConflict
from clickcollect.oms import states
from clickcollect.oms.app_settings import Values
from clickcollect.oms.codes import pickup_code
from clickcollect.oms.codes.pickup_code import Verified
from clickcollect.oms.commands.base import Applied, Call, Command, Input, command
from clickcollect.oms.models import Package


@command("SELF_SERVICE_PACKAGE_DELIVERY_COMMAND")
class SelfServicePackageDelivery(Command):
    """The customer takes the package; with the code, where one is needed."""

    button = _("Delivered")
    source_states = frozenset({states.READY})
    destination_states = frozenset({states.DELIVERED})
    hands_over = True
    click_and_collect_only = True

    def inputs(self, package: Package, settings: Values) -> list[Input]:
        return (
            [Input(name="otp", label=_("SMS verification code"), kind="otp")] if needs_code(package, settings) else []
        )

    def offered(self, package: Package, settings: Values, now: datetime) -> bool:  # noqa: ARG002
        return not (needs_code(package, settings) and pickup_code.is_expired(package))

    def check(self, call: Call) -> Verified | None:
        if not needs_code(call.package, call.settings):
            return None
        return pickup_code.verify(
            package=call.package,
            typed=call.data.get("otp"),
            actor=call.actor,
            limits=call.settings,
        )

    def seen_version(self, call: Call, checked: Verified | None) -> int:
        return checked.version if checked else call.package.version

    def guard(self, call: Call, checked: Verified | None) -> Q:  # noqa: ARG002
        return Q(pickup_deadline__gt=Now()) if checked else Q()

    def apply(self, call: Call, checked: Verified | None) -> Applied:
        notes = call.texts("collector_name", "collector_relation")
        if checked is None:
            return Applied(attributes={"otp.verified": False}, notes=notes)
        if not pickup_code.close(call.package, reason="delivered", issue_id=checked.issue_id):
            raise StateConflict
        return Applied(attributes={"otp.verified": True, "otp.issue": call.package.issue_number}, notes=notes)


def needs_code(package: Package, settings: Values) -> bool:
    """Whether this package is handed over with a code only (contract section 1, `IS_OTP_ENABLED`)."""
    return settings.is_otp_enabled or pickup_code.is_protected(package)
