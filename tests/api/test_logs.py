"""The state transition log over HTTP."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clickcollect.oms import states
from clickcollect.oms.log_models import CommandLog
from tests import shop
from tests.api.caller import LOGS, Caller, caller_for, document_of, make_caller

pytestmark = pytest.mark.django_db


@pytest.fixture
def office() -> Caller:
    return make_caller("operator")


def test_a_move_is_told_with_who_when_and_by_which_command(office: Caller) -> None:
    store = shop.make_store()
    user = shop.make_user("associate", store)
    package = shop.make_package(store=store)
    caller_for(user).command(package.pk, {"slug": "complete-packaging-without-shipment"})
    row = document_of(office.get(f"{LOGS}?object_id={package.pk}"))["results"][0]
    assert set(row) == {"id", "kind", "old_state", "new_state", "user", "attributes", "created_date", "object_id"}
    assert (row["kind"], row["user"], row["object_id"]) == ("move", user.pk, package.pk)
    assert (row["old_state"]["enum_value"], row["new_state"]["enum_value"]) == (states.WAITING, states.PACKED)
    assert row["attributes"]["command.slug"] == "complete-packaging-without-shipment"
    assert row["attributes"]["channel"] == "INSTORE"
    assert row["created_date"].endswith("Z")
    assert document_of(office.get(f"{LOGS}{row['id']}/")) == row


def test_refused_attempts_are_a_kind_of_their_own(office: Caller) -> None:
    package = shop.make_package(states.READY)
    office.command(package.pk, {"slug": "self-service-package-delivery", "otp": shop.wrong_code(package)})
    moves = document_of(office.get(f"{LOGS}?object_id={package.pk}"))["results"]
    refused = document_of(office.get(f"{LOGS}?object_id={package.pk}&kind=refused"))["results"]
    assert [row["new_state"]["enum_value"] for row in moves] == [states.READY]
    assert [row["attributes"]["error.code"] for row in refused] == ["otp_incorrect"]
    assert office.get(f"{LOGS}?kind=setting").status_code == 400


def test_a_refusal_names_the_command_even_if_it_could_not_start_there(office: Caller) -> None:
    package = shop.make_package(states.PACKED)
    office.command(package.pk, {"slug": "complete-packaging-without-shipment"})
    [row] = document_of(office.get(f"{LOGS}?object_id={package.pk}&kind=refused"))["results"]
    assert row["attributes"]["error.code"] == "state_conflict"
    assert row["attributes"]["command.slug"] == "complete-packaging-without-shipment"


def test_states_are_filtered_by_their_number(office: Caller) -> None:
    shop.make_package(states.READY)
    assert document_of(office.get(f"{LOGS}?new_state=600&old_state=500"))["count"] == 1
    assert document_of(office.get(f"{LOGS}?new_state=700"))["count"] == 0
    assert document_of(office.get(f"{LOGS}?created_date__gte=2099-01-01"))["count"] == 0
    assert document_of(office.get(f"{LOGS}?created_date__gte=2020-01-01"))["count"] == 1


def test_a_manager_reads_the_log_of_the_own_store_only() -> None:
    here, there = shop.make_store("IST-01"), shop.make_store("BER-01")
    for store in (here, there):
        for _ in range(3):
            shop.make_package(states.READY, store=store)
    manager = make_caller("manager", here)
    mine = set(CommandLog.objects.filter(store_id=here.pk).values_list("id", flat=True))
    first = document_of(manager.get(f"{LOGS}?limit=2"))
    second = document_of(manager.get(first["next"]))
    assert {row["id"] for row in first["results"] + second["results"]} == mine
    assert first["count"] == 3
    foreign = CommandLog.objects.filter(store_id=there.pk).first()
    assert foreign is not None
    assert manager.get(f"{LOGS}{foreign.pk}/").status_code == 404
    assert make_caller("associate", here).get(LOGS).status_code == 403


def test_other_kinds_are_not_shown(office: Caller) -> None:
    make_caller("admin").patch("/api/v1/oms/settings/application_settings/1/", {"json_value": False})
    entry = CommandLog.objects.get()
    assert document_of(office.get(LOGS))["count"] == 0
    assert office.get(f"{LOGS}{entry.pk}/").status_code == 404


def test_a_page_of_the_log_costs_at_most_ten_statements(office: Caller) -> None:
    costs = []
    for _ in range(2):
        for _ in range(3):
            shop.make_package(states.READY)
        with CaptureQueriesContext(connection) as statements:
            office.get(LOGS)
        costs.append(len(statements))
    assert costs[1] <= costs[0] <= 10
