"""An alarm is raised when customers' codes do not go out, whatever the message road itself thinks."""

import logging
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.utils.timezone import now

from clickcollect.accounts.models import Role
from clickcollect.api.metrics import exposition
from clickcollect.errors import Fault
from clickcollect.oms import alarms, states
from clickcollect.oms.orders import repair
from clickcollect.oms.orders.repair import keep_for_repair
from clickcollect.oms.repair_models import OrderToRepair
from clickcollect.whisperer.models import Delivery, Endpoint, Hook, Reason
from tests import shop

pytestmark = pytest.mark.django_db
READY = "package.status.ready_for_pickup"


@pytest.fixture
def endpoint() -> Endpoint:
    made = Endpoint.objects.create(target_url="http://127.0.0.1:9/")
    user = shop.make_user(Role.ADMIN)
    Hook.objects.create(user=user, event_type=READY, target_url=made.target_url, endpoint=made)
    return made


def test_codes_that_wait_too_long_raise_an_alarm(endpoint: Endpoint, caplog: pytest.LogCaptureFixture) -> None:
    shop.make_package(states.READY)
    assert alarms.current_alarms() == []
    Delivery.objects.update(queued_at=now() - timedelta(minutes=5))
    (alarm,) = alarms.current_alarms()
    assert alarm.kind is alarms.AlarmKind.CODES_WAIT
    assert "5 minutes" in alarm.sentence
    with caplog.at_level(logging.ERROR):
        assert alarms.log_alarms() == 1
    assert "have not been sent" in caplog.text
    assert alarms.for_store_staff() == [alarm.sentence]
    shop.put_setting("READY_MESSAGE_ALARM_SECONDS", value=600)
    assert alarms.current_alarms() == []


def test_an_address_that_does_not_answer_is_named_to_the_back_office_only(endpoint: Endpoint) -> None:
    Endpoint.objects.update(failing_since=now(), failures=10)
    (alarm,) = alarms.current_alarms()
    assert alarm.kind is alarms.AlarmKind.ENDPOINT_FAILS
    assert endpoint.target_url in alarm.sentence
    assert alarms.for_store_staff() == []


def test_a_silent_worker_is_an_alarm_for_the_back_office_and_for_stores(endpoint: Endpoint) -> None:
    assert alarms.current_alarms() == []
    assert alarms.for_store_staff() == []
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '31 seconds'")
    (alarm,) = alarms.current_alarms()
    assert alarm.kind is alarms.AlarmKind.WORKER_SILENT
    assert "The worker is not running" in alarm.sentence
    assert alarms.for_store_staff() == []
    shop.make_package(states.READY)
    assert alarms.for_store_staff() == [
        "No messages are being sent to customers at the moment. Tell customers their message is late."
    ]
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_workers")
    assert [alarm.kind for alarm in alarms.current_alarms()] == [alarms.AlarmKind.WORKER_SILENT]


def test_an_order_that_waits_too_long_for_its_repair_raises_an_alarm() -> None:
    fault: Fault = {"loc": "number", "msg": "Required."}
    row = keep_for_repair(channel="Webshop", reference="1001", payload={}, faults=[fault])
    assert alarms.current_alarms() == []
    received = now() - timedelta(minutes=61)
    OrderToRepair.objects.update(received_at=received)
    (alarm,) = alarms.current_alarms()
    assert (alarm.kind, alarm.since) == (alarms.AlarmKind.ORDERS_TO_REPAIR, received)
    assert "1 order has been waiting too long" in alarm.sentence
    assert alarms.for_store_staff() == []
    shop.put_setting("ORDER_TO_REPAIR_ALARM_MINUTES", value=120)
    assert alarms.current_alarms() == []
    shop.put_setting("ORDER_TO_REPAIR_ALARM_MINUTES", value=1)
    repair.discard_order(repair_id=row.pk, reason="A test", actor=shop.make_actor(Role.OPERATOR))
    assert alarms.current_alarms() == []


@pytest.mark.parametrize(
    ("reason", "says"),
    [
        ("", "is not responding; 0 messages are waiting for it. Check its webhook."),
        (Reason.NO_CONNECTION, "is not responding"),
        (Reason.TIMEOUT, "is not responding"),
        (Reason.CERTIFICATE_EXPIRED, "The receiver's certificate has expired. 0 messages are waiting for it. Replace"),
        (Reason.CERTIFICATE_NOT_YET_VALID, "is not valid yet. 0 messages are waiting for it. Replace"),
        (Reason.REFUSED, "The receiver refused it. 0 messages are waiting for it. Compare the secret"),
        (Reason.REDIRECT, "Enter the address that it redirects to."),
        (Reason.SERVER_ERROR, "The receiver failed. 0 messages are waiting for it. Check the receiver's log."),
        (Reason.SECRET_UNREADABLE, "PICKUP_CODE_KEYS"),
        (Reason.ADDRESS_REFUSED, "WEBHOOK_ALLOWED_NETWORKS"),
    ],
)
def test_the_alarm_of_an_address_says_why_and_what_helps(endpoint: Endpoint, reason: str, says: str) -> None:
    """An expired certificate or a wrong secret is no receiver that is down: who is woken looks in the right place."""
    Endpoint.objects.update(failing_since=now(), failures=10, last_reason=reason)
    (alarm,) = alarms.current_alarms()
    assert endpoint.target_url in alarm.sentence
    assert says in alarm.sentence


def test_every_reason_has_its_sentence(endpoint: Endpoint) -> None:
    for reason in Reason:
        Endpoint.objects.update(failing_since=now(), failures=10, last_reason=reason)
        assert alarms.current_alarms()[0].sentence.endswith(".")


def test_figures_count_the_alarms_and_the_page_says_what_to_do_about_each(endpoint: Endpoint) -> None:
    Endpoint.objects.update(failing_since=now(), failures=10)
    figures = exposition().decode()
    page = (Path(__file__).parents[2] / "docs" / "running.md").read_text()
    for kind in alarms.AlarmKind:
        number = int(kind is alarms.AlarmKind.ENDPOINT_FAILS)
        assert f'clickcollect_alarms{{kind="{kind}"}} {number}.0' in figures
        assert f'clickcollect_alarms{{kind="{kind}"}}' in page
