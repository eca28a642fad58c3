from datetime import datetime

from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clickcollect.errors import StateConflict
from clickcollect.oms import states
from clickcollect.oms.app_settings import Values
from clickcollect.oms.clock import local_time
from clickcollect.oms.codes import pickup_code
from clickcollect.oms.commands.base import Call, Command, Move, command
from clickcollect.oms.models import Package


@command("RETURN_TO_STOCK")
class ReturnToStock(Command):
    """Nobody came in time: the goods go back to the shelf. Never before the pickup deadline."""

    button = gettext_lazy("Return to stock")
    source_states = frozenset({states.READY})
    destination_states = frozenset({states.RETURNED})

    def offered(self, package: Package, settings: Values, now: datetime) -> bool:
        return pickup_code.is_expired(package)

    def decide(self, call: Call) -> Move:
        until = call.package.pickup_deadline
        if until is None or until <= call.now:
            return Move()
        if call.package.is_held_back:
            raise StateConflict  # told as the cancellation's story: nobody can collect it any more
        local = local_time(until, store=call.package.stock_location)
        raise StateConflict(
            _("The customer can still collect it until %(time)s.") % {"time": formats.date_format(local, "j F, H:i")}
        )
