"""Publishing: all or nothing with the news itself, numbered per subject, in few statements."""

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from clickcollect.whisperer import outbox
from clickcollect.whisperer.models import Delivery, Event, Hook
from clickcollect.whisperer.outbox import OutgoingEvent, OutsideTransaction
from tests.whisperer.dispatch import NEWS, publish, states


@pytest.mark.django_db(transaction=True)
def test_an_event_outside_a_transaction_is_refused(hook: Hook) -> None:
    with pytest.raises(OutsideTransaction):
        outbox.publish(type=NEWS, subject="package:1", payload={})
    assert not Event.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_rolled_back_transaction_leaves_no_event_and_no_delivery(hook: Hook) -> None:
    with transaction.atomic():
        outbox.publish(type=NEWS, subject="package:1", payload={})
        transaction.set_rollback(True)
    assert not Event.objects.exists()
    assert not Delivery.objects.exists()


@pytest.mark.django_db
def test_a_list_of_deliveries_costs_four_statements_and_numbers_rise_per_subject(hook: Hook) -> None:
    publish(subject="package:1")
    outgoing = [
        OutgoingEvent(type=NEWS, subject=f"package:{number}", payload={"n": number}) for number in (1, 2, 1, 2, 3)
    ]
    with transaction.atomic(), CaptureQueriesContext(connection) as queries:
        events = outbox.publish_all(outgoing)
    statements = [query["sql"] for query in queries if "SAVEPOINT" not in query["sql"]]
    assert len(statements) == 4, statements
    assert [(event.subject, event.sequence) for event in events] == [
        ("package:1", 2),
        ("package:2", 1),
        ("package:1", 3),
        ("package:2", 2),
        ("package:3", 1),
    ]
    assert all(len(event.uuid) == 32 and event.issued_at for event in events)
    assert states() == {"queued": 6}


@pytest.mark.parametrize("contents", [{"n": 10**30, "name": "Çağrı"}, {"n": 1, "name": "Çağrı \U0001f4e6"}])
@pytest.mark.django_db
def test_one_statement_publishes_every_snapshot_as_it_is(contents: dict[str, object]) -> None:
    values, uuids = outbox.publishing(
        [OutgoingEvent(type=NEWS, subject="package:1", payload=contents)], now=timezone.now()
    )
    with connection.cursor() as cursor:
        cursor.execute(outbox.PUBLISH, values)
    assert Event.objects.get(uuid=uuids[0]).payload == contents


@pytest.mark.django_db
def test_only_active_hooks_of_the_type_get_a_delivery(hook: Hook) -> None:
    Hook.objects.update(is_active=False)
    publish()
    publish(type="nobody.listens")
    assert Event.objects.count() == 2
    assert not Delivery.objects.exists()


@pytest.mark.django_db
def test_a_snapshot_with_a_code_is_refused(hook: Hook) -> None:
    with pytest.raises(ValueError, match="never be in a snapshot"):
        publish(payload={"otp": {"code": "482913"}})


@pytest.mark.django_db
def test_erased_contents_are_gone_and_their_deliveries_dead(hook: Hook) -> None:
    publish(subject="package:1")
    publish(subject="package:2")
    assert outbox.erase_payloads(subjects=["package:1"]) == 1
    assert Event.objects.get(subject="package:1").payload is None
    assert Event.objects.get(subject="package:2").payload == {"number": "P1"}
    assert states() == {"dead": 1, "queued": 1}


@pytest.mark.django_db
def test_old_contents_are_purged_unless_a_delivery_needs_them(hook: Hook) -> None:
    for number in (1, 2, 3):
        publish(subject=f"package:{number}")
    Delivery.objects.exclude(subject="package:1").update(state="delivered")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE whisperer_event SET issued_at = now() - interval '31 days' WHERE subject <> 'package:3'")
    assert outbox.purge_payloads(days=30) == 1
    assert outbox.purge_payloads(days=30) == 0
    kept = Event.objects.filter(payload__isnull=False).values_list("subject", flat=True)
    assert sorted(kept) == ["package:1", "package:3"]
