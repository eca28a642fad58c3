"""The process as configuration: what is refused before it is saved, and the document that puts it back."""

import json
from dataclasses import replace
from typing import Any

import pytest

from clickcollect.accounts.models import Role
from clickcollect.errors import Forbidden, ValidationFailed
from clickcollect.oms import states
from clickcollect.oms.access import Actor
from clickcollect.oms.commands.base import COMMANDS
from clickcollect.oms.log_models import CommandLog
from clickcollect.oms.models import CommandTransition, PackageState
from clickcollect.oms.workflow import editing, validation
from clickcollect.oms.workflow.document import State, Transition, Workflow
from tests.shop import make_actor, make_package

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator() -> Actor:
    return make_actor(Role.OPERATOR)


def words(found: Workflow, packages: dict[str, int] | None = None) -> str:
    return " ".join(fault["msg"] for fault in validation.faults(wanted=found, packages=packages or {}))


def row(**changes: Any) -> Transition:
    fields: dict[str, Any] = {
        "name": "Start preparing",
        "command_code": "PKG_STATE_TRANSITION",
        "slug": "start-preparing",
        "source": states.WAITING,
        "destination": states.PREPARING,
        "visibility": ("INSTORE", "OMS WEB"),
    }
    return Transition(**fields | changes)


def finish(**changes: Any) -> Transition:
    return row(name="Prepared", slug="prepared", source=states.PREPARING, destination=states.PACKED, **changes)


def test_the_seeded_process_has_no_fault() -> None:
    assert words(editing.current_workflow()) == ""


def test_preparing_can_stand_in_between() -> None:
    found = editing.with_transition(editing.with_transition(editing.current_workflow(), finish()), row())
    assert words(found) == ""


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"command_code": "NO_SUCH_COMMAND"}, "there is no command code"),
        ({"source": states.DELIVERED}, "Nothing leads out of it"),
        ({"source": "999"}, "there is no state 999"),
        ({"destination": "999"}, "there is no state 999"),
        ({"command_code": "RESEND_CODE"}, "can only start in Ready for Customer Pickup"),
        ({"command_code": "SELF_SERVICE_PACKAGE_DELIVERY_COMMAND"}, "can only lead to Delivered"),
        ({"destination": states.WAITING}, "the same state"),
        ({"slug": "resend-code"}, "Two commands have the API name"),
        ({"is_primary": True}, "two main buttons"),
        ({"configuration": {"sync_remote_order_status": "yes"}}, "true or false"),
    ],
)
def test_a_row_that_makes_no_sense_is_refused(changes: dict[str, Any], said: str) -> None:
    assert said in words(editing.with_transition(editing.current_workflow(), row(**changes)))


@pytest.mark.parametrize("source", [states.WAITING, states.PACKED, states.READY])
@pytest.mark.parametrize("code", sorted(COMMANDS))
def test_no_command_but_verification_and_override_reaches_delivered(code: str, source: str) -> None:
    found = editing.with_transition(
        editing.current_workflow(), row(command_code=code, source=source, destination=states.DELIVERED)
    )
    if code == validation.STATE_CHANGE_ONLY:
        assert words(found) == ""
        assert any("refused for every package that needs one" in told for told in validation.warnings(found))
    elif COMMANDS[code].hands_over and source == states.READY:
        assert words(found) == ""
    else:
        assert words(found) != ""


def test_a_pure_way_to_delivered_is_no_way_on_for_packages_with_a_code() -> None:
    wanted = editing.with_transition(editing.current_workflow(), row(slug="to-preparing", destination=states.PREPARING))
    only_pure = row(slug="shortcut", source=states.PREPARING, destination=states.DELIVERED)
    assert "Preparing would be a dead end" in words(editing.with_transition(wanted, replace(only_pure, pk=None)))


def test_a_dead_end_is_refused() -> None:
    assert "Preparing would be a dead end" in words(editing.with_transition(editing.current_workflow(), row()))


def test_an_unreachable_state_is_told() -> None:
    found = editing.with_transition(editing.current_workflow(), finish())
    assert words(found) == ""
    assert "No package can reach Preparing yet" in " ".join(validation.warnings(found))


def test_packages_are_not_left_without_a_way_on(operator: Actor) -> None:
    make_package()
    make_package()
    now = editing.current_workflow()
    main = next(item for item in now.transitions if item.slug == "complete-packaging-without-shipment")
    with pytest.raises(ValidationFailed) as refusal:
        editing.check_change(wanted=editing.with_transition(now, replace(main, is_active=False)), actor=operator)
    assert "2 packages in Waiting would be stuck." in [fault["msg"] for fault in refusal.value.errors]


def test_a_row_that_nobody_sees_is_no_way_on() -> None:
    now = editing.current_workflow()
    main = next(item for item in now.transitions if item.slug == "ready-for-customer-pickup")
    assert "dead end" in words(editing.with_transition(now, replace(main, visibility=())))


def test_a_state_that_the_rules_know_cannot_go() -> None:
    assert "cannot be left out" in words(editing.without_state(editing.current_workflow(), states.PACKED))


def test_export_and_import_put_the_process_back(operator: Actor) -> None:
    before = json.loads(json.dumps(editing.export_document()))
    CommandTransition.objects.filter(slug="resend-code").update(name="Again", is_active=False)
    CommandTransition.objects.filter(slug="unlock-code").delete()
    PackageState.objects.create(enum_value="300", name="Checked")
    plan = editing.plan_import(before, actor=operator)
    assert len(plan.sentences) == 3
    assert CommandTransition.objects.get(slug="resend-code").name == "Again", "a dry run changes nothing"
    editing.import_document(before, actor=operator)
    assert editing.export_document() == before
    assert editing.import_document(before, actor=operator).nothing
    assert CommandLog.objects.filter(note_kind="process_imported").count() == 1


def test_states_may_swap_their_names(operator: Actor) -> None:
    document = editing.export_document()
    by_number = {state["enum_value"]: state for state in document["states"]}
    by_number["200"]["name"], by_number["400"]["name"] = "Ready for Packaging", "Preparing"
    editing.import_document(document, actor=operator)
    assert PackageState.objects.get(enum_value="200").name == "Ready for Packaging"


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        {},
        {"format": "clickcollect-process-1"},
        {"format": "clickcollect-process-1", "states": [{}], "commands": [{}]},
        {"format": "clickcollect-process-1", "states": "x", "commands": 1},
    ],
)
def test_what_is_no_process_is_refused_with_its_faults(document: Any, operator: Actor) -> None:
    with pytest.raises(ValidationFailed) as refusal:
        editing.import_document(document, actor=operator)
    assert refusal.value.errors


def test_nul_is_refused_wherever_it_hides(operator: Actor) -> None:
    document = editing.export_document()
    document["commands"][0]["configuration"] = {"a": ["b\x00"]}
    with pytest.raises(ValidationFailed):
        editing.import_document(document, actor=operator)


def test_only_the_back_office_changes_the_process() -> None:
    with pytest.raises(Forbidden):
        editing.import_document(editing.export_document(), actor=make_actor(Role.MANAGER))


def test_a_state_may_be_added() -> None:
    found = editing.with_state(editing.current_workflow(), State(enum_value="300", name="Checked"))
    assert words(found) == ""
