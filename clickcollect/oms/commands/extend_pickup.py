from datetime import datetime

from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clickcollect.oms import deadlines, states
from clickcollect.oms.app_settings import Values
from clickcollect.oms.clock import local_time
from clickcollect.oms.commands.base import Call, Command, Input, Move, command
from clickcollect.oms.events import documents
from clickcollect.oms.models import Package


@command("EXTEND_PICKUP")
class ExtendPickup(Command):
    """More time to collect, in the store's open days; the same code works on, or works again."""

    button = gettext_lazy("Extend pickup")
    source_states = frozenset({states.READY})
    destination_states = frozenset({states.READY})

    def inputs(self, package: Package, settings: Values) -> list[Input]:
        return [Input(name="reason", label=gettext_lazy("Reason"), required=False)]

    def consequence(self, package: Package, settings: Values) -> str:
        until = extended(package, settings, now=package.clock)
        local = local_time(until, store=package.stock_location)
        words = _("New pickup deadline: %(time)s. The same code works until then.")
        return words % {"time": formats.date_format(local, "D j M, H:i")}

    def decide(self, call: Call) -> Move:
        until = extended(call.package, call.settings, now=call.now)
        return Move(
            changes={"pickup_deadline": until, "due_at": until},
            attributes={"pickup.deadline": documents.utc(until) or ""},
            notes=call.texts("reason"),
        )


def extended(package: Package, settings: Values, *, now: datetime) -> datetime:
    """The deadline after it: so many open days after the present one, or after now where that has passed."""
    current = package.pickup_deadline
    return deadlines.for_store(
        package.stock_location,
        since=max(now, current) if current else now,
        open_days=settings["PICKUP_EXTENSION_DAYS"],
    )
