"""The demo shop: four stores, five people, some forty orders on their way, two to repair, and thirty days of history.
Loaded once; safe to call at every start.

Orders come in by `receive_order` and move by `run_command`, as everywhere. Only two things are set directly,
because no road leads into the past: the times of packages that have been lying about for days (their messages
arrived back then), and where they lie.
"""

from datetime import datetime, timedelta
from typing import Any, Final

from django.contrib.auth.hashers import make_password
from django.utils import timezone

from clickcollect.accounts.models import Role, User
from clickcollect.demo import hooks
from clickcollect.demo.history import load_history
from clickcollect.demo.orders import DemoOrder, Scene, demo_orders
from clickcollect.demo.places import PASSWORD, PIN, STAFF, STORES, WHO_WORKS
from clickcollect.demo.repairs import load_repairs
from clickcollect.omnitron.models import Order, RetailStore, StoreMembership
from clickcollect.omnitron.order_schema import read_order
from clickcollect.oms import search, states
from clickcollect.oms.access import SYSTEM, Actor, actor_for, get_package
from clickcollect.oms.codes import pickup_code
from clickcollect.oms.commands.run import run_command
from clickcollect.oms.events.types import PackageReadyForCustomerPickupWhispererEvent
from clickcollect.oms.models import MessageState, Package
from clickcollect.oms.orders.intake import receive_order
from clickcollect.whisperer import outbox

# The way through the process: from a state, by a command.
ROAD: Final = {
    states.WAITING: "COMPLETE_PACKAGING_WITHOUT_SHIPMENT",
    states.PACKED: "READY_FOR_PICKUP",
    states.READY: "SELF_SERVICE_PACKAGE_DELIVERY_COMMAND",
}

READY_EVENT: Final = PackageReadyForCustomerPickupWhispererEvent.type


def load_demo_shop() -> None:
    """Make the demo shop unless it is there. What people have changed in it since stays as it is."""
    plays = list(demo_orders(timezone.now().replace(microsecond=0)))
    if not is_loaded(plays[-1]):
        make_stores()
        staff = make_staff()
        hooks.make_hooks(staff["admin"])
        if not Order.objects.exists():  # before everything else: what is older has the lower numbers
            load_history(now=timezone.now(), staff=staff)
        load_repairs(timezone.now())
        actors = {name: actor_for(user) for name, user in staff.items()}
        for demo in plays:
            play_order(demo, actors)
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


def play_order(demo: DemoOrder, actors: dict[str, Actor]) -> None:
    """Take one order in and bring its packages as far as they come; a loading that was interrupted goes on here."""
    order = existing_order(demo) or receive_order(order=read_order(demo.document), actor=SYSTEM).order
    for package in Package.objects.filter(order=order).order_by("id"):
        bring_package(package.pk, demo, actors)
        if demo.scene is Scene.NOT_COLLECTED:
            outbox.supersede(subject=f"package:{package.pk}", types=[READY_EVENT], reason="sent_long_ago")
        Package.objects.filter(pk=package.pk).update(**placed_and_dated(demo))
        search.update_index(get_package(SYSTEM, package_id=package.pk))


def bring_package(package_id: int, demo: DemoOrder, actors: dict[str, Actor]) -> None:
    """Run one command after another until the package is where its scene wants it."""
    worker = actors[WHO_WORKS[demo.store]]
    while (package := get_package(SYSTEM, package_id=package_id)).state.enum_value != demo.scene.state:
        state = package.state.enum_value
        if demo.scene is Scene.CANCELLED:
            command, actor, data = "CANCEL_PACKAGE", actors["manager"], {"reason": "The customer ordered twice."}
        elif demo.scene is Scene.OVERRIDDEN and state == states.READY:
            reason = "Phone lost; the customer showed an identity card."
            command, actor = "DELIVER_WITHOUT_CODE", actors["manager"]
            data = {"evidence": "id_document", "reason": reason}
        else:
            command, actor, data = ROAD[state], worker, customers_code(package)
        run_command(package_id=package_id, transition=command, actor=actor, data=data)


def customers_code(package: Package) -> dict[str, Any]:
    """What the customer at the counter would type: here the demo is the customer."""
    issue = pickup_code.open_issue(package)
    return {"otp": pickup_code.derive(issue).reveal()} if issue else {}


def placed_and_dated(demo: DemoOrder) -> dict[str, Any]:
    """Where the package lies, and since when: the two things that are set past the road."""
    arrived = demo.placed + timedelta(minutes=2)
    on_shelf = demo.scene.state in (states.PACKED, states.READY)
    return {
        "created_date": arrived,
        **({"shelf": demo.shelf, "bags": demo.bags} if on_shelf else {}),
        **dated(demo.scene, arrived=arrived, now=timezone.now()),
    }


def dated(scene: Scene, *, arrived: datetime, now: datetime) -> dict[str, Any]:
    """The times of a package that has been here for a while."""
    if scene is Scene.LATE:
        return {"due_at": arrived + timedelta(hours=24), "state_changed_at": arrived}
    if scene is Scene.SOON:
        return {"due_at": now + timedelta(hours=2), "state_changed_at": arrived}
    if scene in (Scene.WAITING, Scene.HOME_WAITING):
        return {"due_at": arrived + timedelta(hours=24), "state_changed_at": arrived}
    if scene is Scene.ENDS_SOON:
        return ready_times(since=arrived + timedelta(hours=3), until=now + timedelta(hours=5))
    if scene is Scene.NOT_COLLECTED:
        since = arrived + timedelta(hours=3)
        received = {"message_state": MessageState.DELIVERED, "message_at": since, "message_reason": ""}
        return ready_times(since=since, until=now - timedelta(hours=40)) | received
    return {}


def ready_times(*, since: datetime, until: datetime) -> dict[str, Any]:
    return {"ready_at": since, "state_changed_at": since, "pickup_deadline": until, "due_at": until}
