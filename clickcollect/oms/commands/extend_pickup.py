from django.utils.translation import gettext_lazy as _

from clickcollect.oms import deadlines, states
from clickcollect.oms.app_settings import Values
from clickcollect.oms.commands.base import Call, Command, Input, Move, command
from clickcollect.oms.events import documents
from clickcollect.oms.models import Package


@command("EXTEND_PICKUP")
class ExtendPickup(Command):
    """More time to collect, in the store's open days; the same code works on, or works again."""

    button = _("Extend pickup")
    source_states = frozenset({states.READY})
    destination_states = frozenset({states.READY})

    def inputs(self, package: Package, settings: Values) -> list[Input]:
        return [Input(name="reason", label=_("Reason"), required=False)]

    def decide(self, call: Call) -> Move:
        current = call.package.pickup_deadline
        until = deadlines.for_store(
            call.package.stock_location,
            since=max(call.now, current) if current else call.now,
            open_days=call.settings["PICKUP_EXTENSION_DAYS"],
        )
        return Move(
            changes={"pickup_deadline": until, "due_at": until},
            attributes={"pickup.deadline": documents.utc(until) or ""},
            notes=call.texts("reason"),
        )
