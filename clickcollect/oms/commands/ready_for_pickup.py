from django.utils.translation import gettext_lazy as _

from clickcollect.oms import deadlines, states
from clickcollect.oms.commands.base import Call, Command, Move, command


@command("READY_FOR_PICKUP")
class ReadyForPickup(Command):
    """The customer may come: the pickup time begins and, with IS_OTP_ENABLED, a code is issued and sent."""

    button = _("Ready for customer pickup")
    destination_states = frozenset({states.READY})
    click_and_collect_only = True

    def decide(self, call: Call) -> Move:
        until = deadlines.for_store(
            call.package.stock_location,
            since=call.now,
            open_days=call.settings["PICKUP_HOLD_DAYS"],
        )
        return Move(
            changes={"ready_at": call.now, "pickup_deadline": until, "due_at": until},
            new_code=call.settings.is_otp_enabled,
            attributes={"otp.issued": call.settings.is_otp_enabled},
        )
