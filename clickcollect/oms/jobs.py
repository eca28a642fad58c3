"""The worker's jobs: thin wrappers that give a rule a name in the queue, a timetable, and another try.

A job runs in a thread of its own, so it gives its database connection back at the end (no pool in the worker).
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.db import connection
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from clickcollect.accounts import idempotency, sign_in_limits
from clickcollect.oms import alarms, app_settings, privacy, reminders
from clickcollect.oms.browser_sessions import SessionStore
from clickcollect.oms.log import audit
from clickcollect.oms.orders import amending, cancellation, uploads
from clickcollect.oms.orders.connectors import shopify_orders, shopify_privacy
from clickcollect.whisperer import outbox

Job = Callable[..., None]
TRY_AGAIN = RetryStrategy(max_attempts=8, exponential_wait=3)


class StillOpenError(Exception):
    """Some packages that nobody wants could not be cancelled yet."""


def job(name: str, *, retry: RetryStrategy | bool = False) -> Callable[[Job], Any]:
    """Register a function as a job under a name that never changes: it stands in the queue."""

    def register(work: Job) -> Any:
        @wraps(work)
        def run(*args: Any, **arguments: Any) -> None:
            try:
                work(*args, **arguments)
            finally:
                connection.close()

        return app.task(name=name, retry=retry)(run)

    return register


@job(cancellation.JOB, retry=TRY_AGAIN)
def cancel_packages_of_order(order_id: int) -> None:
    """Cancel the open packages of a cancelled order; what is open still is tried again."""
    if still_open := cancellation.cancel_open_packages(order_id):
        raise StillOpenError(f"{still_open} packages of order {order_id}")


@job(amending.JOB, retry=TRY_AGAIN)
def cancel_emptied_packages(order_id: int) -> None:
    """Cancel the packages that nothing is left of; what is open still is tried again."""
    if still_open := amending.cancel_emptied(order_id):
        raise StillOpenError(f"{still_open} emptied packages of order {order_id}")


@app.periodic(cron="17 * * * *")
@job("resume_cancellations")
def resume_cancellations(timestamp: int) -> None:
    """A cancellation whose job was lost goes on."""
    cancellation.resume()


@job(uploads.JOB, retry=TRY_AGAIN)
def import_order_file(upload_id: int) -> None:
    """Import an order file that was handed over in OMS WEB."""
    uploads.import_file(upload_id)


@app.periodic(cron="* * * * *")
@job("seal_log")
def seal_log(timestamp: int) -> None:
    """Seal what was logged since the last time."""
    audit.seal()


@app.periodic(cron="* * * * *")
@job("announce_expired")
def announce_expired(timestamp: int) -> None:
    """Tell of pickup times that have passed."""
    reminders.announce_expired()


@app.periodic(cron="* * * * *")
@job("report_alarms")
def report_alarms(timestamp: int) -> None:
    """Write to the log what needs a person now."""
    alarms.log_alarms()


@app.periodic(cron="*/5 * * * *")
@job("remind_customers")
def remind_customers(timestamp: int) -> None:
    """Remind customers whose pickup time ends soon."""
    reminders.send_reminders()


@app.periodic(cron="7 * * * *")
@job("forget")
def forget_what_is_old(timestamp: int) -> None:
    """Let go of what is older than it may be kept: personal data, contents of events, kept answers, old sessions,
    counters of sign-ins, order files."""
    while privacy.erase_by_age():
        pass
    while outbox.purge_payloads(days=app_settings.settings_in_force()["EVENT_SNAPSHOT_DAYS"]):
        pass
    shopify_privacy.erase_asked()
    shopify_orders.forget_old()
    idempotency.purge()
    sign_in_limits.purge_counters()
    SessionStore.clear_expired()
    uploads.forget_files()
