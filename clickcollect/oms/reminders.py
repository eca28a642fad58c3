"""The events that time brings: a reminder before the pickup deadline, and its expiry. By the database's clock."""

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now

from clickcollect.omnitron.models import CANCELLED
from clickcollect.oms import app_settings, order_status, states
from clickcollect.oms.access import SYSTEM, get_package, packages_of
from clickcollect.oms.events import types as events
from clickcollect.oms.log.write import record_note
from clickcollect.oms.log_models import NoteKind
from clickcollect.oms.models import Package

BATCH: Final = 500
LONGEST_REMINDER: Final = timedelta(hours=app_settings.SETTINGS["PICKUP_REMINDER_HOURS"].maximum)


def ready_packages() -> QuerySet[Package]:
    """Ready packages, the earliest deadline first; nobody is told of one whose order is being cancelled."""
    ready = packages_of(SYSTEM).filter(state__enum_value=states.READY).exclude(order__status__in=CANCELLED)
    return ready.order_by("pickup_deadline", "id")


def send_reminders() -> int:
    """Remind customers whose pickup time ends soon, once for each deadline; how many were reminded."""
    soon = ready_packages().filter(
        Q(reminded_for=None) | ~Q(reminded_for=F("pickup_deadline")),
        pickup_deadline__gt=Now(),
        pickup_deadline__lte=Now() + LONGEST_REMINDER,
    )
    return sum(publish_locked(package, publish_reminder) for package in soon[:BATCH] if is_due_for_reminder(package))


def is_due_for_reminder(package: Package) -> bool:
    """Whether the store's reminder time has come; a package made ready within it is not reminded at once."""
    ahead = timedelta(hours=app_settings.settings_in_force(package.stock_location_id)["PICKUP_REMINDER_HOURS"])
    if package.pickup_deadline is None or package.pickup_deadline > package.clock + ahead:
        return False
    return package.ready_at is None or package.ready_at < package.pickup_deadline - ahead


def announce_expired() -> int:
    """Publish the expiry of passed deadlines, once for each; the package stays ready and its code has ended."""
    passed = ready_packages().filter(
        Q(expired_for=None) | ~Q(expired_for=F("pickup_deadline")),
        pickup_deadline__lte=Now(),
    )
    return sum(publish_locked(package, publish_expiry) for package in passed[:BATCH])


def publish_locked(package: Package, publish: Callable[[Package], bool]) -> bool:
    """One package, one transaction, its row and its order's locked; False if either went on meanwhile."""
    with transaction.atomic():
        Package.objects.select_for_update().only("pk").get(pk=package.pk)
        order_status.lock_order(package.order_id)
        fresh = get_package(SYSTEM, package_id=package.pk)
        if fresh.version != package.version or fresh.order.is_being_cancelled:
            return False
        return publish(fresh)


def publish_reminder(package: Package) -> bool:
    Package.objects.filter(pk=package.pk).update(reminded_for=F("pickup_deadline"))
    events.publish([events.OutgoingEvent(event=events.PackagePickupReminderWhispererEvent, package=package)])
    return True


def publish_expiry(package: Package) -> bool:
    Package.objects.filter(pk=package.pk).update(expired_for=F("pickup_deadline"))
    events.publish([events.OutgoingEvent(event=events.PackagePickupExpiredWhispererEvent, package=package)])
    record_note(kind=NoteKind.PICKUP_EXPIRED, actor=SYSTEM, package=package)
    return True
