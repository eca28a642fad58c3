"""The road on a restored shop: is the log whole, are the codes that were out good, is a new order handed over?

Runs as a process of its own with the addresses of the restored databases; prints what it found as JSON.
"""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from clickcollect.runtime import backup_manifest
from clickcollect.runtime.backup_manifest import Manifest
from clickcollect.runtime.django_setup import set_up

if TYPE_CHECKING:
    from clickcollect.oms.models import Package

PHONE: Final = "+447700900123"  # kept free for films; nothing is sent anyway
DELIVER: Final = "SELF_SERVICE_PACKAGE_DELIVERY_COMMAND"
STEPS: Final = 10  # from Waiting to Ready, in whatever workflow the shop has
CODES: Final = 1000  # of those that are out, the newest


class NotInOrder(Exception):
    """Something is not as it must be; the text says what."""


def walk_road(manifest: Manifest) -> tuple[list[str], list[str]]:
    """What is in order, and what is not, in sentences."""
    done: list[str] = []
    faults: list[str] = []
    looks: tuple[Callable[[Manifest], Iterator[str]], ...] = (the_rows, the_log, the_waits, the_codes, the_road)
    for look in looks:
        try:
            done += look(manifest)
        except NotInOrder as fault:
            faults.append(str(fault))
        except Exception as error:  # noqa: BLE001 (whatever it is, the drill has failed, and says so)
            faults.append(f"{look.__name__.replace('_', ' ')}: {type(error).__name__}")
    return done, faults


def require_that(is_so: Any, otherwise: str) -> None:
    if not is_so:
        raise NotInOrder(otherwise)


def the_rows(manifest: Manifest) -> Iterator[str]:
    from clickcollect.oms.models import Package

    found = Package.objects.count()
    require_that(found == manifest.packages, f"{found} packages came back of {manifest.packages}.")
    yield f"all {found} packages are there"


def the_log(manifest: Manifest) -> Iterator[str]:
    from clickcollect.oms.log.audit import Head, verify_chain

    verdict = verify_chain(kept_head=Head(**manifest.log_head) if manifest.log_head else None)
    require_that(verdict.is_whole, f"the log was changed at row {verdict.bad_log_id}: {verdict.reason}")
    yield f"the log is intact: {verdict.checked} rows"


def the_waits(manifest: Manifest) -> Iterator[str]:
    from clickcollect.oms import states
    from clickcollect.oms.models import Package
    from clickcollect.whisperer import claims, pause

    free = Package.objects.filter(state__enum_value=states.READY, shelf_unconfirmed_since=None).count()
    require_that(not free, f"{free} ready packages could be handed over without a look at the shelf.")
    require_that(pause.current() and not claims.claim(1), "messages would be sent at once.")
    yield f"{manifest.ready} ready packages wait for a look at the shelf, {manifest.waiting} messages for a person"


def the_codes(_manifest: Manifest) -> Iterator[str]:
    from clickcollect.errors import OtpNotIssued
    from clickcollect.oms.codes import pickup_code
    from clickcollect.oms.models import CodeIssue

    lost = tried = 0
    for issue in CodeIssue.objects.filter(closed_at=None).order_by("-package_id")[:CODES]:
        tried += 1
        try:
            pickup_code.derive(issue)
        except OtpNotIssued:
            lost += 1
    require_that(not lost, f"{lost} of {tried} codes that customers hold cannot be checked: their key is missing.")
    yield f"{tried} codes that customers hold can be checked"


def the_road(manifest: Manifest) -> Iterator[str]:
    """A new order from its arrival to its handover, with a wrong code on the way."""
    from clickcollect.omnitron.models import RetailStore
    from clickcollect.omnitron.order_schema import read_order
    from clickcollect.oms import states
    from clickcollect.oms.access import SYSTEM, get_package
    from clickcollect.oms.commands.available import offers_of
    from clickcollect.oms.commands.run import run_command
    from clickcollect.oms.orders.intake import receive_order

    store = RetailStore.objects.filter(is_active=True, click_and_collect=True).order_by("pk").first()
    if store is None:
        yield "no store yet, so no order was tried"
        return
    package = receive_order(order=read_order(document_for(store.erp_code, manifest)), actor=SYSTEM).packages[0]
    for _step in range(STEPS):
        package = get_package(SYSTEM, package_id=package.pk)
        if package.state.enum_value == states.READY:
            break
        main_button = offers_of(package=package, actor=SYSTEM).main
        if main_button is None:
            raise NotInOrder(f"no main button leads a new order on from {package.state.name}.")
        run_command(package_id=package.pk, transition=main_button.transition_id, actor=SYSTEM)
    hand_over(package)
    state = get_package(SYSTEM, package_id=package.pk).state
    require_that(state.enum_value == states.DELIVERED, f"a new order ended as {state.name}.")
    yield "a new order was packed, made ready and handed over"


def hand_over(package: "Package") -> None:
    """With its code, after a wrong one; without one where codes are switched off."""
    from clickcollect.errors import OtpIncorrect
    from clickcollect.oms.access import SYSTEM
    from clickcollect.oms.codes import pickup_code
    from clickcollect.oms.commands.run import run_command

    issue = pickup_code.open_issue(package)
    if issue is None:
        run_command(package_id=package.pk, transition=DELIVER, actor=SYSTEM)
        return
    code = pickup_code.derive(issue).reveal()
    wrong = str((int(code) + 1) % 10**issue.digits).zfill(issue.digits)
    try:
        run_command(package_id=package.pk, transition=DELIVER, actor=SYSTEM, data={"otp": wrong})
    except OtpIncorrect:
        run_command(package_id=package.pk, transition=DELIVER, actor=SYSTEM, data={"otp": code})
    else:
        raise NotInOrder("a wrong code was accepted as right.")


def document_for(store: str, manifest: Manifest) -> dict[str, Any]:
    return {
        "number": f"DRILL-{manifest.moment:%Y%m%d%H%M%S}",
        "channel": "drill",
        "delivery_type": "in_store",
        "customer": {"first_name": "Restore", "last_name": "Drill", "phone_number": PHONE},
        "shipping_address": {"address_type": "retail_store", "retail_store": store},
        "order_item": [{"sku": "DRILL", "name": "Drill", "quantity": 1}],
    }


def main(folder: Path) -> None:
    set_up()
    done, faults = walk_road(backup_manifest.read_manifest(folder))
    print(json.dumps({"done": done, "faults": faults}))  # noqa: T201


if __name__ == "__main__":
    main(Path(sys.argv[1]))
