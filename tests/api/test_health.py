"""Alive, ready, and figures for Prometheus."""

import re
import time
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.db.models.functions import Now
from django.test import Client
from django.test.utils import CaptureQueriesContext

from clickcollect.api import health
from clickcollect.oms import states
from clickcollect.oms.access import SYSTEM
from clickcollect.oms.log.write import record_note
from clickcollect.oms.log_models import NoteKind
from clickcollect.oms.orders.repair import keep_for_repair
from clickcollect.oms.repair_models import OrderToRepair
from tests import shop
from tests.api.caller import make_caller

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_worker_yet() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_workers")


def beat(seconds_ago: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - make_interval(secs => %s))",
            [seconds_ago],
        )


def test_a_process_that_answers_is_alive() -> None:
    answer = Client().get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    assert Client(enforce_csrf_checks=True).generic("POST", "/healthz").status_code == 405


def test_it_is_ready_when_database_tables_and_worker_are_there() -> None:
    assert Client().get("/readyz").json() == {
        "status": "unavailable",
        "checks": {"database": True, "migrations": True, "worker": False},
    }
    beat(seconds_ago=31)
    assert Client().get("/readyz").status_code == 503
    beat(seconds_ago=5)
    answer = Client().get("/readyz")
    assert (answer.status_code, answer.json()["checks"]["worker"]) == (200, True)


def test_without_a_database_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise OperationalError

    monkeypatch.setattr(connection, "cursor", refuse)
    answer = Client().get("/readyz")
    assert (answer.status_code, answer.json()["checks"]["database"]) == (503, False)
    assert answer["Retry-After"] == "5"
    assert Client().get("/healthz").status_code == 200


def test_readiness_is_cheap_once_the_tables_are_known() -> None:
    Client().get("/readyz")
    assert health.is_migrated()
    with CaptureQueriesContext(connection) as statements:
        Client().get("/readyz")
    assert len(statements) == 2


def test_figures_tell_of_packages_and_refusals_but_of_nobody() -> None:
    store = shop.make_store()
    package = shop.make_package(states.READY, store=store)
    shop.make_package(states.WAITING, store=store)
    shop.make_package(states.DELIVERED, store=store)
    code = shop.right_code(package)
    make_caller("associate", store).command(
        package.pk, {"slug": "self-service-package-delivery", "otp": shop.wrong_code(package)}
    )
    document = shop.order_document("R-77", store="NOPE")
    keep_for_repair(channel="Webshop", reference="R-77", payload=document, faults=[])
    OrderToRepair.objects.update(received_at=Now() - timedelta(seconds=90))
    answer = Client().get("/metrics")
    said = answer.content.decode()
    assert answer["Content-Type"].startswith("text/plain")
    assert 'clickcollect_packages{state="600"} 1.0' in said
    assert 'clickcollect_packages{state="100"} 1.0' in said
    assert 'state="700"' not in said
    assert 'clickcollect_refusals_last_hour{code="otp_incorrect"} 1.0' in said
    assert 'clickcollect_oldest_delivery_seconds{kind="code"} 0.0' in said
    assert 'clickcollect_orders_to_repair{channel="Webshop"} 1.0' in said
    assert "\nclickcollect_oldest_order_to_repair_seconds 90.0\n" in said
    assert 'clickcollect_last_success_timestamp_seconds{task="backup"} 0.0' in said
    for secret in (code, "Deniz", package.order.number, package.order.phone_number, "R-77"):
        assert secret not in said


def test_figures_tell_when_the_last_backup_was_made_and_the_last_drill_passed() -> None:
    record_note(kind=NoteKind.BACKED_UP, actor=SYSTEM)
    record_note(kind=NoteKind.DRILL_FAILED, actor=SYSTEM)  # no success
    said = Client().get("/metrics").content.decode()
    found = re.search(r'clickcollect_last_success_timestamp_seconds\{task="backup"\} (\S+)', said)
    assert found
    assert abs(time.time() - float(found[1])) < 60
    assert 'clickcollect_last_success_timestamp_seconds{task="drill"} 0.0' in said


@pytest.mark.parametrize(
    ("address", "forwarded", "proxies", "status"),
    [
        ("127.0.0.1", None, 0, 200),
        ("::1", None, 0, 200),
        ("::ffff:127.0.0.1", None, 0, 200),
        ("192.0.2.7", None, 0, 404),
        ("127.0.0.1", "192.0.2.7", 0, 404),
        ("127.0.0.1", "127.0.0.1", 0, 404),
        ("127.0.0.1", "192.0.2.7", 1, 404),
        ("127.0.0.1", "127.0.0.1, 192.0.2.7", 1, 404),
        ("10.0.0.9", "192.0.2.7, 127.0.0.1", 1, 200),
        ("", None, 0, 404),
    ],
)
def test_figures_are_for_loopback_only(
    settings: Any, address: str, forwarded: str | None, proxies: int, status: int
) -> None:
    settings.TRUSTED_PROXIES = proxies
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    assert Client(REMOTE_ADDR=address).get("/metrics", headers=headers).status_code == status
