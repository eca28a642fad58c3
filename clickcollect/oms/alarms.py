"""What needs a person now: raised from the tables themselves, so that it works while no message goes out."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from django.db import connection
from django.db.models import F, Max
from django.db.models.functions import Now
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from procrastinate.contrib.django.models import ProcrastinateWorker

from clickcollect.oms import app_settings
from clickcollect.oms.events.types import EVENTS
from clickcollect.oms.log_models import NoteKind
from clickcollect.oms.repair_models import WAITING, OrderToRepair
from clickcollect.whisperer import pause, statistics
from clickcollect.whisperer.models import Reason

WORKER_SILENT_AFTER: Final = 30  # seconds; its heart beats every 5
# Since when sending is paused, when a drill passed last, and days since then; where none ever passed, days since the
# installation.
PAUSE_AND_DRILL: Final = """
SELECT pause.began_at, passed.at, extract(day FROM now() - coalesce(passed.at, installed.at))
FROM (SELECT min(applied) FROM django_migrations) installed(at)
LEFT JOIN (SELECT min(began_at) FROM whisperer_sendingpause WHERE ended_at IS NULL) pause(began_at) ON true
LEFT JOIN LATERAL (
    SELECT at FROM oms_commandlog WHERE note_kind = %s::text AND note_kind <> '' ORDER BY id DESC LIMIT 1
) passed ON true
"""
MOST_COUNTED: Final = 1000
SILENT: Final = ("", Reason.NO_CONNECTION, Reason.TIMEOUT)
CERTIFICATES: Final = (
    Reason.CERTIFICATE_EXPIRED,
    Reason.CERTIFICATE_NOT_YET_VALID,
    Reason.CERTIFICATE_OF_ANOTHER_NAME,
    Reason.CERTIFICATE_UNTRUSTED,
    Reason.CERTIFICATE_REFUSED,
    Reason.NO_SECURE_CONNECTION,
)
logger = logging.getLogger(__name__)


class AlarmKind(StrEnum):
    """The words of logs and metrics."""

    WORKER_SILENT = "worker_silent"
    SENDING_PAUSED = "sending_paused"
    CODES_WAIT = "codes_wait"
    ENDPOINT_FAILS = "endpoint_fails"
    ORDERS_TO_REPAIR = "orders_to_repair"
    DRILL_OVERDUE = "drill_overdue"


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
    return statistics.oldest_undelivered(code_bearing_types())


def current_alarms() -> list[Alarm]:
    """The alarms of this moment, the most urgent first; five statements and the settings."""
    paused_since, passed, days = pause_and_drill()
    return [
        *worker_silent(),
        *sending_paused(paused_since),
        *codes_waiting(oldest_code_message()),
        *map(endpoint_failing, statistics.endpoints_backing_off()),
        *orders_to_repair(),
        *drill_overdue(passed=passed, days=days),
    ]


def heartbeat_age() -> float | None:
    """Seconds since the last sign of life of any worker, by the database's clock; None when there is no worker."""
    age = ProcrastinateWorker.objects.aggregate(age=Now() - Max(F("last_heartbeat")))["age"]
    return None if age is None else float(age.total_seconds())


def worker_lives() -> bool:
    """Whether some worker gave a sign of life lately."""
    age = heartbeat_age()
    return age is not None and age < WORKER_SILENT_AFTER


def worker_silent() -> list[Alarm]:
    """Nobody sends messages or does what is done in the background: none, or one alarm."""
    if worker_lives():
        return []
    sentence = _("The worker is not running, so no messages are sent. Start it, or check its log to see why it stops.")
    return [Alarm(kind=AlarmKind.WORKER_SILENT, sentence=sentence)]


def pause_and_drill() -> tuple[datetime | None, datetime | None, int]:
    """Since when sending is paused, when a drill passed last, and how many days ago that is; one statement."""
    with connection.cursor() as cursor:
        cursor.execute(PAUSE_AND_DRILL, [NoteKind.DRILL_PASSED])
        paused_since, passed, days = cursor.fetchone()
    return paused_since, passed, int(days or 0)


def sending_paused(since: datetime | None) -> list[Alarm]:
    """Everything waits for a person since the shop was restored: none, or one alarm."""
    if since is None:
        return []
    waiting = pause.waiting()
    sentence = ngettext(
        "The shop was restored from a backup, so sending is paused: %(count)d message is waiting and may "
        "already have been sent. Check the deliveries, then choose Resume sending, or run “clickcollect "
        "resume”.",
        "The shop was restored from a backup, so sending is paused: %(count)d messages are waiting, and some "
        "may already have been sent. Check the deliveries, then choose Resume sending, or run “clickcollect "
        "resume”.",
        waiting,
    )
    return [Alarm(kind=AlarmKind.SENDING_PAUSED, sentence=sentence % {"count": waiting}, since=since)]


