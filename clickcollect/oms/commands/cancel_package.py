from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from clickcollect.oms import states
from clickcollect.oms.app_settings import Values
from clickcollect.oms.codes import pickup_code
from clickcollect.oms.commands.base import REASON, Call, Command, Input, Move, command, require_reason
from clickcollect.oms.models import Package


@command("CANCEL_PACKAGE")
class CancelPackage(Command):
    """The customer does not want it any more, or the order was cancelled. A code that was sent stops working."""

    button = _("Cancel package")
    destination_states = frozenset({states.CANCELLED})

    def inputs(self, package: Package, settings: Values) -> list[Input]:
        return [REASON]

    def consequence(self, package: Package, settings: Values) -> str:
        if package.state.enum_value == states.READY and pickup_code.has_ever_had_code(package):
            return gettext(
                "This ends the package and the customer's code, and sends no message: tell the customer yourself. "
                "This cannot be undone."
            )
        return gettext("This ends the package and sends no message: tell the customer yourself. This cannot be undone.")

    def decide(self, call: Call) -> Move:
        require_reason(call)
        return Move(notes=call.texts("reason"))
