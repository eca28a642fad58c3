"""T63: after a restore nothing is handed over before somebody has seen it, nothing sent before somebody says so."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.utils.timezone import now

from clickcollect.accounts.models import Role
from clickcollect.errors import Forbidden, StateConflict
from clickcollect.oms import after_restore, alarms, states
from clickcollect.oms.access import SYSTEM
from clickcollect.oms.commands import run as road
from clickcollect.oms.commands.available import offers_of
from clickcollect.oms.commands.run import available_commands, run_command
from clickcollect.oms.log.write import record_note
from clickcollect.oms.log_models import CommandLog, NoteKind
from clickcollect.oms.models import CommandTransition, Package, PackageState
from clickcollect.whisperer import claims, pause
from clickcollect.whisperer.models import Delivery, Endpoint, Hook
from tests import shop

pytestmark = pytest.mark.django_db
DELIVER = "SELF_SERVICE_PACKAGE_DELIVERY_COMMAND"
HANDOVERS = {
    DELIVER: {},
    "DELIVER_WITHOUT_CODE": {"evidence": "id_document", "reason": "the phone is broken"},
    "PKG_STATE_TRANSITION": {},
}
TAKEN_AT = datetime(2026, 11, 27, 3, 0, tzinfo=UTC)


def restored(*packages: Package) -> None:
    assert after_restore.hold(using="default", taken_at=TAKEN_AT) == len(packages)


def plain_change_to_delivered() -> None:
    ready, delivered = (PackageState.objects.get(enum_value=number) for number in (states.READY, states.DELIVERED))
    CommandTransition.objects.create(
        name="Done", slug="done", command_code="PKG_STATE_TRANSITION", source=ready, destination=delivered,
        visibility=["OMS WEB", "INSTORE"],
    )  # fmt: skip


@pytest.mark.parametrize("otp", [True, False])
@pytest.mark.parametrize("command", HANDOVERS)
def test_t63_no_handover_before_somebody_has_seen_the_package(command: str, *, otp: bool) -> None:
    plain_change_to_delivered()
    shop.put_setting("IS_OTP_ENABLED", value=otp)
    package = shop.make_package(states.READY)
    actor = shop.make_actor(Role.MANAGER, package.stock_location)
    data = HANDOVERS[command] | ({"otp": shop.right_code(package)} if otp else {})
    restored(package)
    with pytest.raises(StateConflict, match="choose Confirm on shelf") as refusal:
        run_command(package_id=package.pk, transition=command, actor=actor, data=data)
    assert refusal.value.extra["state"] == "Ready for Customer Pickup"
    assert shop.state_of(package) == states.READY
    assert CommandLog.objects.filter(package_id=package.pk, kind="refused", code="state_conflict").count() == 1
    offered = {one.transition.command_code for one in available_commands(package=shop.reread(package), actor=actor)}
    assert offered & HANDOVERS.keys() == set()
    assert "CONFIRM_ON_SHELF" in offered


def test_t63_the_code_from_before_the_backup_works_once_somebody_confirms() -> None:
    package, other = shop.make_package(states.READY), shop.make_package(states.READY)
    associate = shop.make_actor(Role.ASSOCIATE, package.stock_location)
    restored(package, other)
    main = offers_of(package=shop.reread(package), actor=associate).main
    assert main is not None
    assert main.label == "Confirm on shelf"
    run_command(package_id=package.pk, transition=main.slug, actor=associate)
    run_command(package_id=package.pk, transition=DELIVER, actor=associate, data={"otp": shop.right_code(package)})
    assert shop.state_of(package) == states.DELIVERED
    seen = CommandLog.objects.get(package_id=package.pk, command_code="CONFIRM_ON_SHELF")
    assert seen.actor_id == associate.user_id
    with pytest.raises(StateConflict):  # each package by itself
        run_command(package_id=other.pk, transition=DELIVER, actor=associate, data={"otp": shop.right_code(other)})


def test_t63_control_without_the_wait_the_code_of_a_collected_package_opens_it_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    package = shop.make_package(states.READY)
    restored(package)
    monkeypatch.setattr(road, "awaits_confirmation", lambda **_found: False)
    run_command(package_id=package.pk, transition=DELIVER, actor=SYSTEM, data={"otp": shop.right_code(package)})
    assert shop.state_of(package) == states.DELIVERED


def test_a_wrong_code_is_neither_compared_nor_counted_while_the_package_waits() -> None:
    package = shop.make_package(states.READY)
    restored(package)
    with pytest.raises(StateConflict):
        run_command(package_id=package.pk, transition=DELIVER, actor=SYSTEM, data={"otp": shop.wrong_code(package)})
    assert shop.reread(package).total_attempts == 0


def test_what_was_not_ready_and_what_becomes_ready_later_does_not_wait() -> None:
    waiting = shop.make_package(states.PACKED)
    restored()
    shop.make_ready(waiting)
    run_command(package_id=waiting.pk, transition=DELIVER, actor=SYSTEM, data={"otp": shop.right_code(waiting)})
    assert shop.state_of(waiting) == states.DELIVERED


def test_nothing_waits_for_a_confirmation_in_a_shop_that_was_not_restored() -> None:
    package = shop.make_package(states.READY)
    with pytest.raises(StateConflict, match="can be handed over as it is"):
        run_command(package_id=package.pk, transition="CONFIRM_ON_SHELF", actor=SYSTEM)


def test_a_shop_whose_operator_took_the_confirmation_away_gets_it_back() -> None:
    CommandTransition.objects.filter(command_code="CONFIRM_ON_SHELF").delete()
    CommandTransition.objects.filter(slug="resend-code").delete()
    package = shop.make_package(states.READY)
    restored(package)
    run_command(package_id=package.pk, transition="CONFIRM_ON_SHELF", actor=SYSTEM)
    assert not CommandTransition.objects.filter(slug="resend-code").exists()


@pytest.fixture
def hook() -> Hook:
    endpoint = Endpoint.objects.create(target_url="http://127.0.0.1:9/")
    return Hook.objects.create(
        user=shop.make_user(Role.ADMIN), target_url=endpoint.target_url, endpoint=endpoint,
        event_type="package.status.ready_for_pickup",
    )  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_t63_nothing_is_sent_before_a_person_lets_it_go(hook: Hook) -> None:
    package = shop.make_package(states.READY)
    restored(package)
    restored()  # twice is one pause
    assert claims.claim(10) == []
    (alarm,) = alarms.current_alarms()
    assert alarm.kind is alarms.AlarmKind.SENDING_PAUSED
    assert "1 message is waiting" in alarm.sentence
    assert "clickcollect resume" in alarm.sentence
    assert "No messages are being sent" in alarms.for_store_staff()[0]
    with pytest.raises(Forbidden):
        after_restore.resume_sending(actor=shop.make_actor(Role.MANAGER, package.stock_location))
    assert claims.claim(10) == []
    operator = shop.make_actor(Role.OPERATOR)
    assert after_restore.resume_sending(actor=operator)
    assert not after_restore.resume_sending(actor=operator)
    assert [one.hook for one in claims.claim(10)] == [hook]
    assert alarms.current_alarms() == []
    (row,) = CommandLog.objects.filter(note_kind=NoteKind.SENDING_RESUMED)
    assert row.actor_id == operator.user_id


@pytest.mark.django_db(transaction=True)
def test_t63_control_without_the_pause_the_message_goes_out_at_once(hook: Hook) -> None:
    shop.make_package(states.READY)
    assert Delivery.objects.count() == 1
    assert len(claims.claim(10)) == 1


def test_the_back_office_resumes_with_one_button(client: Client, hook: Hook) -> None:
    shop.make_package(states.READY)
    pause.begin(using="default")
    manager, operator = shop.make_user(Role.MANAGER), shop.make_user(Role.OPERATOR)
    client.force_login(manager)
    assert client.post("/oms/deliveries/resume/").status_code == 403
    client.force_login(operator)
    page = client.get("/oms/deliveries/").content.decode()
    assert "Resume sending" in page
    assert "1 message is waiting" in page
    assert pause.current() is not None
    client.get("/oms/deliveries/resume/")
    assert pause.current() is not None
    assert "Sending resumed." in client.post("/oms/deliveries/resume/", follow=True).content.decode()
    assert pause.current() is None


@pytest.mark.parametrize(
    ("days", "drilled", "is_alarmed"),
    [(7, timedelta(days=6), False), (7, timedelta(days=8), True), (0, timedelta(days=80), False)],
)
def test_a_drill_that_was_too_long_ago_is_an_alarm(days: int, drilled: timedelta, *, is_alarmed: bool) -> None:
    shop.put_setting("DRILL_ALARM_DAYS", value=days)
    CommandLog.objects.create(kind="note", note_kind=NoteKind.DRILL_PASSED, at=now() - drilled)
    record_note(kind=NoteKind.DRILL_FAILED, actor=SYSTEM)  # does not count
    assert [alarm.kind for alarm in alarms.current_alarms()] == ["drill_overdue"] * is_alarmed


def test_a_shop_that_was_never_drilled_is_alarmed_a_week_after_its_installation(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert alarms.current_alarms() == []
    long_ago = alarms.PAUSE_AND_DRILL.replace("min(applied)", "min(applied) - interval '8 days'")
    monkeypatch.setattr(alarms, "PAUSE_AND_DRILL", long_ago)
    (alarm,) = alarms.current_alarms()
    assert "No restore drill has passed for 8 days" in alarm.sentence


@pytest.mark.django_db(transaction=True)
def test_both_doors_say_it_in_words_and_offer_the_way_out(client: Client) -> None:
    """A dialog that was open before the restore is refused with the question; the page's main button answers it."""
    package = shop.make_package(states.READY)
    code = shop.right_code(package)
    restored(package)
    client.force_login(shop.make_user(Role.ASSOCIATE, package.stock_location))
    page = client.get(f"/instore/packages/{package.number}/").content.decode()
    assert "Is it still there?" in page
    assert "Confirm on shelf" in page
    pressed = client.post(
        f"/instore/packages/{package.number}/commands/self-service-package-delivery/",
        {"from": "self-service-package-delivery", "otp": code},
        headers={"HX-Request": "true"},
    )
    assert pressed["X-Instore-Code"] == "state_conflict"
    refused = pressed.content.decode()
    assert "Is the package still there?" in refused
    assert "Look for it on its shelf" in refused
    client.force_login(shop.make_user(Role.OPERATOR))
    office = client.get(f"/oms/packages/{package.pk}/").content.decode()
    assert "It can be handed over once someone" in " ".join(office.split())
    assert "Confirm on shelf" in office
