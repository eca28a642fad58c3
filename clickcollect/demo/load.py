"""The demo shop: four stores, five people, some forty orders on their way, two to repair, and thirty days of history.
Loaded once; safe to call at every start.

Orders come in by `receive_order` and move by `run_command`, as everywhere, each at its own moment (`moments.py`). Only
two things are set directly: where packages lie, and that messages of the past arrived back then.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any, Final

from django.contrib.auth.hashers import make_password
from django.utils import timezone

from clickcollect.accounts.models import Role, User
from clickcollect.demo import hooks
from clickcollect.demo.history import DAYS, load_history
from clickcollect.demo.orders import DemoOrder, demo_orders
from clickcollect.demo.places import PASSWORD, PIN, STAFF, STORES, WHO_WORKS
from clickcollect.demo.repairs import load_repairs
from clickcollect.demo.scenes import Scene
from clickcollect.omnitron.models import Order, RetailStore, StoreMembership
from clickcollect.omnitron.order_schema import read_order
from clickcollect.oms import search, states
from clickcollect.oms.access import SYSTEM, Actor, actor_for, get_package
from clickcollect.oms.codes import pickup_code
from clickcollect.oms.commands.run import run_command
from clickcollect.oms.log import audit
from clickcollect.oms.log.write import note_entry
from clickcollect.oms.log_models import NoteKind
from clickcollect.oms.models import MessageState, Package
from clickcollect.oms.orders.intake import receive_order
from clickcollect.whisperer.models import Delivery, DeliveryState

# The way through the process: from a state, by a command.
ROAD: Final = {
    states.WAITING: "COMPLETE_PACKAGING_WITHOUT_SHIPMENT",
    states.PACKED: "READY_FOR_PICKUP",
    states.READY: "SELF_SERVICE_PACKAGE_DELIVERY_COMMAND",
}
ARRIVES_WITHIN: Final = timedelta(seconds=4)  # a message
ONE_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Step:
    """What happens at a moment: an order comes in, or its packages leave a state, or their code is sent again."""

    at: datetime
    demo: DemoOrder
    leaves: str = ""
    is_resend: bool = False


def load_demo_shop() -> None:
    """Make the demo shop unless it is there. What people have changed in it since stays as it is."""
    now = timezone.now().replace(microsecond=0)
    plays = list(demo_orders(now))
    if not is_loaded(plays[-1]):
        make_stores()
        staff = make_staff()
        hooks.make_hooks(staff["admin"])
        actors = {name: actor_for(user) for name, user in staff.items()}
        steps = sorted((step for demo in plays for step in steps_of(demo)), key=attrgetter("at"))
        for step in steps:
            if step.at < now - ONE_DAY:
                play_step(step, actors, now=now)
        load_history(now=now, staff=staff)
        load_repairs(now)
        for step in steps:
            if step.at >= now - ONE_DAY:
                play_step(step, actors, now=now)
        audit.seal(looking_back=timedelta(days=2 * DAYS))  # rows of the past are no news to the next sealing
    elif owner := User.objects.filter(username="admin").first():
        hooks.follow_the_port(owner)
        hooks.add_missing(owner)


def is_loaded(last: DemoOrder) -> bool:
    """Whether a loading ran to its end before: its last order is there."""
    return existing_order(last) is not None


def existing_order(demo: DemoOrder) -> Order | None:
    return Order.objects.filter(channel=demo.document["channel"], number=demo.document["number"]).first()


def make_stores() -> None:
    for erp_code, fields in STORES.items():
        RetailStore.objects.get_or_create(erp_code=erp_code, defaults=fields)


def make_staff() -> dict[str, User]:
    """The five accounts, by username. One hash for all: making it takes a second, and the password is in the README."""
    hashed = make_password(PASSWORD)
    stores = {store.erp_code: store for store in RetailStore.objects.filter(erp_code__in=STORES)}
    staff = {}
    for username, role, first_name, last_name, codes in STAFF:
        fields: dict[str, Any] = {"role": role, "first_name": first_name, "last_name": last_name, "password": hashed}
        if role == Role.MANAGER:  # the PIN for approvals is in the README, too
            fields |= {"pin": make_password(PIN), "pin_can_approve": True}
        staff[username], _made = User.objects.get_or_create(username=username, defaults=fields)
        for code in codes:
            StoreMembership.objects.get_or_create(user=staff[username], store=stores[code])
    return staff


def steps_of(demo: DemoOrder) -> Iterator[Step]:
    """One order's story, oldest first."""
    yield Step(at=demo.moments.arrived, demo=demo)
    for state, at in demo.moments.left.items():
        yield Step(at=at, demo=demo, leaves=state)
    if demo.moments.resent:
        yield Step(at=demo.moments.resent, demo=demo, is_resend=True)


