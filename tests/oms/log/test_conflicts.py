"""Every state conflict says what package or order is now, since when and by whom, whoever raises it."""

import ast
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import clickcollect
from clickcollect.accounts.models import Role
from clickcollect.errors import StateConflict
from clickcollect.oms import privacy, shelving, states
from clickcollect.oms.access import SYSTEM, Actor
from clickcollect.oms.commands.run import run_command
from clickcollect.oms.models import Package
from clickcollect.oms.orders.cancellation import cancel_order
from clickcollect.wire_format import utc
from tests import shop

pytestmark = pytest.mark.django_db(transaction=True)
DELIVER = "self-service-package-delivery"
CODE = Path(clickcollect.__file__).parent
# Where one is made: with its story, or bare for `run_command` or `told`, which give it one.
WITH_STORY = {"oms/log/conflicts.py"}
BARE = {
    "oms/commands/confirm_on_shelf.py",
    "oms/commands/confirm_taken_out.py",
    "oms/commands/run.py",
    "oms/commands/statements.py",
    "oms/commands/unlock_code.py",
    "oms/commands/return_to_stock.py",
    "oms/shelving.py",
}


def delivered() -> tuple[Package, Actor]:
    """A package that an associate has handed over."""
    package = shop.make_package(states.READY)
    ayla = shop.make_actor(Role.ASSOCIATE, package.stock_location)
    run_command(package_id=package.pk, transition=DELIVER, actor=ayla, data={"otp": shop.right_code(package)})
    return shop.reread(package), ayla


def shelve(package: Package) -> None:
    shelving.set_shelf(actor=SYSTEM, package_id=package.pk, shelf="B4", bags="")


def tick(package: Package) -> None:
    shelving.set_picked(actor=SYSTEM, package_id=package.pk, item_id=package.items.get().pk, picked="1")


def cancel(package: Package) -> None:
    cancel_order(order_id=package.order_id, actor=SYSTEM)


def deliver_again(package: Package) -> None:
    run_command(package_id=package.pk, transition=DELIVER, actor=SYSTEM, data={"otp": "123456"})


@pytest.mark.parametrize("attempt", [shelve, tick, cancel, deliver_again])
def test_a_conflict_says_what_is_since_when_and_by_whom(attempt: Callable[[Package], Any]) -> None:
    package, ayla = delivered()
    with pytest.raises(StateConflict) as refusal:
        attempt(package)
    said = refusal.value.extra
    assert said.keys() == {"state", "changed_at", "changed_by"}
    assert (said["state"], said["changed_by"]) == ("Delivered", ayla.name)
    assert said["changed_at"] == utc(package.state_changed_at)


def test_so_does_an_erasure_that_comes_before_the_end() -> None:
    package = shop.make_package(states.WAITING)
    ayla = shop.make_actor(Role.ASSOCIATE, package.stock_location)
    run_command(package_id=package.pk, transition="complete-packaging-without-shipment", actor=ayla)
    with pytest.raises(StateConflict, match="not ended") as refusal:
        privacy.erase_on_request(actor=SYSTEM, order_number=package.order.number)
    said = refusal.value.extra
    assert said["state"]
    assert said["changed_by"] == ayla.name
    assert said["changed_at"] == utc(shop.reread(package).state_changed_at)


def test_nobody_makes_one_elsewhere() -> None:
    made = {
        str(file.relative_to(CODE))
        for file in CODE.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if (isinstance(node, ast.Call) and getattr(node.func, "id", "") == "StateConflict")
        or (isinstance(node, ast.Raise) and getattr(node.exc, "id", "") == "StateConflict")
    }
    assert made == WITH_STORY | BARE
