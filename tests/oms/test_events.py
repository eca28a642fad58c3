"""What goes out: snapshots without a code, the code of the issue that works now, nothing that is out of date."""

import json
from datetime import timedelta
from typing import Any

import jsonschema_rs
import pytest
from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now

from clickcollect.errors import NotFound
from clickcollect.oms import event_docs, event_registration, states
from clickcollect.oms.access import SYSTEM
from clickcollect.oms.commands.run import run_command
from clickcollect.oms.events.types import EVENTS
from clickcollect.oms.models import CodeIssue, Package
from clickcollect.whisperer import registry
from clickcollect.whisperer.models import Event
from clickcollect.whisperer.registry import DeliveryEnded, Expired, Superseded
from tests import shop
from tests.house.test_documented import DOCS

READY = "package.status.ready_for_pickup"
DELIVER = "SELF_SERVICE_PACKAGE_DELIVERY_COMMAND"


def newest(package: Package, type_: str = READY) -> Event:
    return Event.objects.filter(subject=f"package:{package.pk}", type=type_).latest("sequence")


def run(package: Package, command: str, **data: Any) -> None:
    run_command(package_id=package.pk, transition=command, actor=SYSTEM, data=data)


@pytest.mark.django_db
def test_a_ready_package_is_told_first_with_its_code_added_only_while_sending() -> None:
    package = shop.make_package(states.READY)
    told = Event.objects.filter(subject=f"package:{package.pk}").order_by("sequence").values_list("type", "sequence")
    assert list(told) == [(READY, 1), ("package.status.transitioned", 2)]
    event = newest(package)
    assert event.payload is not None
    assert "otp" not in event.payload
    assert event.payload["state"]["enum_value"] == "600"
    filled = event_registration.add_code(event)["otp"]
    assert (filled["code"], filled["issue"]) == (shop.right_code(package), 1)
    assert filled["expires_at"].endswith("Z")


@pytest.mark.django_db
def test_a_new_code_supersedes_the_older_event() -> None:
    package = shop.make_package(states.READY)
    old = newest(package)
    run(package, "SEND_NEW_CODE")
    with pytest.raises(Superseded):
        event_registration.add_code(old)
    assert event_registration.add_code(newest(package))["otp"]["issue"] == 2


@pytest.mark.django_db
def test_a_resent_code_is_the_same_code() -> None:
    package = shop.make_package(states.READY)
    run(package, "RESEND_CODE")
    resent = newest(package, "package.pickup.code_resent")
    assert event_registration.add_code(resent)["otp"] == event_registration.add_code(newest(package))["otp"]
    run(package, "SEND_NEW_CODE")
    with pytest.raises(Superseded):
        event_registration.add_code(resent)


@pytest.mark.django_db
@pytest.mark.parametrize("end", ["deliver", "cancel", "override", "phone"])
def test_whatever_ends_the_code_ends_the_event(end: str) -> None:
    package = shop.make_package(states.READY)
    event = newest(package)
    if end == "deliver":
        run(package, DELIVER, otp=shop.right_code(package))
    elif end == "cancel":
        run(package, "CANCEL_PACKAGE", reason="late")
    elif end == "override":
        run(package, "DELIVER_WITHOUT_CODE", reason="late", evidence="id_document")
    else:
        run(package, "CORRECT_PHONE", phone_number="+905550000102", reason="typing error")
    with pytest.raises(Superseded):
        event_registration.add_code(event)


@pytest.mark.django_db
def test_t33_an_expired_code_is_not_sent_again() -> None:
    package = shop.make_package(states.READY)
    Package.objects.filter(pk=package.pk).update(pickup_deadline=now() - timedelta(seconds=1))
    for ask in (event_registration.add_code, event_registration.check_current):
        with pytest.raises(Expired):
            ask(newest(package))


@pytest.mark.django_db
def test_a_lost_key_makes_a_dead_letter_and_not_a_crash() -> None:
    package = shop.make_package(states.READY)
    with override_settings(PICKUP_CODE_KEYS={"other": bytes(32)}), pytest.raises(Expired, match="key_lost"):
        event_registration.add_code(newest(package))


@pytest.mark.django_db
def test_codes_of_many_events_are_added_with_one_statement() -> None:
    """Each is what it is alone, refusals too."""
    ready, old, gone, bare = (shop.make_package(states.READY) for _ in range(4))
    run(gone, DELIVER, otp=shop.right_code(gone))
    superseded = newest(old)
    run(old, "SEND_NEW_CODE")
    CodeIssue.objects.filter(package=bare).update(closed_at=now(), nonce=None)
    lost = Event(subject="package:999999999", sequence=1)
    events = [newest(ready), superseded, newest(old), newest(gone), newest(bare), lost]
    with CaptureQueriesContext(connection) as statements:
        added = event_registration.add_codes(events)
    assert len(statements) == 1
    for event, one in zip(events, added, strict=True):
        if isinstance(one, Exception):
            with pytest.raises(type(one), match=str(one)):
                event_registration.add_code(event)
        else:
            assert one == event_registration.add_code(event)
    assert [one["otp"]["issue"] if isinstance(one, dict) else str(one) for one in added[:5]] == [
        1,
        "newer_code",
        2,
        "package_700",
        "issue_closed",
    ]
    assert isinstance(added[5], NotFound)


