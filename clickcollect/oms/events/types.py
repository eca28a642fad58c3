"""What the outside world receives: one class per event type, with its payload (contract section 3)."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from django.db.models.functions import Now

from clickcollect.omnitron.models import Order
from clickcollect.oms import states
from clickcollect.oms.events.documents import order_document, package_document
from clickcollect.oms.models import MessageState, Package
from clickcollect.whisperer import outbox
from clickcollect.whisperer.models import Delivery, Event

NO_RECEIVER: Final = "no_receiver"


@dataclass(frozen=True, kw_only=True)
class Letter:
    """An event that is about to be published: its class and the package or order it tells of.

    ``told_number``: the customer's phone number in it, where that is not the order's.
    """

    event: "type[WhispererEvent]"
    package: Package | None = None
    order: Order | None = None
    told_number: str = field(default="", repr=False)

    @property
    def subject(self) -> str:
        """Whom it tells of, in the post office's words."""
        return f"order:{self.order.pk}" if self.order else f"package:{self.package.pk if self.package else 0}"

    @property
    def about(self) -> tuple[str, str]:
        """What letters of the same snapshot share."""
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
    """All items are packed."""

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
    """Somebody with authority handed the package over without a code."""

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
    """An order's status changed."""

    type = "order.updated"
    of_order = True


EVENTS: Final[dict[str, type[WhispererEvent]]] = {cls.type: cls for cls in WhispererEvent.__subclasses__()}

# Specific news first: the customer's code must not wait behind the general one.
ON_ARRIVAL: Final[dict[str, type[WhispererEvent]]] = {
    states.PACKED: PackagePackedWhispererEvent,
    states.READY: PackageReadyForCustomerPickupWhispererEvent,
    states.DELIVERED: PackageDeliveredWhispererEvent,
    states.CANCELLED: PackageCancelledWhispererEvent,
}


def letters_of_move(package: Package) -> list[Letter]:
    """What a package that has just arrived in its state tells the world."""
    arrival = ON_ARRIVAL.get(package.state.enum_value)
    kinds = [arrival] if arrival else []
    return [Letter(event=kind, package=package) for kind in [*kinds, PackageStatusTransitionedWhispererEvent]]


def post(letters: Iterable[Letter]) -> None:
    """Publish in the order given, inside the caller's transaction. The payload is a snapshot of this moment."""
    given = list(letters)
    snapshots: dict[tuple[str, str], dict[str, Any]] = {}
    envelopes = [
        outbox.OutgoingEvent(
            type=letter.event.type,
            subject=letter.subject,
            payload=snapshots.get(letter.about) or snapshots.setdefault(letter.about, letter.document()),
        )
        for letter in given
    ]
    for letter, event in zip(given, outbox.publish_all(envelopes), strict=True):
        if letter.event.code_bearing and letter.package is not None:
            follow_message(letter.package, event)


def follow_message(package: Package, event: Event) -> None:
    """From now on the package shows what becomes of this message; one that nobody will receive has failed already."""
    has_receiver = Delivery.objects.filter(event=event).exists()
    package.message_uuid = event.uuid
    package.message_state = MessageState.QUEUED if has_receiver else MessageState.FAILED
    package.message_reason = "" if has_receiver else NO_RECEIVER
    Package.objects.filter(pk=package.pk).update(
        message_uuid=package.message_uuid,
        message_state=package.message_state,
        message_reason=package.message_reason,
        message_at=Now(),
    )
