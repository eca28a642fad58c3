from django.utils.translation import gettext_lazy as _

from clickcollect.oms import states
from clickcollect.oms.commands.base import Command, command


@command("COMPLETE_PACKAGING_WITHOUT_SHIPMENT")
class CompletePackagingWithoutShipment(Command):
    """All items are in the package. One press, nothing asked: what was not ticked off counts as present."""

    button = _("Complete packaging")
    destination_states = frozenset({states.PACKED})
