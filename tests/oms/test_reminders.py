"""What time does to a ready package."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from django.utils.timezone import now

from clickcollect.oms import reminders, states
from clickcollect.oms.access import SYSTEM
from clickcollect.oms.commands.run import run_command
from clickcollect.oms.models import Package
from clickcollect.whisperer.models import Event
from tests import shop

pytestmark = pytest.mark.django_db


def events_told(package: Package, type_: str) -> int:
    return Event.objects.filter(subject=f"package:{package.pk}", type=type_).count()


def age(package: Package, *, deadline_in: timedelta) -> None:
    until = now() + deadline_in
    Package.objects.filter(pk=package.pk).update(pickup_deadline=until, ready_at=until - timedelta(days=7))


def test_the_customer_is_reminded_once_a_day_before_the_deadline() -> None:
    package = shop.make_package(states.READY)
    assert reminders.send_reminders() == 0
    age(package, deadline_in=timedelta(hours=23))
    assert [reminders.send_reminders() for _ in range(3)] == [1, 0, 0]
    assert events_told(package, "package.pickup.reminder") == 1


def test_an_extended_deadline_is_reminded_of_again() -> None:
    package = shop.make_package(states.READY)
    age(package, deadline_in=timedelta(hours=23))
    reminders.send_reminders()
    run_command(package_id=package.pk, transition="EXTEND_PICKUP", actor=SYSTEM)
    assert reminders.send_reminders() == 0
    age(package, deadline_in=timedelta(hours=22))
    assert reminders.send_reminders() == 1


def test_a_package_made_ready_shortly_before_its_deadline_is_not_reminded_at_once() -> None:
    package = shop.make_package(states.READY)
    Package.objects.filter(pk=package.pk).update(pickup_deadline=now() + timedelta(hours=5), ready_at=now())
    assert reminders.send_reminders() == 0


def test_a_passed_deadline_is_announced_once_and_the_package_stays_ready() -> None:
    package = shop.make_package(states.READY)
    age(package, deadline_in=-timedelta(minutes=1))
    assert [reminders.announce_expired() for _ in range(2)] == [1, 0]
    assert events_told(package, "package.pickup.expired") == 1
    assert shop.state_of(package) == states.READY
    assert reminders.send_reminders() == 0


@pytest.mark.parametrize("minutes", [-10, 10])
def test_t62_a_wrong_clock_of_this_machine_changes_no_deadline(minutes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    package = shop.make_package(states.PACKED)
    real, shift = time.time, minutes * 60
    monkeypatch.setattr(time, "time", lambda: real() + shift)
    monkeypatch.setattr("django.utils.timezone.now", lambda: datetime.now(UTC) + timedelta(minutes=minutes))
    run_command(package_id=package.pk, transition="READY_FOR_PICKUP", actor=SYSTEM)
    package = shop.reread(package)
    assert package.ready_at is not None
    assert abs(package.ready_at - package.clock) < timedelta(minutes=5)
    assert abs(package.ready_at - datetime.fromtimestamp(real(), UTC)) < timedelta(minutes=5)
    Package.objects.filter(pk=package.pk).update(pickup_deadline=package.clock + timedelta(minutes=5))
    run_command(
        package_id=package.pk,
        transition="SELF_SERVICE_PACKAGE_DELIVERY_COMMAND",
        actor=SYSTEM,
        data={"otp": shop.right_code(package)},
    )
    assert shop.state_of(package) == states.DELIVERED
