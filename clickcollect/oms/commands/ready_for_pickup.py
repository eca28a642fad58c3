from typing import Any

from django.utils.translation import gettext_lazy as _

from clickcollect.oms import deadlines, states
from clickcollect.oms.codes import pickup_code
from clickcollect.oms.commands.base import Applied, Call, Command, command


@command("READY_FOR_PICKUP")
class ReadyForPickup(Command):
    """The customer may come: the pickup time begins and, with IS_OTP_ENABLED, a code is issued and sent."""

    button = _("Ready for customer pickup")
    destination_states = frozenset({states.READY})
    click_and_collect_only = True

    def changes(self, call: Call, checked: Any) -> dict[str, Any]:  # noqa: ARG002
        until = deadlines.for_store(
            call.package.stock_location,
            since=call.now,
            open_days=call.settings["PICKUP_HOLD_DAYS"],
        )
        return {
            "ready_at": call.now,
            "pickup_deadline": until,
            "due_at": until,
            **(pickup_code.next_issue_columns() if call.settings.is_otp_enabled else {}),
        }

    def apply(self, call: Call, checked: Any) -> Applied:  # noqa: ARG002
        if not call.settings.is_otp_enabled:
            return Applied(attributes={"otp.issued": False})
        issue = pickup_code.issue(call.package, digits=call.settings["OTP_LENGTH"])
        return Applied(attributes={"otp.issued": True, "otp.issue": issue.number})
