"""What became of the customer's message, as the Extension reports it (contract sections 2 and 4).

Only the package's newest message counts, and a message that has arrived does not un-arrive.
"""

import re
from enum import StrEnum
from typing import Final

from django.db.models.functions import Now

from clickcollect.oms.models import MessageState, Package
from clickcollect.whisperer.models import Event

LONGEST_REASON: Final = 200
DIGITS: Final = re.compile(r"\d(?:[\W_]?\d){3,}")  # an echo of the message could hold the code, or the phone number
SUBJECT: Final = "package:"


class Receipt(StrEnum):
    """The words of the contract."""

    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    FAILED = "failed"


# The states from which a receipt moves a message on.
FOLLOWS: Final[dict[Receipt, tuple[MessageState, ...]]] = {
    Receipt.ACCEPTED: (MessageState.NONE, MessageState.QUEUED, MessageState.FAILED),
    Receipt.DELIVERED: (MessageState.NONE, MessageState.QUEUED, MessageState.ACCEPTED, MessageState.FAILED),
    Receipt.FAILED: (MessageState.NONE, MessageState.QUEUED, MessageState.ACCEPTED),
}


def record(*, event: Event, status: Receipt, reason: str = "") -> bool:
    """Note what became of the message of this event. False when it changes nothing: an older message, or old news."""
    package_id = event.subject.removeprefix(SUBJECT)
    if not event.subject.startswith(SUBJECT) or not package_id.isdigit():
        return False
    newest = Package.objects.filter(pk=int(package_id), message_uuid=event.uuid)
    return (
        newest.filter(message_state__in=FOLLOWS[status]).update(
            message_state=MessageState(status.value),
            message_reason=kept_reason(reason) if status is Receipt.FAILED else "",
            message_at=Now(),
        )
        == 1
    )


def kept_reason(reason: str) -> str:
    """The reason without long numbers: nothing that could be a code is written down."""
    return DIGITS.sub("…", reason.strip())[:LONGEST_REASON]
