from typing import Any

from django.db.models import F
from django.utils.translation import gettext_lazy as _

from clickcollect.errors import NotClickAndCollect
from clickcollect.oms import pickup_code
from clickcollect.oms.commands.base import Applied, Call, Command, command
from clickcollect.oms.deadline import pickup_deadline
from clickcollect.oms.models import MessageState


@command("READY_FOR_PICKUP")
class ReadyForPickup(Command):
    """The customer may come: the pickup time begins and, with IS_OTP_ENABLED, a code is issued and sent."""

    button = _("Ready for customer pickup")

    def check(self, call: Call) -> None:
        if not call.package.order.is_click_and_collect:
            raise NotClickAndCollect

    def changes(self, call: Call, checked: Any) -> dict[str, Any]:  # noqa: ARG002
        store = call.package.stock_location
        deadline = pickup_deadline(
            since=call.now,
            open_days=call.settings["PICKUP_HOLD_DAYS"],
            store_hours=store.store_hours,
            closed_dates=store.closed_dates,
            time_zone=store.time_zone,
        )
        issued = {"issue_number": F("issue_number") + 1, "issue_attempts": 0, "code_sent_at": [call.now]}
        return {
            "ready_at": call.now,
            "pickup_deadline": deadline,
            "due_at": deadline,
            "message_state": MessageState.QUEUED,
            "message_at": call.now,
            "message_reason": "",
            **(issued if call.settings.is_otp_enabled else {}),
        }

    def apply(self, call: Call, checked: Any) -> Applied:  # noqa: ARG002
        if not call.settings.is_otp_enabled:
            return Applied(attributes={"otp.issued": False})
        issue = pickup_code.issue(call.package, digits=call.settings["OTP_LENGTH"])
        return Applied(attributes={"otp.issued": True, "otp.issue": issue.number})
