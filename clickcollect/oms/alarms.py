"""What needs a person now: raised from the tables themselves, so that a broken message road cannot silence it."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.utils.translation import ngettext

from clickcollect.oms import settings
from clickcollect.oms.events import EVENTS
from clickcollect.whisperer import overview

logger = logging.getLogger(__name__)


class AlarmKind(StrEnum):
    """The words of logs and metrics."""

    CODES_WAIT = "codes_wait"
    ENDPOINT_FAILS = "endpoint_fails"


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """One thing that is wrong, in a sentence that says what to do, and since when where that is known."""

    kind: AlarmKind
    sentence: str
    since: datetime | None = None


def code_bearing_types() -> list[str]:
    return [event.type for event in EVENTS.values() if event.code_bearing]


def oldest_code_message() -> timedelta | None:
    """The age of the oldest code that some customer has not been sent yet; None if none waits."""
    return overview.oldest_undelivered(code_bearing_types())


def current() -> list[Alarm]:
    """The alarms of this moment, the most urgent first; two statements and the settings."""
    return codes_waiting() + [failing(endpoint) for endpoint in overview.endpoints_backing_off()]


def codes_waiting() -> list[Alarm]:
    """Codes that should have gone out long ago: none, or one alarm for all of them."""
    age = oldest_code_message()
    if age is not None and age > timedelta(seconds=settings.read()["READY_MESSAGE_ALARM_SECONDS"]):
        minutes = max(1, round(age.total_seconds() / 60))
        sentence = ngettext(
            "Customers' codes have not gone out for %(minutes)d minute. Tell customers that the message is late.",
            "Customers' codes have not gone out for %(minutes)d minutes. Tell customers that the message is late.",
            minutes,
        )
        return [Alarm(kind=AlarmKind.CODES_WAIT, sentence=sentence % {"minutes": minutes})]
    return []


def for_store_staff() -> list[str]:
    """What the counter must know, without addresses."""
    return [alarm.sentence for alarm in codes_waiting()]


def failing(endpoint: overview.BackingOff) -> Alarm:
    """An address that does not take its letters."""
    words = {"address": endpoint.target_url, "count": endpoint.waiting}
    sentence = ngettext(
        "%(address)s does not answer; %(count)d message waits for it. Look at its hook.",
        "%(address)s does not answer; %(count)d messages wait for it. Look at its hook.",
        endpoint.waiting,
    )
    return Alarm(kind=AlarmKind.ENDPOINT_FAILS, sentence=sentence % words, since=endpoint.since)


def report() -> int:
    """Write every alarm of this moment to the log; how many. The worker does so each minute."""
    found = current()
    for alarm in found:
        logger.error("Alarm: %s", alarm.sentence, extra={"code": str(alarm.kind)})
    return len(found)
