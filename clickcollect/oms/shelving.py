"""Where a package lies, in how many bags, and which items were ticked off. All of it optional, none of it a move."""

from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _

from clickcollect.errors import Fault, NotFound, StateConflict, ValidationFailed
from clickcollect.oms import search, states
from clickcollect.oms.access import Actor, get_package
from clickcollect.oms.log import conflicts
from clickcollect.oms.log.write import record_note
from clickcollect.oms.log_models import NoteKind
from clickcollect.oms.models import Package, PackageItem

LONGEST_SHELF: Final = 20
MOST_BAGS: Final = 99


def set_shelf(*, actor: Actor, package_id: int, shelf: str, bags: str) -> Package:
    """Note where an open package lies and in how many bags; an empty text takes the note away.

    Raises NotFound, Forbidden, ValidationFailed on ``shelf`` and ``bags``, StateConflict once the package has ended.
    """
    actor.require("packages:command")
    package = get_package(actor, package_id=package_id)
    wanted = parse_shelf(shelf=shelf, bags=bags)
    with transaction.atomic():
        still_open = Package.objects.filter(pk=package.pk).exclude(state__enum_value__in=states.ENDED)
        if still_open.update(shelf=wanted[0], bags=wanted[1]) != 1:
            raise conflicts.explain_conflict(StateConflict(), get_package(actor, package_id=package_id))
        package = get_package(actor, package_id=package_id)
        search.update_index(package)
        record_note(
            kind=NoteKind.SHELVED,
            actor=actor,
            package=package,
            attributes={"shelf": package.shelf, "bags": package.bags or 0, "channel": str(actor.channel)},
        )
    return package


def parse_shelf(*, shelf: str, bags: str) -> tuple[str, int | None]:
    """A shelf of at most 20 characters and a number of bags from 1 to 99. Raises ValidationFailed."""
    name, number = " ".join(shelf.split()).upper(), bags.strip()
    faults: list[Fault] = []
    if len(name) > LONGEST_SHELF or not name.isprintable():
        faults.append({"loc": "shelf", "msg": _("A shelf has at most %d characters.") % LONGEST_SHELF})
    is_number = number.isdecimal() and len(number) <= 2 and 1 <= int(number) <= MOST_BAGS
    if number and not is_number:
        faults.append({"loc": "bags", "msg": _("Enter the number of bags, from 1 to %d.") % MOST_BAGS})
    if faults:
        raise ValidationFailed(faults)
    return name, int(number) if number else None


def set_picked(*, actor: Actor, package_id: int, item_id: int, picked: str) -> None:
    """Note how many pieces of one line were picked, while the package is being packed.

    Raises NotFound, Forbidden, ValidationFailed on ``picked``, StateConflict once it is packed.
    """
    actor.require("packages:command")
    package = get_package(actor, package_id=package_id)
    item = PackageItem.objects.filter(package=package, pk=item_id).first()
    if item is None:
        raise NotFound
    if not (picked.isdecimal() and len(picked) <= 9 and int(picked) <= item.quantity):
        raise ValidationFailed.of("picked", _("Enter a number of pieces, at most %d.") % item.quantity)
    being_packed = PackageItem.objects.filter(pk=item.pk, package__state__enum_value__in=states.TO_PACK)
    if being_packed.update(picked=int(picked)) != 1:
        raise conflicts.explain_conflict(StateConflict(), get_package(actor, package_id=package_id))
