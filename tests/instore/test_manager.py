"""The manager's page: figures from the log, what wants a look, and CSV; for managers only."""

import csv
from datetime import timedelta
from io import StringIO

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from clickcollect.errors import OtpIncorrect
from clickcollect.instore.charts import BASE, TALLEST, Value, chart
from clickcollect.instore.manager import in_days
from clickcollect.oms import states
from clickcollect.oms.commands.run import run_command
from clickcollect.oms.models import CommandLog, Package
from tests import shop

pytestmark = pytest.mark.django_db(transaction=True)


def manager_client(role: str = "manager") -> Client:
    client = Client()
    client.force_login(shop.make_user(role, shop.make_store()))
    return client


def a_day_at_the_store() -> None:
    """A right code, a wrong one, and a handover without."""
    boss = shop.make_actor("manager", shop.make_store())
    first, second = shop.make_package(states.READY), shop.make_package(states.READY)
    Package.objects.filter(pk=first.pk).update(created_date=first.clock - timedelta(minutes=90))
    with pytest.raises(OtpIncorrect):
        run_command(
            package_id=first.pk,
            transition="self-service-package-delivery",
            actor=boss,
            data={"otp": shop.wrong_code(first)},
        )
    run_command(
        package_id=first.pk,
        transition="self-service-package-delivery",
        actor=boss,
        data={"otp": shop.right_code(first)},
    )
    evidence = {"reason": "Phone battery empty", "evidence": "id_document"}
    run_command(package_id=second.pk, transition="deliver-without-code", actor=boss, data=evidence)


def test_page_shows_what_wants_a_look_and_a_reviewed_line_goes() -> None:
    a_day_at_the_store()
    client = manager_client()
    html = client.get("/instore/manager/").content.decode()
    assert "Phone battery empty" in html
    log_id = CommandLog.objects.get(command_code="DELIVER_WITHOUT_CODE").pk
    assert client.post("/instore/manager/review/", {"log": str(log_id)}).status_code == 302
    to_review, reviewed = client.get("/instore/manager/").content.decode().split("reviewed in the last 24 hours")
    assert "Phone battery empty" not in to_review
    assert "Phone battery empty" in reviewed


def test_reviewed_can_be_taken_back_by_a_manager_of_the_store() -> None:
    a_day_at_the_store()
    client, log_id = manager_client(), str(CommandLog.objects.get(command_code="DELIVER_WITHOUT_CODE").pk)
    client.post("/instore/manager/review/", {"log": log_id})
    html = client.get("/instore/manager/").content.decode()
    assert "1 reviewed in the last 24 hours" in html
    assert "Not reviewed" in html
    stranger = Client()
    stranger.force_login(shop.make_user("manager", shop.make_store("BER-01")))
    assert stranger.post("/instore/manager/review/", {"log": log_id, "undo": "1"}).status_code == 404
    assert manager_client("associate").post("/instore/manager/review/", {"log": log_id, "undo": "1"}).status_code == 403
    assert client.post("/instore/manager/review/", {"log": log_id, "undo": "1"}).status_code == 302
    html = client.get("/instore/manager/").content.decode()
    assert "Phone battery empty" in html
    assert "reviewed in the last 24 hours" not in html
    assert client.post("/instore/manager/review/", {"log": log_id, "undo": "1"}).status_code == 404


def test_csv_holds_the_numbers_behind_the_charts() -> None:
    a_day_at_the_store()
    response = manager_client().get("/instore/manager/figures.csv?days=7")
    rows = list(csv.DictReader(StringIO(response.content.decode())))
    assert len(rows) == 7
    today = rows[-1]
    assert (today["delivered"], today["overridden"], today["wrong"], today["ready"]) == ("2", "1", "1", "2")
    assert float(today["median_minutes_to_ready"]) > 40


def test_an_associate_is_told_that_it_is_not_for_them() -> None:
    for address in ("/instore/manager/", "/instore/manager/figures.csv"):
        response = manager_client("associate").get(address)
        assert response.status_code == 403
        assert "Ask a manager" in response.content.decode()


def test_another_stores_lines_are_neither_seen_nor_reviewed() -> None:
    a_day_at_the_store()
    client = Client()
    client.force_login(shop.make_user("manager", shop.make_store("BER-01")))
    assert "Phone battery empty" not in client.get("/instore/manager/").content.decode()
    log_id = CommandLog.objects.get(command_code="DELIVER_WITHOUT_CODE").pk
    for asked in (str(log_id), "x", "", "9" * 30):
        assert client.post("/instore/manager/review/", {"log": asked}).status_code == 404


def test_the_page_costs_the_same_however_much_happened() -> None:
    client = manager_client()
    client.get("/instore/manager/")
    counts = []
    for _ in range(2):
        a_day_at_the_store()
        with CaptureQueriesContext(connection) as taken:
            client.get("/instore/manager/")
        counts.append(len(taken))
    assert counts[0] == counts[1] <= 17


def test_the_highest_bar_fills_the_chart_and_nothing_divides_by_zero() -> None:
    drawn = chart([Value(number=0), Value(number=2), Value(number=4)], target=1)
    assert [float(bar.height) for bar in drawn.bars] == [0, TALLEST / 2, TALLEST]
    assert float(drawn.target) == BASE - TALLEST / 4
    assert chart([Value(number=0)]).is_empty
    assert chart([]).bars == []


def test_the_time_on_the_shelf_is_said_as_people_say_it() -> None:
    assert in_days(45.6) == [("1.9", "days")]
    assert in_days(1.7) == [("1", "h"), ("42", "min")]
    assert in_days(0.01) == [("1", "min")]
    assert in_days(None) == []