def play_step(step: Step, actors: dict[str, Actor], *, now: datetime) -> None:
    """Let one thing happen, unless it has: a loading that was interrupted goes on here."""
    order = existing_order(step.demo)
    if order is None:
        receive_order(order=read_order(step.demo.document), actor=SYSTEM, at=step.at)
        return
    for package in Package.objects.filter(order=order).select_related("state").order_by("id"):
        if step.is_resend and not package.code_sent_at:
            run_command(package_id=package.pk, transition="RESEND_CODE", actor=worker(step, actors), at=step.at)
        elif package.state.enum_value == step.leaves:
            leave_state(package, step, actors)
            settle(package.pk, step, now=now)


def worker(step: Step, actors: dict[str, Actor]) -> Actor:
    return actors[WHO_WORKS[step.demo.store]]


def leave_state(package: Package, step: Step, actors: dict[str, Actor]) -> None:
    """Run the command that this order's scene wants in this state."""
    data: dict[str, Any]
    if step.demo.scene is Scene.CANCELLED:
        command, actor, data = "CANCEL_PACKAGE", actors["manager"], {"reason": "The customer ordered twice."}
    elif step.demo.scene is Scene.OVERRIDDEN and step.leaves == states.READY:
        reason = "Phone lost; the customer showed an identity card."
        command, actor = "DELIVER_WITHOUT_CODE", actors["manager"]
        data = {"evidence": "id_document", "reason": reason}
    else:
        command, actor, data = ROAD[step.leaves], worker(step, actors), customers_code(package)
    run_command(package_id=package.pk, transition=command, actor=actor, data=data, at=step.at)


def customers_code(package: Package) -> dict[str, Any]:
    """What the customer at the counter would type: here the demo is the customer."""
    issue = pickup_code.open_issue(package)
    return {"otp": pickup_code.derive(issue).reveal()} if issue else {}


def settle(package_id: int, step: Step, *, now: datetime) -> None:
    """Put the package on its shelf, and let the past be over: what was sent has arrived, what has ended has ended."""
    package = get_package(SYSTEM, package_id=package_id)
    known: dict[str, Any] = {}
    if package.state.enum_value in (states.PACKED, states.READY):
        known |= {"shelf": step.demo.shelf, "bags": step.demo.bags}
    if step.demo.scene is not Scene.READY:
        deliver_events(package)
        if package.is_ready:
            known |= {"message_state": MessageState.DELIVERED, "message_at": step.at + ARRIVES_WITHIN}
    if package.is_ready and package.pickup_deadline and package.pickup_deadline < now:
        known |= {"reminded_for": package.pickup_deadline, "expired_for": package.pickup_deadline}
        expired = note_entry(kind=NoteKind.PICKUP_EXPIRED, actor=SYSTEM, package=package)
        expired.at = package.pickup_deadline
        expired.save(force_insert=True)
    if known:
        Package.objects.filter(pk=package_id).update(**known)
    search.update_index(get_package(SYSTEM, package_id=package_id))


def deliver_events(package: Package) -> None:
    """Nobody hears today of what happened back then."""
    waiting = Delivery.objects.filter(event__subject=f"package:{package.pk}", state=DeliveryState.QUEUED)
    for delivery in waiting.select_related("event"):
        delivery.queued_at = delivery.event.issued_at
        delivery.finished_at = delivery.queued_at + ARRIVES_WITHIN
        delivery.state, delivery.status_code, delivery.attempts = DeliveryState.DELIVERED, 200, 1
        delivery.save()
