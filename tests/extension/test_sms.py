"""Providers: the published send-sms call, Apprise, the simulator, and none at all."""

import base64
import json
import sys

import pytest

from extension import sms
from extension.config import Config
from extension.sms import Accepted, Answer, Refused, RetryLater, Sms, answer_to
from tests.extension.conftest import Carried, Start
from tests.extension.running import event, receiver


def test_the_published_send_sms_call(carried: Carried) -> None:
    document = event()
    assert carried.extension.post(document).json["status"] == "sent"
    (call,) = carried.provider.received
    assert call.path == "/gateway/send-sms"
    assert base64.b64decode(call.headers["authorization"].removeprefix("Basic ")).decode() == "shöp:pa:ss"
    assert call.headers["x-akinon-request-id"] == document["event"]["uuid"]
    assert call.headers["x-akinon-api-version"]
    body = json.loads(call.body)
    assert set(body) == {"from", "to", "text", "isOtp"}
    assert (body["from"], body["to"], body["isOtp"]) == ("Galata", "+447700900123", True)
    assert "482913" in body["text"]


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (200, Accepted()),
        (201, Accepted()),
        (202, Accepted()),
        (302, RetryLater()),
        (400, Refused(reason="The SMS provider refused the message (HTTP 400).")),
        (408, RetryLater()),
        (422, Refused(reason="The SMS provider refused the message (HTTP 422).")),
        (429, RetryLater()),
        (500, RetryLater()),
        (503, RetryLater()),
    ],
)
def test_what_a_status_means(status: int, answer: Answer) -> None:
    assert answer_to(status) == answer


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_provider_that_does_not_know_us_is_a_matter_for_staff(status: int) -> None:
    answer = answer_to(status)
    assert isinstance(answer, RetryLater)
    assert "Check its settings" in answer.reason


@pytest.mark.parametrize(("asked", "seconds"), [("7", 7), ("0", 1), ("99999", 600), ("soon", 10), ("", 10), ("-5", 10)])
def test_a_provider_may_ask_for_time(asked: str, seconds: int) -> None:
    assert answer_to(503, retry_after=asked) == RetryLater(seconds=seconds)


def test_a_provider_that_fails_for_now_is_tried_again(carried: Carried) -> None:
    carried.provider.status = 503
    carried.provider.headers["Retry-After"] = "7"
    document = event()
    answer = carried.extension.post(document)
    assert (answer.status, answer.headers["retry-after"], answer.json["code"]) == (503, "7", "not_sent_yet")
    carried.provider.status = 201
    assert carried.extension.post(document).json["status"] == "sent"
    assert carried.extension.post(document).json["status"] == "finished"
    assert len(carried.provider.received) == 2


def test_a_provider_that_says_no_is_asked_once(carried: Carried) -> None:
    carried.provider.status = 400
    document = event()
    assert carried.extension.post(document).json["status"] == "refused"
    assert carried.extension.post(document).json["status"] == "finished"
    assert len(carried.provider.received) == 1


def test_a_redirect_of_the_provider_is_not_followed(carried: Carried) -> None:
    with receiver(status=201) as elsewhere:
        carried.provider.status = 307
        carried.provider.headers["Location"] = elsewhere.url
        assert carried.extension.post(event()).status == 503
        assert elsewhere.received == []


def test_a_provider_that_cannot_be_reached_is_tried_again() -> None:
    with receiver() as gone:
        pass
    config = Config(provider="send-sms", sms_url=gone.url)
    assert sms.send(Sms(event_uuid="a", to="+447700900123", body="x"), config=config) == RetryLater()


def test_any_apprise_address(start_extension: Start) -> None:
    with receiver(status=200) as provider:
        extension = start_extension(EXTENSION_SMS_PROVIDER=f"json://127.0.0.1:{provider.port}/{{digits}}")
        assert extension.post(event()).json["status"] == "sent"
        (call,) = provider.received
        assert call.path == "/447700900123"
        assert "482913" in json.loads(call.body)["message"]
        provider.status = 500
        assert extension.post(event()).status == 503
    assert extension.post(event()).status == 503  # nobody listens any more
    assert "482913" not in extension.log_text()


@pytest.mark.filterwarnings("ignore:'imghdr'")  # Apprise's, on an older Python
@pytest.mark.parametrize("provider", ["", "simulater", "no-such-service://x", "send-sms"])
def test_not_set_up_is_said_and_tried_again(provider: str) -> None:
    answer = sms.send(Sms(event_uuid="a", to="+447700900123", body="x"), config=Config(provider=provider))
    assert isinstance(answer, RetryLater)
    assert "not set up" in answer.reason


def test_without_apprise_it_is_said_and_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    message = Sms(event_uuid="a", to="+447700900123", body="482913")
    answer = sms.send(message, config=Config(provider="json://secret@127.0.0.1/"))
    assert isinstance(answer, RetryLater)
    assert "Install the Python package apprise" in answer.reason
    assert "secret" not in answer.reason


def test_nothing_shows_a_text_by_itself() -> None:
    assert "482913" not in repr(Sms(event_uuid="a", to="+447700900123", body="482913", code="482913"))
    assert "secret" not in repr(Config(secret_key="secret", webhook_secrets=("secret",), provider="x://secret"))
