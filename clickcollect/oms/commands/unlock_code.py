from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clickcollect.errors import StateConflict
from clickcollect.oms import states
from clickcollect.oms.app_settings import Values
from clickcollect.oms.codes import attempts
from clickcollect.oms.commands.base import Call, Command, Input, Move, command
from clickcollect.oms.models import Package


@command("UNLOCK_CODE")
class UnlockCode(Command):
    """A manager gives a locked package five more tries; the same code works again (contract section 5)."""

    button = gettext_lazy("Unlock code")
    source_states = frozenset({states.READY})
    destination_states = frozenset({states.READY})

    def inputs(self, package: Package, settings: Values) -> list[Input]:
        return [Input(name="reason", label=gettext_lazy("Reason"), required=False)]

    def offered(self, package: Package, settings: Values, now: datetime) -> bool:
        return attempts.is_code_locked(package, settings)

    def decide(self, call: Call) -> Move:
        if not attempts.is_code_locked(call.package, call.settings):
            raise StateConflict(_("The code of this package is not locked. Ask the customer for the code."))
        return Move(
            changes={"issue_attempts": 0, "unlocks": call.package.unlocks + 1},
            attributes={"otp.issue": call.package.issue_number},
            notes=call.texts("reason"),
        )
