"""What the outside world receives: one class per event type, with its payload (contract section 3)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from clickcollect.omnitron.models import Order
from clickcollect.oms import states
from clickcollect.oms.events.documents import order_document, package_document
from clickcollect.oms.models import MessageState, Package
from clickcollect.whisperer import outbox

NO_RECEIVER: Final = "no_receiver"


@dataclass(frozen=True, kw_only=True)
class OutgoingEvent:
    """An event that is about to be published: its class and the package or order it tells of.

    ``told_number``: the customer's phone number in it, where that is not the order's.
    """

    event: "type[WhispererEvent]"
    package: Package | None = None
    order: Order | None = None
    told_number: str = field(default="", repr=False)

    @property
    def subject(self) -> str:
        """Whom it tells of; `sequence` rises for each subject."""
        return f"order:{self.order.pk}" if self.order else f"package:{self.package.pk if self.package else 0}"

    @property
    def about(self) -> tuple[str, str]:
        """What events of the same snapshot share."""
        return self.subject, self.told_number

    def document(self) -> dict[str, Any]:
        """The snapshot."""
        if self.order:
            return order_document(self.order)
        document = package_document(self.package) if self.package else {}
        if self.told_number:
            document["customer"]["phone_number"] = self.told_number
        return document


class WhispererEvent:
    """One type of event. ``code_bearing`` ones get the customer's code at the moment of sending."""

    type: str
    code_bearing = False
    of_order = False


class PackageCreatedWhispererEvent(WhispererEvent):
    """A package was made in a store."""

    type = "package.created"


class PackageStatusTransitionedWhispererEvent(WhispererEvent):
    """A package went to another state; sent for every move."""

    type = "package.status.transitioned"


class PackagePackedWhispererEvent(WhispererEvent):
    """All items are packed. `ready_at` is there if the package had been ready before: its code has ended."""

    type = "package.status.packed"


class PackageCancelledWhispererEvent(WhispererEvent):
    """The package was cancelled."""

    type = "package.status.cancelled"


class PackageDeliveredWhispererEvent(WhispererEvent):
    """The customer has the package."""

    type = "package.status.delivered"


class PackageReadyForCustomerPickupWhispererEvent(WhispererEvent):
    """The customer may come. Carries the code when one was issued; sent again with every new code."""

    type = "package.status.ready_for_pickup"
    code_bearing = True


class PackagePickupCodeResentWhispererEvent(WhispererEvent):
    """The same code once more."""

    type = "package.pickup.code_resent"
    code_bearing = True


class PackagePickupReminderWhispererEvent(WhispererEvent):
    """The pickup time ends soon."""

    type = "package.pickup.reminder"


class PackagePickupLockedWhispererEvent(WhispererEvent):
    """The last wrong code locked the package."""

    type = "package.pickup.locked"


class PackagePickupOverriddenWhispererEvent(WhispererEvent):
    """Someone with authority handed the package over without a code."""

    type = "package.pickup.overridden"


class PackagePickupExpiredWhispererEvent(WhispererEvent):
    """The pickup time is over."""

    type = "package.pickup.expired"


class PackagePickupPhoneChangedWhispererEvent(WhispererEvent):
    """The phone number was changed after a code was issued. `customer.phone_number` is the old number."""

    type = "package.pickup.phone_changed"


class OrderCreatedWhispererEvent(WhispererEvent):
    """An order has arrived."""

    type = "order.created"
    of_order = True


class OrderUpdatedWhispererEvent(WhispererEvent):
    """An order's status changed, or its content."""

    type = "order.updated"
    of_order = True


EVENTS: Final[dict[str, type[WhispererEvent]]] = {cls.type: cls for cls in WhispererEvent.__subclasses__()}

# Specific news first: the customer's code must not wait behind the general one.
EVENT_BY_STATE: Final[dict[str, type[WhispererEvent]]] = {
    states.PACKED: PackagePackedWhispererEvent,
    states.READY: PackageReadyForCustomerPickupWhispererEvent,
    states.DELIVERED: PackageDeliveredWhispererEvent,
    states.CANCELLED: PackageCancelledWhispererEvent,
}


def events_for_transition(package: Package) -> list[OutgoingEvent]:
    """What a package that has just arrived in its state tells the world."""
    specific = EVENT_BY_STATE.get(package.state.enum_value)
    kinds = [specific] if specific else []
    return [OutgoingEvent(event=kind, package=package) for kind in [*kinds, PackageStatusTransitionedWhispererEvent]]


def with_snapshots(outgoing: Sequence[OutgoingEvent]) -> list[outbox.OutgoingEvent]:
    """As the outbox takes them; events of one subject share one snapshot of this moment."""
    snapshots: dict[tuple[str, str], dict[str, Any]] = {}
    for event in outgoing:
        if event.about not in snapshots:
            snapshots[event.about] = event.document()
    return [
        outbox.OutgoingEvent(type=event.event.type, subject=event.subject, payload=snapshots[event.about])
        for event in outgoing
    ]


def publish(outgoing: Iterable[OutgoingEvent]) -> None:
    """Publish in the order given, inside the caller's transaction. The payload is a snapshot of this moment."""
    outbox.publish_all(with_snapshots(list(outgoing)))


def message_columns(uuid: str, *, has_receiver: bool, now: datetime) -> dict[str, Any]:
    """What a package shows of the message that carries its code; one that nobody will receive has failed already."""
    return {
        "message_uuid": uuid,
        "message_state": str(MessageState.QUEUED if has_receiver else MessageState.FAILED),
        "message_reason": "" if has_receiver else NO_RECEIVER,
        "message_at": now,
    }