@pytest.mark.django_db
def test_what_became_of_many_messages_is_noted_with_one_statement_and_in_order() -> None:
    packages = [shop.make_package(states.READY) for _ in range(4)]
    uuids = [newest(package).uuid for package in packages]
    Package.objects.update(message_state="queued", message_reason="", message_at=now())
    ends = [(0, "delivered"), (1, "dead"), (2, "superseded"), (3, "delivered"), (3, "dead"), (3, "delivered")]
    ended = [
        DeliveryEnded(
            delivery_id=place,
            event_uuid=uuids[at],
            event_type=READY,
            subject=f"package:{packages[at].pk}",
            state=state,
            reason="gone" if state == "dead" else "",
            is_test=False,
        )
        for place, (at, state) in enumerate(ends)
    ]
    with CaptureQueriesContext(connection) as statements:
        event_registration.update_message_state(ended[:3])
    assert len(statements) == 1
    event_registration.update_message_state(ended)
    found = [shop.reread(package) for package in packages]
    assert [(one.message_state, one.message_reason) for one in found] == [
        ("accepted", ""),
        ("failed", "gone"),
        ("none", ""),
        ("failed", "gone"),
    ]
    assert [one.message_at is None for one in found] == [False, False, True, False]


@pytest.mark.django_db
def test_without_otp_the_event_carries_none() -> None:
    package = shop.make_package(states.READY, otp=False)
    assert event_registration.add_code(newest(package)) == {}


@pytest.mark.django_db
def test_t32_sequence_rises_per_package() -> None:
    package, other = shop.make_package(states.READY), shop.make_package(states.READY)
    for command in ("RESEND_CODE", "SEND_NEW_CODE", "EXTEND_PICKUP"):
        run(package, command)
    run(package, DELIVER, otp=shop.right_code(package))
    for one in (package, other):
        numbers = list(
            Event.objects.filter(subject=f"package:{one.pk}").order_by("id").values_list("sequence", flat=True)
        )
        assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.django_db
def test_a_message_that_nobody_will_receive_has_failed_for_staff_to_see() -> None:
    package = shop.make_package(states.READY)
    assert (package.message_state, package.message_reason) == ("failed", "no_receiver")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("state", "shown"),
    [("dead", ("failed", "too_old")), ("delivered", ("accepted", "")), ("superseded", ("none", ""))],
)
def test_what_becomes_of_a_delivery_shows_on_its_package(state: str, shown: tuple[str, str]) -> None:
    package = shop.make_package(states.READY)
    Package.objects.filter(pk=package.pk).update(message_state="queued", message_reason="")
    reason = "too_old" if state == "dead" else ""
    ended = DeliveryEnded(
        delivery_id=1, event_uuid=package.message_uuid, event_type=READY, subject=f"package:{package.pk}", state=state,
        reason=reason,
    )  # fmt: skip
    event_registration.update_message_state([ended])
    package = shop.reread(package)
    assert (package.message_state, package.message_reason) == shown


@pytest.mark.django_db
def test_every_payload_keeps_its_schema() -> None:
    package = shop.make_package(states.READY)
    for command in ("RESEND_CODE", "EXTEND_PICKUP"):
        run(package, command)
    run(package, DELIVER, otp=shop.right_code(package))
    seen = set()
    for event in Event.objects.all():
        jsonschema_rs.validator_for(event_registration.payload_schema(EVENTS[event.type])).validate(event.payload)
        seen.add(event.type)
    assert {READY, "package.status.delivered", "package.status.transitioned", "order.updated"} <= seen


@pytest.mark.parametrize("event", EVENTS.values(), ids=list(EVENTS))
def test_every_example_keeps_its_schema(event: type) -> None:
    validator = jsonschema_rs.validator_for(event_registration.envelope_schema(event))
    example = json.loads(json.dumps(event_registration.envelope_example(event)))
    validator.validate(example)
    del example["payload"]["id"]
    assert not validator.is_valid(example), "control: a payload without its id is found out"


def test_the_page_about_events_is_made_from_the_code() -> None:
    page = (DOCS / "events.md").read_text()
    assert page == event_docs.page(), "run: python -m clickcollect.oms.event_docs > docs/events.md"


def test_the_class_names_of_the_reference_are_kept() -> None:
    assert registry.event_types()[READY].class_name == "PackageReadyForCustomerPickupWhispererEvent"
    assert registry.is_code_bearing("package.pickup.code_resent")
    assert not registry.is_code_bearing("package.status.delivered")
