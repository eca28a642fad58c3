"""The OMS hears what became of each message: signed, in order, and however long it was away."""

import json
import time
from typing import Any

from extension.backoff import pause
from extension.signature import is_genuine
from tests.extension.conftest import Start
from tests.extension.running import SECRET, Received, Receiver, event, receiver
from tests.ports import free_port
from tests.whisperer.receivers import BUSY, wait_until

PATH = "/api/v1/oms/message-receipts/"


def genuine_receipts(received: list[Received], *, secret: str = SECRET) -> list[dict[str, Any]]:
    """What the receipts say, one by one, once their signature is checked."""
    for one in received:
        assert one.path == PATH
        assert is_genuine(body=one.body, headers=one.headers, secrets=[secret], now=0)
    return [receipt for one in received for receipt in receipts_in(one)]


def receipts_in(one: Received) -> list[dict[str, Any]]:
    document = json.loads(one.body)
    found: list[dict[str, Any]] = document.get("receipts", [document])
    return found


def wait_for_receipts(oms: Receiver, count: int) -> list[dict[str, Any]]:
    wait_until(lambda: sum(len(receipts_in(one)) for one in list(oms.received)) >= count)
    return genuine_receipts(list(oms.received))


def test_the_simulator_reports_accepted_and_then_delivered(start_extension: Start) -> None:
    with receiver() as oms:
        extension = start_extension(EXTENSION_OMS_URL=oms.url)
        documents = [event() for _ in range(5)]
        for document in documents:
            extension.post(document)
        receipts = wait_for_receipts(oms, 10)
        for document in documents:
            uuid = document["event"]["uuid"]
            assert [one["status"] for one in receipts if one["event_uuid"] == uuid] == ["accepted", "delivered"]
        assert set(receipts[0]) == {"event_uuid", "status"}


def test_a_failure_says_why(start_extension: Start) -> None:
    with receiver() as oms:
        extension = start_extension(EXTENSION_OMS_URL=oms.url)
        document = event(customer={"phone_number": "nonsense"})
        extension.post(document)
        (receipt,) = genuine_receipts(oms.wait_for(1))
        assert receipt == {
            "event_uuid": document["event"]["uuid"],
            "status": "failed",
            "reason": "The phone number looks wrong.",
        }


def test_not_set_up_is_told_once_and_taken_back_when_it_works(start_extension: Start) -> None:
    with receiver() as oms:
        first = start_extension(EXTENSION_OMS_URL=oms.url, EXTENSION_SMS_PROVIDER="")
        document = event()
        assert first.post(document).status == 503
        (receipt,) = genuine_receipts(oms.wait_for(1))
        assert receipt["status"] == "failed"
        assert "EXTENSION_SMS_PROVIDER" in receipt["reason"]
        second = start_extension(EXTENSION_OMS_URL=oms.url, database_url=first.database_url)
        assert second.post(document).json["status"] == "sent"
        assert [one["status"] for one in wait_for_receipts(oms, 3)] == ["failed", "accepted", "delivered"]


def test_receipts_wait_for_an_oms_that_is_away_also_over_a_restart(start_extension: Start) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    first = start_extension(EXTENSION_OMS_URL=url)
    document = event()
    first.post(document)
    assert first.rows("SELECT count(*) FROM extension_receipt") == [(2,)]
    first.kill()
    second = start_extension(EXTENSION_OMS_URL=url, database_url=first.database_url)
    with receiver(port=port, status=503) as oms:
        oms.wait_for(1, seconds=90)
        oms.status = 204
        wait_until(lambda: second.rows("SELECT count(*) FROM extension_receipt") == [(0,)], seconds=90)
        heard = [one["status"] for one in genuine_receipts(oms.received)]
        assert len(heard) >= 3
        assert heard[-2:] == ["accepted", "delivered"]


def test_a_receipt_that_the_oms_does_not_want_is_let_go(start_extension: Start) -> None:
    with receiver(status=404) as oms:
        extension = start_extension(EXTENSION_OMS_URL=oms.url)
        extension.post(event())
        wait_for_receipts(oms, 2)
        wait_until(lambda: extension.rows("SELECT count(*) FROM extension_receipt") == [(0,)])


def test_the_pause_grows_to_ten_minutes() -> None:
    assert [pause(tries) for tries in (0, 1, 2, 3, 9, 10, 11, 10**6)] == [1, 2, 4, 8, 512, 600, 600, 600]


def test_what_is_written_while_one_call_is_under_way_goes_in_the_next_in_order(start_extension: Start) -> None:
    with receiver() as oms:
        extension = start_extension(EXTENSION_OMS_URL=oms.url)
        oms.may_answer.clear()
        documents = [event() for _ in range(20)]
        extension.post(documents[0])
        oms.wait_for(1)
        for document in documents[1:]:
            extension.post(document)
        oms.may_answer.set()
        heard = wait_for_receipts(oms, 40)
        assert len(oms.received) <= 3
        for document in documents:
            uuid = document["event"]["uuid"]
            assert [one["status"] for one in heard if one["event_uuid"] == uuid] == ["accepted", "delivered"]
        wait_until(lambda: extension.rows("SELECT count(*) FROM extension_receipt") == [(0,)])


def test_a_receipt_leaves_within_200_ms(start_extension: Start) -> None:
    """With room for a busy machine; polling once a second would be too late."""
    with receiver() as oms:
        extension = start_extension(EXTENSION_OMS_URL=oms.url)
        took = []
        for place in range(5):
            extension.post(event())
            answered = time.monotonic()
            wait_for_receipts(oms, 2 * (place + 1))
            took.append(time.monotonic() - answered)
        assert min(took) < 0.2 * BUSY / 2


def test_of_a_batch_that_the_oms_refuses_only_the_bad_receipts_are_lost(start_extension: Start) -> None:
    """The batch is refused, then each event is told alone: the OMS takes them, and nothing is left."""
    with receiver(status=400) as oms:
        extension = start_extension(EXTENSION_OMS_URL=oms.url)
        document = event()
        extension.post(document)
        oms.wait_for(3)
        assert [len(receipts_in(one)) for one in oms.received] == [2, 1, 1]
        assert [one["status"] for one in genuine_receipts(oms.received[1:])] == ["accepted", "delivered"]
        wait_until(lambda: extension.rows("SELECT count(*) FROM extension_receipt") == [(0,)])


def test_each_receipt_is_signed_with_the_secret_that_signed_its_event(start_extension: Start) -> None:
    """Another hook's secret would have it passed over."""
    with receiver() as oms:
        extension = start_extension(EXTENSION_OMS_URL=oms.url, EXTENSION_WEBHOOK_SECRET=f"{SECRET},another-secret")
        oms.may_answer.clear()
        extension.post(event())
        oms.wait_for(1)
        ours, theirs = event(), event()
        extension.post(ours)
        extension.post(theirs, secret="another-secret")
        oms.may_answer.set()
        oms.wait_for(3)
        by_uuid = {receipts_in(one)[0]["event_uuid"]: one for one in oms.received}
        assert len(genuine_receipts([by_uuid[ours["event"]["uuid"]]])) == 2
        assert len(genuine_receipts([by_uuid[theirs["event"]["uuid"]]], secret="another-secret")) == 2