def drill_overdue(*, passed: datetime | None, days: int) -> list[Alarm]:
    """No backup was restored on trial for ``days``, last when one ``passed``: none, or an alarm if it is too long."""
    if days < 1:
        return []
    allowed = app_settings.settings_in_force()["DRILL_ALARM_DAYS"]
    if not allowed or days < allowed:
        return []
    sentence = ngettext(
        "No restore drill has passed for %(count)d day, so nobody knows whether the backups work. Run "
        "“clickcollect drill”.",
        "No restore drill has passed for %(count)d days, so nobody knows whether the backups work. Run "
        "“clickcollect drill”.",
        days,
    )
    return [Alarm(kind=AlarmKind.DRILL_OVERDUE, sentence=sentence % {"count": days}, since=passed)]


def codes_waiting(age: timedelta | None) -> list[Alarm]:
    """Codes that should have gone out long ago, when the oldest waits for ``age``: none, or one alarm for all."""
    if age is not None and age > timedelta(seconds=app_settings.settings_in_force()["READY_MESSAGE_ALARM_SECONDS"]):
        minutes = max(1, round(age.total_seconds() / 60))
        sentence = ngettext(
            "Customers' codes have not been sent for %(minutes)d minute. Tell customers their message is late.",
            "Customers' codes have not been sent for %(minutes)d minutes. Tell customers their message is late.",
            minutes,
        )
        return [Alarm(kind=AlarmKind.CODES_WAIT, sentence=sentence % {"minutes": minutes})]
    return []


def orders_to_repair() -> list[Alarm]:
    """Orders that have waited too long to be repaired: none, or one alarm for all."""
    patience = timedelta(minutes=app_settings.settings_in_force()["ORDER_TO_REPAIR_ALARM_MINUTES"])
    late = OrderToRepair.objects.filter(WAITING, received_at__lt=Now() - patience)
    found = late.order_by("received_at").values_list("received_at", flat=True)[: MOST_COUNTED + 1]
    if not found:
        return []
    sentence = ngettext(
        "%(count)s order has been waiting too long in Orders to repair. Resubmit it, or discard it.",
        "%(count)s orders have been waiting too long in Orders to repair. Resubmit them, or discard them.",
        len(found),
    )
    count = f"{MOST_COUNTED}+" if len(found) > MOST_COUNTED else str(len(found))
    return [Alarm(kind=AlarmKind.ORDERS_TO_REPAIR, sentence=sentence % {"count": count}, since=found[0])]


def for_store_staff() -> list[str]:
    """What the counter must know, without addresses. That nothing is sent matters here when a code waits for it."""
    age = oldest_code_message()
    if alarmed := codes_waiting(age):
        return [alarm.sentence for alarm in alarmed]
    if age is None or (worker_lives() and pause.current() is None):
        return []
    return [_("No messages are being sent to customers at the moment. Tell customers their message is late.")]


def endpoint_failing(endpoint: statistics.BackingOff) -> Alarm:
    """An address that does not take its deliveries: why it did not take the last one, and what helps."""
    words = {"address": endpoint.target_url, "count": endpoint.waiting}
    if endpoint.reason in SILENT:
        sentence = ngettext(
            "%(address)s is not responding; %(count)d message is waiting for it. Check its webhook.",
            "%(address)s is not responding; %(count)d messages are waiting for it. Check its webhook.",
            endpoint.waiting,
        )
        return Alarm(kind=AlarmKind.ENDPOINT_FAILS, sentence=sentence % words, since=endpoint.since)
    words |= {"reason": Reason(endpoint.reason).label, "next": what_helps(endpoint.reason)}
    sentence = ngettext(
        "%(address)s: %(reason)s. %(count)d message is waiting for it. %(next)s",
        "%(address)s: %(reason)s. %(count)d messages are waiting for it. %(next)s",
        endpoint.waiting,
    )
    return Alarm(kind=AlarmKind.ENDPOINT_FAILS, sentence=sentence % words, since=endpoint.since)


def what_helps(reason: str) -> str:
    """What to do about an address that does not take its deliveries for this reason."""
    if reason in CERTIFICATES:
        return _("Replace the receiver's certificate, or correct the address.")
    sentences = {
        Reason.ADDRESS_REFUSED: _("Enter a public address, or allow its network with WEBHOOK_ALLOWED_NETWORKS."),
        Reason.REDIRECT: _("Enter the address that it redirects to."),
        Reason.REFUSED: _("Compare the secret and the address in its webhook with the receiver's."),
        Reason.SECRET_UNREADABLE: _(
            "Put the missing key back into PICKUP_CODE_KEYS, or give its webhook a new secret."
        ),
        Reason.BROKEN_ANSWER: _("Check the receiver's log."),
        Reason.SERVER_ERROR: _("Check the receiver's log."),
        Reason.THROTTLED: _("Check the receiver's log."),
    }
    return sentences.get(Reason(reason), _("Check its webhook."))


def log_alarms() -> int:
    """Write every alarm of this moment to the log; how many. The worker does so each minute."""
    found = current_alarms()
    for alarm in found:
        logger.error("Alarm: %s", alarm.sentence, extra={"code": str(alarm.kind)})
    return len(found)
