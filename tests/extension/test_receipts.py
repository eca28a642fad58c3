"""The OMS hears what became of each message: signed, in order, and however long it was away."""

import json
from typing import Any

from extension.backoff import pause
from extension.signature import is_genuine
from tests.extension.conftest import Start
from tests.extension.running import SECRET, Received, event, receiver
from tests.ports import free_port
from tests.whisperer.receivers import wait_until

PATH = "/api/v1/oms/message-receipts/"


def told(received: list[Received]) -> list[dict[str, Any]]:
    """What the receipts say, once their signature is checked."""
    for one in received:
        assert one.path == PATH
        assert is_genuine(body=one.body, headers=one.headers, secrets=[SECRET], now=0)
    return [json.loads(one.body) for one in received]


def test_the_simulator_reports_accepted_and_then_delivered(start_extension: Start) -> None:
    with receiver() as oms:
        extension = start_extension(EXTENSION_OMS_URL=oms.url)
        documents = [event() for _ in range(5)]
        for document in documents:
            extension.post(document)
        receipts = told(oms.wait_for(10))
        for document in documents:
            uuid = document["event"]["uuid"]
            assert [one["status"] for one in receipts if one["event_uuid"] == uuid] == ["accepted", "delivered"]
        assert set(receipts[0]) == {"event_uuid", "status"}


def test_a_failure_says_why(start_extension: Start) -> None:
    with receiver() as oms:
        extension = start_extension(EXTENSION_OMS_URL=oms.url)
        document = event(customer={"phone_number": "nonsense"})
        extension.post(document)
        (receipt,) = told(oms.wait_for(1))
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
        (receipt,) = told(oms.wait_for(1))
        assert receipt["status"] == "failed"
        assert "EXTENSION_SMS_PROVIDER" in receipt["reason"]
        second = start_extension(EXTENSION_OMS_URL=oms.url, database_url=first.database_url)
        assert second.post(document).json["status"] == "sent"
        assert [one["status"] for one in told(oms.wait_for(3))] == ["failed", "accepted", "delivered"]


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
        heard = [one["status"] for one in told(oms.received)]
        assert len(heard) >= 3
        assert heard[-2:] == ["accepted", "delivered"]


def test_a_receipt_that_the_oms_does_not_want_is_let_go(start_extension: Start) -> None:
    with receiver(status=404) as oms:
        extension = start_extension(EXTENSION_OMS_URL=oms.url)
        extension.post(event())
        oms.wait_for(2)
        wait_until(lambda: extension.rows("SELECT count(*) FROM extension_receipt") == [(0,)])


def test_the_pause_grows_to_ten_minutes() -> None:
    assert [pause(tries) for tries in (0, 1, 2, 3, 9, 10, 11, 10**6)] == [1, 2, 4, 8, 512, 600, 600, 600]
