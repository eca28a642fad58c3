from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clickcollect.errors import OtpExpired
from clickcollect.oms import deadlines, states
from clickcollect.oms.app_settings import Values
from clickcollect.oms.codes import attempts, pickup_code
from clickcollect.oms.commands.base import Call, Command, Input, Move, command
from clickcollect.oms.commands.send_new_code import refuse_new_code
from clickcollect.oms.models import MessageState, Package


@command("BACK_TO_PACKED")
class BackToPacked(Command):
    """It was made ready too early: its code dies at once, and the customer is told that it is not ready yet.

    Being made ready again sends a new code and begins a new pickup time. So it counts as *Send New Code* does, within
    the same limit, and after the deadline only a manager gives more time (contract section 5). ``ready_at`` stays: in
    the event of the packed package it says that the customer had been told.
    """

    source_states = frozenset({states.READY})
    destination_states = frozenset({states.PACKED})

    def inputs(self, package: Package, settings: Values) -> list[Input]:
        return [Input(name="reason", label=gettext_lazy("Reason"), required=False)]

    def consequence(self, package: Package, settings: Values) -> str:
        if not pickup_code.has_ever_had_code(package):
            return _("The customer is told that the order is not ready yet.")
        return _("The customer's code stops working, and the customer is told that the order is not ready yet.")

    def offered(self, package: Package, settings: Values, now: datetime) -> bool:
        used_up = attempts.package_is_used_up(package, settings) or attempts.new_codes_are_used_up(package, settings)
        return not pickup_code.is_expired(package) and not (pickup_code.has_ever_had_code(package) and used_up)

    def decide(self, call: Call) -> Move:
        package = call.package
        if pickup_code.is_expired(package):
            raise OtpExpired
        had_code = pickup_code.has_ever_had_code(package)
        if had_code:
            refuse_new_code(call)
        due = deadlines.packing_due_in(
            package.stock_location, since=package.created_date, hours=call.settings["PACK_WITHIN_HOURS"]
        )
        no_message = {
            "message_uuid": "",
            "message_state": str(MessageState.NONE),
            "message_reason": "",
            "message_at": None,
        }
        return Move(
            changes={
                "due_at": due,
                "pickup_deadline": None,
                "new_codes": package.new_codes + (1 if had_code else 0),
                **no_message,
            },
            notes=call.texts("reason"),
        )
