from datetime import datetime
from zoneinfo import ZoneInfo

from django.db.models import Q
from django.db.models.functions import Now
from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clickcollect.errors import StateConflict
from clickcollect.oms import states
from clickcollect.oms.app_settings import Values
from clickcollect.oms.codes import pickup_code
from clickcollect.oms.commands.base import Call, Command, command
from clickcollect.oms.events import documents
from clickcollect.oms.models import Package


@command("RETURN_TO_STOCK")
class ReturnToStock(Command):
    """Nobody came in time: the goods go back to the shelf. Never before the pickup deadline."""

    button = gettext_lazy("Return to stock")
    source_states = frozenset({states.READY})
    destination_states = frozenset({states.RETURNED})

    def offered(self, package: Package, settings: Values, now: datetime) -> bool:  # noqa: ARG002
        return pickup_code.is_expired(package)

    def check(self, call: Call) -> None:
        until = call.package.pickup_deadline
        if call.package.is_held_back and until and until > call.now:
            raise StateConflict  # told as the cancellation's story: nobody can collect it any more
        if until and until > call.now:
            local = until.astimezone(ZoneInfo(call.package.stock_location.time_zone))
            raise StateConflict(
                _("The customer can still collect it until %(time)s.")
                % {"time": formats.date_format(local, "j F, H:i")},
                state=call.package.state.name,
                changed_at=documents.utc(call.package.state_changed_at),
                changed_by="",
            )

    def guard(self, call: Call, checked: None) -> Q:  # noqa: ARG002
        return Q(pickup_deadline__lte=Now()) | Q(pickup_deadline=None)
