from datetime import datetime

from django.utils.translation import gettext_lazy as _

from clickcollect.oms import states
from clickcollect.oms.app_settings import Values
from clickcollect.oms.codes import pickup_code
from clickcollect.oms.commands.base import CODE, Call, Command, Input, Move, Refusal, collector_notes, command
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
        needed = pickup_code.needs_code(package, settings)
        return [Input(name=CODE, label=_("SMS verification code"), kind="otp")] if needed else []

    def offered(self, package: Package, settings: Values, now: datetime) -> bool:
        return not (pickup_code.needs_code(package, settings) and pickup_code.is_expired(package))

    def decide(self, call: Call) -> Move | Refusal:
        notes = collector_notes(call)
        if not pickup_code.needs_code(call.package, call.settings):
            return Move(attributes={"otp.verified": False}, notes=notes)
        wrong = pickup_code.verify(
            package=call.package,
            issue=call.issue,
            typed=call.data.get(CODE),
            tried=call.tried,
            limits=call.settings,
            comparison=call.comparison,
        )
        if wrong is not None:
            return Refusal(error=wrong, counts=True)
        return Move(
            closes_issue="delivered",
            attributes={"otp.verified": True, "otp.issue": call.package.issue_number},
            notes=notes,
        )
