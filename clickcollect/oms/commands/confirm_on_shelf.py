from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clickcollect.errors import StateConflict
from clickcollect.oms import states
from clickcollect.oms.app_settings import Values
from clickcollect.oms.commands.base import Call, Command, Move, command
from clickcollect.oms.models import Package


@command("CONFIRM_ON_SHELF")
class ConfirmOnShelf(Command):
    """Somebody sees the package on its shelf: after a restore it may be handed over again (docs/safety.md, T63)."""

    button = gettext_lazy("Confirm on shelf")
    source_states = frozenset({states.READY})
    destination_states = frozenset({states.READY})

    def offered(self, package: Package, settings: Values, now: datetime) -> bool:
        return package.shelf_unconfirmed_since is not None

    def decide(self, call: Call) -> Move:
        if call.package.shelf_unconfirmed_since is None:
            raise StateConflict(_("There is nothing to confirm: the package can be handed over as it is."))
        return Move(changes={"shelf_unconfirmed_since": None})
