"""Adding what only the sender of the news knows, in the last moment: a few letters at a time, in one thread."""

import logging
from collections.abc import Sequence

from clickcollect.whisperer import registry
from clickcollect.whisperer.claims import Claimed
from clickcollect.whisperer.delivery import Filled, FillFailed
from clickcollect.whisperer.models import Event
from clickcollect.whisperer.registry import Unwanted

logger = logging.getLogger(__name__)


def fill_all(letters: Sequence[Claimed]) -> list[Filled]:
    """What is to be added to each, or why it must not go out. An error's text is not looked at: it may hold a code."""
    events = Event.objects.in_bulk([letter.event_id for letter in letters])
    return [fill(events.get(letter.event_id)) for letter in letters]


def fill(event: Event | None) -> Filled:
    known = registry.find(event.type) if event else None
    if event is None or known is None or known.fill is None:
        return FillFailed()
    try:
        if event.is_test:
            example = known.example() if known.example else {}
            return {name: value for name, value in example.items() if name not in (event.payload or {})}
        return known.fill(event)
    except Unwanted as refusal:
        return type(refusal)(refusal.reason) if type(refusal) in (registry.Superseded, registry.Expired) else refusal
    except Exception as error:  # noqa: BLE001
        logger.error("filling a letter of type %s failed: %s", event.type, type(error).__name__)  # noqa: TRY400
        return FillFailed()
