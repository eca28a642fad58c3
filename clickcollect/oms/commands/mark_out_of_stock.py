from dataclasses import replace

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from clickcollect.oms import states
from clickcollect.oms.app_settings import Values
from clickcollect.oms.commands.base import REASON, Call, Command, Input, Move, command, require_reason
from clickcollect.oms.models import Package


@command("MARK_OUT_OF_STOCK")
class MarkOutOfStock(Command):
    """The goods are not there: the package ends, and the note says what was missing."""

    button = _("Mark out of stock")
    destination_states = frozenset({states.OUT_OF_STOCK})

    def inputs(self, package: Package, settings: Values) -> list[Input]:
        return [replace(REASON, label=_("What is missing?"), missing=_("Enter what is missing."))]

    def consequence(self, package: Package, settings: Values) -> str:
        return gettext("This ends the package and sends no message: tell the customer yourself. This cannot be undone.")

    def decide(self, call: Call) -> Move:
        require_reason(call)
        return Move(notes=call.texts("reason"))
