from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clickcollect.errors import StateConflict
from clickcollect.oms import states
from clickcollect.oms.app_settings import Values
from clickcollect.oms.commands.base import Call, Command, Move, command
from clickcollect.oms.models import Package


@command("CONFIRM_TAKEN_OUT")
class ConfirmTakenOut(Command):
    """Somebody has taken out of a packed package what the shop took off the order; until then it goes no further."""

    button = gettext_lazy("Confirm taken out")
    source_states = frozenset({states.PACKED})
    destination_states = frozenset({states.PACKED})

    def offered(self, package: Package, settings: Values, now: datetime) -> bool:
        return bool(package.take_out)

    def decide(self, call: Call) -> Move:
        if not call.package.take_out:
            raise StateConflict(_("There is nothing to take out of this package. You can continue."))
        return Move(changes={"take_out": []}, attributes={"items.taken_out": len(call.package.take_out)})
