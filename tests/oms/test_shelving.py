"""Shelf, bags and ticks: optional notes, never a move, never in the way."""

import pytest

from clickcollect.errors import NotFound, StateConflict, ValidationFailed
from clickcollect.oms import search, shelving, states
from clickcollect.oms.access import SYSTEM
from clickcollect.oms.models import CommandLog, Package
from tests import shop

pytestmark = pytest.mark.django_db


def test_shelf_and_bags_are_kept_logged_and_searched() -> None:
    package = shop.make_package(states.PACKED)
    shelving.set_shelf(actor=SYSTEM, package_id=package.pk, shelf=" b4 ", bags="2")
    package = shop.reread(package)
    assert (package.shelf, package.bags) == ("B4", 2)
    assert search.matching(Package.objects.all(), "b4").get() == package
    assert CommandLog.objects.get(package_id=package.pk, note_kind="shelved").attributes["shelf"] == "B4"


def test_an_empty_entry_takes_the_note_away_and_the_version_stays() -> None:
    package = shop.make_package(states.READY, shelf="B4", bags=2)
    shelving.set_shelf(actor=SYSTEM, package_id=package.pk, shelf="", bags="")
    after = shop.reread(package)
    assert (after.shelf, after.bags, after.version) == ("", None, package.version)


@pytest.mark.parametrize(
    ("shelf", "bags", "where"),
    [("x" * 21, "", "shelf"), ("a\x00b", "", "shelf"), ("", "0", "bags"), ("", "100", "bags"), ("", "two", "bags")],
)
def test_what_is_no_shelf_or_no_number_of_bags_is_refused(shelf: str, bags: str, where: str) -> None:
    package = shop.make_package(states.PACKED)
    with pytest.raises(ValidationFailed) as refused:
        shelving.set_shelf(actor=SYSTEM, package_id=package.pk, shelf=shelf, bags=bags)
    assert [fault["loc"] for fault in refused.value.errors] == [where]


def test_an_ended_package_is_placed_nowhere() -> None:
    package = shop.make_package(states.DELIVERED)
    with pytest.raises(StateConflict):
        shelving.set_shelf(actor=SYSTEM, package_id=package.pk, shelf="B4", bags="")


def test_items_are_ticked_while_the_package_is_being_packed() -> None:
    package = shop.make_package(states.WAITING)
    item = package.items.get()
    shelving.set_picked(actor=SYSTEM, package_id=package.pk, item_id=item.pk, picked="1")
    item.refresh_from_db()
    assert item.picked == 1
    for wrong in ("3", "-1", "x", ""):
        with pytest.raises(ValidationFailed):
            shelving.set_picked(actor=SYSTEM, package_id=package.pk, item_id=item.pk, picked=wrong)


def test_items_of_a_packed_package_and_of_another_one_are_not_ticked() -> None:
    packed, other = shop.make_package(states.PACKED), shop.make_package(states.WAITING)
    with pytest.raises(StateConflict):
        shelving.set_picked(actor=SYSTEM, package_id=packed.pk, item_id=packed.items.get().pk, picked="1")
    with pytest.raises(NotFound):
        shelving.set_picked(actor=SYSTEM, package_id=other.pk, item_id=packed.items.get().pk, picked="1")


def test_another_stores_package_is_not_found() -> None:
    package = shop.make_package(states.PACKED)
    stranger = shop.make_actor("associate", shop.make_store("BER-01"))
    with pytest.raises(NotFound):
        shelving.set_shelf(actor=stranger, package_id=package.pk, shelf="B4", bags="")
